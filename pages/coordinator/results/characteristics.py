"""Baseline characteristics of the cases and the readers."""

import streamlit as st

from core.results.gaps import characteristics_gaps
from core.results.panels.characteristics import CASES_NOTE, READERS_NOTE, case_characteristics, reader_characteristics
from pages.components.filters import results_view
from pages.components.tables import say, show_table


def page() -> None:
    """Show both tables."""
    view = results_view(
        "Characteristics",
        "Who was examined and how, by true class; and who read. Filters leave the readers as they are.",
    )
    say(characteristics_gaps(view.rows))
    st.subheader("Cases")
    show_table(case_characteristics(view.rows), key="case-characteristics", note=CASES_NOTE)
    st.subheader("Readers")
    show_table(reader_characteristics(view.study), key="reader-characteristics", note=READERS_NOTE)


page()
