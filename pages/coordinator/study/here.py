"""The study that a page is about: the one its address names, or a way back to the list."""

import streamlit as st

from core.errors import ParallaxError
from db.accounts import Account
from db.engine import open_view
from db.permissions import Right
from db.study import info as study_info
from db.study.info import StudyInfo
from pages.components import places
from pages.components.access import require_part


def study_here(right: Right) -> tuple[Account, StudyInfo]:
    """Return who is signed in and the study in the address; stop the page where they may not see it."""
    me = require_part(right)
    try:
        with open_view() as session:
            return me, study_info.study(session, places.asked(), by=me.id)
    except ParallaxError as error:
        st.error(f"{error} Choose one from the list.")
        st.page_link(places.STUDIES, label="All studies", icon=":material/arrow_back:")
        st.stop()
