"""Another algorithm joins by a CSV of its calls and probabilities: columns are mapped in a preview, then imported."""

import streamlit as st

from core import clock
from core.ai.calls_csv import Calls, calls_of
from core.ai.calls_sheet import Columns, Sheet, guess, read_sheet
from core.errors import ParallaxError
from core.services import calls_import
from db.accounts import Account
from db.ai import models as ai_models
from pages.components.acting import act

CASE, CALL, PROBABILITY, UNUSED = "case number", "call", "probability of a class", "not used"
ROLES = (CASE, CALL, PROBABILITY, UNUSED)
KINDS = ("one class a case: probabilities add up to 1", "findings: several can be present in a case")
TAKEN = "models_calls_taken"  # the last import of this session, so that it can be taken back
SHOWN = 200  # rows of the preview


def take_calls(account: Account) -> None:
    """Show the upload, the preview with its columns, and the import."""
    _taken_back(account)  # outside: the folded part would hide it
    with st.expander("Add another algorithm by a CSV of its calls", icon=":material/table:"):
        st.markdown(
            "One row a case: its number, and the call, probabilities, or both, of any classes or findings. Commas, "
            "semicolons or tabs, decimal commas and percent are understood. A row without a call is a failure."
        )
        left, right = st.columns(2)
        name = left.text_input("Name of the algorithm", key="models_name").strip()
        version = right.text_input("Version", key="models_version").strip()
        file = st.file_uploader("CSV", type=["csv", "tsv", "txt"], key="models_file")
        if file is None:
            return
        try:
            data = file.getvalue()
            sheet = read_sheet(data)
            columns = _columns(sheet, file.file_id)
            findings = st.radio("The columns of probabilities are", KINDS, key="models_kind") == KINDS[1]
            threshold = 0.5
            if columns.call is None:
                threshold = st.number_input(
                    "A finding, or a single class, is called from a probability of", 0.01, 0.99, 0.5, 0.01,
                    key="models_threshold",
                )  # fmt: skip
            calls = calls_of(sheet, columns, findings=findings, threshold=threshold)
            problems = (*calls.problems, *calls_import.unknown_cases(calls, by=account.id))
        except ParallaxError as error:
            st.error(str(error))
            return
        _preview(calls, problems)
        ready = bool(name and version) and not problems
        if not (name and version):
            st.caption("Give the algorithm a name and a version to import its calls.")
        label = f"Import {len(calls.rows)} calls"
        if st.button(label, key="models_take", type="primary", disabled=not ready):
            _take(account, name, version, data, calls)


def _columns(sheet: Sheet, file: str) -> Columns:
    st.markdown("**What the columns are**")
    known = guess(sheet)
    roles: dict[str, str] = {}
    classes: dict[str, str] = {}
    for at, column in enumerate(sheet.columns):
        likely = CASE if column == known.case else CALL if column == known.call else UNUSED
        likely = PROBABILITY if column in known.probabilities else likely
        left, middle, right = st.columns([2, 2, 2], vertical_alignment="center")
        left.markdown(f"`{column}` " + ", ".join(sheet.column(column)[:3])[:40])
        roles[column] = middle.selectbox(
            f"Role of {column}",
            ROLES,
            ROLES.index(likely),
            key=f"models_role_{file}_{at}",
            label_visibility="collapsed",
        )
        if roles[column] == PROBABILITY:
            classes[column] = right.text_input(
                f"Class of {column}",
                known.probabilities.get(column, column),
                key=f"models_class_{file}_{at}",
                label_visibility="collapsed",
            )
    case = next((column for column in sheet.columns if roles[column] == CASE), None)
    call = next((column for column in sheet.columns if roles[column] == CALL), None)
    return Columns(case, call, classes)


def _preview(calls: Calls, problems: tuple[str, ...]) -> None:
    st.markdown(f"**What was read:** {len(calls.rows)} calls of the classes {', '.join(calls.classes)}.")
    for note in calls.notes:
        st.caption(note)
    if problems:
        st.error(f"{len(problems)} problems to mend before anything is imported:")
        st.dataframe([{"problem": problem} for problem in problems], key="models_problems", hide_index=True)
    rows = [{"case": row.case_number, "call": row.call or "failure", **row.probabilities} for row in calls.rows[:SHOWN]]
    st.dataframe(rows, key="models_preview", hide_index=True)


def _take(account: Account, name: str, version: str, data: bytes, calls: Calls) -> None:
    try:
        model = calls_import.take_calls(data, calls, name=name, version=version, by=account.id)
    except ParallaxError as error:
        st.error(str(error))
        return
    st.session_state[TAKEN] = (model.id, f"{name} {version}", len(calls.rows))
    st.rerun()


def _taken_back(account: Account) -> None:
    """Say what was imported last and offer to take it back; refused once a study was opened with it."""
    taken = st.session_state.get(TAKEN)
    if taken is None:
        return
    model_id, title, count = taken
    st.success(f"{title}: {count} calls imported. A study can now choose it on its step AI.")
    if st.button("Undo this import", key="models_undo", icon=":material/undo:"):
        if act(
            lambda session: ai_models.undo_calls(session, model_id, by=account.id, at=clock.now()), done="Taken back"
        ):
            st.session_state.pop(TAKEN, None)
        st.rerun()
