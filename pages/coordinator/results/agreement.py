"""How far readers agree with each other, by chance-corrected figures."""

import streamlit as st

from core.results.draw.matrices import kappa_chart
from core.results.gaps import ONE_CASE, agreement_gaps
from core.results.panels.cases import kappa_matrix, largest_set
from core.results.panels.mrmc import agreement_table, number
from pages.components.charts import show
from pages.components.filters import results_view
from pages.components.tables import say, show_table
from pages.coordinator.results.analysed import analysed

SIDE = 720  # pixels; a matrix stretched over a wide screen is hard to read


def page() -> None:
    """Draw the pairwise kappas and the table of groups."""
    view = results_view("Agreement", "Readers with each other; the truth plays no part here, but for Cochran's Q.")
    found = analysed(view)
    gaps = agreement_gaps(found)
    say(gaps)
    if not found.agreement or ONE_CASE in gaps:
        return
    arms = list(dict.fromkeys(one.arm for one in found.agreement))
    arm = (
        st.segmented_control("Arm", arms, default=arms[0], required=True, key="agreement_arm") if arms[1:] else arms[0]
    )
    names, kappas, counted = kappa_matrix(found, arm)
    with st.container(width=SIDE):
        show(kappa_chart(names, kappas, n=counted))
    note = (
        "Undecided reads are a category of their own. Intervals: Fleiss and AC1 by Gwet's linearised variance. "
        "Cochran's Q tests that all are right equally often, on cases all of them read."
    )
    show_table(agreement_table(found), key="agreement", note=note)
    st.subheader("Pairs")
    largest = largest_set(found, arm)
    pairs = [
        {
            "reader": pair.a,
            "and": pair.b,
            "kappa": number(pair.kappa),
            "cases": pair.kappa.n,
        }
        for pair in largest.result.pairs
    ]
    show_table(
        pairs, key="pairs", note=f"Cohen's kappa, {largest.group}, 95 % interval (Fleiss, Cohen & Everitt 1969)."
    )


page()
