"""What the parts of the viewer's bench share: the figures, a served study with its page, marks and waits."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import ParallaxError
from core.imaging.storage import VolumeStore
from core.imaging.volume import Volume
from core.viewer.fake import Fake
from core.viewer.harness import harness

WINDOW = {"width": 1440, "height": 900}


@dataclass
class Figures:
    """What was measured; times in ms, memory in MB. `target` of the issue beside each where it has one."""

    values: dict[str, Any] = field(default_factory=dict)

    def add(self, name: str, value: Any, target: str = "") -> None:
        """Keep a figure."""
        self.values[name] = {"value": value, **({"target": target} if target else {})}


@dataclass
class StoredFake(Fake):
    """A Fake whose pixels come from a VolumeStore, as the real route's do."""

    store: VolumeStore | None = None
    key: str = ""

    def frame(self, case: int, z: int) -> bytes:
        """One slice of a case as it is stored and sent."""
        return self.store.frame(self.key, z) if self.store else super().frame(case, z)

    def coarse(self, case: int) -> bytes:
        """The coarse view as it is stored and sent."""
        return self.store.coarse(self.key) if self.store else super().coarse(case)


@contextmanager
def page_at(browser: Any, volume: Volume, folder: Path, cases: int) -> Iterator[tuple[Any, Fake, str]]:
    """Serve a study of `cases` reads of the volume and open a page for it; yield page, study and address."""
    import uvicorn

    store = VolumeStore(str(folder / "volumes"))
    fake = StoredFake.of(*[volume] * cases, store=store, key=store.put(volume))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(harness(fake), host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started)
    context = browser.new_context(viewport=WINDOW)
    try:
        yield context.new_page(), fake, f"http://127.0.0.1:{port}/"
    finally:
        context.close()
        server.should_exit = True
        thread.join(10)


def loaded(page: Any, times: int) -> None:
    """Wait until so many cases have all their slices."""
    page.wait_for_function(f"performance.getEntriesByName('parallax-loaded').length === {times}", timeout=60_000)


def mark(page: Any, name: str) -> float:
    """Return when the page set a mark, in ms after the component started."""
    return round(float(page.evaluate(f"performance.getEntriesByName('{name}')[0].startTime - window.startedAt")), 1)


def seconds(page: Any, name: str) -> float:
    """Return the same in seconds."""
    return round(mark(page, name) / 1000, 2)


def port_of(url: str) -> int:
    """Return the port of an address."""
    return int(url.rsplit(":", 1)[1].rstrip("/"))


def wait_until(true: Any, seconds: float = 60) -> None:
    """Wait until something is so; raises ParallaxError."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise ParallaxError("The viewer did not get as far as the measurement needs; is the machine overloaded?")
        time.sleep(0.02)
