"""The three things a table of truth begins with: an empty one to fill in, the source, and the filled-in file."""

import streamlit as st

from db.study.info import StudyInfo

TURN = "study_truth_turn"  # counted up when a file was taken: a fresh uploader, so that it is not offered again


def truth_file(study: StudyInfo, empty: str) -> tuple[str, bytes | None]:
    """Return the source for rows without one, and the filled-in table; None before there is one."""
    rests_on = study.protocol.reference.rests_on
    left, right = st.columns(2, vertical_alignment="bottom")
    left.download_button(
        "Empty table with these cases",
        empty,
        file_name=f"truth-{study.id}.csv",
        mime="text/csv",
        key="study_truth_template",
        icon=":material/download:",
    )
    source = right.text_input(
        "Source, for rows without one",
        ", ".join(rests_on[:3]),
        key=f"study_truth_sheet_source_{study.id}_{len(rests_on)}",
    )
    file = st.file_uploader("Filled-in table", type=["csv", "txt", "xlsx"], key=f"study_truth_file_{file_turn()}")
    return source, None if file is None else file.getvalue()


def file_turn() -> int:
    """Return how many files were taken in this sitting."""
    return int(st.session_state.setdefault(TURN, 0))


def file_taken() -> None:
    """Offer a fresh uploader, and run the page anew."""
    st.session_state[TURN] = file_turn() + 1
    st.rerun()
