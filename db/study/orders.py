"""Stored reading orders: made once when a study opens, read ever after, never recomputed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.errors import Conflict, NotFound
from core.study.joining import Standing, joining_orders
from core.study.orders import Place, Plan, make_orders
from core.study.words import Design
from db import permissions
from db.models import Case, OrderEntry, Read, Reader, ReaderGroup, ReadingOrder, Study, StudyCase, Truth
from db.permissions import Actor, Right
from db.study.info import row
from db.study.places import finished


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One place of a stored order; positions count from 1, practice cases included."""

    reader_id: int
    pseudonym: str
    session: int
    position: int
    case_number: int
    arm: str
    practice: bool


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether a session may be read now. `opens_at` is the date when that is settled and still ahead."""

    open: bool
    opens_at: datetime | None
    message: str | None


def plan(session: Session, study_id: int) -> Plan:
    """Return what the orders of a study are made from: its active readers by group, cases and design."""
    study = row(session, study_id)
    protocol = study.protocol
    readers = session.scalars(
        select(Reader.id)
        .join(ReaderGroup, ReaderGroup.id == Reader.group_id)
        .where(Reader.study_id == study_id, Reader.withdrawn_at.is_(None))
        .order_by(ReaderGroup.position, Reader.id)
    ).all()
    links = session.execute(
        select(StudyCase.case_id, StudyCase.practice).where(StudyCase.study_id == study_id).order_by(StudyCase.case_id)
    ).all()
    cases = tuple(case_id for case_id, practice in links if not practice)
    needed = protocol.stratified_orders or not protocol.allocation.crossed
    truths = _truths(session, study_id) if needed else {}
    return Plan(
        readers=tuple(readers),
        cases=cases,
        practice=tuple(case_id for case_id, practice in links if practice),
        design=study.design,
        independent_arm=protocol.independent_arm,
        crossover_unit=protocol.crossover_unit,
        strata={case_id: truths.get(case_id, "") for case_id in cases} if protocol.stratified_orders else None,
        allocation=protocol.allocation,
        truths=truths,
    )


def planned(session: Session, study_id: int, *, by: Actor) -> Plan:
    """Return what the orders of a study would be made from now, to those who manage it; raises Forbidden."""
    permissions.require(session, study_id, by, Right.MANAGE)
    return plan(session, study_id)


def make(session: Session, study_id: int, *, seed: int, at: datetime) -> int:
    """Make and store every order of a study and return how many; raises Conflict when there are orders already.

    Called by the opening of the study, inside its transaction.
    """
    there = select(func.count()).select_from(ReadingOrder).join(Reader, Reader.id == ReadingOrder.reader_id)
    if session.scalar(there.where(Reader.study_id == study_id)):
        raise Conflict("The orders of this study are made already; they are never made again.")
    made = make_orders(plan(session, study_id), seed=seed)
    for (reader_id, number), places in made.items():
        _store(session, study_id, reader_id, number, places, seed=seed, at=at)
    return len(made)


def make_joining(session: Session, study_id: int, reader_id: int, *, seed: int, at: datetime) -> None:
    """Make and store the orders of a reader who joins an open study; the orders that stand are not touched.

    Raises InvalidInput when the cases allow no order that nobody else has.
    """
    joining = session.get_one(Reader, reader_id)
    found = _stored(session, study_id)
    standing = [
        Standing(tuple(tuple(by_session[n]) for n in sorted(by_session)), reader.group_id == joining.group_id)
        for reader, by_session in found
        if reader.withdrawn_at is None
    ]
    taken = {
        tuple(place.case_id for place in order if not place.practice)
        for _, by_session in found
        for order in by_session.values()
    }
    made = joining_orders(plan(session, study_id), standing, taken, seed=seed)
    for number, places in enumerate(made, start=1):
        _store(session, study_id, reader_id, number, places, seed=seed, at=at)


def _stored(session: Session, study_id: int) -> list[tuple[Reader, dict[int, list[Place]]]]:
    query = (
        select(Reader, ReadingOrder.session, OrderEntry)
        .join(ReadingOrder, ReadingOrder.reader_id == Reader.id)
        .join(OrderEntry, OrderEntry.order_id == ReadingOrder.id)
        .where(Reader.study_id == study_id)
        .order_by(Reader.id, ReadingOrder.session, OrderEntry.position)
    )
    made: dict[int, tuple[Reader, dict[int, list[Place]]]] = {}
    for reader, number, entry in session.execute(query):
        _, by_session = made.setdefault(reader.id, (reader, {}))
        by_session.setdefault(number, []).append(Place(entry.case_id, entry.arm, entry.practice))
    return list(made.values())


def _store(
    session: Session,
    study_id: int,
    reader_id: int,
    number: int,
    places: Sequence[Place],
    *,
    seed: int,
    at: datetime,
) -> None:
    washout = timedelta(days=row(session, study_id).protocol.washout_days)
    # the earliest date a later session can have; `settle` moves it on once the one before is finished
    opens_at = at + (number - 1) * washout
    order = ReadingOrder(reader_id=reader_id, session=number, seed=seed, opens_at=opens_at, made_at=at)
    session.add(order)
    session.flush()
    session.add_all(
        OrderEntry(order_id=order.id, position=n, case_id=place.case_id, arm=place.arm, practice=place.practice)
        for n, place in enumerate(places, start=1)
    )
    session.flush()


def table(session: Session, study_id: int, *, by: Actor) -> list[OrderRow]:
    """Return every place of every stored order, by reader, session and position; raises Forbidden."""
    permissions.require(session, study_id, by, Right.MANAGE)
    query = (
        select(OrderEntry, ReadingOrder.session, Reader.id, Reader.pseudonym, Case.number)
        .join(ReadingOrder, ReadingOrder.id == OrderEntry.order_id)
        .join(Reader, Reader.id == ReadingOrder.reader_id)
        .join(Case, Case.id == OrderEntry.case_id)
        .where(Reader.study_id == study_id)
        .order_by(Reader.id, ReadingOrder.session, OrderEntry.position)
    )
    return [
        OrderRow(reader_id, pseudonym, number, entry.position, case, entry.arm, entry.practice)
        for entry, number, reader_id, pseudonym, case in session.execute(query)
    ]


def session_open(session: Session, reader_id: int, session_no: int, *, at: datetime) -> Gate:
    """Tell whether a reader may read a session now; only looks.

    The first is open with the study. A later one opens when everything before it is locked and the washout, counted
    from the last of those locks, is over. `settle` stores that date.
    """
    order = _order(session, reader_id, session_no)
    opens_at = order.opens_at
    if session_no > 1:
        if _began(session, reader_id, session_no):
            return Gate(True, None, None)  # a read reset in the session before does not close it again
        due = _due(session, reader_id, session_no)
        if due is None:
            return Gate(False, None, f"Session {session_no} opens after session {session_no - 1} is finished.")
        opens_at = max((date for date in (due, opens_at) if date is not None), default=None)
    if opens_at is not None and opens_at > at:
        return Gate(False, opens_at, f"Session {session_no} opens on {opens_at:%d %B %Y}.")
    return Gate(True, None, None)


def settle(session: Session, reader_id: int) -> None:
    """Store when the reader's next session opens, once the one before is locked whole. To be called after every lock.

    A reset read that is locked again moves the date on, as long as the next session has not begun: its case must not
    be seen again too early.
    """
    query = select(ReadingOrder).where(ReadingOrder.reader_id == reader_id, ReadingOrder.session > 1)
    for order in session.scalars(query.order_by(ReadingOrder.session)):
        if _began(session, reader_id, order.session):
            continue
        due = _due(session, reader_id, order.session)
        if due is not None and (order.opens_at is None or due > order.opens_at):
            order.opens_at = due
    session.flush()


def _began(session: Session, reader_id: int, session_no: int) -> bool:
    query = select(Read.id).where(Read.reader_id == reader_id, Read.session == session_no).limit(1)
    return session.scalar(query) is not None


def _order(session: Session, reader_id: int, session_no: int) -> ReadingOrder:
    found = session.scalar(
        select(ReadingOrder).where(ReadingOrder.reader_id == reader_id, ReadingOrder.session == session_no)
    )
    if found is None:
        raise NotFound("This reader has no order for that session.")
    return found


def _due(session: Session, reader_id: int, session_no: int) -> datetime | None:
    """Return the last lock of the session before plus the washout, or None while anything of it is not locked."""
    before = _order(session, reader_id, session_no - 1)
    study = session.get_one(Study, session.get_one(Reader, reader_id).study_id)
    if not finished(session, before, sequential=study.design == Design.SEQUENTIAL):
        return None
    last = select(func.max(Read.locked_at)).where(Read.reader_id == reader_id, Read.session == session_no - 1)
    locked = session.scalar(last)
    return None if locked is None else locked + timedelta(days=study.protocol.washout_days)


def _truths(session: Session, study_id: int) -> dict[int, str]:
    query = select(Truth.case_id, Truth.class_code).where(Truth.study_id == study_id).order_by(Truth.version)
    return {case_id: code for case_id, code in session.execute(query)}  # the newest version is the last
