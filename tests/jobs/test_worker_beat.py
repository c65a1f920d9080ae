"""A worker whose sign of life cannot be written goes on working."""

import pytest

from core.jobs import worker


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
        worker._beat_until_orphaned("one")
    assert tries == ["one", "one"]
