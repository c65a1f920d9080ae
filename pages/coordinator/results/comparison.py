"""How the AI stands against novices and experts, in one look."""

import streamlit as st

from core.report.chart import percent
from core.report.compare import Comparison, compare
from core.report.figures import comparison_chart, difference_chart, time_chart
from core.report.gaps import comparison_gaps
from core.report.rows import StudyRows
from core.report.tables import comparison_table, difference_table, time_table, verdict_note, verdict_table
from pages.components.charts import show
from pages.components.filters import results_view
from pages.components.tables import missing, say, show_table


@st.cache_resource(max_entries=16, show_spinner="Comparing …")
def _compared(stamp: str, _rows: StudyRows, _whole: StudyRows) -> Comparison:
    return compare(_rows, whole=_whole)


def page() -> None:
    """Draw the comparison."""
    view = results_view("Comparison", "The AI beside the readers, on the same cases.")
    study = view.study
    found = _compared(view.stamp, view.rows, view.whole)
    labels = {column: found.label(column) for column in found.columns}
    first = {name: label for name, label in labels.items() if not name.startswith("specificity")}
    say(comparison_gaps(view.rows))
    show(comparison_chart(study, found.dots, first, title="Accuracy and sensitivity", key="dots"))
    show(time_chart(study, found.times))
    with st.expander("Specificity", expanded=True, icon=":material/filter_list:"):
        columns = {name: label for name, label in labels.items() if name not in first}
        show(comparison_chart(study, found.dots, columns, title="Specificity", key="specificity"))
    st.subheader("AI minus readers")
    if not found.gaps:
        missing("There is nothing to compare.", "It takes the AI and at least one group that read the same cases.")
    else:
        _verdict(found, filtered=len(view.rows) != len(view.whole))
        show(difference_chart(study, found.gaps))
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
        st.markdown(f"**Prespecified:** {said.endpoint} · {said.hypothesis}")
        st.markdown(f"**{said.words}**")
        if said.test is not None:
            st.caption(f"AI {percent(said.test.ai)}, readers {percent(said.test.readers)}.")
        if said.tested:
            show_table(verdict_table(said), key="verdict", note=verdict_note(said))
        if filtered:
            st.caption("The filters do not touch this verdict: it is of the whole study.")


page()
