"""What a reader has to do next: the stored order, phase by phase, less what is locked. Nothing here is recomputed."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import Forbidden, NotFound
from core.study.words import Arm, Design, ReadState, StudyState
from db import permissions
from db.models import OrderEntry, Read, Reader, ReadingOrder, Study
from db.study import orders
from db.study.orders import Gate

BREAK = timedelta(minutes=10)  # a longer gap between two locks is taken for a break

SINCE_EVER = datetime.min.replace(tzinfo=UTC)

Key = tuple[int, Arm, int]  # case id, arm, session


@dataclass(frozen=True, slots=True)
class Step:
    """One read to be made. `place` of `of` counts practice and study cases of the session apart, from 1."""

    case_id: int
    arm: Arm
    session: int
    position: int
    practice: bool
    last_phase: bool
    place: int
    of: int

    @property
    def key(self) -> Key:
        """What makes a read unique, attempts aside."""
        return (self.case_id, self.arm, self.session)

    @property
    def before(self) -> tuple[int, int]:
        """The same case in the session before."""
        return (self.case_id, self.session - 1)


@dataclass(frozen=True, slots=True)
class Queue:
    """A reader's steps in their stored order, with the newest attempt of each that has one.

    `opens` holds the stored opening date of each session, `washout` the time between two sessions, `locks` when a case
    (by id and session) was locked last.
    """

    study: Study
    reader: Reader
    steps: tuple[Step, ...]
    reads: dict[Key, Read]
    opens: dict[int, datetime | None]
    washout: timedelta
    locks: dict[tuple[int, int], datetime]

    def pending(self) -> list[Step]:
        """Return the steps without a locked newest attempt; the one on the reader's screen comes first."""
        left = [step for step in self.steps if not self.locked(step)]
        # a reset of an earlier case must not tear away the case that is being read; a held case waits for its date
        left.sort(key=lambda step: (not self.shown(step), step.session, self.held(step) or SINCE_EVER))
        return left

    def held(self, step: Step) -> datetime | None:
        """Return the date before which a case of a later session is not read, where that is after the session's own.

        So it is after a reset: a case read again in one session keeps its washout before the next, the others go on.
        """
        locked, opens = self.locks.get(step.before), self.opens.get(step.session)
        if locked is None or opens is None or locked + self.washout <= opens:
            return None
        return locked + self.washout

    def locked(self, step: Step) -> bool:
        """Tell whether the newest attempt of a step is locked."""
        read = self.reads.get(step.key)
        return read is not None and read.state == ReadState.LOCKED

    def shown(self, step: Step) -> bool:
        """Tell whether a step is open and its image was painted."""
        read = self.reads.get(step.key)
        return read is not None and read.state == ReadState.OPEN and read.shown_at is not None

    def last_locked(self) -> Read | None:
        """Return the read that was locked last."""
        locked = [read for read in self.reads.values() if read.locked_at is not None]
        return max(locked, key=lambda read: (read.locked_at, read.id), default=None)

    def streak(self, at: datetime) -> tuple[int, datetime | None]:
        """Return how many reads were locked in a row without a break up to `at`, and when the first was locked."""
        times = sorted((read.locked_at for read in self.reads.values() if read.locked_at), reverse=True)
        began, count = None, 0
        for newer, older in pairwise([at, *times]):
            if newer - older > BREAK:
                break
            began, count = older, count + 1
        return count, began


def reader_of(session: Session, study_id: int, account_id: int) -> Reader | None:
    """Return the row of an account as reader of a study, withdrawn or not."""
    return session.scalar(select(Reader).where(Reader.study_id == study_id, Reader.account_id == account_id))


def own_read(session: Session, account_id: int, token: str, *, hold: bool) -> tuple[Read, Reader]:
    """Return the account's own read with this token; raises NotFound or Forbidden.

    With `hold` its row is locked until the transaction ends, so that two posts for it come one after the other.
    """
    permissions.active(session, account_id)
    query = select(Read).where(Read.token == token).execution_options(populate_existing=True)
    read = (
        session.scalar(query.with_for_update() if hold else query) if token.isascii() and token.isprintable() else None
    )
    if read is None:
        raise NotFound("This read does not exist.")
    owner = session.get_one(Reader, read.reader_id)
    if owner.account_id != account_id:
        raise Forbidden("This read belongs to somebody else.")
    return read, owner


