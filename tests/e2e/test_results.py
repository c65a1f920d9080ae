"""A coordinator looks at the results: every panel, light and dark, narrow and wide, without an error in the console."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from core.imaging.storage import VolumeStore
from core.study.words import Design
from db.engine import open_session
from db.models import StudyMember
from db.simulated import BEGAN, Plan, seed_study
from pages.coordinator.results import PAGES
from tests.browser import until
from tests.report.simulated_pictures import picture

pytestmark = pytest.mark.browser

READY = '[data-testid="stApp"][data-test-script-state="notRunning"]'
LONG = 120_000  # ms; a busy machine draws slowly


@pytest.fixture(scope="module")
def study(server: Any) -> int:
    member = server.account("clara", "coordinator")
    with open_session(server.database) as session:
        plan = Plan(cases=30, slices=12, design=Design.SEQUENTIAL, seed=31, title="Results in a browser")
        made = seed_study(session, plan)
        picture(session, VolumeStore(str(server.data / "volumes")), made, size=64)
        session.add(StudyMember(study_id=made, account_id=member, role="coordinator", managed=True, added_at=BEGAN))
    return made


def settle(page: Any, title: str) -> None:
    """Wait until the script of the page with this title has run and every chart is drawn."""
    until(page, "title => document.querySelector('h1')?.innerText.startsWith(title)", title, timeout=LONG)
    page.wait_for_selector(READY, state="attached", timeout=LONG)
    drawn = "[...document.querySelectorAll('[data-testid=stPlotlyChart]')].every(c => c.querySelector('.main-svg'))"
    until(page, drawn, timeout=LONG)


LOOKS = (("light", 1920), ("dark", 800))
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.timeout(600)
def test_every_panel_opens_without_an_error_light_and_wide_dark_and_narrow(server: Any, study: int, sign_in: Callable):
    page = sign_in(server, "clara", color_scheme="light", viewport={"width": 1920, "height": 1000})
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    for n, (_, title, address, _) in enumerate(PAGES):
        page.goto(f"{server.url}/{address}?study={study}")
        for look, width in LOOKS[:: (1, -1)[n % 2]]:  # a page is loaded in the look that the last one ended in
            page.emulate_media(color_scheme=look)
            page.set_viewport_size({"width": width, "height": 1000})
            settle(page, title)
            assert page.locator('[data-testid="stException"]').count() == 0, title
            assert len(page.locator('[data-testid="stMainBlockContainer"]').inner_text()) > 200, f"{title} is empty"
            assert page.evaluate(OVERFLOW) <= 0, f"{title} is wider than the window, {look} and {width} px wide"
    # what the browser cannot reach from a sealed machine (Streamlit's icons and checks) is no error of a page
    assert [text for text in errors if "Failed to load resource" not in text] == []


def test_a_filtered_view_can_be_sent_as_an_address(server: Any, study: int, sign_in: Callable):
    page = sign_in(server, "clara")
    page.goto(f"{server.url}/comparison?study={study}&group=expert")
    settle(page, "Comparison")
    charts = page.locator('[data-testid="stPlotlyChart"]')
    charts.filter(has_text="expert 1").first.wait_for()
    assert charts.filter(has_text="novice 1").count() == 0
    assert "group=expert" in page.url


def test_the_long_csv_is_downloaded_and_has_every_read(server: Any, study: int, sign_in: Callable):
    page = sign_in(server, "clara")
    page.goto(f"{server.url}/export?study={study}")
    settle(page, "Report and export")
    link = page.get_by_role("link", name="Long CSV")
    link.evaluate("link => link.removeAttribute('target')")  # a tab of its own closes before it can be listened to
    with page.expect_download() as download:
        link.click()
    assert download.value.suggested_filename == f"study-{study}.csv"
    lines = download.value.path().read_text().splitlines()
    assert lines[0].startswith("reader,group,case,truth,prediction,prob_normal,prob_cap,prob_covid,seconds,arm,session")
    assert any(line.startswith("AI,AI,") for line in lines)


def test_a_cell_lists_its_cases_and_a_chart_gives_its_picture(server: Any, study: int, sign_in: Callable):
    page = sign_in(server, "clara", viewport={"width": 1920, "height": 1000})
    page.goto(f"{server.url}/confusion?study={study}")
    settle(page, "Confusion")
    cells = page.locator('[data-testid="stPlotlyChart"] .nsewdrag').first
    box = cells.bounding_box()
    cells.click(
        position={"x": box["width"] / 8, "y": box["height"] / 6}
    )  # normal, read as normal; waits till it stands
    page.get_by_text("Truth Normal, read as Normal:").wait_for(timeout=LONG)
    page.get_by_role("button", name="Filters (0)").click()
    page.get_by_role("radio", name="SVG").or_(page.get_by_role("button", name="SVG", exact=True)).first.click()
    page.keyboard.press("Escape")  # the filters lie over the chart
    settle(page, "Confusion")
    charts = page.locator('[data-testid="stPlotlyChart"]')
    charts.first.hover()
    with page.expect_download() as download:
        charts.first.locator('.modebar-btn[data-attr="toImage"], .modebar-btn[data-title^="Download"]').first.click()
    drawn = download.value.path().read_text()
    assert download.value.suggested_filename == "confusion-AI.svg"
    assert drawn.startswith("<svg")
    assert "COVID-19" in drawn


def test_a_case_is_looked_over_in_the_viewer(server: Any, study: int, sign_in: Callable):
    page = sign_in(server, "clara")
    page.goto(f"{server.url}/case?study={study}")
    page.get_by_text(re.compile(r"Slice \d+ / 12")).wait_for(timeout=LONG)
    strip = page.locator("canvas.strip").bounding_box()
    page.mouse.click(strip["x"] + strip["width"] * 2.5 / 12, strip["y"] + 10)
    page.get_by_text("Slice 3 / 12").wait_for()
    page.keyboard.press("ArrowDown")
    page.get_by_text("Slice 4 / 12").wait_for()
    page.locator(".review[data-overlays]").wait_for()
    page.keyboard.press("m")
    page.locator("canvas.overlay:not(.off)").wait_for()
    page.get_by_text(re.compile(r"novice 1 novice, unaided")).click()
    page.get_by_text(re.compile("^Ratings: Normal")).first.wait_for()
    page.locator(".view").click()
    page.keyboard.press("c")  # Streamlit's own key would offer to clear its caches
    assert page.get_by_text("Clear caches").count() == 0
