"""How the installation is: what it holds, how fast the AI reads, what failed. Counts and reasons, no answers."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from core.study.words import ReadState, StudyState
from db import audit, permissions
from db.ai.workers import workers
from db.models import Account, AiModel, AiRead, Case, Read, Series, Study
from db.permissions import Actor, Task

ALIVE = timedelta(minutes=2)  # a worker beats far more often
SHOWN = 50  # failures


@dataclass(frozen=True, slots=True)
class WorkerState:
    """A worker: its device, its last sign of life, and whether that is recent."""

    name: str
    device: str
    beat_at: datetime
    alive: bool


@dataclass(frozen=True, slots=True)
class Failure:
    """An AI read that ended without a call, and why."""

    case_number: int
    model: str
    why: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SystemState:
    """What the database tells. `database` names the engine; sizes in bytes, `ai_seconds` the mean of the last day."""

    database: str
    database_bytes: int
    accounts: int
    studies: int
    open_studies: int
    cases: int
    locked_reads: int
    locked_last_hour: int
    ai_reads: int
    ai_last_hour: int
    ai_last_day: int
    ai_failures: int
    ai_seconds: float | None
    workers: tuple[WorkerState, ...]
    failures: tuple[Failure, ...]


def state(session: Session, *, by: Actor, at: datetime) -> SystemState:
    """Return how the installation is, to administrators; raises Forbidden."""
    permissions.require_task(session, by, Task.SYSTEM)

    def count(column: object, *where: object) -> int:
        return session.scalar(select(func.count(column)).where(*where)) or 0  # type: ignore[arg-type]  # any column

    day, hour = at - timedelta(days=1), at - timedelta(hours=1)
    found = workers(session)
    return SystemState(
        database=_engine(session),
        database_bytes=_size(session),
        accounts=count(Account.id, Account.disabled_at.is_(None)),
        studies=count(Study.id, Study.deleted_at.is_(None)),
        open_studies=count(Study.id, Study.state == StudyState.OPEN),
        cases=count(Case.id),
        locked_reads=count(Read.id, Read.state == ReadState.LOCKED),
        locked_last_hour=count(Read.id, Read.locked_at > hour),
        ai_reads=count(AiRead.id),
        ai_last_hour=count(AiRead.id, AiRead.at > hour),
        ai_last_day=count(AiRead.id, AiRead.at > day),
        ai_failures=count(AiRead.id, AiRead.failure.is_not(None)),
        ai_seconds=session.scalar(select(func.avg(AiRead.seconds)).where(AiRead.at > day)),
        workers=tuple(WorkerState(name, device, beat, at - beat < ALIVE) for name, beat, device in found),
        failures=_failures(session),
    )


def note_retry(session: Session, series_id: int, model: str, *, by: Actor, at: datetime) -> None:
    """Let an administrator ask for a broken AI read again, and note it; raises Forbidden."""
    permissions.require_task(session, by, Task.SYSTEM)
    detail = {"series": series_id, "model": model}
    audit.record(session, kind="AI read asked for again", at=at, actor_id=permissions.person(by), detail=detail)


def _failures(session: Session) -> tuple[Failure, ...]:
    query = (
        select(Case.number, AiModel.name, AiModel.version, AiRead.failure, AiRead.at)
        .join(Series, Series.id == AiRead.series_id)
        .join(Case, Case.id == Series.case_id)
        .join(AiModel, AiModel.id == AiRead.model_id)
        .where(AiRead.failure.is_not(None))
        .order_by(AiRead.id.desc())
        .limit(SHOWN)
    )
    rows = session.execute(query)
    return tuple(Failure(number, f"{name} {version}", why or "", at) for number, name, version, why, at in rows)


def _engine(session: Session) -> str:
    bind = session.get_bind()
    asked = "SELECT sqlite_version()" if bind.dialect.name == "sqlite" else "SHOW server_version"
    return f"{'SQLite' if bind.dialect.name == 'sqlite' else 'PostgreSQL'} {session.scalar(text(asked))}"


def _size(session: Session) -> int:
    if session.get_bind().dialect.name == "sqlite":
        pages, each = session.scalar(text("PRAGMA page_count")), session.scalar(text("PRAGMA page_size"))
        return int(pages) * int(each)
    return int(session.scalar(text("SELECT pg_database_size(current_database())")) or 0)
