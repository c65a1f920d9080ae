"""What the protocol of a study asks of a read, and the feedback it allows in practice."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.study.answers import EMPTY, Form
from core.study.words import Arm, Beginning, Design, ReadState
from db.models import Case, Read, Series, Study, StudyCase, StudyClass, Truth
from db.reading.queue import Queue, last_locked
from db.reading.types import ClassChoice, Feedback


def classes_of(session: Session, study: Study) -> tuple[ClassChoice, ...]:
    """Return the classes of a study in their order, as readers see them."""
    query = select(StudyClass).where(StudyClass.study_id == study.id).order_by(StudyClass.position)
    return tuple(ClassChoice(row.code, row.label, row.letter, row.colour) for row in session.scalars(query))


def form_of(session: Session, study: Study, read: Read) -> Form:
    """Return what is asked of one read."""
    series = session.scalars(select(Series).where(Series.case_id == read.case_id)).one()
    return form_for(session, study, (series.slices, series.rows, series.columns))


def form_for(session: Session, study: Study, shape: tuple[int, int, int]) -> Form:
    """Return what a study asks of a case whose volume is (slices, rows, columns)."""
    protocol = study.protocol
    return Form(
        classes={row.code: row.label for row in classes_of(session, study)},
        indeterminate=protocol.indeterminate,
        ratings=protocol.ratings,
        questions=protocol.questions,
        shape=shape,
        findings=protocol.findings,
        forced=protocol.acceptance.forced,
    )


def first_content(study: Study, arm: Arm, unaided: Read | None) -> dict[str, Any]:
    """Return what a read begins with: nothing, or the locked unaided answers where the protocol says so."""
    if began_with(study, arm) == Beginning.FILLED and unaided is not None and unaided.state == ReadState.LOCKED:
        return dict(unaided.content)
    return dict(EMPTY)


def began_with(study: Study, arm: Arm) -> Beginning | None:
    """Return whether the aided read of a sequential design begins filled or blank; None for every other read."""
    sequential = study.design == Design.SEQUENTIAL and arm == Arm.AIDED
    return study.protocol.aided_begins if sequential else None


def feedback(session: Session, queue: Queue) -> Feedback | None:
    """Return the reference standard of the practice case just locked, where the protocol allows it.

    Only after the last phase of the case, only for practice cases, and only until the next image was painted.
    """
    if not queue.study.protocol.practice_feedback:
        return None
    read = last_locked(session, queue.reader.id)
    if read is None or not read.practice or any(step.shown for step in queue.pending):
        return None
    if any(step.case_id == read.case_id and step.session <= read.session for step in queue.pending):
        return None
    entry = session.scalar(
        select(StudyCase).where(StudyCase.study_id == queue.study.id, StudyCase.case_id == read.case_id)
    )
    if entry is None or not entry.practice or entry.frozen_truth_id is None:
        return None
    truth = session.get_one(Truth, entry.frozen_truth_id)
    number = session.scalars(select(Case.number).where(Case.id == read.case_id)).one()
    labels = {choice.code: choice.label for choice in classes_of(session, queue.study)}
    return Feedback(
        case_number=number,
        diagnosis=read.diagnosis,
        truth=truth.class_code,
        truth_label=labels.get(truth.class_code, truth.class_code),
        correct=read.diagnosis == truth.class_code,
    )
