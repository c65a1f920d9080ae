"""The truth of every case: described, entered by click or by table, or decided by a panel."""

import streamlit as st

from core import clock
from core.errors import ParallaxError
from core.study.prespecification import RESTS_ON
from db.accounts import Account
from db.cases import CaseInfo
from db.engine import open_view
from db.study import info as study_info
from db.study.info import StudyInfo
from db.truth import records as truth
from db.truth.records import TruthInfo
from pages.components.acting import act
from pages.components.pictures import picture
from pages.components.reading import library_case
from pages.coordinator.study_steps import truth_findings, truth_panel, truth_sheet
from pages.coordinator.study_steps.fields import Fields

Truths = dict[int, TruthInfo]
WAYS = {"form": "Case by case", "sheet": "From a table (CSV)", "panel": "By a panel"}


def show(me: Account, study: StudyInfo) -> None:
    """Show the reference standard; to who reads in the study, nothing of it."""
    try:
        with open_view() as session:
            known = truth.current(session, study.id, by=me.id)
            cases = [link.case for link in study_info.cases(session, study.id, by=me.id)]
    except ParallaxError as error:
        st.warning(f"{error} It is not shown to you either.")
        return
    _describe(me, study)
    st.subheader(f"Truth of {len([case for case in cases if case.id in known])} of {len(cases)} cases")
    if not cases:
        st.info("Take cases into the study first; then enter their truth here.")
        return
    if not study.classes:
        st.info("Name the diagnoses on the Protocol step first.")
        return
    if not study.editable:
        st.warning(
            "The study keeps the truth it was opened with. A correction is stored as a new version with its reason "
            "and is reported as a deviation."
        )
    if study.protocol.findings:
        truth_findings.show(me, study, cases, known)
        return
    key = f"study_truth_way_{study.id}"
    default = "panel" if study.protocol.reference.panel else "form"
    way = st.segmented_control(
        "Enter it", list(WAYS), key=key, default=default, format_func=lambda key: WAYS[key], required=True
    )
    if way == "sheet":
        truth_sheet.show(me, study, cases)
    elif way == "panel":
        truth_panel.show(me, study)
    else:
        _form(me, study, cases, known)
    _table(study, cases, known)


def _describe(me: Account, study: StudyInfo) -> None:
    fields = Fields(me, study)
    st.subheader("Reference standard")
    left, right = st.columns(2)
    with left:
        fields.several("reference.rests_on", "The truth rests on", RESTS_ON)
        fields.text(
            "reference.interval",
            "Time between the CT and what the truth rests on",
            placeholder="such as: PCR within 3 days of the CT",
        )
    with right:
        fields.text("reference.who", "Who established it", placeholder="such as: two radiologists in consensus")
        fields.text("reference.blinded_to", "They were blinded to", placeholder="such as: the AI and the readers")
    fields.toggle(
        "readers_may_author_truth", "Readers of the study may author its truth", help="Seldom right; reported."
    )


def _form(me: Account, study: StudyInfo, cases: list[CaseInfo], known: Truths) -> None:
    numbers = {case.number: case for case in cases}
    open_ones = [case.number for case in cases if case.id not in known]
    left, right = st.columns([1, 3])
    chosen = left.selectbox(
        "Case",
        list(numbers),
        index=list(numbers).index(open_ones[0]) if open_ones else 0,
        # the key moves with the next case, so that a click on a diagnosis goes on by itself
        key=f"study_truth_case_{study.id}_{open_ones[0] if open_ones else 'all'}",
    )
    case = numbers[chosen]
    picture(case)
    if st.toggle("Show the images", key=f"study_truth_look_{case.number}"):
        library_case(case, bindings=me.preferences.get("bindings", {}))
    before = known.get(case.id)
    suggested = before.source if before else ", ".join(study.protocol.reference.rests_on[:3])
    source = right.text_input(
        "Source",
        suggested,
        # with the suggestion in the key, so that it follows what is written above
        key=f"study_truth_source_{case.number}_{before.version if before else 0}_{suggested}",
        help="What the truth of this case rests on.",
    )
    reason = ""
    if before is not None:
        reason = st.text_input(
            f"Case {case.number} is {_label(study, before.class_code)}. Reason for a correction",
            key=f"study_truth_reason_{case.number}_{before.version}",
        )
    # the case is in the key: a second click of a double click finds no button, and never the next case's
    with st.container(horizontal=True):
        clicked = [
            study_class
            for study_class in study.classes
            if st.button(
                f"Case {case.number} is {study_class.label}", key=f"study_truth_is_{case.number}_{study_class.code}"
            )
        ]
    if clicked:
        code, at = clicked[0].code, clock.now()
        act(
            lambda session: truth.record(
                session, study.id, case.id, class_code=code, source=source, reason=reason, by=me.id, at=at
            ),
            done=f"Case {case.number}: {clicked[0].label}",
        )
        st.rerun()


def _table(study: StudyInfo, cases: list[CaseInfo], known: Truths) -> None:
    rows = []
    for case in cases:
        one = known.get(case.id)
        rows.append(
            {
                "Case": case.number,
                "Truth": _label(study, one.class_code) if one else "missing",
                "Source": one.source if one else "",
                "Version": one.version if one else None,
                "Author": one.author if one else "",
                "Reason": (one.reason or "") if one else "",
                "When (UTC)": one.at.strftime("%Y-%m-%d %H:%M") if one else "",
            }
        )
    st.dataframe(rows, key="study_truths", hide_index=True, placeholder="")


def _label(study: StudyInfo, code: str) -> str:
    return next((study_class.label for study_class in study.classes if study_class.code == code), code)
