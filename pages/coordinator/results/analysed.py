"""The whole analysis of what a page looks at, computed once for all panels: the numbers of `python -m core analyse`."""

import streamlit as st

from core.errors import ParallaxError
from core.results.grids import read_table
from core.results.rows import StudyRows
from core.results.verdict import options_of
from core.stats.analyse import Analysis, analyse
from pages.components.filters import View
from pages.components.tables import missing


@st.cache_resource(max_entries=16, show_spinner="Analysing …")
def _analysis(stamp: str, _rows: StudyRows) -> Analysis:
    return analyse(read_table(_rows), options=options_of(_rows.study))


def analysed(view: View) -> Analysis:
    """Return the analysis of a view, or stop the page with the reason why there is none."""
    try:
        return _analysis(view.stamp, view.rows)
    except ParallaxError as error:
        missing(str(error), "Loosen the filters, or wait until more reads are locked.")
        st.stop()
