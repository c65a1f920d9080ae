"""Inviting people to a study: the account they may lack, a link that works once, and letters to copy now."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from core import clock
from db import accounts
from db.accounts import Account
from db.engine import Session
from pages.components.acting import act
from pages.routes import addresses


@dataclass(frozen=True, slots=True)
class Letter:
    """Whom to write to in which part, and the one-time link; None for who has an account already."""

    name: str
    link: str | None
    part: str


def who(label: str, everyone: list[Account], *, without: set[int], key: str) -> int:
    """Let somebody be chosen who is not in already; return the account's id, 0 for somebody without an account."""
    known = {a.id: f"{a.name} ({a.username})" for a in everyone if not a.disabled and a.id not in without}
    return st.selectbox(
        label,
        [0, *known],
        key=key,
        format_func=lambda one: known.get(one, "Somebody without an account yet"),
    )


def invite(
    me: Account,
    box: str,
    account_id: int,
    *,
    name: str,
    username: str,
    add: Callable[[Session, int], object],
    part: str = "",
    done: str,
) -> bool:
    """Put somebody into a study by `add`, with a new account for id 0; keep the letter in `box`. Return if it held."""
    at = clock.now()
    made: list[Letter] = []

    def work(session: Session) -> None:
        if account_id:
            person, link = accounts.by_id(session, account_id, by=me.id), None
        else:
            person = accounts.create(session, username=username, name=name, role="reader", at=at, by=me.id)
            link = addresses.link(accounts.password_link(session, person.id, at=at, by=me.id))
        add(session, person.id)
        made.append(Letter(person.name, link, part))

    return _act(box, work, made, done=done)


def new_link(me: Account, box: str, account_id: int, *, part: str = "") -> None:
    """Make a new link for somebody who is in already, and keep its letter in `box`; the old link ends."""
    made: list[Letter] = []

    def work(session: Session) -> None:
        token = accounts.password_link(session, account_id, at=clock.now(), by=me.id)
        made.append(Letter(accounts.by_id(session, account_id, by=me.id).name, addresses.link(token), part))

    _act(box, work, made, done="A new link is made; the old one ends")


def letters(box: str, write: Callable[[Letter, str], str]) -> None:
    """Show the letters made in this sitting, each as `write` puts it, given the address where people sign in."""
    mine: list[Letter] = st.session_state.get(box, [])
    if not mine:
        return
    st.info("Copy these invitations now: a link works once, for seven days, and is not shown again later.")
    for letter in mine:
        with st.expander(f"Invitation for {letter.name}", expanded=len(mine) <= 2):
            st.code(write(letter, addresses.for_people()), language=None, wrap_lines=True)


def _act(box: str, work: Callable[[Session], object], made: list[Letter], *, done: str) -> bool:
    held = act(work, done=done)
    if held:
        st.session_state[box] = [*st.session_state.get(box, []), *made]
    return held
