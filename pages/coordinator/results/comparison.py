"""How the AI stands against novices and experts, in one look."""

import streamlit as st

from core.results.comparison import Comparison, compare
from core.results.draw.chart import percent
from core.results.draw.facets import NARROW, WIDE
from core.results.draw.text import comparison_table, difference_table, time_table, verdict_note, verdict_table
from core.results.gaps import comparison_gaps
from core.results.panels.comparison import comparison_chart, difference_chart
from core.results.rows import StudyRows
from pages.components.charts import show
from pages.components.filters import results_view
from pages.components.tables import missing, say, show_table


@st.cache_resource(max_entries=16, show_spinner="Comparing …")
def _compared(stamp: str, _rows: StudyRows, _whole: StudyRows) -> Comparison:
    return compare(_rows, whole=_whole)


def page() -> None:
    """Draw the comparison."""
    view = results_view("Comparison", "How the AI stands against the readers, on the same cases.")
    study = view.study
    found = _compared(view.stamp, view.rows, view.whole)
    labels = {column: found.label(column) for column in found.columns}
    first = {name: label for name, label in labels.items() if not name.startswith("specificity")}
    per_row = NARROW if view.narrow else WIDE
    _verdict(found, filtered=len(view.rows) != len(view.whole))
    say(comparison_gaps(view.rows))
    if len(view.rows.arms) > 1:
        st.caption(f"Readers' {found.arm} reads; the other arm stands on the page MRMC, or choose it under Filters.")
    show(
        comparison_chart(
            study,
            found.dots,
            first,
            title="Accuracy, sensitivity by class, and time per case",
            key="dots",
            times=found.times,
            per_row=per_row,
        )
    )
    rest = {name: label for name, label in labels.items() if name not in first}
    show(
        comparison_chart(study, found.dots, rest, title="Specificity by class", key="specificity", per_row=per_row),
    )
    st.subheader("AI minus readers")
    if not found.gaps:
        missing(
            "There is no difference between the AI and a group to estimate.",
            "It takes the AI and readers on at least two of the same cases.",
        )
    else:
        show(difference_chart(study, found.gaps, per_row=1 if view.narrow else 3), title=False)
        show_table(difference_table(found), key="differences", note="Percentage points, AI minus readers.")
    st.subheader("In figures")
    show_table(comparison_table(found), key="comparison", note="Percent with 95 % interval; n as in the chart's note.")
    show_table(
        time_table(found.times),
        key="times",
        note="Readers' active seconds; the AI's from stored volume to call, not tested against people.",
    )


def _verdict(found: Comparison, *, filtered: bool) -> None:
    """The prespecified comparison first; everything below it is marked exploratory."""
    said = found.verdict
    if said is None:
        return
    with st.container(border=True):
        if not said.tested:
            st.markdown("**Exploratory.** Nothing was prespecified: no figure on this page is a verdict.")
            return
        st.markdown(f"**Prespecified:** {said.endpoint} · {said.hypothesis}")
        st.markdown(f"**{said.words}**")
        if said.test is not None:
            st.caption(f"AI {percent(said.test.ai)}, readers {percent(said.test.readers)}.")
        show_table(verdict_table(said), key="verdict", note=verdict_note(said))
        if filtered:
            st.caption("The filters do not touch this verdict: it is of the whole study.")
        st.caption("Below this box only rows marked prespecified belong to this verdict; all else is exploratory.")


page()
