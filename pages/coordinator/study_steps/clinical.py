"""Clinical information of the cases: when readers see it, a table with a preview, and taking an import back."""

import streamlit as st

from core import clock
from core.errors import ParallaxError
from core.study.clinical import ClinicalNote, read_clinical, template
from core.study.tables import read_table
from core.study.words import Look
from db.accounts import Account
from db.cases import CaseInfo
from db.engine import open_view
from db.study import clinical
from db.study.info import StudyInfo
from pages.components.acting import act
from pages.coordinator.study_steps.fields import Fields

LOOKS: dict[str, str] = {
    Look.NEVER: "Not shown",
    Look.BEFORE: "From the start",
    Look.AFTER: "After a first diagnosis, which is kept",
}
MOST_SHOWN = 200


def show(me: Account, study: StudyInfo, cases: list[CaseInfo]) -> None:
    """Show what is known of the cases and let it be imported or taken back."""
    st.subheader("Clinical information")
    fields = Fields(me, study)
    left, right = st.columns(2)
    with left:
        fields.choice("clinical.unaided", "Reading without the AI", LOOKS)
    with right:
        if study.shows_ai:
            fields.choice("clinical.aided", "Reading with the AI", LOOKS)
    with open_view() as session:
        known = clinical.notes(session, study.id, by=me.id)
    st.caption(f"Known for {len(known)} of {len(cases)} cases: age, sex, a text, an earlier report.")
    if known:
        st.dataframe([_row(number, note) for number, note in known.items()], key="study_clinical", hide_index=True)
    if study.editable:
        _import(me, study, cases, known)


def _row(number: int, note: ClinicalNote) -> dict[str, object]:
    return {"Case": number, "Age": note.age, "Sex": note.sex, "Text": note.text, "Earlier report": note.prior}


def _import(me: Account, study: StudyInfo, cases: list[CaseInfo], known: dict[int, ClinicalNote]) -> None:
    numbers = [case.number for case in cases]
    with st.container(horizontal=True):
        st.download_button(
            "Empty table with these cases",
            template(numbers),
            file_name=f"clinical-{study.id}.csv",
            mime="text/csv",
            key="study_clinical_template",
            icon=":material/download:",
        )
        if known and st.button("Undo the last import", key="study_clinical_undo", icon=":material/undo:"):
            at = clock.now()
            act(lambda session: clinical.undo(session, study.id, by=me.id, at=at), done="The import was taken back")
            st.rerun()
    turn = st.session_state.setdefault("study_clinical_turn", 0)
    file = st.file_uploader("Filled-in table", type=["csv", "txt", "xlsx"], key=f"study_clinical_file_{turn}")
    if file is None:
        return
    try:
        sheet = read_clinical(read_table(file.getvalue()), case_numbers=set(numbers))
    except ParallaxError as error:
        st.error(str(error))
        return
    if sheet.ignored:
        st.caption(f"Not read: {', '.join(sheet.ignored)}.")
    if sheet.faults:
        st.error(f"Nothing was imported: {len(sheet.faults)} cells to mend in your table.")
        shown = [{"Row": fault.row, "Column": fault.column, "What is wrong": fault.message} for fault in sheet.faults]
        st.dataframe(shown[:MOST_SHOWN], key="study_clinical_faults", hide_index=True)
        return
    new = sum(row.case_number not in known for row in sheet.rows)
    st.success(f"{new} cases get information, of {len(sheet.rows) - new} it is replaced. Nothing is wrong.")
    st.dataframe(
        [_row(row.case_number, row.note) for row in sheet.rows[:MOST_SHOWN]],
        key="study_clinical_preview",
        hide_index=True,
    )
    if st.button(f"Import {len(sheet.rows)} rows", key="study_clinical_take", type="primary"):
        at = clock.now()
        if act(lambda session: clinical.take(session, study.id, sheet.rows, by=me.id, at=at), done="Imported"):
            # a fresh uploader, so that the file is not offered again
            st.session_state["study_clinical_turn"] = turn + 1
        st.rerun()
