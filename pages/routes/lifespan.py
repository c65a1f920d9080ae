"""What happens before the first page is served, and after the last."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

import structlog

from core import clock
from core.jobs import queue
from core.jobs.supervisor import Supervisor
from core.logs import configure
from core.settings import settings
from core.viewer.build import ensure_bundle
from db import accounts
from db.engine import open_session
from db.migrate import migrate
from pages.components import addresses

log = structlog.get_logger()


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """Migrate, build the viewer if needed, show the set-up link if needed, and keep one worker running."""
    configure(as_json=settings().log_json)
    await asyncio.to_thread(_prepare)
    supervisor = Supervisor() if settings().worker else None
    if supervisor:
        supervisor.start()
    # a second of processor time once a process: beside the first pages, not within the first one with results
    loading = asyncio.create_task(asyncio.to_thread(import_module, "core.results.libraries"))
    yield
    await loading
    if supervisor:
        await asyncio.to_thread(supervisor.stop)
    queue.close()


def _prepare() -> None:
    settings().secret_bytes()
    migrate()
    queue.prepare()
    ensure_bundle()
    with open_session() as session:
        token = accounts.setup_link(session, at=clock.now())
    if token:
        log.warning("no administrator yet: open this link once", link=addresses.link(token, address=addresses.served()))
