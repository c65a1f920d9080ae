"""The health check reads a stored volume, not only the database, and names what fails."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from core.imaging.storage import VolumeStore
from core.imaging.volume import Attributes, volume_of
from core.settings import settings
from db.engine import open_session
from db.models import Series
from pages.routes import health
from tests.reading.build import SHAPE, Built
from tests.reading.client import Client


@pytest.fixture
def stored(db_url: str, built: Built) -> Path:
    """Give every series of the study a stored volume; return the volume's folder."""
    volume = volume_of(np.zeros(SHAPE, np.int16), (2.0, 0.8, 0.8), top_z_mm=0.0, attributes=Attributes())
    key = VolumeStore(settings().storage).put(volume)
    with open_session(db_url) as session:
        for series in session.scalars(select(Series)):
            series.storage_key = key
    return Path(settings().storage) / key[:2] / key


def asked() -> tuple[int, dict[str, Any]]:
    answer = Client(None).ask("GET", "/api/health")
    return answer.status_code, answer.json()


def test_an_empty_library_is_healthy(db_url: str) -> None:
    status, body = asked()
    assert (status, body["ok"], body["failing"]) == (200, True, {})


def test_a_volume_that_can_be_read_is_healthy(stored: Path) -> None:
    status, body = asked()
    assert (status, body["ok"], body["failing"]) == (200, True, {})


def test_a_missing_or_damaged_volume_is_named_and_no_key_with_it(stored: Path) -> None:
    for damage in (lambda path: path.write_bytes(path.read_bytes()[:7]), lambda path: path.unlink()):
        for path in sorted(stored.rglob("*")):
            if path.is_file():
                damage(path)
        status, body = asked()
        assert (status, body["ok"], list(body["failing"])) == (503, False, ["volumes"])
        assert stored.name not in body["failing"]["volumes"]


def test_a_reading_that_hangs_is_said_in_time(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    never = threading.Event()
    monkeypatch.setattr(health, "PATIENCE_S", 0.2)
    monkeypatch.setattr(VolumeStore, "slice", lambda *given: never.wait(30))
    released = threading.Timer(1.5, never.set)  # the thread that hangs must end for this process to end
    released.start()
    status, body = asked()
    never.set()
    released.cancel()
    assert (status, list(body["failing"])) == (503, ["volumes"])
    assert "within" in body["failing"]["volumes"]


def test_a_database_that_fails_is_named(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise OSError("disk I/O error")

    monkeypatch.setattr(health, "open_view", broken)
    status, body = asked()
    assert (status, list(body["failing"])) == (503, ["database"])
