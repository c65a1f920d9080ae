"""MRMC: what the design is, what is assumed, variance components and tests; aided against unaided."""

import streamlit as st

from core.results.comparison import label_of
from core.results.draw.text import verdict_note, verdict_table
from core.results.gaps import mrmc_gaps
from core.results.panels.mrmc import group_difference_table, mrmc_tables
from core.results.verdict import protocol_of, verdict
from core.stats.comparisons import ArmComparison
from pages.components.filters import results_view
from pages.components.tables import missing, say, show_table
from pages.coordinator.results.analysed import analysed

ASSUMED = (
    "Obuchowski & Rockette 1995 with the degrees of freedom of Hillis 2007: readers' figures vary about their arm's "
    "mean, errors are correlated through the cases (jackknife covariance). Readers are taken as a random sample from "
    "three on, below that as these readers only. Missing reads: each figure uses the cases its reader read, "
    "covariances those that two figures share."
)


def page() -> None:
    """Show the arms' comparison and the groups'."""
    view = results_view("MRMC", "Many readers, many cases: arms and groups compared with both sources of variation.")
    found, study = analysed(view), view.study
    st.caption(ASSUMED)
    st.subheader("Aided against unaided")
    plan = protocol_of(study).prespecification
    say(mrmc_gaps(view.rows, found))
    if found.arms_compared and plan.comparison == "aided_vs_unaided" and plan.hypothesis != "none":
        said = verdict(view.whole)
        st.markdown(f"**Prespecified:** {said.endpoint} · {said.hypothesis}")
        st.markdown(f"**{said.words}**")
        show_table(verdict_table(said), key="verdict", note=verdict_note(said))
    elif found.arms_compared:
        st.caption("Not prespecified: every test on this page is exploratory.")
    if any(one.result for one in found.arms_compared):
        figures = list(dict.fromkeys(one.figure for one in found.arms_compared))
        figure = st.selectbox(
            "Figure of merit",
            figures,
            format_func=lambda name: label_of(study, name),
            key="figure",
            bind="query-params",
        )
        for one in found.arms_compared:
            if one.figure == figure:
                _arms(one)
    rows = group_difference_table(study, found)
    if rows:
        st.subheader("Groups of readers")
        note = "Readers nested in groups (Hillis 2014, corrected multiplier); later minus earlier group. Exploratory."
        show_table(rows, key="groups", note=note)


def _arms(one: ArmComparison) -> None:
    st.markdown(f"**{one.group}**")
    if one.result is None:
        missing(one.reason or "This figure does not exist.", "It takes readers with cases in both arms.")
        return
    who = "random readers" if one.result.readers == "random" else "these readers only"
    st.caption(f"{one.result.design}, {one.result.n_readers} readers ({who}); {one.result.covariance} covariance.")
    tables = mrmc_tables(one.result)
    left, right = st.columns([3, 2])
    for name, rows in tables.items():
        with right if name == "Variance components" else left:
            show_table(rows, key=f"mrmc-{one.group}-{name}", note=name)
    for note in one.result.notes:
        st.caption(note)


page()
