"""A worker killed in mid-case: the case is finished once after the restart, by itself or by another worker."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core.jobs import queue
from db import accounts, cases
from db.ai import models as ai_models
from db.ai import reads as ai_reads
from db.ai import workers as ai_workers
from db.ai.reads import AiReadInfo
from db.engine import open_session, open_view
from db.permissions import SYSTEM
from tests.db.test_cases import new_series, register

ROOT = Path(__file__).parents[2]
Start = Callable[[str, float], subprocess.Popen[bytes]]


@pytest.fixture
def start_worker(db_url: str, data_dir: Path, tmp_path: Path) -> Iterator[Start]:
    queue.prepare()
    running: list[subprocess.Popen[bytes]] = []

    def start(name: str, seconds: float) -> subprocess.Popen[bytes]:
        command = [sys.executable, "tests/jobs/slow_worker.py", name, str(tmp_path / "starts"), str(seconds)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        with (tmp_path / "worker.log").open("ab") as log:
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()
    queue.close()


@pytest.fixture
def series_id(db_url: str, at: datetime) -> int:
    with open_session(db_url) as session:
        by = accounts.create(session, username="c", name="", role="coordinator", at=at, by=SYSTEM).id
        register(session, at)
        return cases.add(session, new_series(), by=by, at=at).case.series_id


def ask(series_id: int) -> str:
    with open_session() as session:
        return queue.enqueue(session, series_id=series_id, model_name="demo", model_version="1")


def stored(series_id: int) -> AiReadInfo | None:
    with open_view() as session:
        return ai_reads.current(session, series_id, ai_models.models(session)[0].id, "paper")


def wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.1)


def kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_a_worker_killed_in_mid_case_finishes_it_once_after_its_restart(
    start_worker: Start, series_id: int, tmp_path: Path
):
    first = start_worker("one", 30)
    job = ask(series_id)
    wait_for(lambda: queue.jobs([series_id])[series_id].done > 0)
    shown = queue.jobs([series_id])[series_id]
    assert (shown.state, shown.stage, shown.total) == ("running", "reading slices", 10)
    kill(first)
    assert stored(series_id) is None
    start_worker("one", 0.2)
    wait_for(lambda: stored(series_id))
    wait_for(lambda: queue.jobs([series_id])[series_id].state == "done")
    assert (tmp_path / "starts").read_text().split() == [str(series_id)] * 2
    assert ask(series_id) == job  # done already: it stays the one job
    assert queue.unfinished() == []


def test_another_worker_takes_over_what_a_lost_one_left(start_worker: Start, series_id: int, db_url: str):
    lost = start_worker("lost", 30)
    ask(series_id)
    wait_for(lambda: queue.jobs([series_id])[series_id].done > 0)
    kill(lost)
    with open_session(db_url) as session:  # its last sign of life was long ago
        long_ago = ai_workers.workers(session)[0][1] - timedelta(minutes=5)
        ai_workers.beat(session, worker="lost", device="cpu", at=long_ago)
    start_worker("other", 0.2)
    wait_for(lambda: stored(series_id))


def test_a_job_is_asked_for_with_its_case_or_not_at_all(db_url: str, series_id: int):
    queue.prepare()

    def half() -> None:
        with open_session(db_url) as session:
            queue.enqueue(session, series_id=series_id, model_name="demo", model_version="1")
            raise RuntimeError("in mid-action")

    with pytest.raises(RuntimeError, match="mid-action"):
        half()
    assert queue.jobs([series_id]) == {}
    queue.close()
