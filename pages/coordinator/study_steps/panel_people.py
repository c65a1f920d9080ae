"""The people on a truth panel: members, the adjudicator, invitations to copy."""

import streamlit as st

from core import clock
from core.study.letters import panel_invitation
from db import accounts
from db.accounts import Account
from db.engine import Session, open_view
from db.study import info as study_info
from db.study.info import StudyInfo
from db.truth import members as panel_members
from db.truth.members import MemberInfo
from pages.components.acting import act
from pages.coordinator.study_steps import inviting

MEMBER, ADJUDICATOR = "member", "adjudicator"


def show(me: Account, study: StudyInfo) -> None:
    """Show who is on the panel; before the opening, add and remove people and copy their invitations."""
    with open_view() as session:
        found = panel_members.members(session, study.id, by=me.id)
        everyone = accounts.every(session, by=me.id)
        reading = {reader.account_id for reader in study_info.readers(session, study.id, by=me.id)}
        cases = len(study_info.cases(session, study.id, by=me.id))
    if found:
        st.dataframe([_row(member, cases) for member in found], key="study_panel_people", hide_index=True)
    if not study.editable:
        return
    sitting = {member.account_id for member in found if not member.left}
    taken = sitting | (set() if study.protocol.readers_may_author_truth else reading)
    _add(me, study, everyone, taken)
    _letters(me, study, cases)
    if sitting:
        _change(me, study, [member for member in found if not member.left])


def _row(member_info: MemberInfo, cases: int) -> dict[str, object]:
    state = "ready" if member_info.has_password else "no password yet"
    return {
        "Name": member_info.name,
        "User name": member_info.username,
        "Part": _part(member_info),
        "Labelled": "" if member_info.adjudicator else f"{member_info.given} of {cases}",
        "State": "left the panel; labels count no more" if member_info.left else state,
    }


def _part(member_info: MemberInfo) -> str:
    return ADJUDICATOR if member_info.adjudicator else MEMBER


def _add(me: Account, study: StudyInfo, everyone: list[Account], taken: set[int]) -> None:
    turn = st.session_state.setdefault("study_panel_turn", 0)
    with st.expander("Add somebody to the panel"):
        chosen = inviting.who("Who", everyone, without=taken, box=_box(study), key=f"study_panel_who_{turn}")
        name, username = "", ""
        with st.form(f"study_panel_new_{turn}", border=False):
            name_box, user_box, part_box = st.columns([3, 3, 2], vertical_alignment="bottom")
            if not chosen:
                name = name_box.text_input("Name", key=f"study_panel_name_{turn}")
                username = user_box.text_input("User name or e-mail", key=f"study_panel_username_{turn}")
            part = part_box.selectbox("Part", [MEMBER, ADJUDICATOR], key=f"study_panel_part_{turn}")
            if st.form_submit_button("Add to the panel", key=f"study_panel_add_{turn}", type="primary"):
                if _create(me, study, chosen, name=name, username=username, part=part):
                    st.session_state["study_panel_turn"] = turn + 1  # fresh fields after every person
                st.rerun()


def _create(me: Account, study: StudyInfo, account_id: int, *, name: str, username: str, part: str) -> bool:
    def add(session: Session, chosen: int) -> None:
        adjudicator = part == ADJUDICATOR
        panel_members.add_member(session, study.id, chosen, adjudicator=adjudicator, by=me.id, at=clock.now())

    done = f"{name or 'Member'} added to the panel"
    return inviting.invite(me, _box(study), account_id, name=name, username=username, add=add, part=part, done=done)


def _box(study: StudyInfo) -> str:
    return f"study_panel_invitations_{study.id}"


def _letters(me: Account, study: StudyInfo, cases: int) -> None:
    inviting.letters(
        me,
        study,
        _box(study),
        lambda letter, address: panel_invitation(
            name=letter.name,
            username=letter.username,
            title=study.title,
            link=letter.link,
            address=address,
            cases=cases,
            adjudicator=letter.part == ADJUDICATOR,
        ),
    )


def _change(me: Account, study: StudyInfo, sitting: list[MemberInfo]) -> None:
    with st.expander("Take somebody off the panel, or make a new link"):
        names = {member.account_id: member.name for member in sitting}
        chosen = st.selectbox("Who", list(names), format_func=lambda key: names[key], key="study_panel_chosen")
        person, at = next(member for member in sitting if member.account_id == chosen), clock.now()
        with st.container(horizontal=True):
            if st.button("New link", key="study_panel_link"):
                inviting.renew(me, _box(study), chosen, part=_part(person))
                st.rerun()
            if st.button("Take off the panel", key="study_panel_remove"):
                act(lambda session: panel_members.remove_member(session, study.id, chosen, by=me.id, at=at))
                st.rerun()
