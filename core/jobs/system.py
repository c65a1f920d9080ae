"""How the installation is, with what the database alone does not know: the queue, the disk, the versions."""

import platform
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version

from core import __version__
from core.jobs import queue
from core.jobs.queue import FailedJob, Job
from core.settings import settings
from db import system
from db.engine import Session, open_view
from db.permissions import Actor
from db.system import SystemState

PACKAGES = ("streamlit", "torch", "sqlalchemy", "dbos", "pydicom", "plotly")


@dataclass(frozen=True, slots=True)
class Disk:
    """Where something is stored; bytes, None where it is no folder of this machine."""

    what: str
    place: str
    free: int | None
    total: int | None


@dataclass(frozen=True, slots=True)
class Installation:
    """Everything the system page shows. `finish` is when the queue is done at the pace of the last hour."""

    state: SystemState
    waiting: tuple[Job, ...]
    failed: tuple[FailedJob, ...]
    finish: datetime | None
    disks: tuple[Disk, ...]
    versions: tuple[tuple[str, str], ...]


def installation(*, by: Actor, at: datetime) -> Installation:
    """Return how the installation is, to administrators; raises Forbidden."""
    with open_view() as session:
        state = system.state(session, by=by, at=at)
    waiting = tuple(queue.unfinished())
    return Installation(
        state=state,
        waiting=waiting,
        failed=tuple(queue.failed()),
        finish=finish_at(len(waiting), state.ai_last_hour, at),
        disks=(_disk("Data folder", str(settings().data_dir)), _disk("Volumes", settings().storage)),
        versions=(("Parallax", __version__), ("Python", platform.python_version()), *_packages()),
    )


def retry(session: Session, job: FailedJob, *, by: Actor, at: datetime) -> None:
    """Ask for an AI read that broke off again, as an administrator; raises Forbidden."""
    model = f"{job.model_name} {job.model_version}"
    system.note_retry(session, job.series_id, model, by=by, at=at)
    queue.enqueue(session, series_id=job.series_id, model_name=job.model_name, model_version=job.model_version)


def finish_at(waiting: int, last_hour: int, at: datetime) -> datetime | None:
    """Return when so many reads are done at the pace of the last hour; None without waiting or without a pace."""
    return at + timedelta(hours=waiting / last_hour) if waiting and last_hour else None


def _disk(what: str, place: str) -> Disk:
    try:
        found = shutil.disk_usage(place)
    except OSError:
        return Disk(what, place.split("?")[0], None, None)
    return Disk(what, place, found.free, found.total)


def _packages() -> list[tuple[str, str]]:
    return [(name, version(name)) for name in PACKAGES]
