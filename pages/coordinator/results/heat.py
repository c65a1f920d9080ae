"""Every reader on every case, sortable by difficulty; a click opens the case."""

import streamlit as st

from core.results.draw.matrices import case_chart
from core.results.gaps import cases_gaps
from core.results.panels.cases import ORDERS, case_map
from pages.components.charts import show
from pages.components.filters import results_view
from pages.components.tables import say, show_table


def page() -> None:
    """Draw the map and the table of cases."""
    view = results_view(
        "Cases and readers", "Who was right on which case. Click a cell, or use the table, to open a case."
    )
    say(cases_gaps(view.rows))
    order = st.segmented_control("Sort by", ORDERS, default=ORDERS[0], required=True, key="order", bind="query-params")
    found = case_map(view.rows, order=order)
    if len(view.rows.arms) > 1:
        st.caption(f"Readers' {view.rows.arms[0]} reads; choose the other arm under Filters.")
    picked = show(
        case_chart(found.names, found.numbers, found.truths, found.states, found.texts, narrow=view.narrow),
        selectable=True,
    )
    points = picked["selection"]["points"] if picked else []
    if points:
        number = int(points[0]["customdata"][1])
        st.page_link(
            "coordinator/results/case.py",
            label=f"Open case {number}",
            icon=":material/open_in_new:",
            query_params={"case": str(number), "study": str(view.study.id)},
        )
    st.subheader("Cases by difficulty")
    note = "Share of readers who were right (the AI is not among them); indeterminate reads are not right."
    show_table(found.table(), key="difficulty", note=note, links=("open",))


page()
