"""Time and fatigue: how long reads took, what position in the order did, and reads that were too fast."""

import streamlit as st

from core.results.comparison import compare
from core.results.draw.text import time_table
from core.results.gaps import times_gaps
from core.results.panels.bias import drift_chart
from core.results.panels.cases import fast_rows
from core.results.panels.mrmc import fatigue_table, time_ratio_table
from core.results.panels.times import time_chart
from core.results.verdict import protocol_of
from pages.components.charts import show
from pages.components.filters import results_view
from pages.components.tables import say, show_table
from pages.coordinator.results.analysed import analysed


def page() -> None:
    """Draw times per reader, drift and what was too fast."""
    view = results_view("Time and fatigue", "Active reading time by the server's clock, and what the day did to it.")
    found, study = analysed(view), view.study
    times = compare(view.rows).times
    say(times_gaps(view.rows, found))
    if any(one.seconds.size for one in times):
        show(time_chart(study, times))
        note = "A time saving is never claimed from a sequential design: its aided times start after the unaided read."
        show_table(time_table(times), key="time-totals", note=note if study.design == "sequential" else "")
    if found.times:
        st.subheader("Compared")
        note = "Ratios of geometric means; readers count once each. The AI's time is a machine's and is not compared."
        show_table(time_ratio_table(found), key="time-ratios", note=note)
    if found.drifts:
        st.subheader("Over the reading order")
        show(drift_chart(study, found.drifts, narrow=view.narrow))
        show_table(
            fatigue_table(found), key="fatigue", note="Means over readers with Student's t intervals over readers."
        )
    st.subheader("Too fast to have been read")
    shortest = protocol_of(study).min_plausible_s
    fast = fast_rows(found)
    note = f"Reads under {shortest} s of active time, the protocol's shortest plausible time; they stay in all figures."
    if fast:
        show_table(fast, key="fast", note=note)
    else:
        st.caption(f"None was shorter than {shortest} s, the protocol's shortest plausible time.")


page()
