"""The first page of the results: the answer, the main figure, and the way to every other page."""

import streamlit as st

from core.errors import ParallaxError
from core.results.across.registry import panels_of
from core.results.answer import home
from core.results.panels.panel import GROUPS
from core.results.rows import StudyFacts
from pages.components.blocks import Screen
from pages.components.filters import results_view
from pages.components.tables import missing
from pages.coordinator.results.panel import page_of

CASE = ("coordinator/results/case.py", "Case", "One case in the viewer, with every read.")


def page() -> None:
    """Show the answer of the study in the address."""
    view = results_view("Results", "The answer first; every figure behind it is one click away.")
    screen = Screen(narrow=view.narrow)
    try:
        with st.spinner("Analysing …"):
            screen.show(home(view.results))
    except ParallaxError as error:
        missing(str(error), "Loosen the filters, or wait until more reads are locked.")
    _ways(view.study)


def _ways(study: StudyFacts) -> None:
    st.subheader("Every page")
    here = {"study": str(study.id)}
    columns = st.columns(4, gap="medium")
    for place, group in enumerate(GROUPS):
        with columns[place % len(columns)]:
            st.markdown(f"**{group}**")
            for panel in panels_of(study):
                if panel.group == group:
                    st.page_link(page_of(panel.address), label=panel.title, help=panel.lead, query_params=here)
            if group == "Cases":
                path, title, lead = CASE
                st.page_link(path, label=title, help=lead, query_params=here)


page()
