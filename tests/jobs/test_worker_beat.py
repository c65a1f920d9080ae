"""A worker whose sign of life cannot be written goes on working; one whose server is gone ends."""

import fcntl
from pathlib import Path

import pytest

from core.jobs import worker
from core.settings import settings


def test_a_locked_database_does_not_end_the_worker(monkeypatch: pytest.MonkeyPatch):
    tries = []

    def busy(name: str, device: str) -> None:
        tries.append(name)
        if len(tries) == 1:
            raise OSError("database is locked")
        raise KeyboardInterrupt  # what ends this test, and no error of a database

    now = iter(range(0, 1000, 100))
    monkeypatch.setattr(worker, "beat", busy)
    monkeypatch.setattr("core.jobs.worker.time.sleep", lambda _: None)
    monkeypatch.setattr("core.jobs.worker.time.monotonic", lambda: float(next(now)))
    monkeypatch.delenv("PARALLAX_SUPERVISED", raising=False)
    with pytest.raises(KeyboardInterrupt):
        worker._beat_until_orphaned("one", 0)
    assert tries == ["one", "one"]


def test_a_worker_that_waits_for_its_lock_ends_with_its_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PARALLAX_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("PARALLAX_SUPERVISED", "1")
    settings.cache_clear()
    parents = iter([77, 77, 1])
    monkeypatch.setattr("core.jobs.worker.os.getppid", lambda: next(parents))
    monkeypatch.setattr(worker, "WAIT", 0.0)
    monkeypatch.setattr(worker, "migrate", lambda: pytest.fail("it went on without its lock"))
    with (tmp_path / "worker-a.lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        worker.run("a")
    settings.cache_clear()
