"""What a reader has to do next: the stored order, phase by phase, less what is locked. Nothing here is recomputed.

Only the reads that are open and the first places without a read are looked at, whatever the number of cases.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.errors import Forbidden, NotFound
from core.study.words import Arm, Design, ReadState, StudyState
from db import permissions
from db.models import OrderEntry, Read, Reader, ReadingOrder, Study
from db.study import orders, places
from db.study.orders import Gate

BREAK = timedelta(minutes=10)  # a longer gap between two locks is taken for a break
AHEAD = 2  # cases looked for: the one to read now and the one whose images come next

SINCE_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Step:
    """One read to be made. `place` of `of` counts practice and study cases of the session apart, from 1.

    `read` is its newest attempt, once that was opened. `held` is the date before which a case of a later session is
    not read, where that is after the session's own: so it is after a reset, as a case read again in one session keeps
    its washout before the next while the others go on.
    """

    case_id: int
    arm: Arm
    session: int
    position: int
    practice: bool
    last_phase: bool
    place: int
    of: int
    read: Read | None
    held: datetime | None

    @property
    def shown(self) -> bool:
        """Whether its image was painted and it is open still."""
        return self.read is not None and self.read.shown_at is not None


@dataclass(frozen=True, slots=True)
class Queue:
    """A reader's first steps that are not locked, the one on the reader's screen first; none when all is read."""

    study: Study
    reader: Reader
    pending: tuple[Step, ...]


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
    """Return the queue of a reader: the session that is read now, and the one on the screen if that is another."""
    query = select(ReadingOrder).where(ReadingOrder.reader_id == reader.id).order_by(ReadingOrder.session)
    by_session = {order.session: order for order in session.scalars(query)}
    begun: dict[int, list[Read]] = {}
    for read in _open_reads(session, reader.id):
        begun.setdefault(read.session, []).append(read)
    found: dict[int, list[Step]] = {}
    for number, order in by_session.items():
        found[number] = _steps_of(session, study, order, begun.get(number, []))
        if found[number]:
            break
    for number, reads in begun.items():
        if number not in found and number in by_session and any(read.shown_at is not None for read in reads):
            found[number] = _steps_of(session, study, by_session[number], reads)
    steps = [step for steps_of_case in found.values() for step in steps_of_case]
    # a reset of an earlier case must not tear away the case that is being read; a held case waits for its date
    steps.sort(key=lambda step: (not step.shown, step.session, step.held or SINCE_EVER))
    return Queue(study, reader, tuple(steps))


def last_locked(session: Session, reader_id: int) -> Read | None:
    """Return the read that a reader locked last, of the newest attempts."""
    query = select(Read).where(Read.reader_id == reader_id, Read.locked_at.is_not(None), places.newest())
    numbers = session.scalars(select(ReadingOrder.session).where(ReadingOrder.reader_id == reader_id))
    found = [
        session.scalar(query.where(Read.session == number).order_by(Read.locked_at.desc(), Read.id.desc()).limit(1))
        for number in numbers.all()
    ]
    return max((read for read in found if read), key=lambda read: (read.locked_at, read.id), default=None)


def streak(reader: Reader, at: datetime) -> tuple[int, datetime | None]:
    """Return how many reads were locked in a row without a break up to `at`, and when the first was locked."""
    if reader.last_lock_at is None or at - reader.last_lock_at > BREAK:
        return 0, None
    return reader.streak, reader.streak_began


def count_lock(reader: Reader, at: datetime) -> None:
    """Count a lock into the reader's streak."""
    before, began = streak(reader, at)
    reader.streak, reader.streak_began, reader.last_lock_at = before + 1, began or at, at


def is_newest(session: Session, read: Read) -> bool:
    """Tell whether no newer attempt has superseded a read."""
    return session.scalar(select(Read.id).where(Read.id == read.id, places.newest())) is not None


