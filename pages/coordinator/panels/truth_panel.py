"""A panel that decides the truth: own votes, then majority, then adjudication of the rest."""

import streamlit as st

from core import clock
from db import accounts, studies, truth_panel
from db.accounts import Account
from db.engine import open_view
from db.studies import StudyInfo
from db.truth_panel import PanelCase
from pages.components.forms import fresh, used
from pages.coordinator.panels.acting import act
from pages.coordinator.panels.fields import Fields

STATES = {"waiting": "waiting for votes", "agreed": "majority", "split": "no majority", "settled": "settled"}


def show(me: Account, study: StudyInfo) -> None:
    """Show how far the panel is, and take votes and decisions."""
    fields = Fields(me, study)
    left, right = st.columns(2)
    with left:
        fields.toggle("reference.panel", "The truth is decided by a panel")
    with right:
        fields.whole("reference.panel_size", "Members who vote on every case", min_value=2, max_value=15)
    if not study.protocol.reference.panel:
        return
    with open_view() as session:
        found = truth_panel.panel(session, study.id)
        reading = {reader.account_id for reader in studies.readers(session, study.id)}
        members = {a.id: a.name for a in accounts.every(session) if not a.disabled and a.id not in reading}
    labels = {one.code: one.label for one in study.classes}
    st.caption("Votes stay hidden until every member has given one. Who reads in the study cannot be a member.")
    _vote(me, study, [case for case in found if case.state != "settled"], members)
    _decide(me, study, found, labels)
    st.dataframe(
        [
            {
                "Case": case.case_number,
                "Votes": f"{case.given} of {case.needed}",
                "State": STATES[case.state],
                "Opinions": ", ".join(f"{name}: {labels.get(code, code)}" for name, code in case.votes),
            }
            for case in found
        ],
        key="study_panel",
        hide_index=True,
    )


def _vote(me: Account, study: StudyInfo, cases: list[PanelCase], members: dict[int, str]) -> None:
    if not cases or not members:
        return
    left, right = st.columns(2)
    ids = list(members)
    author = left.selectbox(
        "Vote of",
        ids,
        index=ids.index(me.id) if me.id in members else 0,
        format_func=lambda one: members[one],
        key="study_panel_member",
    )
    with open_view() as session:
        own = truth_panel.votes_of(session, study.id, author)
    left_over = [case.case_number for case in cases if case.case_id not in own]
    numbers = [case.case_number for case in cases]
    number = right.selectbox(
        "Case",
        numbers,
        index=numbers.index(left_over[0]) if left_over else 0,
        key=f"study_panel_case_{author}_{left_over[0] if left_over else 'all'}",
    )
    case_id = next(case.case_id for case in cases if case.case_number == number)
    # case and member are in the key, so that a double click never votes on the next case
    with st.container(horizontal=True):
        clicked = [
            one.code
            for one in study.classes
            if st.button(f"{members[author]}: {one.label}", key=f"study_panel_is_{author}_{number}_{one.code}")
        ]
    if clicked:
        at = clock.now()
        act(
            lambda session: truth_panel.vote(
                session, study.id, case_id, class_code=clicked[0], author_id=author, by=me.id, at=at
            ),
            done=f"Vote on case {number} stored",
        )
        st.rerun()


def _decide(me: Account, study: StudyInfo, found: list[PanelCase], labels: dict[str, str]) -> None:
    agreed = sum(case.state == "agreed" for case in found)
    if agreed and st.button(f"Take the majority of {agreed} cases as truth", key="study_panel_settle", type="primary"):
        act(lambda session: truth_panel.settle(session, study.id, by=me.id, at=clock.now()))
        st.rerun()
    split = {case.case_number: case.case_id for case in found if case.state == "split"}
    if not split:
        return
    form = fresh("study_adjudicate")
    with st.form(form, enter_to_submit=False):
        st.markdown("**Adjudicate where the panel is split**")
        left, middle, right = st.columns(3)
        number = left.selectbox("Case", list(split), key=f"{form}_case")
        code = middle.selectbox("Truth", list(labels), format_func=lambda c: labels[c], key=f"{form}_class")
        reason = right.text_input("Reason", key=f"{form}_reason")
        if st.form_submit_button("Decide", key="study_adjudicate_save"):
            case_id, at = split[number], clock.now()
            if act(
                lambda session: truth_panel.adjudicate(
                    session, study.id, case_id, class_code=code, reason=reason, by=me.id, at=at
                )
            ):
                used("study_adjudicate")
            st.rerun()
