"""Power of the planned size, by simulation of this study's own endpoint and test."""

from dataclasses import replace
from typing import cast

import streamlit as st

from core import clock
from core.errors import Forbidden, ParallaxError
from core.results.draw.planned_power import answer, planned_chart
from core.stats.prospective import Endpoint, PlannedPower, PlannedStudy, apportioned, planned_power
from core.stats.roe_metz import STRUCTURES
from core.study import prespecification as choices
from db.accounts import Account
from db.engine import Session, open_view
from db.study import design as study_design
from db.study import info as study_info
from db.study.info import StudyInfo
from db.truth import records as truth
from pages.components.acting import act
from pages.components.charts import show_chart

NAMES: dict[str, Endpoint] = {"balanced_accuracy": "balanced accuracy", "macro_f1": "macro F1", "auc": "AUC"}
ALIKE = {"H": "much: hard cases are hard for all", "L": "little"}
VARY = {"L": "little (SD about 2 points)", "H": "much (SD about 5 points)"}
READERS, CASES, FIGURE, POINTS = 5, 100, 80.0, 5.0  # where nothing is planned or known yet


def show(me: Account, study: StudyInfo, *, cases: int, people: int) -> None:
    """Show what is assumed, and on a click the power in a sentence and a chart. `cases`, `people`: as they are now."""
    with st.expander("Power of this size, by simulation", icon=":material/query_stats:"):
        plan = _plan(me, study, cases=cases, people=people)
        place = f"power_{study.id}"
        if st.button("Simulate", key=f"{place}_run", type="primary"):
            _simulate(plan, place)
        held: tuple[PlannedStudy, PlannedPower] | None = st.session_state.get(place)
        if held is None:
            return
        if held[0] != plan:
            st.caption("The assumptions have changed: simulate again.")
            return
        said = answer(*held, of=_endpoint_in_words(study))
        st.markdown(f"**{said}**")
        show_chart(planned_chart(*held))
        if study.editable and st.button("Use as planned size and reason", key=f"{place}_use"):
            _use(me, study, plan, said)
            st.rerun()


def _plan(me: Account, study: StudyInfo, *, cases: int, people: int) -> PlannedStudy:
    chosen, key = study.protocol.prespecification, f"power_{study.id}"
    loss = chosen.hypothesis == "non-inferiority"
    left, middle, right = st.columns(3)
    with left:
        readers = st.number_input("Readers", 1, 500, chosen.planned_readers or people or READERS, key=f"{key}_readers")
        wanted = st.number_input("Cases", 4, 20_000, max(4, chosen.planned_cases or cases or CASES), key=f"{key}_cases")
    who = "unaided reads" if chosen.comparison == "aided_vs_unaided" else "the readers"
    with middle:
        figure = st.number_input(f"Expected of {who} (%)", 1.0, 99.0, FIGURE, 1.0, key=f"{key}_figure")
        points = st.number_input(
            "True difference (points)", -98.0, 98.0, 0.0 if loss else POINTS, 0.5, key=f"{key}_points_{loss}",
            help="AI minus readers, or aided minus unaided: the smallest that matters, or for non-inferiority the "
            "difference that is expected.",
        )  # fmt: skip
    with right:
        alike = st.selectbox("Errors of different readers are alike", list(ALIKE), format_func=lambda name: ALIKE[name],
                             key=f"{key}_alike")  # fmt: skip
        vary = st.selectbox("Readers differ from each other", list(VARY), format_func=lambda name: VARY[name],
                            key=f"{key}_vary")  # fmt: skip
    if chosen.hypothesis == "none":
        st.caption("No hypothesis is chosen above: superiority is simulated.")
    codes = [study_class.code for study_class in study.classes]
    of_class = apportioned(_mix(me, study, codes), int(wanted))
    return PlannedStudy(
        endpoint=NAMES.get(chosen.endpoint, cast(Endpoint, chosen.endpoint)),
        of_class=of_class,
        readers=int(readers),
        figure=figure / 100,
        difference=round(points / 100, 6),
        target=codes.index(chosen.endpoint_class) if chosen.endpoint_class in codes else 0,
        arms=chosen.comparison == "aided_vs_unaided",
        margin=chosen.margin if loss else None,
        alpha=chosen.alpha,
        readers_as=chosen.readers,
        variances=STRUCTURES[f"{alike}{vary}"],
    )


def _mix(me: Account, study: StudyInfo, codes: list[str]) -> tuple[int, ...]:
    """Cases of each class so far; equal parts where the truth is not known, or not for this account to see."""
    try:
        with open_view() as session:
            known = [known_truth.class_code for known_truth in truth.current(session, study.id, by=me.id).values()]
    except Forbidden:
        known = []
    counted = tuple(known.count(code) for code in codes)
    if not all(counted):
        st.caption("Every diagnosis is taken as equally frequent, for the truth of the cases is not known yet.")
        return (1,) * len(codes)
    return counted


def _simulate(plan: PlannedStudy, place: str) -> None:
    bar = st.progress(0.0, text="Simulating studies …")

    def progress(done: int, everything: int) -> None:
        if done % 50 == 0:
            bar.progress(done / everything, text=f"{done} of {everything} studies simulated")

    try:
        st.session_state[place] = (plan, planned_power(plan, on_progress=progress))
    except ParallaxError as error:
        st.session_state.pop(place, None)
        st.error(str(error))
    bar.empty()


def _endpoint_in_words(study: StudyInfo) -> str:
    chosen = study.protocol.prespecification
    name = NAMES.get(chosen.endpoint, chosen.endpoint)
    label = next((study_class.label for study_class in study.classes if study_class.code == chosen.endpoint_class), "")
    return f"{name} for {label}" if label and chosen.endpoint in choices.OF_ONE_CLASS else name


def _use(me: Account, study: StudyInfo, plan: PlannedStudy, said: str) -> None:
    def save(session: Session) -> None:
        protocol = study_info.study(session, study.id, by=me.id).protocol
        changed = replace(
            protocol.prespecification,
            planned_cases=plan.cases,
            planned_readers=plan.readers,
            sample_size_rationale=f"Simulation: {said} Expected figure {100 * plan.figure:g} %.",
        )
        new = replace(protocol, prespecification=changed)
        study_design.save_protocol(session, study.id, new, by=me.id, at=clock.now())

    act(save)
