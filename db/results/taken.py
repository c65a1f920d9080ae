"""What is taken away from a study: every export, report and download is an event, and so a link of the chain."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from db import audit, permissions
from db.permissions import Actor, Right, Task, person


def results(session: Session, study_id: int, what: str, *, by: Actor, at: datetime, **detail: Any) -> None:
    """Note that `what` was made of a study's results (report, csv, json, ...); raises Forbidden without the right."""
    permissions.require(session, study_id, by, Right.RESULTS)
    _note(session, "results exported", what, study_id, by, at, detail)


def orders(session: Session, study_id: int, *, by: Actor, at: datetime) -> None:
    """Note that the reading orders were downloaded by who manages a study; raises Forbidden."""
    permissions.require(session, study_id, by, Right.MANAGE)
    _note(session, "orders downloaded", "csv", study_id, by, at, {})


def trail(session: Session, what: str, *, by: Actor, at: datetime, study_id: int | None = None, **detail: Any) -> None:
    """Note that the audit trail was exported, of one study by who manages it or of all by auditors."""
    if study_id is None or Task.AUDIT in permissions.tasks(session, by):
        permissions.require_task(session, by, Task.AUDIT)
    else:
        permissions.require(session, study_id, by, Right.MANAGE)
    _note(session, "audit trail exported", what, study_id, by, at, detail)


def register(session: Session, *, by: int, at: datetime, entries: int) -> None:
    """Note that a case register, read by `by` before, was downloaded as a table."""
    permissions.active(session, by)
    _note(session, "register downloaded", "csv", None, by, at, {"entries": entries})


def _note(
    session: Session, kind: str, what: str, study_id: int | None, by: Actor, at: datetime, detail: dict[str, Any]
) -> None:
    given = {name: value for name, value in detail.items() if value not in (None, "", (), [])}
    audit.record(session, kind=kind, at=at, actor_id=person(by), study_id=study_id, detail={"format": what, **given})
