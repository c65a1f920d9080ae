"""How far a study is: completeness, pace, outliers. No diagnosis, rating or truth is ever loaded here.

Reads are counted in the database, by indexes that hold all that is asked of them: a study of a million reads is
watched in a second.
"""

import math
from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from core.study.words import Design, ReadState
from db import permissions
from db.models import Case, OrderEntry, Read, Reader, ReaderGroup, ReadingOrder, StudyCase
from db.permissions import Actor, Right
from db.study import monitor_cells, places
from db.study.info import row
from db.study.monitor_times import ENOUGH, outliers, usual_seconds
from db.study.monitor_types import MadeAgain, ReaderProgress, StudyProgress

SILENT_AFTER = timedelta(days=7)  # a reader with work left who locked nothing for so long may have dropped out
PACE_WINDOW = timedelta(days=14)


def progress(session: Session, study_id: int, *, by: Actor, at: datetime) -> StudyProgress:
    """Return the progress of a study at this moment; empty before it is opened. Raises Forbidden.

    Its cells are those of the first cases; `monitor_cells.cells` gives the others.
    """
    permissions.require(session, study_id, by, Right.MONITOR)
    protocol = row(session, study_id).protocol
    counts = _Counts(session, study_id, at)
    query = (
        select(Reader, ReaderGroup.name)
        .join(ReaderGroup, ReaderGroup.id == Reader.group_id)
        .where(Reader.study_id == study_id)
        .order_by(ReaderGroup.position, Reader.id)
    )
    readers, odd = [], []
    later = _later_sessions(session, study_id)
    for reader, group in session.execute(query).all():
        usual = usual_seconds(session, reader.id, counts.locked[reader.id])
        readers.append(_reader(reader, group, counts, usual, at, later.get(reader.id)))
        if not reader.withdrawn_at:
            odd += outliers(session, reader, usual, least=protocol.min_plausible_s)
    return StudyProgress(
        readers=tuple(readers),
        cells=monitor_cells.of_cases(session, study_id, skip=0, limit=monitor_cells.PAGE),
        cases=monitor_cells.count(session, study_id),
        outliers=tuple(odd),
        made_again=_made_again(session, study_id),
    )


def missing(session: Session, study_id: int, *, at: datetime) -> int:
    """Return how many reads are missing from readers who are still in the study. For verbs of db only."""
    counts = _Counts(session, study_id, at)
    staying = select(Reader.id).where(Reader.study_id == study_id, Reader.withdrawn_at.is_(None))
    return sum(counts.wanted[reader] - counts.locked[reader] for reader in session.scalars(staying))


class _Counts:
    """What is counted of all readers of a study at once. Practice is left out of `locked` and `wanted`."""

    def __init__(self, session: Session, study_id: int, at: datetime) -> None:
        mine = select(Reader.id).where(Reader.study_id == study_id)
        ids = session.scalars(mine).all()
        self.wanted = _wanted(session, study_id)
        of_reader = Read.reader_id.in_(ids)
        done = (of_reader, Read.state == ReadState.LOCKED)
        query = select(Read.reader_id, func.count()).where(*done, ~Read.practice).group_by(Read.reader_id)
        self.locked: Counter[int] = Counter({reader: n for reader, n in session.execute(query)})
        for reader in ids:
            again = select(func.count()).where(Read.id.in_(places.superseded(reader)), Read.state == ReadState.LOCKED)
            self.locked[reader] -= session.scalar(again.where(~Read.practice)) or 0
        recent = func.count().filter(Read.locked_at >= at - PACE_WINDOW)
        first = func.min(Read.locked_at).filter(Read.locked_at >= at - PACE_WINDOW)
        times = select(Read.reader_id, func.max(Read.locked_at), recent, first).where(of_reader)
        self.times = {
            reader: (last, n, began) for reader, last, n, began in session.execute(times.group_by(Read.reader_id))
        }


def _wanted(session: Session, study_id: int) -> Counter[int]:
    """Return how many reads each reader has to lock: an order holds every case of the study, or the reader's own."""
    if not row(session, study_id).protocol.allocation.crossed:
        return Counter(_entries(session, study_id))
    cases = session.scalar(select(func.count()).where(StudyCase.study_id == study_id, ~StudyCase.practice)) or 0
    phases = 2 if row(session, study_id).design == Design.SEQUENTIAL else 1
    query = (
        select(Reader.id, func.count())
        .join(ReadingOrder, ReadingOrder.reader_id == Reader.id)
        .where(Reader.study_id == study_id)
        .group_by(Reader.id)
    )
    return Counter({reader: sessions * cases * phases for reader, sessions in session.execute(query)})


