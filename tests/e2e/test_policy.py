"""The content security policy in a real browser: a journey through every page breaks it nowhere.

The fixture `sign_in` hears every violation, in this journey and in all others.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from core import clock
from core.imaging.storage import VolumeStore
from core.study.words import Design
from db.engine import open_session
from db.simulated import Plan, seed_study
from tests.browser import until
from tests.e2e.conftest import LISTEN, Server, against_policy
from tests.e2e.coordinator import Hand
from tests.e2e.reading import shown
from tests.e2e.reading_study import Opened, open_study
from tests.e2e.test_panel import panel_study
from tests.report.simulated_pictures import picture

pytestmark = pytest.mark.browser

READY = '[data-testid="stApp"][data-test-script-state="notRunning"]'
DRAWN = "[...document.querySelectorAll('[data-testid=stPlotlyChart]')].every(c => c.querySelector('.main-svg'))"
LONG = 120_000  # ms; a busy machine draws slowly
MAIN = "[data-testid=stMainBlockContainer]"
MENU = '[data-testid="stSidebarNav"] a'
BREAKS = "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.broken = true\">')"


@pytest.fixture(scope="module")
def unblinded(server: Server) -> int:
    with open_session(server.database) as session:
        made = seed_study(session, Plan(cases=12, slices=6, design=Design.SEQUENTIAL, seed=31, title="Policy"))
        picture(session, VolumeStore(str(server.data / "volumes")), made, size=64)
    return made


@pytest.fixture(scope="module")
def being_read(server: Server) -> Opened:
    return open_study(server, "policy", design=Design.INDEPENDENT, at=clock.now(), count=2)


def settled(page: Any) -> None:
    page.wait_for_selector(READY, state="attached", timeout=LONG)
    until(page, f"document.querySelector('{MAIN}')?.innerText.length > 20", timeout=LONG)
    until(page, DRAWN, timeout=LONG)
    assert page.locator('[data-testid="stException"]').count() == 0, page.url


def walk(page: Any, hand: Hand, server: Server) -> set[str]:
    """Click through the menu as it is; return the addresses of its pages."""
    page.set_default_timeout(LONG)
    page.goto(f"{server.url}/account")
    settled(page)
    every = {str(link.get_attribute("href")).rsplit("/", 1)[-1] for link in page.locator(MENU).all()}
    for path in sorted(every - {"read"}):  # the reading page is no page of Streamlit
        hand.follows(page.locator(f'{MENU}[href$="/{path}"]'))
        settled(page)
    return every


@pytest.mark.timeout(900)
def test_a_journey_through_every_page_of_the_menu_breaks_no_policy(
    server: Server, unblinded: int, sign_in: Callable[..., Any]
) -> None:
    page = sign_in(server, "root")
    seen = walk(page, Hand(page, patience=LONG), server)
    assert {"account", "audit", "system", "studies"} <= seen
    for address in ("design", "reading", "comparison"):  # test_results.py walks through all results and hears as well
        page.goto(f"{server.url}/{address}?study={unblinded}")
        settled(page)


@pytest.mark.timeout(600)
def test_the_steps_of_a_study_the_reading_page_and_the_panel_break_no_policy(
    server: Server, being_read: Opened, sign_in: Callable[..., Any]
) -> None:
    draft, _ = panel_study(server)
    page = sign_in(server, "root")
    page.set_default_timeout(LONG)
    for step in ("overview", "protocol", "cases", "truth", "readers", "ai", "prespecification", "check", "sharing"):
        page.goto(f"{server.url}/design?study={draft}&step={step}")
        settled(page)
    page.goto(f"{server.url}/reading?study={being_read.id}")
    settled(page)
    reader = sign_in(server, "policy1")
    walk(reader, Hand(reader, patience=LONG), server)
    reader.goto(f"{server.url}/read")
    shown(reader, "Case 1 of 2")
    member = sign_in(server, "panel-ada")
    member.goto(f"{server.url}/panel")
    member.locator('.view[data-shown^="axial/"]').wait_for()


def test_the_report_breaks_its_own_policy_nowhere_and_fetches_nothing(
    server: Server, unblinded: int, browser: Any, tmp_path: Path
) -> None:
    cookie = {"parallax_session": server.cookie("root")["value"]}
    answer = httpx.get(f"{server.url}/api/studies/{unblinded}/report", cookies=cookie, trust_env=False, timeout=120)
    file = tmp_path / "report.html"
    file.write_bytes(answer.content)
    page = browser.new_page()
    against: list[str] = []
    asked: list[str] = []
    page.add_init_script(LISTEN)
    page.on("console", lambda message: against.extend(against_policy(message)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"file://{file}", timeout=LONG)
    assert "Content-Security-Policy" in page.content()
    assert against == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    page.evaluate(BREAKS)
    page.wait_for_timeout(100)
    assert page.evaluate("window.broken") is None
    page.close()


def test_what_finds_its_way_into_a_page_does_not_run(server: Server, browser: Any) -> None:
    context = browser.new_context()
    context.add_cookies([server.cookie("root")])
    page = context.new_page()
    page.add_init_script(LISTEN)
    heard: list[str] = []
    page.on("console", lambda message: heard.extend(against_policy(message)))
    page.goto(f"{server.url}/account")
    settled(page)
    page.evaluate(BREAKS)
    with page.expect_event("console", lambda message: "policy: script-src" in message.text):
        page.evaluate(
            "document.body.insertAdjacentHTML('beforeend', '<a href=\"javascript:window.broken=1\" id=x>x</a>')"
        )
        page.evaluate("document.getElementById('x').click()")
    assert page.evaluate("window.broken") is None
    assert any("script-src" in one for one in heard)
    context.close()
