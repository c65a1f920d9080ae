"""The audit trail: append-only, each event sealed in the chain (db/chain.py)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.orm import Session

from db import permissions
from db.models import Account, AuditEvent, Study
from db.permissions import Actor, Right, Task

AUDIT_LOCK = 7_205_2023  # any number: on PostgreSQL one transaction at a time appends


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `detail` never holds identifiers."""

    id: int
    at: datetime
    actor: str | None
    kind: str
    study_id: int | None
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events to show; what is not given restricts nothing."""

    who: str | None = None
    kinds: tuple[str, ...] = ()
    study_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Choices:
    """What occurs in the trail: user names, kinds of events, studies by id."""

    people: list[str]
    kinds: list[str]
    studies: dict[int, str]


def record(
    session: Session,
    *,
    kind: str,
    at: datetime,
    actor_id: int | None = None,
    study_id: int | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """Append one event in the caller's transaction."""
    hold(session)
    session.add(AuditEvent(at=at, actor_id=actor_id, kind=kind, study_id=study_id, detail=detail or {}))
    session.flush()


def hold(session: Session) -> None:
    """Let nobody else append until this transaction ends; what others appended, and wrote with it, can then be seen.

    For verbs that look first and write then. SQLite lets one transaction at a time write anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": AUDIT_LOCK})


def events(session: Session, *, by: Actor, study_id: int | None = None, limit: int = 500) -> list[Event]:
    """Return the newest events first: of one study to those who manage it, of any or all to auditors."""
    return find(session, Filter(study_id=study_id), by=by, limit=limit)


def find(session: Session, asked: Filter, *, by: Actor, limit: int | None = None, skip: int = 0) -> list[Event]:
    """Return the events that a filter lets through, the newest first."""
    _require(session, asked, by)
    query = select(AuditEvent, Account.username).outerjoin(Account, Account.id == AuditEvent.actor_id)
    query = query.where(*_conditions(asked)).order_by(AuditEvent.id.desc()).limit(limit).offset(skip)
    return [Event(e.id, e.at, name, e.kind, e.study_id, e.detail) for e, name in session.execute(query)]


def count(session: Session, asked: Filter, *, by: Actor) -> int:
    """Return how many events a filter lets through."""
    _require(session, asked, by)
    query = select(func.count(AuditEvent.id)).outerjoin(Account, Account.id == AuditEvent.actor_id)
    return session.scalar(query.where(*_conditions(asked))) or 0


def choices(session: Session, *, by: Actor) -> Choices:
    """Return what the whole trail can be filtered by."""
    _require(session, Filter(), by)
    acted = select(Account.username).where(Account.id.in_(select(AuditEvent.actor_id).distinct()))
    titles = session.execute(select(Study.id, Study.title).order_by(Study.id))
    return Choices(
        people=list(session.scalars(acted.order_by(Account.username))),
        kinds=list(session.scalars(select(AuditEvent.kind).distinct().order_by(AuditEvent.kind))),
        studies={study_id: title for study_id, title in titles},
    )


def _require(session: Session, asked: Filter, by: Actor) -> None:
    if asked.study_id is None or Task.AUDIT in permissions.tasks(session, by):
        permissions.require_task(session, by, Task.AUDIT)
    else:
        permissions.require(session, asked.study_id, by, Right.MANAGE)


def _conditions(asked: Filter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if asked.who is not None:
        found.append(Account.username == asked.who)
    if asked.kinds:
        found.append(AuditEvent.kind.in_(asked.kinds))
    if asked.study_id is not None:
        found.append(AuditEvent.study_id == asked.study_id)
    if asked.since is not None:
        found.append(AuditEvent.at >= asked.since)
    if asked.until is not None:
        found.append(AuditEvent.at <= asked.until)
    return found
