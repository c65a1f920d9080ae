"""The published study: what the paper prints, what follows from it, and what it does not report."""

import streamlit as st

from core.results import published as paper
from core.stats import published
from pages.components.access import require
from pages.components.charts import show
from pages.components.tables import show_table


def page() -> None:
    """Draw the paper's figures and tables."""
    require("coordinator")
    st.title("Published study")
    st.caption(f"{published.SOURCE}. Research only; not a medical device. Figures as printed, recomputed ones marked.")
    st.warning(
        "Some printed figures do not agree with each other; they are marked ⚠ and listed below. No test is run on this "
        "page: a paired test needs to know who was right on which case, and that is not reported.",
        icon=":material/rule:",
    )
    st.subheader("Figure 4: AI and readers")
    show(paper.figure_4(), title=False)
    show(paper.minutes())
    show_table(paper.readers_table(), key="published-readers", note="Wilson intervals are computed here.")
    st.subheader("Figure 2: the AI on 98 validation cases")
    with st.container(width=440):
        show(paper.ai_matrix())
    st.markdown("**Table 3, printed and recomputed**")
    show_table(paper.table_3(), key="published-3", note="⚠: the printed figure does not follow from the matrix.")
    st.markdown("**Table 3 recomputed, with Wilson intervals**")
    show_table(paper.table_3_intervals(), key="published-3b", note="From the reconstructed matrix.")
    st.subheader("Figure 3: the readers on the same cases")
    note = "Counts nearest to the printed shares. The matrices' cells are not reported, nor normal and CAP apart."
    show_table(paper.readers_margins(), key="published-margins", note=note)
    st.subheader("Table 2: ablation")
    show_table(paper.table_2(), key="published-2", note="As printed, 98 validation cases.")
    st.subheader("Figure 5: the AI on 130 test cases")
    note = "Another centre; readers never read these cases. Cells off the diagonal are not reported."
    show_table(paper.test_set(), key="published-test", note=note)
    st.subheader("Figures that do not agree")
    show_table(paper.contradictions(), key="published-contradictions", note="Checked over all whole-number matrices.")
    st.subheader("Not reported")
    for one in published.NOT_PRINTED:
        st.markdown(f"- {one}")


page()
