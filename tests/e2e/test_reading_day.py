"""The reading day in a browser: a crossover over four weeks, and everything that goes wrong."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core import clock
from core.study.words import Design
from db import accounts, sign_ins
from db.engine import engine_for, open_session
from db.migrate import migrate
from db.models import ReadEvent
from db.permissions import SYSTEM
from tests.e2e.conftest import ROOT, Server, free_port
from tests.e2e.reading import lock, reads_of, shown
from tests.e2e.reading_study import Opened, open_study

pytestmark = pytest.mark.browser
SignIn = Callable[..., Any]


class ClockedServer(Server):
    """A server whose clock stands `offset` ahead of ours."""

    offset = timedelta(0)

    def forward(self, **span: float) -> None:
        self.offset += timedelta(**span)
        (self.data / "clock_offset").write_text(str(self.offset.total_seconds()))

    def start(self) -> None:
        environment = {
            **os.environ,
            "PARALLAX_DATA_DIR": str(self.data),
            "PARALLAX_WORKER": "0",
            "PYTHONPATH": str(ROOT),
        }
        command = [sys.executable, "tests/e2e/clocked_server.py", "run", "app.py", "--server.port", str(self.port)]
        command += ["--server.headless", "true", "--server.address", "127.0.0.1", "--server.fileWatcherType", "none"]
        with (self.data / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        self.wait_until_up()

    def cookie(self, username: str) -> dict[str, str]:
        at = clock.now() + self.offset
        with open_session(self.database) as session:
            account = next(found for found in accounts.every(session, by=SYSTEM) if found.username == username)
            value = sign_ins.redeem_ticket(session, sign_ins.ticket_for(session, account.id, at=at), at=at)
        assert value is not None
        return {"name": "parallax_session", "value": value, "url": self.url}


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClockedServer]:
    port = free_port()
    server = ClockedServer(f"http://127.0.0.1:{port}", tmp_path_factory.mktemp("day"), port, False)
    migrate(server.database)
    server.account("root", "administrator")
    server.start()
    yield server
    server.stop()
    engine_for(server.database).dispose()


def read_all(page: Any, places: list[str], letters: str) -> None:
    for place, letter in zip(places, letters, strict=True):
        shown(page, place)
        lock(page, letter)


def test_a_crossover_opens_its_second_session_after_the_washout(day: ClockedServer, sign_in: SignIn) -> None:
    study = open_study(day, "cross", design=Design.CROSSOVER, at=clock.now(), count=3, washout_days=28)
    name, account = next(iter(study.readers.items()))
    page = sign_in(day, name)
    page.goto(f"{day.url}/read?study={study.id}")
    places = ["Case 1 of 3", "Case 2 of 3", "Case 3 of 3"]
    read_all(page, places, "cno")
    page.get_by_text("Session 2 opens on").wait_for()
    opens = clock.now() + day.offset + timedelta(days=28)

    day.forward(days=27, hours=23)
    page = sign_in(day, name)
    page.goto(day.url)
    page.get_by_text(f"Session 2 opens on {opens:%d %B %Y}").wait_for()
    assert page.get_by_role("button", name="Continue").count() == 0
    page.goto(f"{day.url}/read?study={study.id}")
    page.locator(".cover").get_by_text("Session 2 opens on").wait_for()

    day.forward(hours=2)
    page = sign_in(day, name)
    page.goto(day.url)
    page.get_by_role("button", name="Continue").click()
    read_all(page, places, "nco")
    rows = reads_of(day, account)
    assert [row.session for row in rows] == [1] * 3 + [2] * 3
    assert {row.arm for row in rows[:3]} != {row.arm for row in rows[3:]}
    assert len({(row.case_id, row.arm) for row in rows}) == 6
    assert all(row.locked_at - clock.now() > timedelta(days=27) for row in rows[3:])


def test_whatever_a_reader_does_there_is_one_read_one_draft_and_one_clock(day: ClockedServer, sign_in: SignIn) -> None:
    study = open_study(day, "rough", design=Design.INDEPENDENT, at=clock.now() + day.offset, count=3)
    name, account = next(iter(study.readers.items()))
    address = f"{day.url}/read?study={study.id}"
    page = sign_in(day, name)
    page.goto(day.url)
    page.get_by_role("button", name="Start").dblclick()
    shown(page, "Case 1 of 3")
    with page.expect_response(lambda answer: answer.url.endswith("/draft")):
        page.keyboard.press("c")

    page.reload()  # a refresh: the same case, the same draft
    shown(page, "Case 1 of 3")
    chosen = '[aria-checked="true"]:has-text("COVID-19"), [aria-pressed="true"]:has-text("COVID-19")'
    page.locator(chosen).wait_for()
    page.close()  # the tab is closed; an hour later another browser goes on
    day.forward(hours=1)

    first = sign_in(day, name)
    first.goto(address)
    shown(first, "Case 1 of 3")
    first.locator(chosen).wait_for()
    second = sign_in(day, name, viewport={"width": 1280, "height": 720})
    second.goto(address)
    shown(second, "Case 1 of 3")
    first.keyboard.press("n")
    first.get_by_text("Another tab has taken over").wait_for()
    second.locator(chosen).wait_for()
    lock(second, "o", presses=4)
    shown(second, "Case 2 of 3")
    first.get_by_role("button", name="Read here instead").dblclick()
    shown(first, "Case 2 of 3")
    first.get_by_role("radio", name="Normal").dblclick()
    first.get_by_role("button", name="Review and lock").dblclick(delay=150)
    first.get_by_text("Enter locks, Esc goes back").wait_for()
    first.locator(".lock[data-steady]").wait_for()
    first.get_by_role("button", name="Lock this read").dblclick()
    shown(first, "Case 3 of 3")

    rows = reads_of(day, account)
    assert [(row.state, row.diagnosis, row.attempt) for row in rows] == [
        ("locked", "cap", 1),
        ("locked", "normal", 1),
        ("open", None, 1),
    ]
    assert rows[0].raw_seconds > 3600
    assert rows[0].active_seconds < 120
    with open_session(day.database) as session:
        tabs = set(session.scalars(select(ReadEvent.tab).where(ReadEvent.read_id == rows[0].id)))
    assert len(tabs) == 4  # before and after the refresh, and two browsers


def test_a_killed_server_loses_no_answer_and_no_second(day: ClockedServer, sign_in: SignIn) -> None:
    study: Opened = open_study(day, "kill", design=Design.INDEPENDENT, at=clock.now() + day.offset, count=1, readers=1)
    name, account = next(iter(study.readers.items()))
    page = sign_in(day, name)
    page.goto(f"{day.url}/read?study={study.id}")
    shown(page, "Case 1 of 1")
    with page.expect_response(lambda answer: answer.url.endswith("/draft")):
        page.keyboard.press("c")
    day.stop()
    page.keyboard.press("o")
    page.get_by_text("not saved, retrying").wait_for()
    day.start()
    page.get_by_text("saved", exact=True).wait_for()
    page.keyboard.press("Enter")
    page.get_by_text("Enter locks, Esc goes back").wait_for()
    page.locator(".lock[data-steady]").wait_for()
    page.keyboard.press("Enter")
    page.get_by_text("Every case of this study is read").wait_for()
    [row] = reads_of(day, account)
    assert (row.state, row.diagnosis) == ("locked", "cap")
    assert 0 < row.active_seconds <= row.raw_seconds
