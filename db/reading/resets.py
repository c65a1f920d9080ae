"""A coordinator lets a read be made again: a new attempt supersedes, the old row stays as it is.

What the same reader has read of the same case after it rests on the old read, so it falls with it: in a sequential
design the aided read, in a crossover the read of the next session. All of it is one transaction with one reason.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from core.errors import Conflict, Forbidden, NotFound
from core.study.reasons import given_reason
from core.study.words import Arm, Design, ReadState, StudyState
from db import audit, permissions
from db.models import Case, Draft, Read, Reader, Study
from db.permissions import Actor, Right
from db.reading.queue import is_newest, newest_of_case, reader_of
from db.reading.rules import began_with

SEEN = "This reader has seen the AI's output for this case; a new read of it would not be unaided. The read stands."


@dataclass(frozen=True, slots=True)
class ResetEffect:
    """What a reset would do. `refused` tells why it cannot be; `also` are later reads (arm, session) that fall too.

    `waits` tells that a session which has begun stands still until the read is made again.
    """

    refused: str | None
    also: tuple[tuple[str, int], ...]
    waits: bool


def reset_effect(session: Session, read_id: int, *, by: Actor) -> ResetEffect:
    """Return what a reset of this read would do, without doing it; raises Forbidden, NotFound."""
    _managed(session, read_id, by)
    old = session.get(Read, read_id)
    if old is None:
        raise NotFound("This read does not exist.")
    study = session.get_one(Study, session.get_one(Reader, old.reader_id).study_id)
    later_sessions = select(Read.id).where(Read.reader_id == old.reader_id, Read.session > old.session)
    return ResetEffect(
        refused=_refused(session, study, old),
        also=tuple((read.arm, read.session) for read in _fall_too(session, study, old)),
        waits=session.scalar(later_sessions.limit(1)) is not None,
    )


def reset(session: Session, *, read_id: int, reason: str, by: int, at: datetime) -> int:
    """Open a new attempt of a read and return its id; the reader finds it before the cases not yet read.

    Later reads of the case that rest on it are superseded too, with the same reason. Raises Conflict where the new
    attempt could not be blind, or the read was reset before.
    """
    _managed(session, read_id, by)
    reason = given_reason("A repeat read", reason)
    old = session.scalar(select(Read).where(Read.id == read_id).with_for_update())
    if old is None:
        raise NotFound("This read does not exist.")
    # the reader's row is held as in `next_read`, so that no later read begins while this one is superseded
    reader = session.scalars(select(Reader).where(Reader.id == old.reader_id).with_for_update()).one()
    study = session.get_one(Study, reader.study_id)
    _may_reset(session, study, by)
    if reader.withdrawn_at is not None:
        raise Conflict("This reader has been withdrawn; their reads stay as they are.")
    if refused := _refused(session, study, old):
        raise Conflict(refused)
    also = _fall_too(session, study, old)
    new = _again(session, study, old, reason, at)
    for later in also:
        _again(session, study, later, reason, at)
    number = session.scalars(select(Case.number).where(Case.id == old.case_id)).one()
    for read, because in ((old, None), *((later, f"{old.arm}, session {old.session}") for later in also)):
        detail = {"reader": reader.pseudonym, "case": number, "arm": read.arm, "session": read.session}
        detail |= {"attempt": read.attempt + 1, "reason": reason, "with the reset of": because}
        audit.record(session, kind="read reset", at=at, actor_id=by, study_id=study.id, detail=detail)
    session.flush()
    return new.id


def _refused(session: Session, study: Study, old: Read) -> str | None:
    """Return why a read cannot be reset, or None. Every attempt counts: what was seen once was seen."""
    if not is_newest(session, old):
        return "This read was reset already; reset its newest attempt."
    if old.arm != Arm.UNAIDED:
        return None
    after = Read.session > old.session
    if study.design == Design.SEQUENTIAL:
        after = or_(after, and_(Read.session == old.session, Read.arm == Arm.AIDED))
    seen = select(Read.id).where(Read.reader_id == old.reader_id, Read.case_id == old.case_id, after)
    return SEEN if session.scalar(seen.where(Read.ai_shown_at.is_not(None)).limit(1)) is not None else None


def _fall_too(session: Session, study: Study, old: Read) -> list[Read]:
    """Return the newest later reads of the same case that somebody has begun."""
    found = []
    for read in newest_of_case(session, old.reader_id, old.case_id):
        phases = (old.arm, read.arm) == (Arm.UNAIDED, Arm.AIDED)
        same = study.design == Design.SEQUENTIAL and read.session == old.session and phases
        begun = read.state == ReadState.LOCKED or read.shown_at is not None
        if begun and (same or read.session > old.session):
            found.append(read)
    return sorted(found, key=lambda read: read.session)


def _again(session: Session, study: Study, old: Read, reason: str, at: datetime) -> Read:
    new = Read(
        token=secrets.token_urlsafe(24),
        reader_id=old.reader_id,
        case_id=old.case_id,
        arm=old.arm,
        session=old.session,
        attempt=old.attempt + 1,
        attempt_reason=reason,
        position=old.position,
        practice=old.practice,
        state=ReadState.OPEN,
        opened_at=at,
        content={},
        counters={},
        ai_output={},
        began_with=began_with(study, old.arm),
    )
    session.add(new)
    session.flush()
    session.add(Draft(read_id=new.id, revision=0, content={}, counters={}))
    session.flush()
    return new


def _managed(session: Session, read_id: int, by: Actor) -> None:
    query = select(Reader.study_id).join(Read, Read.reader_id == Reader.id).where(Read.id == read_id)
    permissions.require(session, session.scalar(query), by, Right.MANAGE)


def _may_reset(session: Session, study: Study, by: int) -> None:
    if reader_of(session, study.id, by) is not None:
        raise Forbidden("A reader of this study may not reset its reads; ask another coordinator.")
    if study.state != StudyState.OPEN:
        raise Conflict("Reads can be reset only while the study is open.")
