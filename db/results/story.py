"""What happened in a study beside its reads: the flow, and what departed from the plan."""

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session, aliased

from core.results.story import Deviation, Flow, Story
from core.study.words import Design, ReadState
from db import signatures
from db.models import (
    AiRead,
    AuditEvent,
    Case,
    OrderEntry,
    Read,
    Reader,
    ReadingOrder,
    Series,
    Study,
    StudyCase,
    Truth,
)
from db.study.ais import ais_of


def story_of(session: Session, study: Study) -> Story:
    """Return the story of a study whose results may be seen."""
    deviations = [
        *_resets(session, study.id),
        *_joined(session, study.id),
        *_withdrawn(session, study.id),
        *_corrected(session, study.id),
    ]
    seeds = session.execute(
        select(Reader.pseudonym, ReadingOrder.session, ReadingOrder.seed)
        .join(ReadingOrder, ReadingOrder.reader_id == Reader.id)
        .where(Reader.study_id == study.id)
        .order_by(Reader.id, ReadingOrder.session)
    )
    events = session.execute(
        select(AuditEvent.at, AuditEvent.kind, AuditEvent.detail)
        .where(AuditEvent.study_id == study.id)
        .order_by(AuditEvent.id)
    )
    return Story(
        flow=_flow(session, study),
        deviations=tuple(sorted(deviations, key=lambda deviation: (deviation.at is None, deviation.at))),
        order_seeds=tuple((name, number, seed) for name, number, seed in seeds),
        steps=tuple(
            (at, _signed(signatures.signature(at, detail)) if kind == signatures.KIND else kind)
            for at, kind, detail in events
            if kind.startswith("study ") or kind == signatures.KIND
        ),
    )


def _signed(signature: signatures.Signature) -> str:
    return (
        f"{signature.act} signed by {signature.name} ({signature.username}): “{signature.meaning}” "
        f"SHA-256 of what was signed: {signature.digest}"
    )


def _flow(session: Session, study: Study) -> Flow:
    def count(query: object) -> int:
        return session.scalar(query) or 0  # type: ignore[call-overload]  # a select of one count

    of_study = StudyCase.study_id == study.id
    mine = Reader.study_id == study.id
    reads = select(func.count()).select_from(Read).join(Reader).where(mine)
    later = aliased(Read)
    superseded = and_(
        later.reader_id == Read.reader_id,
        later.case_id == Read.case_id,
        later.arm == Read.arm,
        later.session == Read.session,
        later.attempt > Read.attempt,
    )
    planned = select(func.count()).select_from(OrderEntry).join(ReadingOrder).join(Reader)
    known = select(Truth.case_id).where(Truth.study_id == study.id)
    ai = select(func.count(func.distinct(AiRead.series_id))).join(Series, Series.id == AiRead.series_id)
    ai = ai.join(StudyCase, StudyCase.case_id == Series.case_id).where(of_study, StudyCase.practice.is_(False))
    of_ais = [ai.where(AiRead.model_id == ai_.model.id, AiRead.rule == ai_.rule) for ai_ in ais_of(session, study)]
    phases = 2 if study.design == Design.SEQUENTIAL else 1  # every entry is read without, then with the AI
    locked = reads.where(Read.state == ReadState.LOCKED)
    return Flow(
        cases=count(select(func.count()).select_from(StudyCase).where(of_study, StudyCase.practice.is_(False))),
        practice_cases=count(select(func.count()).select_from(StudyCase).where(of_study, StudyCase.practice.is_(True))),
        without_truth=count(
            select(func.count()).select_from(StudyCase).where(of_study, StudyCase.case_id.not_in(known))
        ),
        planned_reads=phases * count(planned.where(mine, OrderEntry.practice.is_(False))),
        locked_reads=count(locked.where(Read.practice.is_(False))),
        practice_reads=count(locked.where(Read.practice.is_(True))),
        superseded_reads=count(
            locked.where(Read.practice.is_(False)).where(select(later.id).where(superseded).exists())
        ),
        open_reads=count(reads.where(Read.state == ReadState.OPEN)),
        ai_reads=sum(count(reads) for reads in of_ais),
        ai_failures=sum(count(reads.where(AiRead.call.is_(None))) for reads in of_ais),
    )


def _resets(session: Session, study_id: int) -> list[Deviation]:
    rows = session.execute(
        select(Read.opened_at, Reader.pseudonym, Case.number, Read.attempt, Read.attempt_reason, Read.arm, Read.session)
        .join(Reader, Reader.id == Read.reader_id)
        .join(Case, Case.id == Read.case_id)
        .where(Reader.study_id == study_id, Read.attempt > 1)
    )
    return [
        Deviation(
            row.opened_at,
            f"{row.pseudonym} read case {row.number} again ({row.arm}, session {row.session}, attempt {row.attempt})",
            row.attempt_reason or "",
        )
        for row in rows
    ]


def _joined(session: Session, study_id: int) -> list[Deviation]:
    readers = session.scalars(select(Reader).where(Reader.study_id == study_id, Reader.joined_reason.is_not(None)))
    return [
        Deviation(reader.added_at, f"{reader.pseudonym} joined when the study was open", reader.joined_reason or "")
        for reader in readers
    ]


def _withdrawn(session: Session, study_id: int) -> list[Deviation]:
    readers = session.scalars(select(Reader).where(Reader.study_id == study_id, Reader.withdrawn_at.is_not(None)))
    return [
        Deviation(reader.withdrawn_at, f"{reader.pseudonym} was withdrawn", reader.withdrawn_reason or "")
        for reader in readers
    ]


def _corrected(session: Session, study_id: int) -> list[Deviation]:
    rows = session.execute(
        select(Truth, Case.number, StudyCase.frozen_truth_id)
        .join(Case, Case.id == Truth.case_id)
        .join(StudyCase, and_(StudyCase.case_id == Truth.case_id, StudyCase.study_id == Truth.study_id))
        .where(Truth.study_id == study_id, Truth.version > 1)
    )
    return [
        Deviation(
            truth.at,
            f"the reference standard of case {number} was changed to {truth.class_code} (version {truth.version})"
            + (", after opening: not used" if frozen is not None and frozen < truth.id else ""),
            truth.reason or "",
        )
        for truth, number, frozen in rows
    ]
