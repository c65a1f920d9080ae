"""Inviting people to a study: the account they may lack, a link that works once, and letters to copy now."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from core import clock
from core.results.draw.text import many
from core.services.invite import Add, Invited, KnownPerson, invite_known, invite_list, invite_new, new_link
from core.services.mail import Mail
from core.study.reader_list import Line
from db.accounts import Account
from db.engine import Session
from db.study.info import StudyInfo
from pages.components.acting import act
from pages.coordinator.study_steps import mailing
from pages.routes import addresses


@dataclass(frozen=True, slots=True)
class Letter:
    """Whom to write to in which part, and the one-time link; None for who has an account already."""

    name: str
    username: str
    link: str | None
    part: str


def who(label: str, everyone: list[Account], *, without: set[int], box: str, key: str) -> int:
    """Let somebody be chosen who is not in already; return the account's id, 0 for somebody without an account."""
    known = {a.id: f"{a.name} ({a.username})" for a in everyone if not a.disabled and a.id not in without}
    met = st.session_state.pop(_met(box), None)
    if met in known:
        st.session_state[key] = met
    return st.selectbox(
        label,
        [0, *known],
        key=key,
        format_func=lambda key: known.get(key, "Somebody without an account yet"),
    )


def invite(
    me: Account, box: str, account_id: int, *, name: str, username: str, add: Add, part: str = "", done: str
) -> bool:
    """Put somebody into a study by `add`, with a new account for id 0; keep the letter in `box`. Return if it held.

    A user name that is known chooses that person in the list, instead of being refused.
    """

    def work(session: Session) -> Invited:
        if account_id:
            return invite_known(session, account_id, add, by=me.id)
        try:
            return invite_new(session, username, name, add, by=me.id, at=clock.now())
        except KnownPerson as known:
            st.session_state[_met(box)] = known.account.id
            raise

    return _act(box, work, part, done=done)


def invite_all(me: Account, box: str, lines: list[Line], add: Callable[[Line], Add], *, done: str) -> bool:
    """Put everybody of a list into a study, or nobody; keep the letters in `box`. Return if it held."""
    made: list[Letter] = []

    def work(session: Session) -> None:
        for invited in invite_list(session, lines, add, by=me.id, at=clock.now()):
            link = addresses.link(invited.token) if invited.token else None
            made.append(Letter(invited.account.name, invited.account.username, link, ""))

    held = act(work, done=done)
    if held:
        st.session_state[box] = [*st.session_state.get(box, []), *made]
    return held


def renew(me: Account, box: str, account_id: int, *, part: str = "") -> None:
    """Make a new link for somebody who is in already, and keep its letter in `box`; the old link ends."""
    done = "A new link is made; the old one ends"
    _act(box, lambda session: new_link(session, account_id, by=me.id, at=clock.now()), part, done=done)


def letters(me: Account, study: StudyInfo, box: str, write: Callable[[Letter, str], str]) -> None:
    """Show the letters made in this sitting, each as `write` puts it, given the address where people sign in."""
    mine: list[Letter] = st.session_state.get(box, [])
    if not mine:
        return
    new = [letter for letter in mine if letter.link]
    if new:
        known = f" {many(len(mine) - len(new), 'of them has', 'of them have')} an account and no link." * (
            len(new) < len(mine)
        )
        st.info(f"Copy these invitations now: a link works once, for seven days, and is not shown again later.{known}")
    else:
        st.info("Copy these invitations. These people have accounts; no link is needed.")
    if len(mine) > 1:
        whole = "\n\n———\n\n".join(
            f"To: {letter.username if '@' in letter.username else letter.name}\n\n"
            f"{write(letter, addresses.for_people())}"
            for letter in mine
        )
        st.download_button(
            f"All {len(mine)} letters as a text file",
            whole,
            file_name="invitations.txt",
            key=f"{box}_all",
            icon=":material/download:",
            on_click="ignore",
        )
    subject = f"Invitation to the study “{study.title}”"
    mails = [Mail(letter.username, subject, write(letter, addresses.for_people())) for letter in mine]
    mailing.offer(me, study, mails, kind="invitations", key=box)
    for letter in mine:
        with st.expander(f"Invitation for {letter.name}", expanded=len(mine) <= 2):
            st.code(write(letter, addresses.for_people()), language=None, wrap_lines=True)


def _met(box: str) -> str:
    return f"{box}_known"


def _act(box: str, work: Callable[[Session], Invited], part: str, *, done: str) -> bool:
    shown: list[Letter] = st.session_state.setdefault(box, [])
    made: list[Letter] = []

    def keep(session: Session) -> None:
        invited = work(session)
        link = addresses.link(invited.token) if invited.token else None
        made.append(Letter(invited.account.name, invited.account.username, link, part))

    return act(keep, done=done, then=lambda: shown.extend(made))
