"""The questions beside the diagnosis: added, changed, ordered, removed."""

import re
from dataclasses import replace
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core import clock
from core.study.questions.question import Option, Question
from core.study.questions.registry import KINDS, new_question
from core.study.questions.settings import (
    NumberSetting,
    OneOfSetting,
    OptionsSetting,
    PairSetting,
    Setting,
    TextSetting,
    WholeSetting,
)
from db.accounts import Account
from db.study import design as study_design
from db.study.info import StudyInfo
from pages.components.acting import act
from pages.components.forms import fresh, used


def show(me: Account, study: StudyInfo) -> None:
    """Show the questions in their order."""
    asked = study.protocol.questions
    if not asked:
        st.caption("None beside the diagnosis. Add some if the study needs them.")
    for place, question in enumerate(asked):
        need = "required" if question.required else "optional"
        with st.expander(f"{place + 1}. {question.label} — {question.title.lower()}, {need}"):
            _buttons(me, study, place)
            if study.editable:
                _form(me, study, question)
            else:
                _shown(question)
    if study.editable:
        with st.expander("Add a question", icon=":material/add:"):
            kind = st.selectbox(
                "Kind of answer", list(KINDS), key="study_question_kind", format_func=lambda key: KINDS[key].title
            )
            _form(me, study, new_question(kind))


def _shown(question: Question) -> None:
    """Say how a question that is frozen was set up."""
    for setting in question.settings:
        value = getattr(question, setting.field)
        if isinstance(setting, OptionsSetting):
            st.write(", ".join(option.label for option in value))
        elif value is not None:
            st.write(f"{setting.label}: {' – '.join(value) if isinstance(value, tuple) else value}")


def _buttons(me: Account, study: StudyInfo, place: int) -> None:
    asked = list(study.protocol.questions)
    with st.container(horizontal=True):
        up = st.button("Up", key=f"study_question_up_{place}", disabled=not study.editable or place == 0)
        last = place == len(asked) - 1
        down = st.button("Down", key=f"study_question_down_{place}", disabled=not study.editable or last)
        gone = st.button("Remove", key=f"study_question_remove_{place}", disabled=not study.editable)
    if up or down:
        other = place - 1 if up else place + 1
        asked[place], asked[other] = asked[other], asked[place]
    elif gone:
        del asked[place]
    else:
        return
    _save(me, study, asked)


def _form(me: Account, study: StudyInfo, question: Question) -> None:
    form = f"{question.id or 'new'}_{question.kind}"
    name = fresh(form)
    with st.form(f"study_question_{name}", enter_to_submit=False, border=False):
        label = st.text_input("Question", question.label, key=f"study_question_label_{name}")
        note = st.text_input("Help", question.help, key=f"study_question_help_{name}")
        made = replace(question, label=label.strip(), help=note.strip())
        made = _details(made, name)
        required = st.checkbox("An answer is required", question.required, key=f"study_question_required_{name}")
        if st.form_submit_button("Save" if question.id else "Add", key=f"study_question_save_{name}"):
            made = replace(made, required=required, id=question.id or _new_id(study, label))
            asked = study.protocol.questions
            new = (
                [made if question_.id == question.id else question_ for question_ in asked]
                if question.id
                else [*asked, made]
            )
            _save(me, study, new, form=form)


def _details(question: Question, name: str) -> Question:
    """Draw the settings of the question's kind; return the question with what they hold."""
    narrow = [setting for setting in question.settings if not isinstance(setting, OptionsSetting)]
    columns = dict(zip((question_.field for question_ in narrow), st.columns(max(len(narrow), 1)), strict=False))
    drawn = {
        setting.field: _setting(
            question, setting, columns.get(setting.field, st.container()), f"study_question_{setting.field}_{name}"
        )
        for setting in question.settings
    }
    return replace(question, **drawn)


def _setting(question: Question, setting: Setting, place: DeltaGenerator, key: str) -> Any:
    value = getattr(question, setting.field)
    match setting:
        case OptionsSetting():
            lines = "\n".join(option.label for option in value)
            return options(value, place.text_area(setting.label, lines, key=key).splitlines())
        case PairSetting():
            left, right = place.columns(2)
            first, last = value or ("", "")
            typed = (
                left.text_input(setting.label, first, key=f"{key}_1"),
                right.text_input(setting.second, last, key=f"{key}_2"),
            )
            return tuple(text.strip() for text in typed)
        case NumberSetting():
            return place.number_input(setting.label, value=value, key=key)
        case WholeSetting():
            return place.number_input(setting.label, setting.low, setting.high, value or setting.start, key=key)
        case TextSetting():
            return place.text_input(setting.label, value or "", key=key).strip() or None
        case OneOfSetting():
            words = list(setting.options)
            first = words.index(value) if value in words else 0
            return place.selectbox(setting.label, words, first, format_func=setting.options.__getitem__, key=key)
        case _:
            raise TypeError(f"no widget for {type(setting).__name__}")


def options(before: tuple[Option, ...], labels: list[str]) -> tuple[Option, ...]:
    """Return the options by their labels; those that were there keep their codes."""
    known = {option.label: option.code for option in before}
    made: list[Option] = []
    for label in (label.strip() for label in labels if label.strip()):
        made.append(Option(known.get(label) or _code(label, {option.code for option in made}), label))
    return tuple(made)


def _new_id(study: StudyInfo, label: str) -> str:
    return _code(label, {question.id for question in study.protocol.questions})


def _code(label: str, taken: set[str]) -> str:
    stem = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")[:30] or "q"
    stem = stem if stem[0].isalpha() else f"q_{stem}"
    return next(code for n in range(1, 999) if (code := stem if n == 1 else f"{stem}_{n}") not in taken)


def _save(me: Account, study: StudyInfo, asked: list[Question], *, form: str = "") -> None:
    protocol = replace(study.protocol, questions=tuple(asked))
    if act(lambda session: study_design.save_protocol(session, study.id, protocol, by=me.id, at=clock.now())):
        used(form)
    st.rerun()
