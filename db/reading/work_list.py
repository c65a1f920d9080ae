"""A reader's work list: how far each study is, about how long is left, and when a later session opens."""

import math
from datetime import datetime
from statistics import median

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.study.words import StudyState
from db import permissions
from db.models import Reader, Study
from db.reading.queue import Queue, gate, queue
from db.reading.types import StudyProgress

ENOUGH = 3  # reads whose seconds give a pace
PACE_OF = 20  # newest reads the pace is taken from, as readers get faster


def progress(session: Session, *, account_id: int, at: datetime) -> tuple[StudyProgress, ...]:
    """Return every study this account itself reads in, those that can be read now first."""
    permissions.active(session, account_id)
    query = (
        select(Study, Reader)
        .join(Reader, Reader.study_id == Study.id)
        .where(Reader.account_id == account_id, Reader.withdrawn_at.is_(None))
        .where(Study.state.in_((StudyState.OPEN, StudyState.CLOSED, StudyState.UNBLINDED)))
        .order_by(Study.id)
    )
    rows = [_progress(session, queue(session, study, reader), at) for study, reader in session.execute(query)]
    return tuple(sorted(rows, key=lambda row: not row.can_read))


def _progress(session: Session, found: Queue, at: datetime) -> StudyProgress:
    pending = found.pending()
    sessions = sorted({step.session for step in found.steps})
    now = pending[0].session if pending else (sessions[-1] if sessions else 1)
    steps = [step for step in found.steps if step.session == now]
    left = {step.case_id for step in steps if not found.locked(step)}
    cases = {step.case_id for step in steps if not step.practice}
    practice = {step.case_id for step in steps if step.practice}
    door = gate(session, found, at)
    return StudyProgress(
        study_id=found.study.id,
        title=found.study.title,
        state=found.study.state,
        session=now,
        sessions=len(sessions),
        done=len(cases - left),
        total=len(cases),
        practice_done=len(practice - left),
        practice_total=len(practice),
        minutes_left=_minutes_left(found, sum(step.session == now for step in pending)),
        can_read=found.study.state == StudyState.OPEN and bool(pending) and door.open,
        started=bool(found.reads),
        opens_at=door.opens_at,
        waiting=door.message,
        instructions=found.study.protocol.instructions,
    )


def _minutes_left(found: Queue, reads_left: int) -> int | None:
    """Return the median active minutes of the newest reads times those left."""
    timed = [read for read in found.reads.values() if read.raw_seconds is not None and read.locked_at is not None]
    timed.sort(key=lambda read: read.id)
    seconds = [read.active_seconds or 0.0 for read in timed[-PACE_OF:]]
    if len(seconds) < ENOUGH or not reads_left:
        return None
    return max(1, math.ceil(median(seconds) * reads_left / 60))
