"""Truth from a table: previewed, every bad row named, all rows taken or none."""

from collections.abc import Sequence

import streamlit as st

from core import clock
from core.errors import ParallaxError
from core.study.tables import Table, read_table
from core.study.truth_csv import COLUMNS, NEEDED, Fault, TruthSheet, guess_columns, read_truth, template
from db.accounts import Account
from db.cases import CaseInfo
from db.engine import open_view
from db.study.info import StudyInfo
from db.truth import records as truth
from pages.components.acting import act
from pages.coordinator.study_steps.truth_file import file_taken, file_turn, truth_file

MOST_SHOWN = 200
MOST_NAMES = 12  # class names of a table that are asked for; more are no classes


def show(me: Account, study: StudyInfo, cases: list[CaseInfo]) -> None:
    """Take a file, say what it would do, and do it when asked."""
    numbers = [case.number for case in cases]
    codes = " or ".join(f"`{study_class.code}`" for study_class in study.classes)
    st.markdown(
        "One row a case: `case` (its number), `diagnosis` "
        f"({codes}), and if you like `source` and `reason` (needed where it corrects a truth). The table of case "
        "numbers made at the upload fits, once its diagnoses are filled in."
    )
    source, data = truth_file(study, template(numbers))
    if data is None:
        return
    try:
        classes = {study_class.code: study_class.label for study_class in study.classes}
        sheet = _mapped(read_table(data), classes, set(numbers), source, file_turn())
        if sheet is None:
            return
        with open_view() as session:
            changes, faults = truth.preview(session, study.id, sheet.rows, by=me.id)
    except ParallaxError as error:
        st.error(str(error))
        return
    faults = sorted([*sheet.faults, *faults], key=lambda fault: fault.row)
    if faults:
        _show_faults(faults)
        return
    counts = {kind: sum(change.kind == kind for change in changes) for kind in ("new", "correction", "same")}
    st.success(f"{counts['new']} new, {counts['correction']} corrections, {counts['same']} unchanged. Nothing wrong.")
    st.dataframe(
        [
            {
                "Row": change.row.line,
                "Case": change.row.case_number,
                "Truth": classes[change.row.class_code],
                "Source": change.row.source,
                "What it is": change.kind,
                "Before": classes.get(change.before or "", change.before or ""),
            }
            for change in changes[:MOST_SHOWN]
        ],
        key="study_truth_preview",
        hide_index=True,
    )
    if st.button(f"Take these {len(changes)} rows", key="study_truth_take", type="primary"):
        at = clock.now()
        if act(lambda session: truth.take(session, study.id, sheet.rows, by=me.id, at=at), done="Truth stored"):
            file_taken()
        st.rerun()


def _mapped(table: Table, classes: dict[str, str], numbers: set[int], source: str, turn: int) -> TruthSheet | None:
    """Read a table by its own columns and class names, which are asked for where they are not the usual ones."""
    columns = guess_columns(table.header)
    if any(name not in columns for name in NEEDED):
        st.markdown("**Which column is which?**")
        for name, place in zip(COLUMNS, st.columns(len(COLUMNS)), strict=True):
            options = ["", *dict.fromkeys(table.header)]
            index = options.index(columns[name]) if name in columns else 0
            chosen = place.selectbox(name, options, index=index, key=f"study_truth_column_{name}_{turn}")
            columns = {key: column for key, column in columns.items() if key != name} | (
                {name: chosen} if chosen else {}
            )
        if any(name not in columns for name in NEEDED):
            return None
    sheet = read_truth(table, classes=classes, case_numbers=numbers, source=source, columns=columns)
    if sheet.unknown and len(sheet.unknown) <= MOST_NAMES:
        st.markdown("**Which of the study's classes are these?**")
        names = {}
        for number, text in enumerate(sheet.unknown):
            code = st.selectbox(
                f"“{text}” is",
                ["", *classes],
                format_func=lambda key: classes.get(key, "none of them"),
                key=f"study_truth_class_{number}_{turn}",
            )
            if code:
                names[text] = code
        sheet = read_truth(table, classes=classes, case_numbers=numbers, source=source, columns=columns, names=names)
    if sheet.ignored:
        st.caption(f"Not read: {', '.join(sheet.ignored)}.")
    return sheet


def _show_faults(faults: Sequence[Fault]) -> None:
    st.error(f"Nothing was taken: {len(faults)} {'thing is' if len(faults) == 1 else 'things are'} wrong.")
    st.dataframe(
        [{"Row": fault.row, "Column": fault.column, "What is wrong": fault.message} for fault in faults[:MOST_SHOWN]],
        key="study_truth_faults",
        hide_index=True,
    )