def newest_of_case(session: Session, reader_id: int, case_id: int) -> list[Read]:
    """Return the newest attempt of every read of one case that a reader has opened."""
    query = select(Read).where(Read.reader_id == reader_id, Read.case_id == case_id, places.newest())
    return list(session.scalars(query.order_by(Read.session, Read.id).execution_options(populate_existing=True)))


def gate(session: Session, queue: Queue, at: datetime) -> Gate:
    """Tell whether the first pending step may be read now: its session and, after a reset, its case."""
    if not queue.pending:
        return Gate(True, None, None)
    first = queue.pending[0]
    door = orders.session_open(session, queue.reader.id, first.session, at=at)
    if door.open and first.held is not None and first.held > at:
        said = f"What is left was read again in the session before; it opens on {first.held:%d %B %Y}."
        return Gate(False, first.held, said)
    return door


def open_step(session: Session, queue: Queue, at: datetime) -> Step | None:
    """Return the step a reader may work on now: the first pending one, if its session is open."""
    return queue.pending[0] if queue.pending and gate(session, queue, at).open else None


def _open_reads(session: Session, reader_id: int) -> list[Read]:
    query = select(Read).where(Read.reader_id == reader_id, Read.state == ReadState.OPEN, places.newest())
    return list(session.scalars(query.execution_options(populate_existing=True)))


def _steps_of(session: Session, study: Study, order: ReadingOrder, begun: list[Read]) -> list[Step]:
    """Return the steps of one session that are not locked: those begun, and the first of those not begun."""
    sequential = study.design == Design.SEQUENTIAL
    stands = places.of(session, order)
    held = _held(session, study, order)
    entries = places.unopened(session, order, stands, sequential=sequential, limit=AHEAD + len(held))
    wanted = [read.case_id for read in begun]
    if wanted:
        query = select(OrderEntry.case_id, OrderEntry.arm, OrderEntry.position, OrderEntry.practice)
        rows = session.execute(query.where(OrderEntry.order_id == order.id, OrderEntry.case_id.in_(wanted)))
        entries += [places.Entry(*row) for row in rows if row.case_id not in {entry.case_id for entry in entries}]
    reads = _reads_of(session, order, [entry.case_id for entry in entries])
    steps = []
    for entry in sorted(entries, key=lambda line: line.position):
        arms = places.SEQUENTIAL if sequential else (entry.arm,)
        for arm in arms:
            read = reads.get((entry.case_id, arm))
            if read is not None and read.state == ReadState.LOCKED:
                continue
            steps.append(
                Step(
                    case_id=entry.case_id,
                    arm=arm,
                    session=order.session,
                    position=entry.position,
                    practice=entry.practice,
                    last_phase=arm == arms[-1],
                    place=entry.position if entry.practice else entry.position - stands.practice,
                    of=stands.practice if entry.practice else stands.cases,
                    read=read,
                    held=held.get(entry.case_id),
                )
            )
    return steps


def _reads_of(session: Session, order: ReadingOrder, case_ids: list[int]) -> dict[tuple[int, str], Read]:
    query = select(Read).where(
        Read.reader_id == order.reader_id, Read.case_id.in_(case_ids), Read.session == order.session
    )
    rows = session.scalars(query.order_by(Read.attempt).execution_options(populate_existing=True))
    return {(row.case_id, row.arm): row for row in rows}


def _held(session: Session, study: Study, order: ReadingOrder) -> dict[int, datetime]:
    """Return the cases of a session that were locked so late in the one before that they wait longer than it."""
    if order.session == 1 or order.opens_at is None:
        return {}
    washout = timedelta(days=study.protocol.washout_days)
    query = (
        select(Read.case_id, func.max(Read.locked_at))
        .where(Read.reader_id == order.reader_id, Read.session == order.session - 1)
        .where(Read.locked_at > order.opens_at - washout, places.newest())
        .group_by(Read.case_id)
    )
    return {case_id: locked + washout for case_id, locked in session.execute(query) if locked}
