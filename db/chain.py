"""One keyed chain over everything that counts: each link seals a row's content and the link before it.

Links are written when a transaction commits, whatever verb wrote the rows. The key (core.settings) is kept outside the
database, and the newest link is noted in a file beside it, so that a changed, added, removed or reordered row shows,
and a removed end too, even to somebody who can write to the database but has no key.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy import JSON, ColumnElement, Table, event, exists, insert, select, text, true, type_coerce
from sqlalchemy.orm import ORMExecuteState, Session

from core import clock
from core.study.words import ReadState
from db import anchor
from db.models import (
    AiMarks,
    AiRead,
    AuditEvent,
    Base,
    OrderEntry,
    Read,
    ReadingOrder,
    SliceScores,
    Study,
    Truth,
    TruthVote,
)
from db.models.base import ProtocolJson

COVERED: dict[str, type[Base]] = {  # in the order in which rows that were there before the chain are taken into it
    model.__tablename__: model
    for model in (Study, ReadingOrder, Truth, TruthVote, SliceScores, AiRead, AiMarks, Read, AuditEvent)
}
STUDY = ("id", "title", "design", "protocol", "seed", "ai_model_id", "ai_rule", "ai_parameters", "opened_at")
CHAIN_LOCK = 7_205_2024  # any number: on PostgreSQL one transaction at a time adds links, last of all before it commits
AT_ONCE = 500
BACKWARDS_S = 5.0  # seconds; machines that share a database may differ by less
TOUCHED, WHOLE = "chain_touched", "chain_whole"  # in Session.info: (table, id) written, and tables written in bulk
log = structlog.get_logger()
LINK = Base.metadata.tables["chain_links"]


@dataclass(frozen=True, slots=True)
class Broken:
    """One thing that is not as the chain says."""

    table: str
    id: int
    what: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check of the whole chain gave: `events` links, what is broken, and the head to compare elsewhere."""

    events: int
    broken: list[Broken]
    head: str


def head(session: Session) -> str:
    """Return the newest link as number:seal, to be printed and kept elsewhere; empty when there is none."""
    newest = session.execute(select(LINK.c.id, LINK.c.seal).order_by(LINK.c.id.desc()).limit(1)).first()
    return f"{newest.id}:{newest.seal}" if newest else ""


def seconds_behind(session: Session, *, at: datetime) -> float:
    """Return how far `at` lies before the newest link: more than a moment where the clock was set back."""
    newest = session.scalar(select(LINK.c.at).order_by(LINK.c.id.desc()).limit(1))
    return max(0.0, (newest - at).total_seconds()) if newest is not None else 0.0


def verify(session: Session, *, head: str = "") -> Verdict:
    """Recompute every seal and compare every row; with a head from elsewhere, also that the chain goes through it."""
    key, broken, latest, count = anchor.key(session), list[Broken](), dict[tuple[str, int], str](), 0
    heads = _anchored(session, head)
    before, expected, newest = "", 1, ""
    for link in session.execute(select(LINK).order_by(LINK.c.id).execution_options(yield_per=2000)):
        if link.id != expected:
            broken.append(Broken("chain", expected, f"links {expected} to {link.id - 1} are missing"))
        if link.seal != _seal(key, before, link.id, link.table_name, link.row_id, link.digest, link.at):
            broken.append(Broken(link.table_name, link.row_id, f"link {link.id} was altered, added or moved"))
        for source, wanted in heads.items():
            if link.id == wanted[0] and link.seal != wanted[1]:
                broken.append(Broken("chain", link.id, f"the chain is not the one that {source} was made from"))
        latest[link.table_name, link.row_id] = link.digest
        before, expected, newest, count = link.seal, link.id + 1, f"{link.id}:{link.seal}", count + 1
    for source, (number, _) in heads.items():
        if number >= expected:
            broken.append(Broken("chain", number, f"the chain ends at link {expected - 1}; {source} knows {number}"))
    broken += _rows_differ(session, latest)
    return Verdict(count, broken, newest)


def adopt(session: Session) -> int:
    """Take rows that were written before there was a chain into it; return how many."""
    session.info[WHOLE] = set(COVERED)
    return _write(session)


def _anchored(session: Session, head: str) -> dict[str, tuple[int, str]]:
    found = {}
    for source, noted in (("the file chain.head", anchor.noted(session)), ("the head given", head)):
        number, _, seal = noted.partition(":")
        if number.isdecimal() and seal:
            found[source] = (int(number), seal)
    return found


def _rows_differ(session: Session, latest: dict[tuple[str, int], str]) -> Iterator[Broken]:
    seen = set()
    for name in COVERED:
        for ids in _some(session.scalars(_ids(name).order_by(_table(name).c.id)).all()):
            for row_id, digest in _digests(session, name, ids).items():
                seen.add((name, row_id))
                if (name, row_id) not in latest:
                    yield Broken(name, row_id, "this row was added without the chain")
                elif latest[name, row_id] != digest:
                    yield Broken(name, row_id, "this row is not as it was written")
    for name, row_id in sorted(latest.keys() - seen):
        yield Broken(name, row_id, "this row was removed")


def _some(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[at : at + AT_ONCE] for at in range(0, len(ids), AT_ONCE))


