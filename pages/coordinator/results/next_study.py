"""How large the next study should be, from the variances of this one."""

import streamlit as st

from core.results.comparison import label_of
from core.results.panels.next_study import (
    METHOD,
    QUESTIONS,
    Question,
    command,
    next_study_gaps,
    pilots,
    plan_table,
    planned,
    power_chart,
)
from core.results.verdict import protocol_of
from pages.components.charts import show
from pages.components.filters import results_view
from pages.components.tables import say, show_table
from pages.coordinator.results.analysed import analysed


def page() -> None:
    """Draw power by readers and cases."""
    view = results_view("Next study", "Power for a study with readers and cases like these.")
    found, study = analysed(view), view.study
    plan = protocol_of(study).prespecification
    question: Question = st.segmented_control(
        "Question",
        list(QUESTIONS),
        default="ai",
        required=True,
        format_func=lambda one: QUESTIONS[one],
        key="question",
        bind="query-params",
    )
    say(next_study_gaps(found, question))
    known = {one.figure: one for one in pilots(found, question)}
    if not known:
        return
    left, middle, right = st.columns(3)
    with left:
        name = st.selectbox(
            "Figure", list(known), format_func=lambda one: label_of(study, one), key="next_figure", bind="query-params"
        )
    pilot = known[name]
    with middle:
        effect = st.number_input(
            "Difference to find (0 to 1)", min_value=0.005, max_value=0.5, value=0.05, step=0.005, format="%.3f",
            key="next_effect", help="The smallest difference that matters, not the one seen here",
        )  # fmt: skip
    with right:
        cases = st.number_input(
            "Cases that count for the figure", min_value=2, max_value=100_000, value=pilot.inputs.cases_star,
            key=f"next_cases_{name}",
        )  # fmt: skip
    st.caption(f"Seen in this study: {pilot.observed:+.3f} on {pilot.inputs.cases_star} cases.")
    rows = planned(pilot, effect=effect, cases=cases, alpha=plan.alpha)
    show_table(plan_table(rows), key="next", note=METHOD.format(alpha=plan.alpha))
    show(power_chart(study, pilot, effect=effect, cases=cases, alpha=plan.alpha))
    st.code(command(pilot, effect=effect, cases=cases, alpha=plan.alpha), language="sh", wrap_lines=True)


page()
