"""Times of reads for the monitor: the usual seconds of a reader, and reads that stand out. All of it by one index."""

from statistics import median

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from core.study.words import ReadState
from db.models import Case, Read, Reader
from db.study import places
from db.study.monitor_types import Outlier

IDLE_SHARE = 0.5  # of the raw time of a read; beyond, its active time deserves a look
IDLE_AT_LEAST_S = 120.0
SLOW_TIMES = 5.0  # a read over so many times the reader's median stands out
ENOUGH = 3  # reads that give a pace
MOST = 200  # reads that stand out, of one reader: more are no exceptions

ACTIVE, RAW = func.coalesce(Read.active_seconds, 0.0), func.coalesce(Read.raw_seconds, 0.0)


def usual_seconds(session: Session, reader_id: int, locked: int) -> float | None:
    """Return the median active seconds of a reader's `locked` reads, practice left out; None for too few."""
    if locked < ENOUGH:
        return None
    query = select(Read.active_seconds).where(*_done(reader_id)).order_by(Read.active_seconds.nulls_first())
    middle = session.scalars(query.offset((locked - 1) // 2).limit(2 - locked % 2)).all()
    return median(seconds or 0.0 for seconds in middle) if middle else None


def outliers(session: Session, reader: Reader, usual: float | None, *, least: int) -> list[Outlier]:
    """Return the reads of one reader that are too fast, mostly idle or very slow, oldest first; MOST at most."""
    idle = and_(RAW - ACTIVE > IDLE_SHARE * RAW, RAW - ACTIVE >= IDLE_AT_LEAST_S)
    odd = [least > ACTIVE, idle] + ([SLOW_TIMES * usual < ACTIVE] if usual is not None else [])
    # the index alone answers this; the rows of those few that stand out are looked up afterwards
    ids = session.scalars(select(Read.id).where(*_done(reader.id), or_(*odd)).order_by(Read.id).limit(MOST)).all()
    query = (
        select(Read.id, Case.number, Read.session, Read.arm, ACTIVE, RAW)
        .join(Case, Case.id == Read.case_id)
        .where(Read.id.in_(ids))
        .order_by(Read.id)
    )
    return [
        Outlier(read_id, reader.id, reader.pseudonym, number, part, arm, _kind(active, raw, least), active, raw)
        for read_id, number, part, arm, active, raw in session.execute(query)
    ]


def _kind(active: float, raw: float, least: int) -> str:
    if active < least:
        return "too fast"
    idle = raw - active
    return "mostly idle" if idle > IDLE_SHARE * raw and idle >= IDLE_AT_LEAST_S else "very slow"


def _done(reader_id: int) -> tuple[ColumnElement[bool], ...]:
    again = places.superseded(reader_id)
    return Read.reader_id == reader_id, Read.state == ReadState.LOCKED, ~Read.practice, Read.id.not_in(again)
