"""What happens before the first page is served, and after the last."""

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

import structlog
import uvicorn
from streamlit import config

from core import clock
from core.jobs import queue
from core.jobs.supervisor import Supervisor
from core.logs import configure
from core.services import background
from core.settings import settings
from core.viewer.build import bundle_path, ensure_bundle
from db import links
from db.engine import open_session
from db.migrate import migrate
from pages.routes import addresses

log = structlog.get_logger()

OWNER_ONLY = 0o077  # what the server and its worker write, nobody else on the machine may read
GRACE_S = 2  # open requests and streams have so long to finish after SIGTERM; then they are cut
DRAIN_S = 3.0  # of them, for the series of an upload that is being stored
LIMIT_S = 6.0  # after those, worker and pages have so long to stop; then the process ends whatever still hangs


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """Migrate, build the viewer if needed, show the set-up link if needed, and keep one worker running."""
    os.umask(OWNER_ONLY)
    configure(as_json=settings().log_json)
    config.set_option("server.maxUploadSize", settings().max_upload_mb)
    served = _cut_streams_at_the_end()
    # a second of processor time once a process: before the first page, not within the first one with results
    await asyncio.gather(asyncio.to_thread(_prepare), asyncio.to_thread(import_module, "core.results.libraries"))
    supervisor = Supervisor() if settings().worker else None
    if supervisor:
        supervisor.start()
    yield
    if served:
        _end_within(LIMIT_S)
    await asyncio.to_thread(background.drain, DRAIN_S)
    if supervisor:
        await asyncio.to_thread(supervisor.stop)
    queue.close()


def _cut_streams_at_the_end() -> bool:
    """Let uvicorn wait GRACE_S for open connections: by itself it waits for ever, also for a reader who went away.

    Streamlit makes the server and offers no such option; the server is reached by the signal handler it has set.
    Returns whether there is such a server.
    """
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    if not isinstance(server, uvicorn.Server):
        return False
    server.config.timeout_graceful_shutdown = GRACE_S
    return True


def _end_within(seconds: float) -> None:
    """End this process after so many seconds, whatever still runs by then. Everything committed is on the disk."""
    timer = threading.Timer(seconds, os._exit, (0,))
    timer.daemon = True
    timer.start()


def _prepare() -> None:
    settings().secret_bytes()
    migrate()
    queue.prepare()
    if not bundle_path().exists():
        log.info("first start: the viewer is built once, which takes a minute or two; the pages open after it")
    ensure_bundle(say=log.info)
    with open_session() as session:
        token = links.setup_link(session, at=clock.now())
    if token:
        link = addresses.link(token, address=addresses.served())
        log.warning("no administrator yet: open this link once, within seven days", link=link)
    else:
        log.info("Parallax is ready", address=addresses.served())
