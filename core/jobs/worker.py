"""The worker process: takes series from the queue, reads them with the AI, stores the result once.

Durable: killed in mid-case, the same worker (by name) picks its cases up when it starts again, and another worker takes
over those of one whose heartbeat stopped. A case that kills its worker again and again stops at MAX_RECOVERIES.
"""

import fcntl
import os
import time
from collections.abc import Callable
from datetime import timedelta
from typing import IO, Any

import structlog
from dbos import DBOS, DBOSPortableJSONSerializer

from core import clock
from core.errors import ParallaxError
from core.jobs.queue import APPLICATION, JOB_VERSION, QUEUE, WORKFLOW, prepare
from core.settings import settings
from db.ai import models as ai_models
from db.ai import reads as ai_reads
from db.ai import workers as ai_workers
from db.engine import open_session, open_view
from db.migrate import migrate
from db.permissions import SYSTEM

log = structlog.get_logger()

MAX_RECOVERIES = 3  # restarts in mid-case before a case counts as the cause
BEAT = 5.0  # seconds between signs of life
WAIT = 0.2  # seconds between looks at the lock of another worker of the same name
LOST = timedelta(seconds=30)  # without a sign of life, others take over
PROGRESS_EVERY = 0.5  # seconds between progress events; each is a database write


@DBOS.workflow(name=WORKFLOW, max_recovery_attempts=MAX_RECOVERIES)
def read_series(series_id: int, model_name: str, model_version: str) -> str:
    """Read one series with one model under every rule; return 'stored', or the sentence why it could not be read."""
    return read_and_store(series_id, model_name, model_version)


@DBOS.step()
def read_and_store(series_id: int, model_name: str, model_version: str) -> str:
    """Compute and store; run twice it stores once (unique keys). Failures that repeat are stored as failures."""
    from core.services.reading import read_stored_series  # torch is loaded here, in the worker only

    try:
        read_stored_series(series_id, model_name, model_version, on_progress=_progress())
    except ParallaxError as error:
        log.warning("series not read", series=series_id, reason=str(error))
        _store_failure(series_id, model_name, model_version, str(error))
        return str(error)
    log.info("series read", series=series_id, model=model_name, version=model_version)
    return "stored"


def _store_failure(series_id: int, model_name: str, model_version: str, reason: str) -> None:
    from core.ai.brought.contract import parameters_hash, rules_of

    with open_session() as session:
        found = [m for m in ai_models.models(session) if (m.name, m.version) == (model_name, model_version)]
        if not found:
            return
        failed = [
            ai_reads.NewCall(rule, None, reason[:500], {}, {}, [], None, None) for rule in rules_of(found[0].card)
        ]
        ai_reads.store(
            session,
            series_id=series_id,
            model_id=found[0].id,
            parameters_hash=parameters_hash(found[0].card),
            scores=None,
            calls=failed,
            at=clock.now(),
            by=SYSTEM,
        )


def _progress() -> Callable[[str, int, int], None]:
    last = [0.0]

    def tell(stage: str, done: int, total: int) -> None:
        moment = time.monotonic()
        if done < total and moment - last[0] < PROGRESS_EVERY:
            return
        last[0] = moment
        DBOS.set_event("progress", {"stage": stage, "done": done, "total": total})

    return tell


def run(name: str) -> None:
    """Work until told to stop. Two workers of one name never run at once; the second waits for the first."""
    os.umask(0o077)
    parent = os.getppid()  # as it was when this worker was started: it may wait long for the lock
    settings().data_dir.mkdir(parents=True, exist_ok=True)
    with (settings().data_dir / f"worker-{name}.lock").open("w") as lock:
        while not _locked(lock):
            if _orphaned(parent):
                return
            time.sleep(WAIT)
        migrate()
        prepare()
        DBOS(
            config={
                "name": APPLICATION,
                "system_database_url": settings().database,
                "executor_id": name,
                "application_version": JOB_VERSION,
                "log_level": "WARNING",
                "serializer": DBOSPortableJSONSerializer(),
            }
        )
        from core.services.model_registry import register_all

        register_all()
        DBOS.listen_queues([QUEUE])
        DBOS.launch()  # recovers what this name left unfinished
        DBOS.register_queue(QUEUE, worker_concurrency=1, polling_interval_sec=0.5)
        log.info("worker ready", worker=name)
        _beat_until_orphaned(name, parent)


def _locked(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _orphaned(parent: int) -> bool:
    """Tell whether the server that started this worker has ended."""
    return os.environ.get("PARALLAX_SUPERVISED") == "1" and os.getppid() != parent


def _beat_until_orphaned(name: str, parent: int) -> None:
    device = settings().device or "cpu"
    last = 0.0
    while not _orphaned(parent):
        if time.monotonic() - last >= BEAT:
            last = time.monotonic()
            try:
                beat(name, device)
            except Exception as error:  # noqa: BLE001 - a sign of life that is missed ends no work; the next one follows
                log.warning("no sign of life could be given", worker=name, error=type(error).__name__)
        time.sleep(1.0)
    log.warning("the web process is gone; the worker stops too")
    os._exit(0)  # no clean-up wanted: the job in hand is recovered by the next worker of this name


def beat(name: str, device: str) -> None:
    """Give a sign of life, and take over the work of workers that gave none."""
    with open_session() as session:
        ai_workers.beat(session, worker=name, device=device, at=clock.now())
    take_over_lost(name)


def take_over_lost(name: str) -> list[str]:
    """Put the unfinished work of workers that show no sign of life back on the queue; return the ids."""
    limit = clock.now() - LOST
    with open_view() as session:
        seen = {worker: beat for worker, beat, _ in ai_workers.workers(session)}
    taken: list[str] = []
    pending: list[Any] = DBOS.list_workflows(status="PENDING", workflow_id_prefix="read-", load_input=False)
    for workflow in pending:
        owner = workflow.executor_id
        if owner and owner != name and owner in seen and seen[owner] < limit:
            DBOS.resume_workflow(workflow.workflow_id, queue_name=QUEUE)
            taken.append(workflow.workflow_id)
            log.warning("took over work of a lost worker", job=workflow.workflow_id, lost=owner)
    return taken
