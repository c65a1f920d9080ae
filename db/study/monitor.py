"""How far a study is: completeness, pace, outliers. No diagnosis, rating or truth is ever loaded here."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.study.words import Arm, Design, ReadState
from db import permissions
from db.models import Case, OrderEntry, Read, Reader, ReaderGroup, ReadingOrder
from db.permissions import Actor, Right
from db.study.info import row
from db.study.monitor_types import Cell, LockedRead, MadeAgain, Outlier, ReaderProgress, StudyProgress

SILENT_AFTER = timedelta(days=7)  # a reader with work left who locked nothing for so long may have dropped out
IDLE_SHARE = 0.5  # of the raw time of a read; beyond, its active time deserves a look
IDLE_AT_LEAST_S = 120.0
SLOW_TIMES = 5.0  # a read over so many times the reader's median stands out
ENOUGH = 3  # reads that give a pace
PACE_WINDOW = timedelta(days=14)

Phase = tuple[int, str]  # session, arm


@dataclass(frozen=True, slots=True)
class _Timed:
    id: int
    reader_id: int
    case_id: int
    session: int
    arm: str
    attempt: int
    practice: bool
    state: str
    locked_at: datetime | None
    active: float
    raw: float
    shown: bool


def progress(session: Session, study_id: int, *, by: Actor, at: datetime) -> StudyProgress:
    """Return the progress of a study at this moment; empty before it is opened. Raises Forbidden."""
    permissions.require(session, study_id, by, Right.MONITOR)
    return counted(session, study_id, at=at)


def counted(session: Session, study_id: int, *, at: datetime) -> StudyProgress:
    """Return the progress of a study at this moment. For verbs of db only."""
    study = row(session, study_id)
    protocol = study.protocol
    people = session.execute(
        select(Reader, ReaderGroup.name)
        .join(ReaderGroup, ReaderGroup.id == Reader.group_id)
        .where(Reader.study_id == study_id)
        .order_by(ReaderGroup.position, Reader.id)
    ).all()
    numbers = _case_numbers(session, study_id)
    newest, resets = _reads(session, study_id)
    wanted = _wanted(session, study_id, sequential=study.design == Design.SEQUENTIAL)
    readers, cells, outliers = [], [], []
    names = {reader.id: reader.pseudonym for reader, _ in people}
    later = _later_sessions(session, study_id)
    for reader, group in people:
        mine = [read for read in newest if read.reader_id == reader.id]
        cells += _cells(reader.id, wanted.get(reader.id, {}), mine, resets, numbers)
        entry = wanted.get(reader.id, {})
        total = sum(len(phases) for (_, practice), phases in entry.items() if not practice)
        readers.append(_reader(reader, group, mine, total, at, later.get(reader.id)))
        if not reader.withdrawn_at:
            outliers += _outliers(mine, reader, protocol.min_plausible_s, numbers)
    reads = [
        LockedRead(
            read.id, names[read.reader_id], numbers[read.case_id], read.session, read.arm, read.attempt, read.locked_at
        )
        for read in newest
        if read.state == ReadState.LOCKED
    ]
    again = _made_again(session, study_id)
    return StudyProgress(tuple(readers), tuple(cells), tuple(outliers), tuple(reads), again)


def _made_again(session: Session, study_id: int) -> tuple[MadeAgain, ...]:
    query = (
        select(Reader.pseudonym, Case.number, Read.session, Read.arm, Read.attempt, Read.opened_at, Read.attempt_reason)
        .join(Reader, Reader.id == Read.reader_id)
        .join(Case, Case.id == Read.case_id)
        .where(Reader.study_id == study_id, Read.attempt > 1)
        .order_by(Read.id)
    )
    return tuple(MadeAgain(*one[:6], one[6] or "") for one in session.execute(query))


def _case_numbers(session: Session, study_id: int) -> dict[int, int]:
    query = (
        select(Case.id, Case.number)
        .join(OrderEntry, OrderEntry.case_id == Case.id)
        .join(ReadingOrder, ReadingOrder.id == OrderEntry.order_id)
        .join(Reader, Reader.id == ReadingOrder.reader_id)
        .where(Reader.study_id == study_id)
        .distinct()
    )
    return {case_id: number for case_id, number in session.execute(query)}


def _reads(session: Session, study_id: int) -> tuple[list[_Timed], dict[tuple[int, int], int]]:
    """Return the newest attempt of every read, with its times only, and resets by (reader, case)."""
    columns = (
        Read.id,
        Read.reader_id,
        Read.case_id,
        Read.session,
        Read.arm,
        Read.attempt,
        Read.practice,
        Read.state,
        Read.locked_at,
        Read.active_seconds,
        Read.raw_seconds,
        Read.shown_at,
    )
    query = select(*columns).join(Reader, Reader.id == Read.reader_id).where(Reader.study_id == study_id)
    newest: dict[tuple[int, int, int, str], _Timed] = {}
    resets: dict[tuple[int, int], int] = {}
    for one in session.execute(query.order_by(Read.attempt, Read.id)):
        timed = _Timed(*one[:9], one.active_seconds or 0.0, one.raw_seconds or 0.0, one.shown_at is not None)
        newest[timed.reader_id, timed.case_id, timed.session, timed.arm] = timed
        if timed.attempt > 1:
            key = timed.reader_id, timed.case_id
            resets[key] = resets.get(key, 0) + 1
    return sorted(newest.values(), key=lambda read: read.id), resets


def _wanted(session: Session, study_id: int, *, sequential: bool) -> dict[int, dict[tuple[int, bool], list[Phase]]]:
    """Return the phases each reader has to lock, by (case, practice)."""
    query = (
        select(ReadingOrder.reader_id, ReadingOrder.session, OrderEntry.case_id, OrderEntry.arm, OrderEntry.practice)
        .join(ReadingOrder, ReadingOrder.id == OrderEntry.order_id)
        .join(Reader, Reader.id == ReadingOrder.reader_id)
        .where(Reader.study_id == study_id)
    )
    made: dict[int, dict[tuple[int, bool], list[Phase]]] = {}
    for reader_id, number, case_id, arm, practice in session.execute(query):
        arms = tuple(Arm) if sequential else (arm,)
        made.setdefault(reader_id, {}).setdefault((case_id, practice), []).extend((number, one) for one in arms)
    return made


def _cells(
    reader_id: int,
    wanted: dict[tuple[int, bool], list[Phase]],
    mine: list[_Timed],
    resets: dict[tuple[int, int], int],
    numbers: dict[int, int],
) -> list[Cell]:
    locked: dict[int, int] = {}
    opened = set()
    for read in mine:
        if read.state == ReadState.LOCKED:
            locked[read.case_id] = locked.get(read.case_id, 0) + 1
        elif read.shown:
            opened.add(read.case_id)
    return [
        Cell(
            reader_id=reader_id,
            case_number=numbers[case_id],
            practice=practice,
            locked=locked.get(case_id, 0),
            total=len(phases),
            open=case_id in opened,
            resets=resets.get((reader_id, case_id), 0),
        )
        for (case_id, practice), phases in sorted(wanted.items(), key=lambda item: numbers[item[0][0]])
    ]


def _later_sessions(session: Session, study_id: int) -> dict[int, tuple[datetime, int]]:
    """Return by reader when their last session opens, and how many reads it has."""
    query = (
        select(ReadingOrder.reader_id, ReadingOrder.opens_at, func.count())
        .join(OrderEntry, OrderEntry.order_id == ReadingOrder.id)
        .join(Reader, Reader.id == ReadingOrder.reader_id)
        .where(Reader.study_id == study_id, ReadingOrder.session > 1, OrderEntry.practice.is_(False))
        .group_by(ReadingOrder.reader_id, ReadingOrder.opens_at)
        .order_by(ReadingOrder.opens_at)
    )
    return {reader_id: (opens, count) for reader_id, opens, count in session.execute(query) if opens is not None}


def _reader(
    reader: Reader,
    group: str,
    mine: list[_Timed],
    total: int,
    at: datetime,
    later: tuple[datetime, int] | None = None,
) -> ReaderProgress:
    done = [read for read in mine if read.state == ReadState.LOCKED and not read.practice]
    left = total - len(done)
    pace = median(read.active for read in done) if len(done) >= ENOUGH else None
    locks = sorted(read.locked_at for read in mine if read.locked_at is not None)
    per_day, finish = _finish(locks, left, at)
    if finish and per_day and later is not None and later[0] > at:
        # a session that has not opened cannot be read before: its reads come after its date
        finish = max(finish, later[0] + timedelta(days=min(left, later[1]) / per_day))
    withdrawn = reader.withdrawn_at is not None
    since = locks[-1] if locks else reader.added_at
    return ReaderProgress(
        reader_id=reader.id,
        pseudonym=reader.pseudonym,
        group=group,
        locked=len(done),
        total=total,
        median_seconds=pace,
        minutes_left=math.ceil(pace * left / 60) if pace is not None and left else None,
        per_day=per_day,
        finish=finish,
        last_lock=locks[-1] if locks else None,
        withdrawn=withdrawn,
        silent=not withdrawn and bool(left) and total > 0 and at - since > SILENT_AFTER,
        started=bool(mine),
        note=_note(reader),
    )


def _note(reader: Reader) -> str:
    joined = f"joined {reader.added_at:%d %b %Y}: {reader.joined_reason}" if reader.joined_reason else ""
    left = f"withdrawn {reader.withdrawn_at:%d %b %Y}: {reader.withdrawn_reason}" if reader.withdrawn_at else ""
    return "; ".join(part for part in (joined, left) if part)


def _finish(locks: list[datetime], left: int, at: datetime) -> tuple[float | None, datetime | None]:
    """Return reads locked a day over the last fortnight, and when the rest is done at that pace."""
    recent = [lock for lock in locks if at - lock <= PACE_WINDOW]
    if len(recent) < ENOUGH or not left:
        return None, None
    days = max((at - recent[0]) / timedelta(days=1), 1.0)  # a first afternoon says nothing about the next days
    per_day = len(recent) / days
    return per_day, at + timedelta(days=left / per_day)


def _outliers(mine: list[_Timed], reader: Reader, least: int, numbers: dict[int, int]) -> list[Outlier]:
    done = [read for read in mine if read.state == ReadState.LOCKED and not read.practice]
    usual = median(read.active for read in done) if len(done) >= ENOUGH else None
    found = []
    for read in done:
        idle = read.raw - read.active
        if read.active < least:
            kind = "too fast"
        elif idle > IDLE_SHARE * read.raw and idle >= IDLE_AT_LEAST_S:
            kind = "mostly idle"
        elif usual is not None and read.active > SLOW_TIMES * usual:
            kind = "very slow"
        else:
            continue
        number = numbers[read.case_id]
        found.append(
            Outlier(read.id, reader.id, reader.pseudonym, number, read.session, read.arm, kind, read.active, read.raw)
        )
    return found
