"""Readers who leave in the middle of a stream must not stop the images of anybody. A real server, no browser."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import httpx
import numpy as np
import pytest
import uvicorn
from sqlalchemy import select
from starlette.applications import Starlette

from core.imaging.storage import VolumeStore
from core.imaging.volume import Attributes, volume_of
from core.settings import settings
from core.viewer.stream import outward
from db.engine import open_session
from db.models import Series
from db.reading import reads
from pages.routes import every
from tests.reading.build import study
from tests.reading.client import Wall, sign_in

READERS, EACH = 20, 10
SHAPE = (48, 256, 256)  # 6 MB: more than the buffers of a connection hold


class Ward:
    """A server and its signed-in readers, each at the same case."""

    def __init__(self, url: str, port: int, paths: list[str], cookies: list[str], expected: bytes) -> None:
        self.url, self.port, self.paths, self.cookies, self.expected = url, port, paths, cookies, expected

    def abandon(self, reader: int, size: int) -> None:
        """Begin a stream, take `size` bytes of it and hang up."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as line:
            ask = f"GET {self.paths[reader]}?first=20 HTTP/1.1\r\nHost: localhost\r\n"
            line.sendall(f"{ask}Cookie: parallax_session={self.cookies[reader]}\r\n\r\n".encode())
            got = 0
            while got < size:
                piece = line.recv(min(65536, size - got))
                assert piece, "the server ended the stream"
                got += len(piece)

    def whole(self, reader: int) -> bytes:
        answer = httpx.get(
            f"{self.url}{self.paths[reader]}?first=20",
            headers={"cookie": f"parallax_session={self.cookies[reader]}"},
            timeout=30,
            trust_env=False,
        )
        assert answer.status_code == 200
        return answer.content


@pytest.fixture
def ward(db_url: str, at: datetime, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ward]:
    Wall(at, monkeypatch)
    rng = np.random.default_rng(1)
    hu = rng.integers(-1000, 1500, SHAPE).astype(np.int16)
    key = VolumeStore(settings().storage).put(volume_of(hu, (2.0, 0.8, 0.8), top_z_mm=0.0, attributes=Attributes()))
    paths, cookies = [], []
    with open_session(db_url) as session:
        made = study(session, at, cases=2, readers=READERS)
        for series in session.scalars(select(Series)):
            series.storage_key, series.slices, series.rows, series.columns = key, *SHAPE
        for account in made.readers:
            found: Any = reads.next_read(session, account_id=account, study_id=made.study_id, at=at).read
            paths.append(f"/api/studies/{made.study_id}/cases/{found.case.case_number}/slices")
            cookies.append(str(sign_in(session, account, at).cookie))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(
        uvicorn.Config(Starlette(routes=every.routes()), host="127.0.0.1", port=port, log_level="critical")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + 10
    while not server.started and time.monotonic() < end:
        thread.join(0.01)
    yield Ward(f"http://127.0.0.1:{port}", port, paths, cookies, hu[outward(20, SHAPE[0])].tobytes())
    server.should_exit = server.force_exit = True
    thread.join(10)


def test_after_200_abandoned_streams_every_reader_still_gets_all_slices(ward: Ward) -> None:
    sizes = [200_000, 500_000, 1_000_000, 1_500_000]
    with ThreadPoolExecutor(READERS) as readers:
        gone = [
            readers.submit(ward.abandon, reader, sizes[(reader + n) % len(sizes)])
            for n in range(EACH)
            for reader in range(READERS)
        ]
        for one in gone:
            one.result(60)
        answers = [readers.submit(ward.whole, reader) for reader in range(READERS)]
        assert all(answer.result(60) == ward.expected for answer in answers)
    health = httpx.get(f"{ward.url}/api/health", timeout=10, trust_env=False)
    assert (health.status_code, health.json()["failing"]) == (200, {})
