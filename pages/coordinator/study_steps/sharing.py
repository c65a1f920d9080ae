"""Who runs the study: people by role, added, changed, removed, and the study handed on by its owner."""

import streamlit as st

from core import clock
from core.study.words import StudyRole
from db.accounts import Account
from db.engine import open_view
from db.permissions import Right, rights
from db.study import sharing
from db.study.info import StudyInfo
from db.study.sharing import SHARED, Member
from pages.components.acting import act

MEANS = {
    StudyRole.OWNER: "everything, and alone shares, hands on and deletes the study",
    StudyRole.COORDINATOR: "design, cases, truth, people, opening, closing, unblinding, results",
    StudyRole.OBSERVER: "sees the design and how far the reading is; changes nothing",
    StudyRole.STATISTICIAN: "sees the design, and the results once the study is unblinded",
}


def show(me: Account, study: StudyInfo) -> None:
    """Show who has which role; let the owner share."""
    with open_view() as session:
        people = sharing.members(session, study.id, by=me.id)
        owns = Right.OWN in rights(session, study.id, me.id)
    for role, means in MEANS.items():
        names = [
            f"{person.name} ({person.username}{', disabled' if person.disabled else ''})"
            for person in people
            if person.role == role
        ]
        st.markdown(f"**{role.capitalize()}** · {', '.join(names) or 'nobody'}")
        st.caption(means)
    others = [person for person in people if person.role != StudyRole.OWNER]
    if owns:
        _share(me, study)
        if others:
            _change(me, study, others)
            _hand_on(me, study, others)
    elif any(member.account_id == me.id for member in others):
        _leave(me, study)


def _share(me: Account, study: StudyInfo) -> None:
    with st.form("sharing_new", clear_on_submit=True, enter_to_submit=False):
        left, right = st.columns([3, 2])
        username = left.text_input("User name", key="sharing_username")
        role = right.selectbox("Role", list(SHARED), key="sharing_role", format_func=str.capitalize)
        if st.form_submit_button("Share the study", key="sharing_add", type="primary"):
            act(
                lambda session: sharing.share(session, study.id, username, role=role, by=me.id, at=clock.now()),
                done="Shared",
            )
            st.rerun()


def _change(me: Account, study: StudyInfo, others: list[Member]) -> None:
    with st.container(border=True):
        person = _choose("Change", others, "sharing_person")
        role = st.selectbox(
            "New role",
            list(SHARED),
            index=SHARED.index(person.role),
            key=f"sharing_new_role_{person.account_id}",
            format_func=str.capitalize,
        )
        with st.container(horizontal=True):
            if st.button("Save the role", key="sharing_change"):
                act(
                    lambda session: sharing.change(
                        session, study.id, person.account_id, role=role, by=me.id, at=clock.now()
                    )
                )
                st.rerun()
            if st.button("Remove from the study", key="sharing_remove"):
                act(
                    lambda session: sharing.remove(session, study.id, person.account_id, by=me.id, at=clock.now()),
                    done="No longer shared",
                )
                st.rerun()


def _hand_on(me: Account, study: StudyInfo, others: list[Member]) -> None:
    with st.expander("Hand the study on to another owner"):
        st.caption("The owner before stays as coordinator. Only the new owner can give the study back.")
        person = _choose("New owner", others, "sharing_owner")
        if st.button("Hand the study on", key="sharing_transfer"):
            act(
                lambda session: sharing.transfer(session, study.id, person.account_id, by=me.id, at=clock.now()),
                done="Handed on",
            )
            st.rerun()


def _leave(me: Account, study: StudyInfo) -> None:
    if st.button("Leave the study", key="sharing_leave"):
        if act(
            lambda session: sharing.remove(session, study.id, me.id, by=me.id, at=clock.now()),
            done="You have left the study",
        ):
            st.query_params.clear()
        st.rerun()


def _choose(label: str, others: list[Member], key: str) -> Member:
    people = {member.account_id: member for member in others}
    chosen: int = st.selectbox(
        label, list(people), key=key, format_func=lambda member: f"{people[member].name} ({people[member].role})"
    )
    return people[chosen]
