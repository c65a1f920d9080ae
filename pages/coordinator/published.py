"""The published study: what the paper prints, what follows from it, and what it does not report."""

import streamlit as st

from core.results.published import blocks
from core.stats import published
from db.permissions import Right
from pages.components.access import require_part
from pages.components.blocks import Screen


def page() -> None:
    """Draw the paper's figures and tables."""
    require_part(Right.RESULTS)
    st.title("Published study")
    st.caption(f"{published.SOURCE}. Research only; not a medical device. Figures as printed, recomputed ones marked.")
    st.warning(
        "Some printed figures do not agree with each other; they are marked ⚠ and listed below. No test is run on this "
        "page: a paired test needs to know who was right on which case, and that is not reported.",
        icon=":material/rule:",
    )
    Screen(narrow=False).show(blocks())


page()
