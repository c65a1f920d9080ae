"""The AI of a study: which model, which rule, how its classes correspond, what readers are shown."""

from dataclasses import replace

import streamlit as st

from core import clock
from core.ai.rule import RULES
from core.jobs import queue
from core.study.words import Arm, Design
from db.accounts import Account
from db.ai import reads as ai_reads
from db.ai.reads import ModelInfo
from db.engine import Session, open_view
from db.study import design as study_design
from db.study import info as study_info
from db.study.info import StudyInfo
from pages.components.acting import act
from pages.coordinator.study_steps.fields import NOTHING, Fields

REFRESH = 3.0  # seconds between looks at the worker while it reads cases of this study

RULE_NAMES = {
    "paper": "paper: the published rule (more than 20 % abnormal slices)",
    "run-length": "run-length: a run of neighbouring abnormal slices",
    "sure-run": "sure-run: a run of neighbouring slices that are surely abnormal",
}
DISPLAY = {
    "call": "Its call",
    "probabilities": "Its probabilities",
    "slice_scores": "Its score of every slice",
    "counts": "How many slices it called each class",
    "lungs": "The lungs it found (overlay)",
    "heat": "Where it looked (heat map)",
}


def show(me: Account, study: StudyInfo) -> None:
    """Choose the AI, map its classes, and see how far it has read."""
    with open_view() as session:
        models = {model.id: model for model in ai_reads.models(session)}
    if not models:
        st.info(
            "No AI is registered yet. The shipped one appears here when the worker has started; "
            "calls of your own AI can be brought as a table on the AI models page."
        )
    _choose(me, study, models)
    model = models.get(study.ai_model_id or 0)
    if model is None:
        return
    if model.origin == "own":
        st.caption("An AI of your own: its card on the page AI models says what it was trained on. Research only.")
    elif model.kind == "networks":
        st.caption("The shipped AI is a research demonstration trained on procedural CT. It is no medical device.")
    _map(me, study, model)
    if study.design != Design.INDEPENDENT or study.protocol.independent_arm == Arm.AIDED:
        st.subheader("What readers see of it in the aided arm")
        fields = Fields(me, study)
        for name, label in DISPLAY.items():
            fields.toggle(f"aided.{name}", label)
    busy = model.kind == "networks" and bool(_underway(me, study, model))
    st.fragment(_reads, run_every=REFRESH if busy else None)(me, study, model, busy=busy)


def _underway(me: Account, study: StudyInfo, model: ModelInfo) -> set[int]:
    """Return the series of the study that the worker has yet to read."""
    with open_view() as session:
        series = [link.case.series_id for link in study_info.cases(session, study.id, by=me.id)]
        found = ai_reads.states(session, series, model.id, study.ai_rule, by=me.id)
    missing = set(series) - set(found)
    return {job.series_id for job in queue.unfinished()} & missing if missing else set()


def _choose(me: Account, study: StudyInfo, models: dict[int, ModelInfo]) -> None:
    model_key, rule_key = f"study_ai_model_{study.id}", f"study_ai_rule_{study.id}"
    names = {0: "No AI takes part", **{m.id: f"{m.name} {m.version}" for m in models.values()}}
    st.session_state[model_key] = study.ai_model_id or 0
    st.session_state[rule_key] = study.ai_rule

    def save() -> None:
        model, rule = st.session_state[model_key] or None, st.session_state[rule_key]
        act(
            lambda session: study_design.save_ai(session, study.id, model_id=model, rule=rule, by=me.id, at=clock.now())
        )

    left, right = st.columns(2)
    locked = not study.editable
    left.selectbox(
        "AI", list(names), key=model_key, format_func=lambda one: names[one], on_change=save, disabled=locked
    )
    rules = list(dict.fromkeys([*RULES, study.ai_rule]))
    right.selectbox(
        "Rule from slices to patient",
        rules,
        key=rule_key,
        format_func=lambda one: RULE_NAMES.get(one, one),
        on_change=save,
        disabled=locked,
    )
    if study.ai_model_id is None and study.editable and models:
        st.info("Choose the AI that reads the same cases, or leave it out of a study of readers only.")


def _map(me: Account, study: StudyInfo, model: ModelInfo) -> None:
    st.subheader("Which of its classes is which diagnosis")
    choices = [NOTHING, *model.classes]
    for column, one in zip(st.columns(max(len(study.classes), 1)), study.classes, strict=False):
        key = f"study_ai_class_{study.id}_{one.code}"
        st.session_state[key] = one.ai_class if one.ai_class in model.classes else NOTHING

        def save(code: str = one.code, key: str = key) -> None:
            chosen = None if st.session_state[key] == NOTHING else st.session_state[key]
            new = [replace(c, ai_class=chosen) if c.code == code else c for c in study.classes]
            act(lambda session: study_design.save_classes(session, study.id, new, by=me.id, at=clock.now()))

        column.selectbox(one.label, choices, key=key, on_change=save, disabled=not study.editable)


def _reads(me: Account, study: StudyInfo, model: ModelInfo, *, busy: bool) -> None:
    with open_view() as session:
        series = [link.case.series_id for link in study_info.cases(session, study.id, by=me.id)]
        found = ai_reads.states(session, series, model.id, study.ai_rule, by=me.id)
    waiting = _underway(me, study, model)
    if busy and not waiting:
        st.rerun()  # the last case is read: the steps above learn of it
    failed = sum(failure is not None for failure, _ in found.values())
    st.subheader(f"It has read {len(found)} of {len(series)} cases")
    if failed:
        st.warning(f"It failed on {failed}; a failure counts as such in the results.")
    st.caption("What it called stays hidden here until the study is unblinded.")
    missing = [one for one in series if one not in found]
    if not missing or model.kind != "networks":
        return
    if waiting:
        st.progress(len(found) / len(series), text="The worker is reading; you may go on with the next step.")
    asked_for = [one for one in missing if one not in waiting]
    if asked_for and st.button(f"Have it read the {len(asked_for)} missing cases", key="study_ai_read", type="primary"):

        def ask(session: Session) -> None:
            for one in asked_for:
                queue.enqueue(session, series_id=one, model_name=model.name, model_version=model.version)

        act(ask, done="The worker reads them")
        st.rerun()
