"""A panel that decides the truth: its people, how far it is, majority, adjudication of the rest."""

import streamlit as st

from core import clock
from db.accounts import Account
from db.engine import open_view
from db.study.info import StudyInfo
from db.truth import members as panel_members
from db.truth import panel as truth_panel
from db.truth.panel import PanelCase
from pages.components.acting import act
from pages.components.forms import fresh, used
from pages.coordinator.study_steps import panel_people
from pages.coordinator.study_steps.fields import Fields

STATES = {"waiting": "waiting for labels", "agreed": "majority", "split": "no majority", "settled": "settled"}


def show(me: Account, study: StudyInfo) -> None:
    """Show who is on the panel and how far it is; take labels from paper, the majority, and decisions."""
    fields = Fields(me, study)
    left, right = st.columns(2)
    with left:
        fields.toggle("reference.panel", "The truth is decided by a panel")
    with right:
        fields.whole("reference.panel_size", "Members who label every case", min_value=2, max_value=15)
    if not study.protocol.reference.panel:
        return
    with open_view() as session:
        found = truth_panel.panel_cases(session, study.id, by=me.id)
        people = panel_members.members(session, study.id, by=me.id)
    st.caption(
        "Every member labels every case on a page of their own and sees nobody else's label. Here labels stay hidden "
        "until a case has all of them; from then on they stand. Who reads in the study cannot be on its panel."
    )
    panel_people.show(me, study)
    labels = {study_class.code: study_class.label for study_class in study.classes}
    if study.editable:
        waiting = [case for case in found if case.state == "waiting"]
        _on_paper(
            me,
            study,
            waiting,
            {person.account_id: person.name for person in people if not (person.left or person.adjudicator)},
        )
        _decide(me, study, found, labels, next((p.name for p in people if p.adjudicator and not p.left), None))
    st.dataframe(
        [
            {
                "Case": case.case_number,
                "Labels": f"{case.given} of {case.needed}",
                "State": STATES[case.state],
                "By whom": ", ".join(f"{name}: {labels.get(code, code)}" for name, code in case.votes),
            }
            for case in found
        ],
        key="study_panel",
        hide_index=True,
    )


def _on_paper(me: Account, study: StudyInfo, cases: list[PanelCase], members: dict[int, str]) -> None:
    """Take labels that a member gave on paper; a coordinator who is a member labels on the panel's page."""
    members = {account_id: name for account_id, name in members.items() if account_id != me.id}
    if not cases or not members:
        return
    with st.expander("Enter labels that came on paper"):
        _vote(me, study, cases, members)


def _vote(me: Account, study: StudyInfo, cases: list[PanelCase], members: dict[int, str]) -> None:
    if not cases or not members:
        return
    left, right = st.columns(2)
    ids = list(members)
    author = left.selectbox(
        "Label of",
        ids,
        format_func=lambda key: members[key],
        key="study_panel_member",
    )
    with open_view() as session:
        own = truth_panel.votes_of(session, study.id, author, by=me.id)
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
            study_class.code
            for study_class in study.classes
            if st.button(
                f"{members[author]}: {study_class.label}", key=f"study_panel_is_{author}_{number}_{study_class.code}"
            )
        ]
    if clicked:
        at = clock.now()
        act(
            lambda session: truth_panel.vote(
                session, study.id, case_id, class_code=clicked[0], author_id=author, by=me.id, at=at
            ),
            done=f"Label of case {number} stored",
        )
        st.rerun()


def _decide(
    me: Account, study: StudyInfo, found: list[PanelCase], labels: dict[str, str], adjudicator: str | None
) -> None:
    agreed = sum(case.state == "agreed" for case in found)
    if agreed and st.button(f"Take the majority of {agreed} cases as truth", key="study_panel_settle", type="primary"):
        act(lambda session: truth_panel.settle(session, study.id, by=me.id, at=clock.now()))
        st.rerun()
    split = [case.case_number for case in found if case.state == "split"]
    if split and adjudicator:
        st.info(
            f"{adjudicator} decides {len(split)} split {'case' if len(split) == 1 else 'cases'} on the panel's page."
        )
    if not split or adjudicator:
        return
    form = fresh("study_adjudicate")
    with st.form(form, enter_to_submit=False):
        st.markdown("**Adjudicate where the panel is split**")
        left, middle, right = st.columns(3)
        number = left.selectbox("Case", list(split), key=f"{form}_case")
        code = middle.selectbox("Truth", list(labels), format_func=lambda c: labels[c], key=f"{form}_class")
        reason = right.text_input("Reason", key=f"{form}_reason")
        if st.form_submit_button("Decide", key="study_adjudicate_save"):
            at = clock.now()
            if act(
                lambda session: truth_panel.adjudicate(
                    session, study.id, number, class_code=code, reason=reason, by=me.id, at=at
                )
            ):
                used("study_adjudicate")
            st.rerun()
