"""The monitor's table of cases and readers, a page of cases at a time, and the locked reads of one case."""

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.study.words import Design, ReadState
from db import permissions
from db.models import Case, OrderEntry, Read, Reader, ReadingOrder, StudyCase
from db.permissions import Actor, Right
from db.study import places
from db.study.info import row
from db.study.monitor_types import Cell, LockedRead

PAGE = 100  # cases shown at once


@dataclass(frozen=True, slots=True)
class _Known:
    id: int
    number: int
    practice: bool


def cells(session: Session, study_id: int, *, by: Actor, skip: int = 0, limit: int = PAGE) -> tuple[Cell, ...]:
    """Return the cells of some cases, practice first, then by number; raises Forbidden."""
    permissions.require(session, study_id, by, Right.MONITOR)
    return of_cases(session, study_id, skip=skip, limit=limit)


def of_cases(session: Session, study_id: int, *, skip: int, limit: int) -> tuple[Cell, ...]:
    """Return the cells of some cases. For verbs of db only."""
    query = (
        select(Case.id, Case.number, StudyCase.practice)
        .join(StudyCase, StudyCase.case_id == Case.id)
        .where(StudyCase.study_id == study_id)
        .order_by(StudyCase.practice.desc(), Case.number)
    )
    shown = [_Known(*case) for case in session.execute(query.offset(skip).limit(limit))]
    ids = [case.id for case in shown]
    orders = {
        order.id: order.reader_id
        for order in session.scalars(
            select(ReadingOrder).join(Reader, Reader.id == ReadingOrder.reader_id).where(Reader.study_id == study_id)
        )
    }
    phases = 2 if row(session, study_id).design == Design.SEQUENTIAL else 1
    wanted: Counter[tuple[int, int]] = Counter()
    places_of = select(OrderEntry.order_id, OrderEntry.case_id)
    for order_id, case_id in session.execute(
        places_of.where(OrderEntry.order_id.in_(orders), OrderEntry.case_id.in_(ids))
    ):
        wanted[orders[order_id], case_id] += phases
    locked, opened, again = _states(session, set(orders.values()), ids)
    return tuple(
        Cell(
            reader_id=reader_id,
            case_number=case.number,
            practice=case.practice,
            locked=locked[reader_id, case.id],
            total=wanted[reader_id, case.id],
            open=(reader_id, case.id) in opened,
            resets=again[reader_id, case.id],
        )
        for reader_id in dict.fromkeys(orders.values())
        for case in shown
        if (reader_id, case.id) in wanted
    )


def _states(
    session: Session, readers: set[int], case_ids: list[int]
) -> tuple[Counter[tuple[int, int]], set[tuple[int, int]], Counter[tuple[int, int]]]:
    """Return by reader and case: reads locked, whether one is on the screen, and how many were made again."""
    columns = (Read.reader_id, Read.case_id, Read.session, Read.arm, Read.attempt, Read.state, Read.shown_at)
    query = select(*columns).where(Read.case_id.in_(case_ids), Read.reader_id.in_(readers)).order_by(Read.attempt)
    newest = {}
    again: Counter[tuple[int, int]] = Counter()
    for read in session.execute(query):
        newest[read.reader_id, read.case_id, read.session, read.arm] = read
        if read.attempt > 1:
            again[read.reader_id, read.case_id] += 1
    locked: Counter[tuple[int, int]] = Counter()
    opened = set()
    for read in newest.values():
        if read.state == ReadState.LOCKED:
            locked[read.reader_id, read.case_id] += 1
        elif read.shown_at is not None:
            opened.add((read.reader_id, read.case_id))
    return locked, opened, again


def locked_reads(
    session: Session, study_id: int, *, reader_id: int, case_number: int, by: Actor
) -> tuple[LockedRead, ...]:
    """Return the reads of one case that a reader has locked, by their newest attempts; raises Forbidden."""
    permissions.require(session, study_id, by, Right.MANAGE)
    query = (
        select(Read.id, Reader.pseudonym, Case.number, Read.session, Read.arm, Read.attempt, Read.locked_at)
        .join(Reader, Reader.id == Read.reader_id)
        .join(Case, Case.id == Read.case_id)
        .where(Reader.study_id == study_id, Reader.id == reader_id, Case.number == case_number)
        .where(Read.state == ReadState.LOCKED, places.newest())
        .order_by(Read.session, Read.id)
    )
    return tuple(LockedRead(*line) for line in session.execute(query))


def count(session: Session, study_id: int) -> int:
    """Return how many cases the table has. For verbs of db only."""
    return session.scalar(select(func.count()).where(StudyCase.study_id == study_id)) or 0
