"""The reading page: one component over the whole window. Streamlit only mounts it."""

import streamlit as st

from core import clock
from core.errors import ParallaxError
from db.engine import open_view
from db.reading import reads
from db.reading.types import StudyProgress
from pages.components.access import require_reader
from pages.components.reading import reading

WORK_LIST = "reader/work_list.py"
# the window belongs to the images: Streamlit's own header, menu and margins would only take room and light
FULL_WINDOW = """
<style>
  html, body, .stApp { background: #000; overflow: hidden; }
  [data-testid="stHeader"], [data-testid="stSidebar"], [data-testid="stSidebarCollapsedControl"],
  [data-testid="stExpandSidebarButton"], [data-testid="stToolbar"], [data-testid="stDecoration"],
  [data-testid="stStatusWidget"] { display: none !important; }
  [data-testid="stMainBlockContainer"] { padding: 0 !important; max-width: none !important; }
  [data-testid="stMain"] { overflow: hidden; }
</style>
"""


def page() -> None:
    """Mount the reading component on the study named in the address, or on the first that can be read."""
    me = require_reader()
    with open_view() as session:
        found = reads.progress(session, account_id=me.id, at=clock.now())
    study = _chosen(found, st.query_params.get("study", ""))
    if study is None:
        _nothing()
        return
    st.html(FULL_WINDOW)
    try:
        reading(study_id=study.study_id, key=f"read_component_{study.study_id}")
    except ParallaxError as error:
        st.error(str(error))


def _chosen(found: tuple[StudyProgress, ...], asked: str) -> StudyProgress | None:
    if asked:
        return next((study for study in found if str(study.study_id) == asked), None)
    return next((study for study in found if study.can_read), None)


def _nothing() -> None:
    st.title("Nothing to read")
    st.info("There is no case for you here now. The work list shows your studies and when the next session opens.")
    if st.button("Open the work list", key="read_work_list"):
        st.switch_page(WORK_LIST)


page()
