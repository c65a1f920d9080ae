"""Which cases each reader reads: all, a sample, or a block of a split-plot design, and what that costs in power."""

from dataclasses import replace

import streamlit as st

from core import clock
from core.errors import ParallaxError
from core.study import consequences
from core.study.words import Allocate
from db.accounts import Account
from db.engine import Session, open_view
from db.study import design as study_design
from db.study import info as study_info
from db.study import orders
from db.study.info import StudyInfo
from pages.components.acting import act
from pages.coordinator.study_steps.fields import Fields

KINDS: dict[str, str] = {
    Allocate.ALL: "Every reader reads every case (fully crossed)",
    Allocate.SAMPLE: "Each reader reads a sample of the cases",
    Allocate.SPLIT_PLOT: "Blocks of cases go to blocks of readers (split-plot)",
}


def show(me: Account, study: StudyInfo) -> None:
    """Show who reads which cases, each change saved at once, and its consequences in sentences."""
    st.subheader("Cases of each reader")
    fields = Fields(me, study)
    left, right = st.columns([2, 1])
    with left:
        fields.choice("allocation.kind", "Which cases does a reader read?", KINDS)
    chosen = study.protocol.allocation
    with right:
        if chosen.kind == Allocate.SPLIT_PLOT:
            fields.whole("allocation.blocks", "Blocks", min_value=2, max_value=100)
        elif chosen.kind == Allocate.SAMPLE and not chosen.controlled:
            fields.whole("allocation.cases_per_reader", "Cases for each reader", min_value=1, max_value=100_000)
    if chosen.kind == Allocate.SAMPLE:
        _quotas(me, study)
    if not chosen.crossed:
        _consequences(me, study)


def _quotas(me: Account, study: StudyInfo) -> None:
    """Ask for the cases of each diagnosis in a sample, so that the prevalence is controlled."""
    chosen = study.protocol.allocation
    key = f"study_quotas_on_{study.id}"
    st.session_state.setdefault(key, chosen.controlled)

    def switch() -> None:
        if not st.session_state[key] and chosen.quotas:
            _save(me, study, {})

    st.toggle(
        "Control the prevalence in every sample",
        key=key,
        on_change=switch,
        disabled=not study.editable,
        help="Off: a sample has about the mix of the study. Readers are not told, unless your instructions tell them.",
    )
    if not st.session_state[key]:
        return
    for column, study_class in zip(st.columns(max(len(study.classes), 1)), study.classes, strict=False):
        name = f"study_quota_{study_class.code}_{study.id}"
        st.session_state[name] = chosen.quotas.get(study_class.code, 0)

        def save(code: str = study_class.code, name: str = name) -> None:
            _save(me, study, {**chosen.quotas, code: int(st.session_state[name])})

        with column:
            st.number_input(
                f"Cases of {study_class.label}",
                0,
                100_000,
                step=1,
                key=name,
                on_change=save,
                disabled=not study.editable,
            )


def _save(me: Account, study: StudyInfo, quotas: dict[str, int]) -> None:
    def save(session: Session) -> None:
        protocol = study_info.study(session, study.id, by=me.id).protocol
        allocation = replace(protocol.allocation, quotas=quotas)
        new = replace(protocol, allocation=allocation)
        study_design.save_protocol(session, study.id, new, by=me.id, at=clock.now())

    act(save)


def _consequences(me: Account, study: StudyInfo) -> None:
    with open_view() as session:
        plan = orders.planned(session, study.id, by=me.id)
    try:
        st.markdown(consequences.in_words(plan))
        st.caption(consequences.power_in_words(plan))
    except ParallaxError as error:
        st.caption(str(error))
