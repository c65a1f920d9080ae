"""The diagnoses of a study: name, letter, colour, which is the positive one."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from core import clock
from core.study.classes import MOST, PALETTE, StudyClass
from core.study.findings import MOST_FINDINGS
from core.study.keys import free_letter
from core.study.words import StudyState
from db.accounts import Account
from db.study import design as study_design
from db.study.info import StudyInfo
from pages.components.acting import act

NO_CLASS = "None of them"


def show(me: Account, study: StudyInfo) -> None:
    """Show one line a class; changes are saved at once."""
    for place, study_class in enumerate(study.classes):
        _line(me, study, place, study_class)
    if not study.classes:
        st.info("No diagnoses yet. Type them below, separated by commas, such as: Normal, Pneumonia.")
    if study.editable:
        _add(me, study)
    if study.classes:
        _positive(me, study)


def _line(me: Account, study: StudyInfo, place: int, study_class: StudyClass) -> None:
    keys = {name: f"study_class_{name}_{study.id}_{study_class.code}" for name in ("label", "letter", "colour")}
    for name, key in keys.items():
        st.session_state[key] = getattr(study_class, name)

    def change(name: str) -> None:
        value: Any = st.session_state[keys[name]]
        value = value.upper() if name == "letter" else value
        _save(me, study, [replace(c, **{name: value}) if c.code == study_class.code else c for c in study.classes])

    label, letter, colour, code, up, remove = st.columns([5, 1, 1, 2, 1, 1], vertical_alignment="bottom")
    locked = not (study.editable or study.state == StudyState.OPEN)
    label.text_input(
        "Finding" if study.protocol.findings else "Diagnosis",
        key=keys["label"],
        on_change=change,
        args=("label",),
        disabled=locked,
    )
    letter.text_input(
        "Letter",
        key=keys["letter"],
        max_chars=1,
        on_change=change,
        args=("letter",),
        disabled=not study.editable,
    )
    colour.color_picker("Colour", key=keys["colour"], on_change=change, args=("colour",), disabled=locked)
    code.text_input(
        "Code in exports", study_class.code, key=f"study_class_code_{study.id}_{study_class.code}", disabled=True
    )
    if not study.editable:
        return
    if up.button("", key=f"study_class_up_{study_class.code}", icon=":material/arrow_upward:", disabled=not place):
        order = list(study.classes)
        order[place - 1], order[place] = order[place], order[place - 1]
        _save(me, study, order)
        st.rerun()
    few = len(study.classes) <= (1 if study.protocol.findings else 2)
    if remove.button("", key=f"study_class_remove_{study_class.code}", icon=":material/delete:", disabled=few):
        _save(me, study, [c for c in study.classes if c.code != study_class.code])
        st.rerun()


def _add(me: Account, study: StudyInfo) -> None:
    if len(study.classes) >= (MOST_FINDINGS if study.protocol.findings else MOST):
        return
    with st.form("study_class_new", clear_on_submit=True, border=False):
        left, right = st.columns([5, 1], vertical_alignment="bottom")
        what = "findings" if study.protocol.findings else "diagnoses"
        typed = left.text_input(f"Add {what}, separated by commas", key="study_class_names")
        if right.form_submit_button("Add", key="study_class_add") and typed.strip():
            _save(me, study, with_names(study.classes, typed.split(",")))
            st.rerun()


def _positive(me: Account, study: StudyInfo) -> None:
    key = f"study_positive_{study.id}"
    names = {"": NO_CLASS, **{study_class.code: study_class.label for study_class in study.classes}}
    st.session_state[key] = next((study_class.code for study_class in study.classes if study_class.positive), "")

    def change() -> None:
        chosen = st.session_state[key]
        _save(me, study, [replace(c, positive=c.code == chosen) for c in study.classes])

    st.selectbox(
        "The disease looked for (positive class)",
        list(names),
        key=key,
        format_func=lambda code: names[code],
        on_change=change,
        disabled=not study.editable,
    )


def with_names(classes: Sequence[StudyClass], names: Sequence[str]) -> list[StudyClass]:
    """Return the classes with new ones of these names, each with a code, letter and colour nothing else has."""
    made = list(classes)
    for name in (name.strip() for name in names if name.strip()):
        codes = {study_class.code for study_class in made}
        stem = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:30] or "class"
        stem = stem if stem[0].isalpha() else f"class_{stem}"
        code = next(c for n in range(1, 99) if (c := stem if n == 1 else f"{stem}_{n}") not in codes)
        colour = next((c for c in PALETTE if c not in {study_class.colour for study_class in made}), "#444444")
        made.append(StudyClass(code, name, free_letter(name, {study_class.letter for study_class in made}), colour))
    return made


def _save(me: Account, study: StudyInfo, new: Sequence[StudyClass]) -> None:
    act(lambda session: study_design.save_classes(session, study.id, new, by=me.id, at=clock.now()))
