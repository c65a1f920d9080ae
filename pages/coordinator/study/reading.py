"""How the reading of a study goes."""

import streamlit as st

from db.permissions import Right
from pages.components.acting import say
from pages.coordinator.study.here import study_here
from pages.coordinator.study_steps import monitor


def page() -> None:
    """Show the monitor of the study in the address."""
    me, study = study_here(Right.MONITOR)
    st.title(study.title)
    say()
    monitor.show(me, study)


page()
