"""One case of an unblinded study as it is looked over afterwards: images, truth, the AI, and everybody's reads."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import NotFound
from core.study.protocol import Protocol
from core.study.questions.mark import Mark
from core.study.words import ReadState
from db.ai.reads import AiReadInfo
from db.models import Case, Read, Reader, ReaderGroup, Study, StudyCase, Truth
from db.permissions import MAX_ID, Actor
from db.reading.access import slices_of, volume, whole_output
from db.reading.rules import classes_of
from db.reading.types import CaseAccess, ClassChoice
from db.results.rows import unsealed
from db.study.ais import AiOfStudy, ais_of, read_of

UNKNOWN = "This study has no such case; choose one from the list."


@dataclass(frozen=True, slots=True)
class ReviewedTruth:
    """The reference standard the study was opened with; `versions` counts all there are now."""

    code: str
    version: int
    versions: int
    source: str
    rests_on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReviewedRead:
    """A locked read that stands. `content` is the read as it was locked; `answers` pairs questions with answers."""

    reader: str
    group: str
    arm: str
    session: int
    diagnosis: str | None
    right: bool
    seconds: float | None
    content: dict[str, Any]
    answers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class CaseReview:
    """Everything known of one case. `ai_output` is the AI's output in the study's classes, None without an AI read.

    `ai_slices` has the probabilities of each slice for `ai_classes`, None where the AI did not look.
    """

    case: CaseAccess
    tags: tuple[str, ...]
    practice: bool
    classes: tuple[ClassChoice, ...]
    truth: ReviewedTruth | None
    ai: AiReadInfo | None
    ai_output: dict[str, Any] | None
    ai_classes: tuple[str, ...]
    ai_slices: tuple[tuple[float, ...] | None, ...]
    reads: tuple[ReviewedRead, ...]

    def label(self, code: str | None) -> str:
        """Return the label of a class; other outcomes are their own label."""
        return next(
            (study_class.label for study_class in self.classes if study_class.code == code), code or "no diagnosis"
        )


def case_review(session: Session, *, study_id: int, case_number: int, by: Actor) -> CaseReview:
    """Return one case of an unblinded study with everything about it.

    Raises Forbidden before unblinding, for everybody, and for who has no part in its results;
    NotFound for an unknown study or case.
    """
    study, link, case = _found(session, study_id, case_number, by)
    truth = _truth(session, study, link)
    images = volume(session, case.id)
    shown = _ai(session, study, images.series_id)
    return CaseReview(
        case=images,
        tags=tuple(case.tags),
        practice=link.practice,
        classes=classes_of(session, study),
        truth=truth,
        ai=shown[1] if shown else None,
        ai_output=whole_output(session, study, shown[0].classes, shown[1]) if shown else None,
        ai_classes=shown[0].classes.names(shown[1].model.classes) if shown else (),
        ai_slices=slices_of(shown[0].classes, shown[1]) if shown else (),
        reads=_reads(session, study, case.id, truth.code if truth else None),
    )


def review_images(session: Session, *, study_id: int, case_number: int, by: Actor) -> CaseAccess:
    """Return the volume of one case of an unblinded study; raises as `case_review` does."""
    return volume(session, _found(session, study_id, case_number, by)[2].id)


def review_overlay(session: Session, *, study_id: int, case_number: int, by: Actor) -> tuple[CaseAccess, AiReadInfo]:
    """Return the volume of a case and the AI read whose lungs and heat maps lie on it; raises as `case_review` does."""
    study, _, case = _found(session, study_id, case_number, by)
    images = volume(session, case.id)
    shown = _ai(session, study, images.series_id)
    if shown is None:
        raise NotFound("The AI has not read this case; there is nothing to lay over it.")
    return images, shown[1]


def _ai(session: Session, study: Study, series_id: int) -> tuple[AiOfStudy, AiReadInfo] | None:
    """Return the first AI of the study that has slices of this series to show, else the first that read it."""
    found = [(ai, read) for ai in ais_of(session, study) if (read := read_of(session, ai, series_id)) is not None]
    return next((read for read in found if read[1].slice_probabilities), found[0] if found else None)


def _found(session: Session, study_id: int, case_number: int, by: Actor) -> tuple[Study, StudyCase, Case]:
    if study_id > MAX_ID or case_number > MAX_ID:
        raise NotFound(UNKNOWN)
    study = unsealed(session, study_id, by)
    row = session.execute(
        select(StudyCase, Case)
        .join(Case, Case.id == StudyCase.case_id)
        .where(StudyCase.study_id == study_id, Case.number == case_number)
    ).one_or_none()
    if row is None:
        raise NotFound(UNKNOWN)
    return study, row[0], row[1]


def _truth(session: Session, study: Study, link: StudyCase) -> ReviewedTruth | None:
    query = select(Truth).where(Truth.study_id == study.id, Truth.case_id == link.case_id).order_by(Truth.version)
    every = list(session.scalars(query))
    used = next((record for record in every if record.id == link.frozen_truth_id), every[-1] if every else None)
    if used is None:
        return None
    rests_on = study.protocol.reference.rests_on
    return ReviewedTruth(used.class_code, used.version, every[-1].version, used.source, rests_on)


def _reads(session: Session, study: Study, case_id: int, truth: str | None) -> tuple[ReviewedRead, ...]:
    rows = session.execute(
        select(Read, Reader.pseudonym, ReaderGroup.name)
        .join(Reader, Reader.id == Read.reader_id)
        .join(ReaderGroup, ReaderGroup.id == Reader.group_id)
        .where(Reader.study_id == study.id, Read.case_id == case_id)
        .order_by(ReaderGroup.position, Reader.id, Read.session, Read.arm.desc(), Read.attempt)
    )
    newest = {(read.reader_id, read.session, read.arm): (read, name, group) for read, name, group in rows}
    protocol = study.protocol
    return tuple(
        ReviewedRead(
            reader=name,
            group=group,
            arm=read.arm,
            session=read.session,
            diagnosis=read.diagnosis,
            right=read.diagnosis == truth,
            seconds=read.active_seconds,
            content=read.content,
            answers=_answers(protocol, read.content),
        )
        for read, name, group in newest.values()
        if read.state == ReadState.LOCKED
    )


def _answers(protocol: Protocol, content: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Pair the questions that were answered with their answers, in words. Marks have a list of their own."""
    given = [(question, question.answer(content)) for question in protocol.questions if not isinstance(question, Mark)]
    return tuple((question.label, question.said(answer)) for question, answer in given if answer is not None)
