"""The AIs of a study: which models, which rule, what their classes count as, what readers are shown."""

from dataclasses import replace

import streamlit as st

from core import clock
from core.ai.brought.contract import rules_of
from core.ai.card import escaped
from core.ai.rule import RULES
from core.jobs import queue
from core.study.ais import StudyAi
from db.accounts import Account
from db.ai import models as ai_models
from db.ai import reads as ai_reads
from db.ai.models import ModelInfo
from db.engine import Session, open_view
from db.study import ais as study_ais
from db.study import design as study_design
from db.study import info as study_info
from db.study.ais import AiOfStudy
from db.study.info import StudyInfo
from pages.components.acting import act
from pages.coordinator.study_steps.ai_classes import class_map
from pages.coordinator.study_steps.fields import Fields

DEFAULT_RULE = "paper"  # under which calls of a table are kept
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
    """Choose the AIs, map their classes, and see how far they have read."""
    with open_view() as session:
        models = {model.id: model for model in ai_models.models(session)}
        ais = study_ais.of_study(session, study.id, by=me.id)
    if not models:
        st.info(
            "No AI is registered yet. The shipped one appears here when the worker has started; "
            "calls of your own AI can be brought as a table on the AI models page."
        )
    _choose(me, study, models)
    for place in range(len(ais)):
        with st.container(border=True) if len(ais) > 1 else st.container():
            _one(me, study, ais, place)
    if ais and study.editable:
        _add(me, study, ais, models)
    if ais and study.shows_ai:
        st.subheader(f"What readers see of {ais[0].name} in the aided arm")
        fields = Fields(me, study)
        for name, label in DISPLAY.items():
            fields.toggle(f"aided.{name}", label)


def _one(me: Account, study: StudyInfo, ais: tuple[AiOfStudy, ...], place: int) -> None:
    ai = ais[place]
    if len(ais) > 1:
        shown = " :blue-badge[shown to aided readers]" if not place and study.shows_ai else ""
        st.markdown(f"#### {escaped(ai.name)}{shown}")
        st.caption(f"Rule {ai.rule}; SHA-256 {ai.model.sha256[:16]}…")
    if ai.model.origin == "own":
        st.caption("An AI of your own: its card on the page AI models says what it was trained on. Research only.")
    elif ai.model.kind != "csv":
        st.caption("The shipped AI is a research demonstration trained on procedural CT. It is no medical device.")
    named = [ai_.named for ai_ in ais]

    def save(classes: dict[str, str | None]) -> None:
        _save(me, study, [replace(other, classes=classes) if at == place else other for at, other in enumerate(named)])

    class_map(me, study, place, ai, save)
    if place and study.editable:
        with st.container(horizontal=True):
            if st.button("Remove", key=f"study_ai_remove_{place}", icon=":material/delete:"):
                _save(me, study, [other for at, other in enumerate(named) if at != place])
                st.rerun()
            help_ = "Aided readers see the first AI, and the prespecified comparison is about it."
            if st.button("Make it the first", key=f"study_ai_first_{place}", help=help_):
                _save(me, study, [named[place], *(other for at, other in enumerate(named) if at != place)])
                st.rerun()
    busy = ai.model.kind != "csv" and bool(_underway(me, study, ai))
    st.fragment(_reads, run_every=REFRESH if busy else None)(me, study, ai, place, busy=busy)


def _save(me: Account, study: StudyInfo, ais: list[StudyAi]) -> None:
    act(lambda session: study_design.save_ais(session, study.id, ais, by=me.id, at=clock.now()))


def _add(me: Account, study: StudyInfo, ais: tuple[AiOfStudy, ...], models: dict[int, ModelInfo]) -> None:
    """Offer other versions of the AIs that are there for one click, and every other model from a list."""
    there = {ai.model.id for ai in ais}
    others = [model for model in models.values() if model.id not in there]
    if not others:
        return

    def add(model: ModelInfo) -> None:
        rule = _rule_for(model, study.ai_rule)
        act(
            lambda session: study_design.add_ai(
                session, study.id, model_id=model.id, rule=rule, by=me.id, at=clock.now()
            )
        )
        st.rerun()

    st.subheader("Compare with another AI on the same cases")
    versions = [model for model in others if model.name in {ai.model.name for ai in ais}]
    with st.container(horizontal=True):
        for model in versions:
            if st.button(f"Compare with {model.name} {model.version}", key=f"study_ai_version_{model.id}"):
                add(model)
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    names = {model.id: f"{model.name} {model.version}" for model in others}
    chosen = left.selectbox("Another AI", list(names), key="study_ai_other", format_func=lambda key: names[key])
    if right.button("Add this AI", key="study_ai_add") and chosen:
        add(models[chosen])


