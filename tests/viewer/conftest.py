"""The reading component in a real browser, against a study in memory."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import uvicorn

from core.imaging.volume import Attributes, Volume, volume_of
from core.viewer.build import BuildFailed, ensure_bundle
from core.viewer.fake import Fake
from core.viewer.harness import harness
from tests.browser import shared_browser
from tests.viewer.desk import Desk

WINDOW = {"width": 1366, "height": 768}
SPACING = (2.5, 0.8, 0.6)  # mm, all different so that a mixed-up axis shows
BAR = (slice(8, 20), slice(30, 70), slice(24, 84))  # 12 slices, 40 rows, 60 columns
BAR_HU = 300


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    with shared_browser() as opened:
        yield opened


@pytest.fixture(scope="session")
def bundle() -> None:
    try:
        ensure_bundle()
    except BuildFailed as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def bar() -> Volume:
    """A block of BAR_HU; everywhere else the voxel's HU tells its place: -1000 + 97-cycle of z, y and x."""
    z, y, x = np.mgrid[:30, :100, :112]
    hu = (-1000 + (x + 3 * y + 7 * z) % 97).astype(np.int16)
    hu[BAR] = BAR_HU
    return volume_of(hu, SPACING, top_z_mm=100.0, attributes=Attributes())


@pytest.fixture
def desk(browser: Any, bundle: None, bar: Volume) -> Iterator[Callable[..., Desk]]:
    """Sit a reader at a study: desk(fake) -> Desk, its first image painted. Errors on the page fail the test."""
    open_: list[tuple[Any, uvicorn.Server, threading.Thread]] = []
    errors: list[str] = []

    def sit(
        fake: Fake | None = None, *, wait: bool = True, rendering: str = "", density: float = 1, **window: int
    ) -> Desk:
        study = fake or Fake.of(bar, bar)
        url, server, thread = serve(study)
        context = browser.new_context(viewport={**WINDOW, **window}, device_scale_factor=density)
        context.set_default_timeout(15_000)
        open_.append((context, server, thread))
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        seat = Desk(page, study, url)
        page.goto(f"{url}?rendering={rendering}" if rendering else url)
        if wait:
            seat.painted()
        return seat

    yield sit
    for context, server, thread in open_:
        context.close()
        server.should_exit = True
        thread.join(10)
    assert errors == []


def serve(fake: Fake) -> tuple[str, uvicorn.Server, threading.Thread]:
    """Serve the harness on a free port of this machine, in a thread."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(harness(fake), host="127.0.0.1", port=port, log_level="critical"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + 10
    while not server.started and time.monotonic() < end:
        thread.join(0.01)
    return f"http://127.0.0.1:{port}/", server, thread
