"""The system page and the figures for Prometheus: what waits, who works, what failed and is asked for again."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core import clock
from core.jobs import queue, system
from core.jobs.queue import FailedJob, Job
from core.settings import settings
from db import accounts, audit
from db.ai import workers
from db.engine import open_session, open_view
from db.permissions import SYSTEM
from db.simulated import Plan, seed_study
from tests.reading.client import Client

BROKEN = FailedJob("read-3-demo/1-try1", 3, "demo", "1", "CUDA out of memory")
WAITING = [Job("read-1-demo/1-try1", 1, "running", "lungs", 2, 5), Job("read-2-demo/1-try1", 2, "waiting", "", 0, 0)]


@pytest.fixture
def queued(db_url: str, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """A queue with one read at work, one that waits and one that broke off; returns what is asked for again."""
    asked: list[dict[str, object]] = []
    monkeypatch.setattr(queue, "unfinished", lambda: WAITING)
    monkeypatch.setattr(queue, "failed", lambda: [BROKEN])
    monkeypatch.setattr(queue, "enqueue", lambda session, **what: asked.append(what))
    with open_session(db_url) as session:
        seed_study(session, Plan(cases=6, practice=0, novices=1, experts=1, ai_failures=1))
        workers.beat(session, worker='a"b', device="cpu", at=clock.now())
        workers.beat(session, worker="old", device="cuda:0", at=clock.now() - timedelta(hours=1))
    return asked


def test_the_page_tells_what_waits_who_works_and_asks_a_broken_read_again(
    queued: list[dict[str, object]],
    db_url: str,
    act_as: Callable[..., accounts.Account],
    open_page: Callable[..., AppTest],
):
    act_as("administrator")
    page = open_page("admin/system.py")
    assert not page.exception
    assert {one.label: one.value for one in page.metric} | {"Waiting": "1", "Running": "1"} == {
        one.label: one.value for one in page.metric
    }
    assert any("CUDA out of memory" in one.value for one in page.text)
    states = page.dataframe[0].value
    assert dict(zip(states["worker"], states["state"], strict=True)) == {'a"b': "at work", "old": "silent"}
    page.button(key=f"system_retry_{BROKEN.id}").click().run()
    assert queued == [{"series_id": 3, "model_name": "demo", "model_version": "1"}]
    with open_view(db_url) as session:
        told = audit.find(session, audit.Filter(kinds=("AI read asked for again",)), by=SYSTEM)
    assert [(one.actor, one.detail["model"]) for one in told] == [("a-administrator", "demo 1")]


def test_prometheus_gets_its_figures_for_its_token_only(
    queued: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
):
    assert Client(None).ask("GET", "/api/metrics").status_code == 404  # no token is set
    monkeypatch.setenv("PARALLAX_METRICS_TOKEN", "so long")
    settings.cache_clear()
    assert Client(None).ask("GET", "/api/metrics", authorization="Bearer wrong").status_code == 404
    answer = Client(None).ask("GET", "/api/metrics", authorization="Bearer so long")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answer.text.splitlines()
    for line in ("parallax_jobs_waiting 1", "parallax_jobs_running 1", "parallax_jobs_failed 1", "parallax_cases 6"):
        assert line in lines
    assert 'parallax_worker_alive{worker="a\\"b",device="cpu"} 1' in lines
    assert 'parallax_worker_alive{worker="old",device="cuda:0"} 0' in lines
    names = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(names) == len(set(names))


def test_the_end_is_told_from_the_pace_of_the_last_hour():
    now = clock.now()
    assert system.finish_at(30, 10, now) == now + timedelta(hours=3)
    assert system.finish_at(30, 0, now) is None
    assert system.finish_at(0, 10, now) is None


def test_only_the_newest_try_of_a_read_counts_as_broken(monkeypatch: pytest.MonkeyPatch):
    def listed(**asked: Any) -> list[SimpleNamespace]:
        tries = [
            SimpleNamespace(workflow_id="read-1-demo/1-try1", status="ERROR", error=ValueError("first")),
            SimpleNamespace(workflow_id="read-1-demo/1-try2", status="SUCCESS", error=None),
            SimpleNamespace(workflow_id="read-2-a-b/2.0-try1", status="ERROR", error=None),
        ]
        wanted = asked.get("status")
        return [one for one in tries if wanted is None or one.status in wanted]

    monkeypatch.setattr(queue, "client", lambda: SimpleNamespace(list_workflows=listed))
    (one,) = queue.failed()
    assert (one.series_id, one.model_name, one.model_version) == (2, "a-b", "2.0")
    assert one.why == "It ended as error."