def _entries(session: Session, study_id: int, *where: ColumnElement[bool]) -> dict[int, int]:
    """Count the reads that the orders of each reader ask for, place by place."""
    phases = 2 if row(session, study_id).design == Design.SEQUENTIAL else 1
    query = (
        select(ReadingOrder.reader_id, func.count() * phases)
        .join(Reader, Reader.id == ReadingOrder.reader_id)
        .join(OrderEntry, OrderEntry.order_id == ReadingOrder.id)
        .where(Reader.study_id == study_id, OrderEntry.practice.is_(False), *where)
        .group_by(ReadingOrder.reader_id)
    )
    return {reader_id: count for reader_id, count in session.execute(query)}


def _made_again(session: Session, study_id: int) -> tuple[MadeAgain, ...]:
    query = (
        select(Reader.pseudonym, Case.number, Read.session, Read.arm, Read.attempt, Read.opened_at, Read.attempt_reason)
        .join(Reader, Reader.id == Read.reader_id)
        .join(Case, Case.id == Read.case_id)
        .where(Reader.study_id == study_id, Read.attempt > 1)
        .order_by(Read.id)
    )
    return tuple(MadeAgain(*row[:6], row[6] or "") for row in session.execute(query))


def _later_sessions(session: Session, study_id: int) -> dict[int, tuple[datetime, int]]:
    """Return by reader when their last session opens, and how many reads it has: one of every case they read."""
    cases = session.scalar(select(func.count()).where(StudyCase.study_id == study_id, ~StudyCase.practice)) or 0
    query = (
        select(ReadingOrder.reader_id, ReadingOrder.opens_at)
        .join(Reader, Reader.id == ReadingOrder.reader_id)
        .where(Reader.study_id == study_id, ReadingOrder.session > 1)
        .order_by(ReadingOrder.opens_at)
    )
    crossed = row(session, study_id).protocol.allocation.crossed
    # with one later session, its places are the reads it has
    own = {} if crossed else _entries(session, study_id, ReadingOrder.session > 1)
    return {
        reader_id: (opens, own.get(reader_id, cases))
        for reader_id, opens in session.execute(query)
        if opens is not None
    }


def _reader(
    reader: Reader,
    group: str,
    counts: _Counts,
    pace: float | None,
    at: datetime,
    later: tuple[datetime, int] | None,
) -> ReaderProgress:
    total, locked = counts.wanted[reader.id], counts.locked[reader.id]
    left = total - locked
    last, recent, began = counts.times.get(reader.id, (None, 0, None))
    per_day, finish = _finish(recent, began, left, at)
    if finish and per_day and later is not None and later[0] > at:
        # a session that has not opened cannot be read before: its reads come after its date
        finish = max(finish, later[0] + timedelta(days=min(left, later[1]) / per_day))
    withdrawn = reader.withdrawn_at is not None
    return ReaderProgress(
        reader_id=reader.id,
        pseudonym=reader.pseudonym,
        group=group,
        locked=locked,
        total=total,
        median_seconds=pace,
        minutes_left=math.ceil(pace * left / 60) if pace is not None and left else None,
        per_day=per_day,
        finish=finish,
        last_lock=last,
        withdrawn=withdrawn,
        silent=not withdrawn and bool(left) and total > 0 and at - (last or reader.added_at) > SILENT_AFTER,
        started=reader.id in counts.times,
        note=_note(reader),
    )


def _note(reader: Reader) -> str:
    joined = f"joined {reader.added_at:%d %b %Y}: {reader.joined_reason}" if reader.joined_reason else ""
    left = f"withdrawn {reader.withdrawn_at:%d %b %Y}: {reader.withdrawn_reason}" if reader.withdrawn_at else ""
    return "; ".join(part for part in (joined, left) if part)


def _finish(recent: int, began: datetime | None, left: int, at: datetime) -> tuple[float | None, datetime | None]:
    """Return reads locked a day over the last fortnight, and when the rest is done at that pace."""
    if recent < ENOUGH or began is None or not left:
        return None, None
    days = max((at - began) / timedelta(days=1), 1.0)  # a first afternoon says nothing about the next days
    per_day = recent / days
    return per_day, at + timedelta(days=left / per_day)
