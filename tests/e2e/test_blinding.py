"""A reader pries with a real browser: nothing hidden is in any frame, answer, header or page source before its time."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from core import clock
from core.study.words import Design
from tests.e2e.conftest import Server
from tests.e2e.reading import lock
from tests.e2e.reading_study import MODEL, SLICES, SOURCE, open_study

pytestmark = pytest.mark.browser
AI_OUTPUT = (MODEL, "0.625", "heat_slices", 'deciding_slices":[')


class Wiretap:
    """Everything a page receives: headers of answers, bodies of the reading routes, and frames of web sockets."""

    def __init__(self, page: Any) -> None:
        self.heard: list[str] = []
        self.page = page
        page.route("**/api/re*/**", self._answer)
        page.on("response", lambda answer: self.heard.append(f"{answer.url} {answer.headers}"))
        page.on("websocket", lambda socket: socket.on("framereceived", lambda payload: self._frame(payload)))

    def _answer(self, route: Any) -> None:
        answer = route.fetch()
        self.heard.append(answer.body().decode("latin-1"))
        route.fulfill(response=answer)

    def _frame(self, payload: Any) -> None:
        self.heard.append(payload if isinstance(payload, str) else bytes(payload).decode("latin-1"))

    def text(self) -> str:
        return "\n".join(self.heard)

    def end(self) -> None:
        """Listen no more: an answer on its way when the browser closes is no error."""
        self.page.unroute_all(behavior="ignoreErrors")


def test_nothing_hidden_reaches_a_readers_browser(server: Server, sign_in: Callable[..., Any]) -> None:
    study = open_study(server, "blind", design=Design.SEQUENTIAL, at=clock.now(), count=3, practice_feedback=False)
    other = open_study(server, "elsewhere", design=Design.INDEPENDENT, at=clock.now(), count=2)
    page = sign_in(server, "blind1")
    tap = Wiretap(page)
    page.goto(f"{server.url}/work")
    page.get_by_role("button", name="Start").wait_for()
    page.goto(f"{server.url}/read?study={study.id}")
    page.get_by_text(re.compile(rf"Slice \d+ / {SLICES}")).wait_for()
    page.keyboard.press("Home")
    page.get_by_text(f"Slice 1 / {SLICES}").wait_for()
    page.keyboard.press("ArrowDown")
    page.get_by_text(f"Slice 2 / {SLICES}").wait_for()
    with page.expect_response(lambda answer: answer.url.endswith("/draft")):
        page.keyboard.press("n")
    found = page.request.get(f"{server.url}/api/reading/{study.id}/next").json()
    token, case, upcoming = found["read"]["token"], found["read"]["case"], found["next"]["case"]

    def status(path: str) -> int:
        answer = page.request.get(server.url + path)
        tap.heard.append(f"{answer.headers} {answer.text() if answer.status != 200 else ''}")
        return int(answer.status)

    later = next(number for number in study.truth if number not in (case, upcoming))
    pixels = f"/api/studies/{study.id}/cases"
    assert status(f"{pixels}/{case}/slices") == status(f"{pixels}/{upcoming}/slices") == 200
    assert status(f"{pixels}/{later}/slices") == status(f"{pixels}/999999/slices") == 403
    assert status(f"{pixels}/{10**20}/slices") == 403
    for number in other.truth:
        assert status(f"/api/studies/{other.id}/cases/{number}/slices") == 403
        assert status(f"{pixels}/{number}/slices") == 403
    assert status(f"/api/reading/{other.id}/next") == 403
    for overlay in ("lungs", "heat"):
        assert status(f"/api/reads/{token}/{overlay}") == 403
    tap.heard.append(page.content())
    page.goto(f"{server.url}/studies?study={study.id}")  # a coordinator's page
    page.get_by_role("button", name="Sign out").wait_for()
    tap.heard.append(page.content())
    page.goto(f"{server.url}/read?study={study.id}")
    page.get_by_text(re.compile(rf"Slice \d+ / {SLICES}")).wait_for()
    heard = tap.text() + page.content()
    assert "Study blind" in heard  # the tap hears
    for secret in (SOURCE, *AI_OUTPUT):
        assert secret not in heard

    # locked: now the AI of this case is shown, and the truth still is not
    lock(page, "c")
    page.get_by_text("AI output").wait_for()
    now = page.request.get(f"{server.url}/api/reading/{study.id}/next").json()
    assert now["ai"]["call"] == "covid"
    assert status(f"/api/reads/{now['read']['token']}/lungs") == 200
    assert status(f"/api/reads/{token}/lungs") == 403
    second = sign_in(server, "blind2")
    for overlay in ("lungs", "heat"):
        assert second.request.get(f"{server.url}/api/reads/{now['read']['token']}/{overlay}").status == 403
    heard = tap.text() + page.content()
    tap.end()
    assert MODEL in heard  # it would have been heard before, had it been sent
    assert SOURCE not in heard


@pytest.mark.parametrize("design", ["independent", "crossover"])
def test_an_unaided_read_brings_nothing_hidden_in_any_design(
    server: Server, sign_in: Callable[..., Any], design: Design
) -> None:
    study = open_study(server, f"blind-{design}", design=design, at=clock.now(), count=3)
    for name in study.readers:  # in a crossover one of the two begins with the AI
        page = sign_in(server, name)
        tap = Wiretap(page)
        found = page.request.get(f"{server.url}/api/reading/{study.id}/next").json()["read"]
        page.goto(f"{server.url}/read?study={study.id}")
        page.get_by_text(re.compile(rf"Slice \d+ / {SLICES}")).wait_for()
        if found["arm"] == "aided":
            assert MODEL in tap.text()
            tap.end()
            continue
        for overlay in ("lungs", "heat"):
            assert page.request.get(f"{server.url}/api/reads/{found['token']}/{overlay}").status == 403
        lock(page, "n")
        page.locator(".place", has_text="Case 2 of 3").wait_for()
        page.get_by_text(re.compile(rf"Slice \d+ / {SLICES}")).wait_for()
        heard = tap.text() + page.content()
        assert f"Study blind-{design}" in heard
        for secret in (SOURCE, *AI_OUTPUT):
            assert secret not in heard
        tap.end()
        return
    pytest.fail("nobody reads without the AI first")


def test_without_a_cookie_there_is_nothing(server: Server, browser: Any) -> None:
    context = browser.new_context()
    for path in ("/api/reading/1/next", "/api/studies/1/cases/1/slices", "/api/reads/x/lungs", "/api/reads/x/heat"):
        answer = context.request.get(server.url + path)
        assert (answer.status, answer.json()["error"]) == (401, "not_signed_in")
    context.close()
