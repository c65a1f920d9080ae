"""The truth panel's page: a member labels every case on their own; the adjudicator decides those that are split."""

from collections.abc import Callable, Sequence

import streamlit as st

from core import clock
from core.errors import ParallaxError
from core.study.classes import StudyClass
from db.accounts import Account
from db.engine import Session, open_view
from db.reading import reads
from db.truth import members as panel_members
from db.truth import panel as truth_panel
from db.truth.members import Seat
from db.truth.panel import Task
from pages.components.access import require
from pages.components.acting import act, say
from pages.components.reading import looking


def page() -> None:
    """Show the case to label next; nothing of what others on the panel said is ever loaded for a member."""
    me = require("reader", "coordinator")
    st.title("Truth panel")
    say()
    with open_view() as session:
        seats = panel_members.seats(session, me.id)
    if not seats:
        st.info("You are on no panel whose study is still in preparation. Nothing is left to label.")
        return
    try:
        _study(me, _chosen(seats))
    except ParallaxError as error:
        st.error(str(error))


def _chosen(seats: Sequence[Seat]) -> Seat:
    if len(seats) == 1:
        return seats[0]
    names = {seat.study_id: seat.title for seat in seats}
    chosen = st.selectbox("Study", list(names), format_func=lambda key: names[key], key="panel_study")
    return next(seat for seat in seats if seat.study_id == chosen)


def _study(me: Account, seat: Seat) -> None:
    with open_view() as session:
        tasks = truth_panel.tasks(session, seat.study_id, me.id)
    st.subheader(seat.title, anchor=False)
    if seat.adjudicator:
        _adjudicate(me, seat, tasks, seat.classes)
    else:
        _label(me, seat, tasks, seat.classes)


def _label(me: Account, seat: Seat, tasks: Sequence[Task], classes: Sequence[StudyClass]) -> None:
    done = sum(task.own is not None for task in tasks)
    st.progress(done / len(tasks) if tasks else 0.0, text=f"{done} of {len(tasks)} cases labelled")
    if not tasks:
        st.info("The study has no cases yet; its coordinator takes them in.")
        return
    if done == len(tasks):
        st.success("Every case is labelled. Thank you. A label can be changed until all members have given theirs.")
    left, right = st.columns([1, 3], vertical_alignment="bottom")
    with left:
        number = _case(tasks, named=lambda task: _own(task, classes))
    task = next(task_ for task_ in tasks if task_.case_number == number)
    with right:
        clicked = None if task.fixed else _classes(task, classes)
    if task.fixed:
        right.caption("This label stands: every member has labelled the case, or its truth is settled.")
    _look(me, seat, number)
    if clicked:
        code, at = clicked.code, clock.now()
        act(
            lambda session: truth_panel.label(session, seat.study_id, number, class_code=code, account_id=me.id, at=at),
            done=f"Case {number}: {clicked.label}",
        )
        st.rerun()


def _classes(task: Task, classes: Sequence[StudyClass]) -> StudyClass | None:
    """Return the class whose button was pressed. The case is in the key: a double click never labels the next one."""
    with st.container(horizontal=True):
        clicked = [
            study_class
            for study_class in classes
            if st.button(
                study_class.label,
                key=f"panel_is_{task.case_number}_{study_class.code}",
                type="primary" if study_class.code == task.own else "secondary",
            )
        ]
    return clicked[0] if clicked else None


def _adjudicate(me: Account, seat: Seat, tasks: Sequence[Task], classes: Sequence[StudyClass]) -> None:
    if not tasks:
        st.info("No case waits for you: where all members have labelled a case without a majority, it appears here.")
        return
    st.caption(f"{len(tasks)} {'case' if len(tasks) == 1 else 'cases'} on which the members differ. Look, then decide.")
    labels = {study_class.code: study_class.label for study_class in classes}
    number = _case(tasks, named=lambda task: "")
    task = next(task_ for task_ in tasks if task_.case_number == number)
    said = ", ".join(f"{labels.get(code, code)} {count}" for code, count in task.counts)
    st.markdown(f"The members said: {said}.")
    with st.form(f"panel_decide_{number}", clear_on_submit=False, border=False):
        left, middle, right = st.columns([2, 3, 1], vertical_alignment="bottom")
        code = left.selectbox(
            "Truth", list(labels), index=None, format_func=lambda key: labels[key], key=f"panel_truth_{number}"
        )
        reason = middle.text_input("Reason", key=f"panel_reason_{number}")
        if right.form_submit_button("Decide", key=f"panel_decide_save_{number}", type="primary"):
            at = clock.now()

            def decide(session: Session) -> object:
                return truth_panel.adjudicate(
                    session, seat.study_id, number, class_code=code or "", reason=reason, by=me.id, at=at
                )

            act(decide, done=f"Case {number} is decided")
            st.rerun()
    _look(me, seat, number)


def _case(tasks: Sequence[Task], *, named: Callable[[Task], str]) -> int:
    """Let the person choose a case; the first without a label is chosen by itself."""
    open_ones = [task.case_number for task in tasks if task.own is None]
    numbers = [task.case_number for task in tasks]
    notes = {task.case_number: named(task) for task in tasks}
    chosen: int = st.selectbox(
        "Case",
        numbers,
        index=numbers.index(open_ones[0]) if open_ones else 0,
        format_func=lambda key: f"Case {key}{notes[key]}",
        # the key moves with the next case, so that a label goes on to it by itself
        key=f"panel_case_{open_ones[0] if open_ones else 'all'}",
    )
    return chosen


def _own(task: Task, classes: Sequence[StudyClass]) -> str:
    label = next((study_class.label for study_class in classes if study_class.code == task.own), None)
    return f": {label}" if label else ""


def _look(me: Account, seat: Seat, number: int) -> None:
    with open_view() as session:
        access = reads.case_access(
            session, account_id=me.id, study_id=seat.study_id, case_number=number, at=clock.now()
        )
    looking(access, study_id=seat.study_id, bindings=me.preferences.get("bindings", {}))


page()
