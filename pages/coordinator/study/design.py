"""The design of a study: what is left to do, and its steps with ticks."""

from collections.abc import Callable

import streamlit as st

from core.study.preflight_facts import Remark
from core.study.prespecification import Prespecification
from core.study.words import StudyState
from db.accounts import Account
from db.engine import open_view
from db.permissions import Right, rights
from db.study import info as study_info
from db.study import preflight
from db.study.info import StudyInfo
from pages.components.acting import say
from pages.coordinator.study.here import study_here
from pages.coordinator.study_steps import (
    ai,
    cases,
    check,
    overview,
    prespecification,
    protocol,
    readers,
    sharing,
    truth,
)

Show = Callable[[Account, StudyInfo], None]
STEPS: dict[str, tuple[str, Show | None]] = {
    "overview": ("Overview", None),
    "protocol": ("Protocol", protocol.show),
    "cases": ("Cases", cases.show),
    "truth": ("Truth", truth.show),
    "readers": ("Readers", readers.show),
    "ai": ("AI", ai.show),
    "prespecification": ("Prespecification", prespecification.show),
    "check": ("Check and open", check.show),
    "sharing": ("Sharing", sharing.show),
}
NEEDS = {"overview": Right.OVERVIEW, "sharing": Right.OVERVIEW}  # all others: MANAGE
ASIDE = ("sharing",)  # steps that are no part of preparing a study
FROZEN = {
    StudyState.OPEN: "Open: readers read.",
    StudyState.CLOSED: "Closed: nothing is read any more.",
    StudyState.UNBLINDED: "Unblinded: the results can be seen.",
}


def page() -> None:
    """Show the study with one of its steps."""
    me, study = study_here(Right.OVERVIEW)
    with open_view() as session:
        mine = rights(session, study.id, me.id)
    st.title(study.title)
    say()
    findings = _findings(me, study) if Right.MANAGE in mine else ()
    step = _step(me, study, findings, mine)
    _, panel = STEPS[step]
    frozen = ("protocol", "cases", "ai", "prespecification", *(() if study.state == StudyState.OPEN else ("readers",)))
    if not study.editable and step in frozen:
        st.caption(f"{FROZEN[study.state]} Frozen when the study was opened.")
    if panel is None:
        overview.show(me, study, findings, manages=Right.MANAGE in mine)
    else:
        panel(me, study)
        _still_to_do(step, findings)
    if Right.MANAGE in mine:
        _walk(study, step)


def _findings(me: Account, study: StudyInfo) -> tuple[Remark, ...]:
    """Return what is left to do, volumes not opened: that takes its time and is done by the check."""
    if not study.editable:
        return ()
    with open_view() as session:
        return preflight.preflight(session, study.id, volumes=None, by=me.id)


def _still_to_do(step: str, findings: tuple[Remark, ...]) -> None:
    """Say at the foot of a step what keeps it from its tick, and what is worth a look."""
    for heading, blocks in (("Still to do here", True), ("Worth a look, does not block", False)):
        left = [finding.message for finding in findings if finding.blocks == blocks and finding.area == step]
        if left:
            st.caption(f"**{heading}**" + "".join(f"\n- {message}" for message in left))


def _step(me: Account, study: StudyInfo, findings: tuple[Remark, ...], mine: frozenset[Right]) -> str:
    blocked = {finding.area for finding in findings if finding.blocks}
    chosen = _chosen(me, study) if study.editable and Right.MANAGE in mine else set()
    steps = [step for step in STEPS if NEEDS.get(step, Right.MANAGE) in mine]

    def name(step: str) -> str:
        if not study.editable or step in ("overview", "check", *ASIDE) or Right.MANAGE not in mine:
            return STEPS[step][0]
        done = step in chosen and step not in blocked
        return f"{':material/check:' if done else ':material/pending:'} {STEPS[step][0]}"

    asked = st.query_params.get("step", "overview")
    key = f"study_step_{study.id}"
    st.session_state[key] = asked if asked in steps else "overview"
    st.segmented_control(
        "Step", steps, key=key, format_func=name, label_visibility="collapsed", on_change=_keep_step, args=(key,)
    )
    return str(st.session_state[key])


def _chosen(me: Account, study: StudyInfo) -> set[str]:
    """Return the steps in which something was chosen: an untouched step has no tick, though nothing blocks there."""
    plan, reference = study.protocol.prespecification, study.protocol.reference
    with open_view() as session:
        counts = next((line for line in study_info.every(session, by=me.id) if line.id == study.id), None)
    found = {
        "protocol": bool(study.classes),
        "cases": bool(counts and counts.cases),
        "truth": bool(reference.rests_on or reference.who) and bool(counts and counts.cases),
        "readers": bool(counts and counts.readers),
        "ai": study.ai_model_id is not None,
        "prespecification": plan != Prespecification(),
    }
    return {step for step, done in found.items() if done}


def _keep_step(key: str) -> None:
    # a click on the chosen step unchooses it; the address keeps it
    if st.session_state[key]:
        st.query_params["step"] = st.session_state[key]


def _walk(study: StudyInfo, step: str) -> None:
    """Offer the step before and the step after."""
    if not study.editable or step in ASIDE:
        return
    order = [name for name in STEPS if name not in ASIDE]
    place = order.index(step)
    st.divider()
    with st.container(horizontal=True, horizontal_alignment="distribute" if place else "right"):
        if place and st.button(STEPS[order[place - 1]][0], key="study_previous", icon=":material/arrow_back:"):
            _go(order[place - 1])
        if place + 1 < len(order) and st.button(
            f"Next: {STEPS[order[place + 1]][0]}", key="study_next", icon=":material/arrow_forward:", type="primary"
        ):
            _go(order[place + 1])


def _go(step: str) -> None:
    st.query_params["step"] = step
    st.rerun()


page()
