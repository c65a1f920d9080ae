"""The people on a truth panel: members, the adjudicator, invitations to copy."""

import streamlit as st

from core import clock
from core.settings import settings
from core.study.letters import panel_invitation
from db import accounts, panel_members, studies
from db.accounts import Account
from db.engine import Session, open_view
from db.panel_members import MemberInfo
from db.studies import StudyInfo
from pages.coordinator.panels.acting import act

INVITED = "study_panel_invitations"


def show(me: Account, study: StudyInfo) -> None:
    """Show who is on the panel; before the opening, add and remove people and copy their invitations."""
    with open_view() as session:
        found = panel_members.members(session, study.id)
        everyone = accounts.every(session)
        reading = {reader.account_id for reader in studies.readers(session, study.id)}
        cases = len(studies.cases(session, study.id))
    if found:
        st.dataframe([_row(one, cases) for one in found], key="study_panel_people", hide_index=True)
    if not study.editable:
        return
    sitting = {one.account_id for one in found if not one.left}
    taken = sitting | (set() if study.protocol.readers_may_author_truth else reading)
    _add(me, study, {a.id: f"{a.name} ({a.username})" for a in everyone if not a.disabled and a.id not in taken})
    _invitations(study, cases)
    if sitting:
        _change(me, study, [one for one in found if not one.left])


def _row(one: MemberInfo, cases: int) -> dict[str, object]:
    state = "ready" if one.has_password else "invited, no password yet"
    return {
        "Name": one.name,
        "User name": one.username,
        "Part": "adjudicator" if one.adjudicator else "member",
        "Labelled": "" if one.adjudicator else f"{one.given} of {cases}",
        "State": "left the panel; labels count no more" if one.left else state,
    }


def _add(me: Account, study: StudyInfo, known: dict[int, str]) -> None:
    turn = st.session_state.setdefault("study_panel_turn", 0)
    with st.expander("Add somebody to the panel"):
        chosen = st.selectbox(
            "Who",
            [0, *known],
            key=f"study_panel_who_{turn}",
            format_func=lambda one: known.get(one, "Somebody without an account yet"),
        )
        name, username = "", ""
        with st.form(f"study_panel_new_{turn}", border=False):
            name_box, user_box, part_box = st.columns([3, 3, 2], vertical_alignment="bottom")
            if not chosen:
                name = name_box.text_input("Name", key=f"study_panel_name_{turn}")
                username = user_box.text_input("User name or e-mail", key=f"study_panel_username_{turn}")
            part = part_box.selectbox("Part", ["member", "adjudicator"], key=f"study_panel_part_{turn}")
            if st.form_submit_button("Add to the panel", key=f"study_panel_add_{turn}", type="primary"):
                if _create(me, study, chosen, name=name, username=username, adjudicator=part == "adjudicator"):
                    st.session_state["study_panel_turn"] = turn + 1  # fresh fields after every person
                st.rerun()


def _create(me: Account, study: StudyInfo, account_id: int, *, name: str, username: str, adjudicator: bool) -> bool:
    at = clock.now()
    made: list[tuple[str, str | None]] = []

    def create(session: Session) -> None:
        chosen = account_id
        if chosen:
            made.append((accounts.by_id(session, chosen).name, None))
        else:
            new = accounts.create(session, username=username, name=name, role="reader", at=at, by=me.id)
            made.append((new.name, accounts.password_link(session, new.id, at=at, by=me.id)))
            chosen = new.id
        panel_members.add_member(session, study.id, chosen, adjudicator=adjudicator, by=me.id, at=at)

    held = act(create, done=f"{name or 'Member'} added to the panel")
    if held:
        _remember(study, made, adjudicator=adjudicator)
    return held


def _remember(study: StudyInfo, made: list[tuple[str, str | None]], *, adjudicator: bool) -> None:
    address = settings().public_url
    links = [(study.id, name, f"{address}/?link={token}" if token else None, adjudicator) for name, token in made]
    st.session_state[INVITED] = [*st.session_state.get(INVITED, []), *links]


def _invitations(study: StudyInfo, cases: int) -> None:
    mine = [one[1:] for one in st.session_state.get(INVITED, []) if one[0] == study.id]
    if not mine:
        return
    st.info("Copy these invitations now: a link works once, for seven days, and is not shown again later.")
    for name, link, adjudicator in mine:
        with st.expander(f"Invitation for {name}", expanded=len(mine) <= 2):
            text = panel_invitation(
                name=name,
                title=study.title,
                link=link,
                address=settings().public_url,
                cases=cases,
                adjudicator=adjudicator,
            )
            st.code(text, language=None, wrap_lines=True)


def _change(me: Account, study: StudyInfo, sitting: list[MemberInfo]) -> None:
    with st.expander("Take somebody off the panel, or make a new link"):
        names = {one.account_id: one.name for one in sitting}
        chosen = st.selectbox("Who", list(names), format_func=lambda one: names[one], key="study_panel_chosen")
        person, at = next(one for one in sitting if one.account_id == chosen), clock.now()
        with st.container(horizontal=True):
            if st.button("New link", key="study_panel_link"):
                made: list[tuple[str, str | None]] = []
                act(
                    lambda session: made.append(
                        (person.name, accounts.password_link(session, chosen, at=at, by=me.id))
                    ),
                    done="A new link is made; the old one ends",
                )
                _remember(study, made, adjudicator=person.adjudicator)
                st.rerun()
            if st.button("Take off the panel", key="study_panel_remove"):
                act(lambda session: panel_members.remove_member(session, study.id, chosen, by=me.id, at=at))
                st.rerun()
