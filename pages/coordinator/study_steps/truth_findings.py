"""The truth of several findings: by case, from a table, and the places of lesions from a table in mm."""

from collections.abc import Callable

import streamlit as st

from core import clock
from core.errors import ParallaxError
from core.study.findings import in_words
from core.study.findings_csv import findings_template, read_findings
from core.study.lesions import PlaceSheet, read_places
from core.study.tables import read_table
from db.accounts import Account
from db.cases import CaseInfo
from db.study.info import StudyInfo
from db.truth import records as truth
from db.truth.lesions import take_lesions
from db.truth.records import TruthInfo
from pages.components.acting import act
from pages.coordinator.study_steps.truth_file import file_taken, file_turn, truth_file

PLACES = (
    "One row a place, in mm of the patient (DICOM, LPS): `case`, `finding`, `shape` (point, box, length, sphere or "
    "none), `x`, `y`, `z`; `x2`, `y2`, `z2` for the other corner or end, `radius` for a sphere."
)
WAYS = {"form": "Case by case", "sheet": "From a table (CSV)", "lesions": "Places of lesions (CSV)"}


def show(me: Account, study: StudyInfo, cases: list[CaseInfo], known: dict[int, TruthInfo]) -> None:
    """Offer the ways to enter the truth of each finding; then show what is known."""
    ways = [way for way in WAYS if way != "lesions" or any(finding.mark for finding in study.protocol.findings)]
    way = st.segmented_control(
        "Enter it",
        ways,
        key=f"study_truth_way_{study.id}",
        default="form",
        format_func=WAYS.__getitem__,
        required=True,
    )
    if way == "sheet":
        _sheet(me, study, cases)
    elif way == "lesions":
        _lesions(me, study, cases)
    else:
        _form(me, study, cases, known)
    _table(study, cases, known)


def _form(me: Account, study: StudyInfo, cases: list[CaseInfo], known: dict[int, TruthInfo]) -> None:
    waiting = [case.number for case in cases if case.id not in known]
    numbers = {case.number: case for case in cases}
    chosen = st.selectbox(
        "Case",
        list(numbers),
        index=list(numbers).index(waiting[0]) if waiting else 0,
        key=f"study_truth_case_{study.id}_{waiting[0] if waiting else 'all'}",
        width=200,
    )
    case, labels = numbers[chosen], {study_class.code: study_class.label for study_class in study.classes}
    before = known.get(case.id)
    version = before.version if before else 0
    with st.form(f"study_truth_findings_{case.number}_{version}", border=False):
        levels = {}
        columns = st.columns(3)
        for at, finding in enumerate(study.protocol.findings):
            there = (before.findings or {}).get(finding.code) if before else None
            levels[finding.code] = columns[at % 3].segmented_control(
                labels[finding.code],
                list(finding.codes),
                default=there if there in finding.codes else None,
                format_func=finding.said,
                key=f"study_truth_{case.number}_{version}_{finding.code}",
            )
        suggested = before.source if before else ", ".join(study.protocol.reference.rests_on[:3])
        source = st.text_input("Source", suggested, key=f"study_truth_source_{case.number}_{version}")
        reason = ""
        if before is not None:
            reason = st.text_input("Reason for a correction", key=f"study_truth_reason_{case.number}_{version}")
        if st.form_submit_button(f"Save the truth of case {case.number}", key=f"study_truth_save_{case.number}"):
            given = {code: level for code, level in levels.items() if level}
            at_now = clock.now()
            act(
                lambda session: truth.record(
                    session, study.id, case.id, source=source, reason=reason, findings=given, by=me.id, at=at_now
                ),
                done=f"Case {case.number} is stored",
            )
            st.rerun()


def _sheet(me: Account, study: StudyInfo, cases: list[CaseInfo]) -> None:
    numbers, findings = [case.number for case in cases], study.protocol.findings
    st.markdown("One row a case, one column a finding: its grade, or 1 and 0. `source` and `reason` are optional.")
    source, data = truth_file(study, findings_template(numbers, findings))
    if data is None:
        return
    try:
        labels = {study_class.code: study_class.label for study_class in study.classes}
        table = read_table(data)
        sheet = read_findings(table, findings=findings, labels=labels, case_numbers=numbers, source=source)
    except ParallaxError as error:
        st.error(str(error))
        return
    if sheet.ignored:
        st.caption(f"Not read: {', '.join(sheet.ignored)}.")
    faults = [f"Row {fault.row}, {fault.column}: {fault.message}" for fault in sheet.faults]
    _take(
        faults,
        f"Take the truth of {len(sheet.rows)} cases",
        lambda: act(lambda session: truth.take(session, study.id, sheet.rows, by=me.id, at=clock.now())),
    )


def _lesions(me: Account, study: StudyInfo, cases: list[CaseInfo]) -> None:
    st.markdown(PLACES)
    reason = st.text_input("Reason, where a case has places already", key=f"study_lesions_reason_{study.id}")
    sheet = places_of_file(study, [case.number for case in cases], rated=False, key="study_lesions_file")
    if sheet is not None:
        count = sum(map(len, sheet.places.values()))
        _take(
            list(sheet.faults),
            f"Take {count} places in {len(sheet.places)} cases",
            lambda: act(
                lambda session: take_lesions(
                    session, study.id, sheet.places, reason=reason, by=me.id, at=clock.now()
                )
            ),
        )  # fmt: skip


def places_of_file(study: StudyInfo, numbers: list[int], *, rated: bool, key: str) -> PlaceSheet | None:
    """Take a table of lesions or marks; None before there is one, or where it cannot be read, which is said."""
    file = st.file_uploader("Table in mm", type=["csv", "txt", "xlsx"], key=f"{key}_{file_turn()}")
    if file is None:
        return None
    try:
        table = read_table(file.getvalue())
        return read_places(table, findings=study.protocol.findings, case_numbers=numbers, rated=rated)
    except ParallaxError as error:
        st.error(str(error))
        return None


def _take(faults: list[str], label: str, take: Callable[[], bool]) -> None:
    if faults:
        st.error(f"Nothing is taken: {len(faults)} rows do not fit.")
        st.dataframe([{"what": fault} for fault in faults[:200]], hide_index=True, key="study_truth_faults")
        return
    if st.button(label, type="primary", key="study_truth_take") and take():
        file_taken()


def _table(study: StudyInfo, cases: list[CaseInfo], known: dict[int, TruthInfo]) -> None:
    labels, findings = {study_class.code: study_class.label for study_class in study.classes}, study.protocol.findings
    rows = []
    for case in cases:
        one = known.get(case.id)
        rows.append(
            {
                "Case": case.number,
                "Truth": in_words(one.findings or {}, findings, labels) if one else "missing",
                "Places": len(one.lesions) if one else 0,
                "Source": one.source if one else "",
                "Version": one.version if one else None,
                "Author": one.author if one else "",
                "Reason": (one.reason or "") if one else "",
            }
        )
    st.dataframe(rows, key="study_truths", hide_index=True, placeholder="")