def _underway(me: Account, study: StudyInfo, ai: AiOfStudy) -> set[int]:
    """Return the series of the study that the worker has yet to read."""
    with open_view() as session:
        series = [link.case.series_id for link in study_info.cases(session, study.id, by=me.id)]
        found = ai_reads.states(session, series, ai.model.id, ai.rule, by=me.id)
    missing = set(series) - set(found)
    return {job.series_id for job in queue.unfinished()} & missing if missing else set()


def _rule_for(model: ModelInfo, rule: str) -> str:
    """Return the rule whose calls of a model a study takes: the one asked for where the model has it."""
    own = (DEFAULT_RULE,) if model.kind == "csv" else rules_of(model.card)
    return rule if rule in own else own[0]


def _choose(me: Account, study: StudyInfo, models: dict[int, ModelInfo]) -> None:
    model_key, rule_key = f"study_ai_model_{study.id}", f"study_ai_rule_{study.id}"
    names = {0: "No AI takes part", **{m.id: f"{m.name} {m.version}" for m in models.values()}}
    st.session_state[model_key] = study.ai_model_id or 0
    st.session_state[rule_key] = study.ai_rule
    table = study.ai_model_id in models and models[study.ai_model_id].kind == "csv"

    def save() -> None:
        model, rule = st.session_state[model_key] or None, st.session_state[rule_key]
        if model is not None:
            rule = _rule_for(models[model], rule)
        act(
            lambda session: study_design.save_ai(session, study.id, model_id=model, rule=rule, by=me.id, at=clock.now())
        )

    left, right = st.columns(2)
    locked = not study.editable
    left.selectbox(
        "AI", list(names), key=model_key, format_func=lambda key: names[key], on_change=save, disabled=locked
    )
    own = rules_of(models[study.ai_model_id].card) if study.ai_model_id in models else tuple(RULES)
    rules = list(dict.fromkeys([*own, study.ai_rule]))
    right.selectbox(
        "Rule from slices to patient",
        rules,
        key=rule_key,
        format_func=lambda key: "its own: the calls of its table" if table else RULE_NAMES.get(key, key),
        on_change=save,
        disabled=locked or table,
    )
    if study.ai_model_id is None and study.editable and models:
        st.info("Choose the AI that reads the same cases, or leave it out of a study of readers only.")


def _reads(me: Account, study: StudyInfo, ai: AiOfStudy, place: int, *, busy: bool) -> None:
    model = ai.model
    with open_view() as session:
        series = [link.case.series_id for link in study_info.cases(session, study.id, by=me.id)]
        found = ai_reads.states(session, series, model.id, ai.rule, by=me.id)
    waiting = _underway(me, study, ai)
    if busy and not waiting:
        st.rerun()  # the last case is read: the steps above learn of it
    failed = sum(failure is not None for failure, _ in found.values())
    st.markdown(f"**It has read {len(found)} of {len(series)} cases**")
    if failed:
        st.warning(f"It failed on {failed}; a failure counts as such in the results.")
    st.caption("What it called stays hidden here until the study is unblinded.")
    missing = [series_id for series_id in series if series_id not in found]
    if not missing or model.kind == "csv":
        return
    if waiting:
        st.progress(len(found) / len(series), text="The worker is reading; you may go on with the next step.")
    asked_for = [series_id for series_id in missing if series_id not in waiting]
    if asked_for and st.button(
        f"Have it read the {len(asked_for)} missing cases",
        key=f"study_ai_read_{place}" if place else "study_ai_read",
        type="primary",
    ):

        def ask(session: Session) -> None:
            for series_id in asked_for:
                queue.enqueue(session, series_id=series_id, model_name=model.name, model_version=model.version)

        act(ask, done="The worker reads them")
        st.rerun()
