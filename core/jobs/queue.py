"""Ask for durable work, and see how it stands. Used by the web process; loads no torch."""

from dataclasses import dataclass
from functools import lru_cache

from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer

from core.settings import settings
from db.engine import Session, engine_for

QUEUE = "ai"
WORKFLOW = "read_series"
APPLICATION = "parallax"
JOB_VERSION = "1"  # pinned: work asked for by one version of the code is done by the next
PREFIXES = 200  # series asked for in one statement
WAITING = ("ENQUEUED", "DELAYED")
BROKEN = ("ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")


@dataclass(frozen=True, slots=True)
class Job:
    """How the AI read of one series stands. `state`: waiting, running, done, failed or cancelled."""

    id: str
    series_id: int
    state: str
    stage: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class FailedJob:
    """An AI read that broke off and can be asked for again."""

    id: str
    series_id: int
    model_name: str
    model_version: str
    why: str


def prepare() -> None:
    """Create or upgrade the job engine's own tables; call before the web or a worker starts."""
    DBOS.migrate(settings().database)


@lru_cache(maxsize=2)
def _client(url: str) -> DBOSClient:
    engine = engine_for(url)
    if engine.dialect.name == "sqlite":
        # its own engine: the shared one takes the write lock at every BEGIN, also to look
        return DBOSClient(
            system_database_url=url, serializer=DBOSPortableJSONSerializer(), application_name=APPLICATION
        )
    return DBOSClient(
        system_database_engine=engine, serializer=DBOSPortableJSONSerializer(), application_name=APPLICATION
    )


def client() -> DBOSClient:
    """Return this process's client of the job engine."""
    return _client(settings().database)


def close() -> None:
    """Let go of the client, at shutdown."""
    if _client.cache_info().currsize:
        client().destroy()
        _client.cache_clear()


def enqueue(session: Session, *, series_id: int, model_name: str, model_version: str) -> str:
    """Ask for an AI read of a series, in the caller's transaction; return the job's id.

    Asked for again while it waits, runs or is done, it stays the one job. After a failure it is a new try.
    """
    stem = job_stem(series_id, model_name, model_version)
    tries = client().list_workflows(workflow_id_prefix=stem, load_input=False, load_output=False)
    ended = [w for w in tries if w.status in ("ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")]
    job_id = f"{stem}{len(ended) + 1}"
    client().enqueue_in_transaction(
        session,
        {"workflow_name": WORKFLOW, "queue_name": QUEUE, "workflow_id": job_id, "app_version": JOB_VERSION},
        series_id,
        model_name,
        model_version,
    )
    return job_id


def job_stem(series_id: int, model_name: str, model_version: str) -> str:
    """Return what the ids of all tries at one AI read begin with."""
    return f"read-{series_id}-{model_name}/{model_version}-try"


def jobs(series_ids: list[int]) -> dict[int, Job]:
    """Return the newest job of each series that has one; the jobs of other series are not looked at."""
    newest: dict[int, tuple[str, str]] = {}
    for start in range(0, len(series_ids), PREFIXES):
        prefixes = [f"read-{series_id}-" for series_id in series_ids[start : start + PREFIXES]]
        for status in client().list_workflows(
            workflow_id_prefix=prefixes, load_input=False, load_output=False, sort_desc=False
        ):
            newest[int(status.workflow_id.split("-")[1])] = status.workflow_id, status.status
    return {series_id: _job(job_id, series_id, status) for series_id, (job_id, status) in newest.items()}


def unfinished() -> list[Job]:
    """Return the jobs that wait or run, oldest first."""
    found = client().list_workflows(
        workflow_id_prefix="read-",
        status=[*WAITING, "PENDING"],
        load_input=False,
        load_output=False,
        sort_desc=False,
    )
    return [_job(w.workflow_id, int(w.workflow_id.split("-")[1]), w.status) for w in found]


def failed() -> list[FailedJob]:
    """Return the AI reads whose newest try broke off, the newest first, with the reason that the engine kept."""
    found = client().list_workflows(
        workflow_id_prefix="read-", status=list(BROKEN), load_input=False, load_output=True, sort_desc=True
    )
    newest = jobs(sorted({int(w.workflow_id.split("-")[1]) for w in found}))
    broken = []
    for workflow in found:
        stem, _, _ = workflow.workflow_id.rpartition("-try")
        _, series, model = stem.split("-", 2)
        if newest[int(series)].id == workflow.workflow_id:
            name, _, version = model.rpartition("/")
            why = str(workflow.error) if workflow.error else f"It ended as {workflow.status.lower().replace('_', ' ')}."
            broken.append(FailedJob(workflow.workflow_id, int(series), name, version, why))
    return broken


def cancel(job_id: str) -> None:
    """Take a waiting or running job back; what it stored stays."""
    client().cancel_workflow(job_id)


def _job(job_id: str, series_id: int, status: str) -> Job:
    state = {"SUCCESS": "done", "PENDING": "running", "CANCELLED": "cancelled"}.get(status, "failed")
    if status in WAITING:
        state = "waiting"
    stage, done, total = "", 0, 0
    if state == "running":
        event = client().get_event(job_id, "progress", timeout_seconds=0)
        if event:
            stage, done, total = str(event["stage"]), int(event["done"]), int(event["total"])
    return Job(job_id, series_id, state, stage, done, total)