def active_reader(session: Session, study_id: int, account_id: int, *, hold: bool = False) -> tuple[Study, Reader]:
    """Return study and reader where reading is allowed now; raises Forbidden.

    With `hold` the reader's row is locked until the transaction ends, so that two openings come one after the other.
    """
    permissions.active(session, account_id)
    query = select(Reader).where(Reader.study_id == study_id, Reader.account_id == account_id)
    reader = session.scalar(query.with_for_update().execution_options(populate_existing=True) if hold else query)
    study = session.get(Study, study_id)
    if study is None or reader is None:
        raise Forbidden("You are not a reader of this study; ask its coordinator.")
    if reader.withdrawn_at is not None:
        raise Forbidden("You have been withdrawn from this study; ask its coordinator.")
    if study.state.editable:
        raise Forbidden("This study is not open yet; its coordinator opens it.")
    if study.state != StudyState.OPEN:
        raise Forbidden("This study is closed; nothing can be read in it any more.")
    return study, reader


def queue(session: Session, study: Study, reader: Reader) -> Queue:
    """Return the queue of a reader."""
    query = (
        # columns only: rows of a thousand cases as objects would take most of a request's time
        select(
            OrderEntry.case_id,
            OrderEntry.arm,
            OrderEntry.position,
            OrderEntry.practice,
            ReadingOrder.session,
            ReadingOrder.opens_at,
        )
        .join(ReadingOrder, ReadingOrder.id == OrderEntry.order_id)
        .where(ReadingOrder.reader_id == reader.id)
        .order_by(ReadingOrder.session, OrderEntry.position)
    )
    rows = session.execute(query).all()
    entries = [(entry, entry.session) for entry in rows]
    opens: dict[int, datetime | None] = {entry.session: entry.opens_at for entry in rows}
    totals: dict[tuple[int, bool], int] = {}
    places = []
    for entry, number in entries:
        totals[number, entry.practice] = totals.get((number, entry.practice), 0) + 1
        places.append(totals[number, entry.practice])
    steps = tuple(
        step
        for (entry, number), place in zip(entries, places, strict=True)
        for step in _steps(study, entry, number, place, totals[number, entry.practice])
    )
    washout = timedelta(days=study.protocol.washout_days)
    reads = newest_reads(session, reader.id)
    locks: dict[tuple[int, int], datetime] = {}
    for (case_id, _, number), read in reads.items():
        if read.locked_at is not None:
            locks[case_id, number] = max(read.locked_at, locks.get((case_id, number), read.locked_at))
    return Queue(study, reader, steps, reads, opens, washout, locks)


def newest_reads(session: Session, reader_id: int) -> dict[Key, Read]:
    """Return the newest attempt of every read a reader has opened."""
    query = select(Read).where(Read.reader_id == reader_id).order_by(Read.attempt)
    rows = session.scalars(query.execution_options(populate_existing=True))
    return {(row.case_id, row.arm, row.session): row for row in rows}


def _steps(study: Study, entry: Any, number: int, place: int, of: int) -> list[Step]:
    """Return the reads an entry of the order asks for: one, or in a sequential design the unaided then the aided."""
    arms = tuple(Arm) if study.design == Design.SEQUENTIAL else (entry.arm,)
    return [
        Step(
            case_id=entry.case_id,
            arm=arm,
            session=number,
            position=entry.position,
            practice=entry.practice,
            last_phase=arm == arms[-1],
            place=place,
            of=of,
        )
        for arm in arms
    ]


def gate(session: Session, queue: Queue, at: datetime) -> Gate:
    """Tell whether the first pending step may be read now: its session and, after a reset, its case."""
    pending = queue.pending()
    if not pending:
        return Gate(True, None, None)
    door = orders.session_open(session, queue.reader.id, pending[0].session, at=at)
    held = queue.held(pending[0])
    if door.open and held is not None and held > at:
        return Gate(False, held, f"What is left was read again in the session before; it opens on {held:%d %B %Y}.")
    return door


def open_step(session: Session, queue: Queue, at: datetime) -> Step | None:
    """Return the step a reader may work on now: the first pending one, if its session is open."""
    pending = queue.pending()
    return pending[0] if pending and gate(session, queue, at).open else None
