"""Is the server up, and can it reach its database? For load balancers; says nothing else."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core import __version__
from db.ai import reads as ai_reads
from db.engine import open_view


async def health(request: Request) -> Response:
    """GET: 200 when the database answers; a server error otherwise."""
    workers = await run_in_threadpool(_workers)
    return JSONResponse({"ok": True, "version": __version__, "workers": workers})


def _workers() -> int:
    with open_view() as session:
        return len(ai_reads.workers(session))


def routes() -> list[Route]:
    """The route of health checks."""
    return [Route("/api/health", health)]
