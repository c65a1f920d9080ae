"""Signs of life of the processes that read with the AI."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Worker


def beat(session: Session, *, worker: str, device: str, at: datetime) -> None:
    """Record a worker's sign of life."""
    row = session.get(Worker, worker)
    if row is None:
        session.add(Worker(name=worker, beat_at=at, device=device))
    else:
        row.beat_at, row.device = at, device


def workers(session: Session) -> list[tuple[str, datetime, str]]:
    """Return (name, last sign of life, device) of every worker ever seen."""
    return [(w.name, w.beat_at, w.device) for w in session.scalars(select(Worker).order_by(Worker.name))]
