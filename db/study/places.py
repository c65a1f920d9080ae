"""Where a reader stands in a stored order: kept as reads open, so that no request looks through all cases."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, exists, func, literal, literal_column, select
from sqlalchemy.orm import Session, aliased

from core.study.words import Arm, ReadState
from db.models import OrderEntry, Read, ReaderPlace, ReadingOrder

SEQUENTIAL = (Arm.UNAIDED, Arm.AIDED)


@dataclass(frozen=True, slots=True)
class Entry:
    """One place of an order: which case, in which arm."""

    case_id: int
    arm: Arm
    position: int
    practice: bool


def of(session: Session, order: ReadingOrder) -> ReaderPlace:
    """Return where the reader of an order stands, as stored; counted now where nothing is stored yet."""
    stored = session.get(ReaderPlace, order.id)
    if stored is not None:
        return stored
    query = select(OrderEntry.practice, func.count()).where(OrderEntry.order_id == order.id)
    counts: dict[bool, int] = {practice: n for practice, n in session.execute(query.group_by(OrderEntry.practice))}
    return ReaderPlace(order_id=order.id, practice=counts.get(True, 0), cases=counts.get(False, 0), next_position=1)


def keep(session: Session, reader_id: int) -> None:
    """Store where a reader stands in each of their orders, where that is not stored yet."""
    there = select(ReaderPlace.order_id).where(ReaderPlace.order_id == ReadingOrder.id)
    for order in session.scalars(
        select(ReadingOrder).where(ReadingOrder.reader_id == reader_id, ~there.exists())
    ).all():
        session.add(of(session, order))
    session.flush()


def advance(session: Session, order: ReadingOrder, *, sequential: bool) -> None:
    """Note that a read was opened: the place moves on over all that have their reads."""
    place = session.get(ReaderPlace, order.id)
    if place is None:
        return
    found = unopened(session, order, place, sequential=sequential, limit=1)
    place.next_position = found[0].position if found else place.practice + place.cases + 1


def unopened(session: Session, order: ReadingOrder, place: ReaderPlace, *, sequential: bool, limit: int) -> list[Entry]:
    """Return the first places of an order of which a read was not opened yet, from where the reader stands."""
    last_arm = literal(Arm.AIDED.value) if sequential else OrderEntry.arm
    opened = exists().where(
        Read.reader_id == order.reader_id,
        Read.case_id == OrderEntry.case_id,
        Read.arm == last_arm,
        Read.session == order.session,
    )
    query = (
        select(OrderEntry.case_id, OrderEntry.arm, OrderEntry.position, OrderEntry.practice)
        .where(OrderEntry.order_id == order.id, OrderEntry.position >= place.next_position, ~opened)
        .order_by(OrderEntry.position)
        .limit(limit)
    )
    return [Entry(*row) for row in session.execute(query)]


def finished(session: Session, order: ReadingOrder, *, sequential: bool) -> bool:
    """Tell whether every read of an order is locked, by its newest attempt."""
    if unopened(session, order, of(session, order), sequential=sequential, limit=1):
        return False
    still = select(Read.id).where(Read.reader_id == order.reader_id, Read.state == ReadState.OPEN)
    return session.scalar(still.where(Read.session == order.session, newest()).limit(1)) is None


def superseded(reader_id: int) -> Select[int]:
    """Return the query of a reader's reads that a newer attempt has superseded; it looks at repeated reads only."""
    newer = aliased(Read)
    return (
        select(Read.id)
        .join(
            newer,
            and_(
                newer.reader_id == Read.reader_id,
                newer.case_id == Read.case_id,
                newer.arm == Read.arm,
                newer.session == Read.session,
                newer.attempt > Read.attempt,
            ),
        )
        .where(newer.reader_id == reader_id, newer.attempt > literal_column("1"))  # as the partial index says it
    )


def newest() -> ColumnElement[bool]:
    """Return the condition on Read that leaves the newest attempt of each."""
    newer = aliased(Read)
    return ~exists().where(
        newer.reader_id == Read.reader_id,
        newer.case_id == Read.case_id,
        newer.arm == Read.arm,
        newer.session == Read.session,
        newer.attempt > Read.attempt,
    )
