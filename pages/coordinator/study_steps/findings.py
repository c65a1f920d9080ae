"""Whether a study asks for one diagnosis or several findings, and what is asked of each finding."""

from dataclasses import replace

import streamlit as st

from core import clock
from core.study.findings import MARK_SHAPES, Finding, MarkShape, aligned
from db.accounts import Account
from db.study import design as study_design
from db.study.info import StudyInfo
from pages.components.acting import act
from pages.coordinator.study_steps.fields import Fields
from pages.coordinator.study_steps.questions import options

ONE, SEVERAL = "one", "several"
ASKS = {ONE: "One diagnosis a case", SEVERAL: "Several findings, each present or absent, or graded"}
NO_MARK = "Nothing"


def show_kind(me: Account, study: StudyInfo) -> None:
    """Let the coordinator choose between one diagnosis and several findings."""
    key = f"study_asks_{study.id}"
    st.session_state[key] = SEVERAL if study.protocol.findings else ONE

    def change() -> None:
        several = st.session_state[key] == SEVERAL
        new = aligned((), [study_class.code for study_class in study.classes]) if several else ()
        _save(me, study, new)

    st.radio(
        "Readers are asked for",
        list(ASKS),
        key=key,
        format_func=ASKS.__getitem__,
        on_change=change,
        disabled=not study.editable or not study.classes,
        horizontal=True,
        help=None if study.classes else "Name the first of them below, then choose.",
    )


def show(me: Account, study: StudyInfo) -> None:
    """Show what is asked of each finding; each change is saved at once."""
    labels = {study_class.code: study_class.label for study_class in study.classes}
    for finding in study.protocol.findings:
        _line(me, study, finding, labels[finding.code])
    if any(finding.mark for finding in study.protocol.findings):
        _acceptance(me, study)


def _line(me: Account, study: StudyInfo, finding: Finding, label: str) -> None:
    keys = {name: f"study_finding_{name}_{study.id}_{finding.code}" for name in ("levels", "from", "mark")}
    st.session_state[keys["levels"]] = ", ".join(option.label for option in finding.levels)
    st.session_state[keys["from"]] = min(finding.positive_from, len(finding.options) - 1)
    st.session_state[keys["mark"]] = finding.mark or NO_MARK

    def change(name: str) -> None:
        value = st.session_state[keys[name]]
        if name == "levels":
            typed = [text for text in value.split(",") if text.strip()]
            new = replace(finding, levels=options(finding.levels, typed) if typed else (), positive_from=1)
        elif name == "from":
            new = replace(finding, positive_from=value)
        else:
            new = replace(finding, mark=None if value == NO_MARK else value)
        _save(me, study, tuple(new if before.code == finding.code else before for before in study.protocol.findings))

    name, levels, cut, mark = st.columns([2, 4, 2, 2], vertical_alignment="bottom")
    name.markdown(f"**{label}**")
    levels.text_input(
        "Grades from the lowest, separated by commas (none: absent or present)",
        key=keys["levels"],
        on_change=change,
        args=("levels",),
        disabled=not study.editable,
        placeholder="Absent, Present",
    )
    cut.selectbox(
        "Counts as present from",
        list(range(1, len(finding.options))),
        key=keys["from"],
        format_func=lambda at: finding.options[at].label,
        on_change=change,
        args=("from",),
        disabled=not study.editable or not finding.graded,
    )
    shapes: list[MarkShape | str] = [NO_MARK, *MARK_SHAPES]
    mark.selectbox(
        "Readers mark",
        shapes,
        key=keys["mark"],
        format_func=lambda one: NO_MARK if one == NO_MARK else MARK_SHAPES[one],
        on_change=change,
        args=("mark",),
        disabled=not study.editable,
    )


def _acceptance(me: Account, study: StudyInfo) -> None:
    st.subheader("When a mark is on a lesion")
    fields = Fields(me, study)
    rules = {"radius": "Their middles are near", "overlap": "They overlap"}
    left, right = st.columns(2)
    with left:
        fields.choice("acceptance.rule", "A mark hits a lesion where", rules)
        fields.toggle("acceptance.forced", "Exactly one mark a case (LROC)")
    with right:
        if study.protocol.acceptance.rule == "radius":
            fields.number("acceptance.radius_mm", "At most so far apart, mm", min_value=0.1, max_value=999.0)
        else:
            fields.number("acceptance.overlap", "Intersection over union, from", min_value=0.01, max_value=1.0)
            fields.number("acceptance.reach_mm", "A flat mark may pass at, mm", min_value=0.0, max_value=999.0)


def _save(me: Account, study: StudyInfo, findings: tuple[Finding, ...]) -> None:
    protocol = replace(study.protocol, findings=findings)
    act(lambda session: study_design.save_protocol(session, study.id, protocol, by=me.id, at=clock.now()))
