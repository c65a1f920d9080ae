"""The audit trail: append-only, each event sealed to the one before it."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from db import permissions
from db.models import Account, AuditEvent
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
    before = session.scalar(select(AuditEvent.seal).order_by(AuditEvent.id.desc()).limit(1)) or ""
    event = AuditEvent(at=at, actor_id=actor_id, kind=kind, study_id=study_id, detail=detail or {}, seal="")
    event.seal = _seal(before, event)
    session.add(event)
    session.flush()


def hold(session: Session) -> None:
    """Let nobody else append until this transaction ends; what others appended, and wrote with it, can then be seen.

    For verbs that look first and write then. SQLite lets one transaction at a time write anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": AUDIT_LOCK})


def events(session: Session, *, by: Actor, study_id: int | None = None, limit: int = 500) -> list[Event]:
    """Return the newest events first: of one study to those who manage it, of any or all to auditors."""
    if study_id is None or Task.AUDIT in permissions.tasks(session, by):
        permissions.require_task(session, by, Task.AUDIT)
    else:
        permissions.require(session, study_id, by, Right.MANAGE)
    query = select(AuditEvent, Account.username).outerjoin(Account, Account.id == AuditEvent.actor_id)
    if study_id is not None:
        query = query.where(AuditEvent.study_id == study_id)
    rows = session.execute(query.order_by(AuditEvent.id.desc()).limit(limit))
    return [Event(e.id, e.at, name, e.kind, e.study_id, e.detail) for e, name in rows]


def first_broken(session: Session) -> int | None:
    """Return the id of the first event whose seal does not follow from the one before it; None when whole."""
    before = ""
    for event in session.scalars(select(AuditEvent).order_by(AuditEvent.id)):
        if event.seal != _seal(before, event):
            return event.id
        before = event.seal
    return None


def _seal(before: str, event: AuditEvent) -> str:
    row = [event.at.isoformat(), event.actor_id, event.kind, event.study_id, event.detail]
    return hashlib.sha256((before + json.dumps(row, sort_keys=True)).encode()).hexdigest()
