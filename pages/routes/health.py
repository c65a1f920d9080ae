"""Does the server work: disk, database and a stored volume are tried. For load balancers; names no case."""

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core import __version__, clock
from core.errors import ParallaxError
from core.imaging.storage import VolumeStore
from core.services import disk
from core.settings import settings
from db import cases, chain
from db.ai import workers as ai_workers
from db.engine import open_view
from pages.routes.web import NO_STORE

PATIENCE_S = 5.0  # each part answers within this, or it is named as failing


async def health(request: Request) -> Response:
    """GET: 200 when the database answers and one slice of the newest volume can be read; 503 names what fails."""
    failing: dict[str, str] = {}
    await _asked(failing, "disk", disk.must_be_writable)
    workers, key, behind = await _asked(failing, "database", _database) or (0, None, 0.0)
    if key is not None:
        await _asked(failing, "volumes", lambda: _slice(key))
    body: dict[str, Any] = {"ok": not failing, "version": __version__, "workers": workers, "failing": failing}
    if behind > chain.BACKWARDS_S:
        body["warnings"] = {"clock": f"The server's clock is {behind:.0f} s behind what it stored last; set it right."}
    return JSONResponse(body, 503 if failing else 200, headers=NO_STORE)


async def _asked(failing: dict[str, str], part: str, ask: Callable[[], Any]) -> Any:
    """Return what a part answers; where it fails, note it by name with a sentence."""
    try:
        # a thread that hangs is left behind: this answer must not wait for it
        return await asyncio.wait_for(asyncio.to_thread(ask), PATIENCE_S)
    except TimeoutError:
        failing[part] = f"No answer within {PATIENCE_S:.0f} s."
    except ParallaxError as error:
        failing[part] = str(error)
    except Exception as error:  # noqa: BLE001 - whatever fails, the answer names it
        failing[part] = f"It cannot be read ({type(error).__name__})."
    return None


def _database() -> tuple[int, str | None, float]:
    with open_view() as session:
        behind = chain.seconds_behind(session, at=clock.now())
        return len(ai_workers.workers(session)), cases.newest_storage_key(session), behind


def _slice(key: str) -> None:
    store = VolumeStore(settings().storage)
    (depth, _, _), _, _ = store.geometry(key)
    store.slice(key, depth // 2)


def routes() -> list[Route]:
    """The route of health checks."""
    return [Route("/api/health", health)]
