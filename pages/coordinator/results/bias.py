"""Automation bias: what readers changed after the AI was shown, for worse and for better, by experience."""

import streamlit as st

from core.results.gaps import bias_gaps
from core.results.panels.bias import switch_chart
from core.results.panels.cases import switch_rows
from core.results.panels.mrmc import switch_table
from pages.components.charts import show
from pages.components.filters import results_view
from pages.components.tables import say, show_table
from pages.coordinator.results.analysed import analysed


def page() -> None:
    """Draw the switches of groups and readers."""
    view = results_view(
        "Automation bias", "Switches after the AI was shown: to its wrong calls, and to its right ones."
    )
    found = analysed(view)
    say(bias_gaps(view.rows, found))
    if not found.switches:
        return
    show(switch_chart(view.study, switch_rows(view.study, found), per_row=1 if view.narrow else 2))
    st.subheader("Groups")
    note = "These readers only: ratio over cases as clusters (Cochran 1977, 6.3); no p-value."
    show_table(switch_table(found.group_switches), key="group-switches", note=note)
    st.subheader("Readers")
    note = "Wilson intervals; net change with Tango's interval; exploratory."
    show_table(switch_table(found.switches), key="switches", note=note)


page()
