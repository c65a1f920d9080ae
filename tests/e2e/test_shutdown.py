"""The server ends when it is told to, also while readers' streams are open and stand still."""

import signal
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack

import numpy as np
import pytest
from sqlalchemy import select

from core import clock
from core.imaging.storage import VolumeStore
from core.imaging.volume import Attributes, volume_of
from db.engine import open_session
from db.models import Account, Series
from db.reading import reads
from tests.e2e.conftest import Server
from tests.reading.build import study

pytestmark = pytest.mark.browser  # no browser, but a whole server
SHAPE = (40, 512, 512)


def test_sigterm_ends_the_server_within_ten_seconds_with_streams_open(start_server: Callable[..., Server]) -> None:
    server = start_server(worker=True)
    hu = np.random.default_rng(2).integers(-1000, 1500, SHAPE).astype(np.int16)
    volume = volume_of(hu, (2.0, 0.8, 0.8), top_z_mm=0.0, attributes=Attributes())
    key = VolumeStore(str(server.data / "volumes")).put(volume)
    with open_session(server.database) as session:
        built = study(session, clock.now(), cases=2)
        for series in session.scalars(select(Series)):
            series.storage_key, series.slices, series.rows, series.columns = key, *SHAPE
        found = reads.next_read(session, account_id=built.readers[0], study_id=built.study_id, at=clock.now()).read
        assert found is not None
        name = session.scalars(select(Account.username).where(Account.id == built.readers[0])).one()
    cookie = server.cookie(name)["value"]
    path = f"/api/studies/{built.study_id}/cases/{found.case.case_number}/slices"
    with ExitStack() as lines:
        for _ in range(4):
            line = lines.enter_context(socket.socket())
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            line.settimeout(20)
            line.connect(("127.0.0.1", server.port))
            line.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nCookie: parallax_session={cookie}\r\n\r\n".encode())
            assert line.recv(12) == b"HTTP/1.1 200"  # and nothing more is taken: the stream stands still
        began = time.monotonic()
        server.stop(signal.SIGTERM)
        assert time.monotonic() - began < 10
