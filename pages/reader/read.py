"""The way from Streamlit's pages to the reading page, which is no page of Streamlit: pages/routes/read_page.py."""

import streamlit as st

from core import clock
from db.engine import open_view
from db.reading import reads
from pages.components.access import require_reader
from pages.components.reading import open_reading_page
from pages.routes.read_page import chosen

WORK_LIST = "reader/work_list.py"
# nothing bright on the way to the dark page
DARK = """
<style>
  html, body, .stApp { background: #0a0c0e; overflow: hidden; }
  .stApp > * { visibility: hidden; }
</style>
"""


def page() -> None:
    """Go to the reading page of the study named in the address, or of the first that can be read."""
    me = require_reader()
    with open_view() as session:
        found = reads.progress(session, account_id=me.id, at=clock.now())
    study = chosen(found, st.query_params.get("study", ""))
    if study is None:
        _nothing()
        return
    st.html(DARK)
    open_reading_page(study_id=study.study_id)


def _nothing() -> None:
    st.title("Nothing to read")
    st.info("There is no case for you here now. The work list shows your studies and when the next session opens.")
    if st.button("Open the work list", key="read_work_list"):
        st.switch_page(WORK_LIST)


page()
