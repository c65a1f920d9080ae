"""Subgroups of cases: the AI, the readers and their difference by sex, age, slice thickness and more."""

import streamlit as st

from core.errors import ParallaxError
from core.results.comparison import label_of
from core.results.draw.facets import NARROW
from core.results.gaps import subgroup_gaps
from core.results.panels.subgroup_chart import effect_chart, figure_chart
from core.results.panels.subgroup_tables import (
    CONTRASTS_NOTE,
    contrast_table,
    effect_note,
    effect_table,
    figure_note,
    figure_table,
)
from core.results.rows import StudyRows
from core.results.subgroups import Subgroups, figure_choices, subgroups
from core.results.verdict import protocol_of
from core.study.prespecification import THIN_MM
from pages.components.charts import show
from pages.components.filters import View, results_view
from pages.components.tables import missing, say, show_table

WIDE = 4  # panels a row: the lines' names take the room of a fifth


@st.cache_resource(max_entries=16, show_spinner="Parting the cases …")
def _found(
    stamp: str, figure: str, age: float | None, thickness: float | None, whole: bool, _rows: StudyRows
) -> Subgroups:
    return subgroups(_rows, figure=figure, whole=whole, age_cut=age, thickness_cut_mm=thickness)


def page() -> None:
    """Draw the forest plots."""
    view = results_view(
        "Subgroups", "The same figures in parts of the cases. What was not prespecified is exploratory."
    )
    found = _chosen(view)
    per_row = NARROW if view.narrow else WIDE
    say(subgroup_gaps(view.rows, found))
    show(figure_chart(found, per_row=per_row))
    show_table(figure_table(found), key="subgroups", note=figure_note(found))
    if found.differences:
        st.subheader("Differences")
        show(effect_chart(found, per_row=per_row), title=False)
        show_table(effect_table(found), key="subgroup-differences", note=effect_note(found))
    contrasts = contrast_table(found)
    if contrasts:
        st.subheader("Does the difference differ?")
        show_table(contrasts, key="subgroup-contrasts", note=CONTRASTS_NOTE)


def _chosen(view: View) -> Subgroups:
    study, plan = view.study, protocol_of(view.study).prespecification
    left, middle, right = st.columns([2, 1, 1])
    figure = left.selectbox(
        "Figure",
        figure_choices(study),
        format_func=lambda name: label_of(study, name),
        key="subgroup_figure",
        bind="query-params",
    )
    age = middle.number_input(
        "Age cut (years)", 1, 88, plan.age_cut, key="subgroup_age", placeholder="the median",
        help="Cases at or below it, and above.",
    )  # fmt: skip
    thickness = right.number_input(
        "Thickness cut (mm)", 0.1, 20.0, plan.thickness_cut_mm, key="subgroup_thickness", placeholder=f"{THIN_MM:g}",
        help="Cases at or below it, and above.",
    )  # fmt: skip
    try:
        return _found(view.stamp, figure, age, thickness, len(view.rows) == len(view.whole), view.rows)
    except ParallaxError as error:
        missing(str(error), "Loosen the filters, or wait until more reads are locked.")
        st.stop()


page()
