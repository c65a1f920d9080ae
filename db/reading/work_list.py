"""A reader's work list: how far each study is, about how long is left, and when a later session opens."""

import math
from collections import Counter
from datetime import datetime
from statistics import median

from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session

from core.study.words import Arm, Design, ReadState, StudyState
from db import permissions
from db.models import Read, Reader, ReadingOrder, Study
from db.reading.queue import Queue, gate, queue
from db.reading.types import StudyProgress
from db.study import places

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
    query = select(ReadingOrder).where(ReadingOrder.reader_id == found.reader.id).order_by(ReadingOrder.session)
    by_session = {order.session: order for order in session.scalars(query)}
    now = found.pending[0].session if found.pending else max(by_session, default=1)
    stands = places.of(session, by_session[now]) if now in by_session else None
    cases, practice = (stands.cases, stands.practice) if stands else (0, 0)
    phases = 2 if found.study.design == Design.SEQUENTIAL else 1
    locked = _locked(session, found, now)
    done = {kind: count for (arm, kind), count in locked.items() if phases == 1 or arm == Arm.AIDED}
    left = (cases + practice) * phases - sum(locked.values())
    door = gate(session, found, at)
    return StudyProgress(
        study_id=found.study.id,
        title=found.study.title,
        state=found.study.state,
        session=now,
        sessions=len(by_session),
        done=done.get(False, 0),
        total=cases,
        practice_done=done.get(True, 0),
        practice_total=practice,
        minutes_left=_minutes_left(session, found.reader.id, left),
        can_read=found.study.state == StudyState.OPEN and bool(found.pending) and door.open,
        started=session.scalar(select(Read.id).where(Read.reader_id == found.reader.id).limit(1)) is not None,
        opens_at=door.opens_at,
        waiting=door.message,
        instructions=found.study.protocol.instructions,
    )


def _locked(session: Session, found: Queue, number: int) -> Counter[tuple[str, bool]]:
    """Return how many reads of a session are locked, by arm (in a sequential design) and practice."""
    mine = (Read.reader_id == found.reader.id, Read.session == number, Read.state == ReadState.LOCKED)
    arm = Read.arm if found.study.design == Design.SEQUENTIAL else literal("")
    counted: Counter[tuple[str, bool]] = Counter()
    for phase, practice, count in session.execute(
        select(arm, Read.practice, func.count()).where(*mine).group_by(arm, Read.practice)
    ):
        counted[phase, practice] = count
    again = select(arm, Read.practice).where(*mine, Read.id.in_(places.superseded(found.reader.id)))
    counted.subtract((phase, practice) for phase, practice in session.execute(again))
    return counted


def _minutes_left(session: Session, reader_id: int, reads_left: int) -> int | None:
    """Return the median active minutes of the newest reads times those left."""
    query = select(Read.active_seconds).where(
        Read.reader_id == reader_id, Read.state == ReadState.LOCKED, places.newest()
    )
    seconds = session.scalars(query.where(Read.raw_seconds.is_not(None)).order_by(Read.id.desc()).limit(PACE_OF)).all()
    if len(seconds) < ENOUGH or not reads_left:
        return None
    return max(1, math.ceil(median(seconds_of_read or 0.0 for seconds_of_read in seconds) * reads_left / 60))
