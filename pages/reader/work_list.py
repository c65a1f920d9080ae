"""What a reader has to do: their studies, how far each is, and the next case in one click."""

import streamlit as st

from core import clock
from core.study.words import StudyState
from db.engine import open_view
from db.reading import reads
from db.reading.types import StudyProgress
from pages.components.access import require_reader

READ_PAGE = "reader/read.py"


def page() -> None:
    """List the studies of the reader who is signed in."""
    me = require_reader()
    with open_view() as session:
        found = reads.progress(session, account_id=me.id, at=clock.now())
    st.title("Work list")
    if not found:
        st.info("No study is open for you yet. Its coordinator opens it; your cases then appear here.")
        return
    for study in found:
        with st.container(border=True, key=f"work_study_{study.study_id}"):
            _study(study)


def _study(study: StudyProgress) -> None:
    st.subheader(study.title, anchor=False)
    what, action = st.columns([4, 1], vertical_alignment="center")
    with what:
        st.progress(study.done / study.total if study.total else 0.0, text=_how_far(study))
        if note := _note(study):
            st.caption(note)
    if study.can_read and action.button(
        "Continue" if study.started else "Start",
        key=f"work_open_{study.study_id}",
        type="primary",
        icon=":material/radiology:",
        width="stretch",
    ):
        st.switch_page(READ_PAGE, query_params={"study": str(study.study_id)})
    if study.instructions:
        with st.expander("Instructions", expanded=study.can_read and not study.started):
            st.markdown(study.instructions)


def _how_far(study: StudyProgress) -> str:
    text = f"{study.done} of {study.total}"
    if study.sessions > 1:
        text = f"Session {study.session} of {study.sessions}: {text}"
    return text + _left(study.minutes_left)


def _left(minutes: int | None) -> str:
    if minutes is None:
        return ""
    if minutes < 90:
        return f", about {minutes} min left"
    return f", about {minutes / 60:.1f} h left"


def _note(study: StudyProgress) -> str:
    if study.state != StudyState.OPEN:
        return "This study is closed. Thank you for reading."
    if study.waiting:
        return study.waiting
    if not study.can_read:
        return "Every case is read and locked. Thank you."
    waiting = study.practice_total - study.practice_done
    if waiting:
        return (
            "One practice case first; it counts in no result."
            if waiting == 1
            else (f"{waiting} practice cases first; they count in no result.")
        )
    return ""


page()
