"""How the installation is, for Prometheus. The door asks for its token; so does this route."""

from collections.abc import Iterator
from hmac import compare_digest

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from core import clock
from core.errors import ParallaxError
from core.jobs.system import Installation, installation
from core.settings import settings
from db.permissions import SYSTEM
from pages.routes.web import NO_STORE, Refused, json_error

MIME = "text/plain; version=0.0.4; charset=utf-8"
Sample = tuple[str, str, str, float]  # name, help, labels, value


def may_measure(headers: Headers) -> bool:
    """Tell whether a request brings the token of PARALLAX_METRICS_TOKEN; never where none is set."""
    token = settings().metrics_token
    return bool(token) and compare_digest(headers.get("authorization", "").encode(), f"Bearer {token}".encode())


async def metrics(request: Request) -> Response:
    """GET: the text format of Prometheus 0.0.4."""
    try:
        if not may_measure(request.headers):
            raise Refused(404, "not_found", "There is nothing at this address.")
        found = await run_in_threadpool(lambda: installation(by=SYSTEM, at=clock.now()))
    except ParallaxError as error:
        return json_error(error)
    return PlainTextResponse(written(found), media_type=MIME, headers=NO_STORE)


def written(found: Installation) -> str:
    """Return the samples as text; every one is a gauge."""
    lines, told = [], set()
    for name, text, labels, value in _samples(found):
        if name not in told:
            lines += [f"# HELP parallax_{name} {text}", f"# TYPE parallax_{name} gauge"]
            told.add(name)
        lines.append(f"parallax_{name}{{{labels}}} {value:g}" if labels else f"parallax_{name} {value:g}")
    return "\n".join(lines) + "\n"


def _samples(found: Installation) -> Iterator[Sample]:
    state = found.state
    yield "info", "Version of the software.", f'version="{found.versions[0][1]}"', 1
    yield "jobs_waiting", "AI reads that wait.", "", sum(job.state == "waiting" for job in found.waiting)
    yield "jobs_running", "AI reads that run.", "", sum(job.state == "running" for job in found.waiting)
    yield "jobs_failed", "AI reads whose newest try broke off.", "", len(found.failed)
    for worker in state.workers:
        named = f'worker="{_label(worker.name)}",device="{_label(worker.device)}"'
        yield "worker_alive", "1 where a worker gave a sign of life in the last two minutes.", named, worker.alive
    yield "ai_reads", "AI reads stored.", "", state.ai_reads
    yield "ai_reads_last_hour", "AI reads stored in the last hour.", "", state.ai_last_hour
    yield "ai_failures", "AI reads that ended without a call.", "", state.ai_failures
    yield "locked_reads", "Reads locked by readers.", "", state.locked_reads
    yield "locked_reads_last_hour", "Reads locked in the last hour.", "", state.locked_last_hour
    yield "studies_open", "Studies that are open.", "", state.open_studies
    yield "cases", "Cases stored.", "", state.cases
    yield "database_bytes", "Size of the database.", "", state.database_bytes
    for disk in found.disks:
        if disk.free is not None and disk.total is not None:
            yield "disk_free_bytes", "Free space.", f'what="{disk.what}"', disk.free
    for disk in found.disks:
        if disk.free is not None and disk.total is not None:
            yield "disk_total_bytes", "Space.", f'what="{disk.what}"', disk.total


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")


def routes() -> list[Route]:
    """The route of measurements."""
    return [Route("/api/metrics", metrics, methods=["GET"])]