def _table(name: str) -> Table:
    return Base.metadata.tables[name]


def _ids(name: str) -> Any:
    """Return the query of the ids that the chain covers: reads once locked, studies once opened, else every row."""
    return select(_table(name).c.id).where(_covered(name))


def _covered(name: str) -> ColumnElement[bool]:
    table = _table(name)
    if name == "reads":
        return table.c.state == ReadState.LOCKED
    return table.c.opened_at.is_not(None) if name == "studies" else true()


def _columns(name: str) -> list[ColumnElement[Any]]:
    """Return the columns that count. A protocol is taken as it stands in the database: its parsing may change."""
    kept = [column for column in _table(name).c if name != "studies" or column.name in STUDY]
    return [type_coerce(c, JSON).label(c.name) if isinstance(c.type, ProtocolJson) else c for c in kept]


def _digests(session: Session, name: str, ids: Iterable[int]) -> dict[int, str]:
    """Return the digest of each covered row with these ids. An empty column counts for nothing: new ones may come."""
    columns, table, wanted = _columns(name), _table(name), list(ids)
    rows = session.execute(select(*columns).where(table.c.id.in_(wanted), _covered(name)))
    found = {row.id: {c.name: getattr(row, c.name) for c in columns} for row in rows}
    if name == "reading_orders":
        entry = _table("order_entries")
        places = select(entry).where(entry.c.order_id.in_(wanted)).order_by(entry.c.order_id, entry.c.position)
        for place in session.execute(places):
            if place.order_id in found:
                one = [place.id, place.position, place.case_id, place.arm, place.practice]
                found[place.order_id].setdefault("entries", []).append(one)
    return {row_id: _digest(name, row) for row_id, row in found.items()}


def _digest(name: str, row: dict[str, Any]) -> str:
    given = {key: _plain(value) for key, value in row.items() if value is not None}
    return hashlib.sha256(json.dumps([name, given], sort_keys=True).encode()).hexdigest()


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


def _seal(key: bytes, before: str, number: int, name: str, row_id: int, digest: str, at: datetime) -> str:
    sealed = json.dumps([before, number, name, row_id, digest, _plain(at)])
    return hmac.new(key, sealed.encode(), hashlib.sha256).hexdigest()


def _write(session: Session) -> int:
    """Add a link for every row written since the last one; return how many."""
    touched: set[tuple[str, int]] = session.info.pop(TOUCHED, set())
    whole: set[str] = session.info.pop(WHOLE, set())
    if not touched and not whole:
        return 0
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": CHAIN_LOCK})
    key, at = anchor.key(session), clock.now()
    behind = seconds_behind(session, at=at)
    if behind > BACKWARDS_S:  # once: the link that follows bears the new time
        log.error("the clock was set back", seconds=round(behind))
        told = AuditEvent(at=at, actor_id=None, kind="clock set back", study_id=None, detail={"seconds": round(behind)})
        session.add(told)
        session.flush()
        touched |= session.info.pop(TOUCHED, set())
    number, _, before = head(session).partition(":")
    last = int(number or 0)
    for name in COVERED:
        ids = {row_id for table, row_id in touched if table == name}
        if name in whole:
            linked = exists().where(LINK.c.table_name == name, LINK.c.row_id == _table(name).c.id)
            ids |= set(session.scalars(_ids(name).where(~linked)))
        for some in _some(sorted(ids)):
            links = []
            for row_id, digest in sorted(_digests(session, name, some).items()):
                last += 1
                before = _seal(key, before, last, name, row_id, digest, at)
                links.append(
                    {"id": last, "at": at, "table_name": name, "row_id": row_id, "digest": digest, "seal": before}
                )
            if links:
                session.execute(insert(LINK), links)
    if last > int(number or 0):
        anchor.prepare(session, f"{last}:{before}", _continues(session))
    return last - int(number or 0)


def _continues(session: Session) -> bool:
    """Tell whether the chain goes through the link noted last; else the note stays, as the witness of what was."""
    number, _, seal = anchor.noted(session).partition(":")
    if not number.isdecimal():
        return True
    return session.scalar(select(LINK.c.seal).where(LINK.c.id == int(number))) == seal


def _after_flush(session: Session, _: Any) -> None:
    touched = session.info.setdefault(TOUCHED, set())
    for row in [*session.new, *session.dirty]:
        if isinstance(row, OrderEntry):
            touched.add(("reading_orders", row.order_id))
        elif getattr(row, "__tablename__", "") in COVERED:
            touched.add((row.__tablename__, row.id))


def _before_commit(session: Session) -> None:
    if not session.in_nested_transaction():
        session.flush()
        _write(session)


def _on_execute(state: ORMExecuteState) -> None:
    if (state.is_insert or state.is_update) and state.bind_mapper is not None:
        name = str(state.bind_mapper.class_.__tablename__)
        name = "reading_orders" if name == "order_entries" else name
        if name in COVERED:
            state.session.info.setdefault(WHOLE, set()).add(name)


event.listen(Session, "after_flush", _after_flush)
event.listen(Session, "before_commit", _before_commit)
event.listen(Session, "do_orm_execute", _on_execute)
event.listen(Session, "after_commit", anchor.note)
event.listen(Session, "after_rollback", anchor.forget)
