"""The questions beside the diagnosis: added, changed, ordered, removed."""

import re
from dataclasses import replace

import streamlit as st

from core import clock
from core.study.protocol import Option, Question
from core.study.questions import KIND_NAMES, KINDS, LONGEST_TEXT
from db.accounts import Account
from db.study import design as study_design
from db.study.info import StudyInfo
from pages.components.acting import act
from pages.components.forms import fresh, used

MARKS = {"point": "a point", "box": "a box", "length": "a length"}


def show(me: Account, study: StudyInfo) -> None:
    """Show the questions in their order."""
    asked = study.protocol.questions
    if not asked:
        st.caption("None beside the diagnosis. Add some if the study needs them.")
    for place, question in enumerate(asked):
        need = "required" if question.required else "optional"
        with st.expander(f"{place + 1}. {question.label} — {KIND_NAMES[question.kind].lower()}, {need}"):
            _buttons(me, study, place)
            if study.editable:
                _form(me, study, question)
            elif question.options:
                st.write(", ".join(option.label for option in question.options))
    if study.editable:
        with st.expander("Add a question", icon=":material/add:"):
            kind = st.selectbox(
                "Kind of answer", KINDS, key="study_question_kind", format_func=lambda one: KIND_NAMES[one]
            )
            _form(me, study, Question(id="", kind=kind, label=""))


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
            new = [made if one.id == question.id else one for one in asked] if question.id else [*asked, made]
            _save(me, study, new, form=form)


def _details(question: Question, name: str) -> Question:
    if question.kind in ("choice", "choices"):
        lines = "\n".join(option.label for option in question.options)
        typed = st.text_area("Answers to choose from, one a line", lines, key=f"study_question_options_{name}")
        return replace(question, options=_options(question, typed.splitlines()))
    if question.kind == "number":
        low, high, step, unit = st.columns(4)
        return replace(
            question,
            min=low.number_input("Smallest", value=question.min, key=f"study_question_min_{name}"),
            max=high.number_input("Largest", value=question.max, key=f"study_question_max_{name}"),
            step=step.number_input("Step", value=question.step, key=f"study_question_step_{name}"),
            unit=unit.text_input("Unit", question.unit or "", key=f"study_question_unit_{name}").strip() or None,
        )
    if question.kind == "text":
        left, right = st.columns(2)
        form = right.text_input(
            "Form of the answer (regular expression)", question.pattern or "", key=f"study_question_pattern_{name}"
        )
        length = left.number_input(
            "Most characters", 1, LONGEST_TEXT, question.max_length or 500, key=f"study_question_length_{name}"
        )
        return replace(question, max_length=length, pattern=form.strip() or None)
    if question.kind == "scale":
        left, right = st.columns(2)
        first, last = question.anchors or ("", "")
        at_zero = left.text_input("Words at 0", first, key=f"study_question_low_{name}")
        at_hundred = right.text_input("Words at 100", last, key=f"study_question_high_{name}")
        return replace(question, anchors=(at_zero.strip(), at_hundred.strip()))
    places = list(MARKS)
    chosen = st.selectbox(
        "Readers mark",
        places,
        index=places.index(question.mark or "point"),
        format_func=lambda one: MARKS[one],
        key=f"study_question_mark_{name}",
    )
    return replace(question, mark=chosen)  # type: ignore[arg-type]  # one of MARKS, which are the kinds of mark


def _options(question: Question, labels: list[str]) -> tuple[Option, ...]:
    """Return the options by their labels; those that were there keep their codes."""
    known = {option.label: option.code for option in question.options}
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
