"""The course of reading, when all goes well and when not: lock, pause, other tabs, networks, expired sign-ins."""

import re
import threading
from collections.abc import Callable

import numpy as np
import pytest

from core.imaging.volume import Volume
from core.viewer.fake import Fake
from tests.viewer.desk import Desk

pytestmark = pytest.mark.browser
Sit = Callable[..., Desk]


def test_a_double_press_locks_once_and_the_next_case_opens_by_itself(desk: Sit) -> None:
    seat = desk()
    seat.until(lambda: "loaded" in seat.read.kinds)
    seat.answer()
    seat.review_and_lock()
    seat.press("Enter", "Enter")
    seat.page.get_by_text("Case 2 of 2").first.wait_for()
    seat.painted("axial", 0)
    first, second = seat.fake.reads
    assert seat.fake.lock_posts == 1
    assert first.locked is not None
    assert first.locked["diagnosis"] == "covid"
    assert first.kinds == ["painted", "loaded", "action"]
    assert first.counters["slices_seen"] == 1
    assert 0 < first.counters["first_slice_ms"] <= first.counters["all_slices_ms"] < 60_000
    seat.until(lambda: "painted" in second.kinds)
    assert seat.fake.log.count("GET /api/studies/1/cases/2/slices") == 1, "fetched ahead, once"
    assert second.content["diagnosis"] is None


def test_a_case_is_read_by_mouse_and_double_clicks_are_single_ones(desk: Sit) -> None:
    seat = desk()
    seat.until(lambda: "loaded" in seat.read.kinds)
    seat.page.get_by_role("radio", name="COVID-19").dblclick()
    seat.page.locator(".choice.chosen", has_text="COVID-19").wait_for()
    for name in ("Normal", "CAP", "COVID-19"):
        seat.page.get_by_role("slider", name=f"Rating of {name}").dblclick()
    seat.page.get_by_role("button", name="Review and lock").dblclick(delay=150)  # slower than a bouncing key
    seat.page.get_by_role("button", name="Lock this read").wait_for()
    assert seat.fake.lock_posts == 0
    seat.steady()
    seat.page.get_by_role("button", name="Lock this read").dblclick()
    seat.page.get_by_text("Case 2 of 2").first.wait_for()
    seat.painted("axial", 0)
    assert seat.fake.lock_posts == 1
    assert seat.fake.reads[1].content["diagnosis"] is None


def test_a_rating_against_the_diagnosis_is_asked_about_once_and_the_answer_kept(desk: Sit, bar: Volume) -> None:
    seat = desk(Fake.of(bar))
    seat.press("c", "Shift+Digit1", "Tab", "Shift+Digit8", "Tab", "Shift+Digit1", "Enter")
    seat.page.get_by_text("your diagnosis COVID-19 10: is that as you mean it? Enter locks").wait_for()
    seat.press("Escape")
    seat.review_and_lock()
    seat.until(lambda: seat.fake.reads[0].locked is not None)
    counters = seat.fake.reads[0].counters
    assert (counters["contradiction_asked"], counters["contradiction_kept"]) == (1, 1)


def test_nothing_is_fetched_ahead_but_the_next_pixels(desk: Sit, bar: Volume) -> None:
    seat = desk(Fake.of(bar, bar, bar))
    seat.until(lambda: "GET /api/studies/1/cases/2/slices" in seat.fake.log)
    seat.press("ArrowDown")
    seat.painted("axial", 1)
    assert not [line for line in seat.fake.log if "cases/3" in line or "token2" in line]


def test_what_is_missing_is_said_beside_its_field_and_nothing_is_sent(desk: Sit) -> None:
    seat = desk()
    seat.press("n", "Enter")
    seat.page.get_by_text("Rate COVID-19 from 0 to 100.").wait_for()
    assert seat.fake.lock_posts == 0
    seat.press("n", "Shift+Digit5", "Tab", "Shift+Digit5", "Tab", "Shift+Digit5")
    seat.fake.lock_refusal = {"ratings.cap": "The server wants another one."}
    seat.review_and_lock()
    seat.page.get_by_text("The server wants another one.").wait_for()
    seat.press("Enter", "Escape", "Enter")
    seat.page.get_by_text("Enter locks, Esc goes back").wait_for()
    seat.press("c")
    seat.page.get_by_text("Enter locks, Esc goes back").wait_for(state="hidden")
    assert seat.read.locked is None


def test_tab_walks_through_ratings_that_are_all_set_from_the_one_just_rated(desk: Sit) -> None:
    seat = desk()
    seat.press("n", "Shift+Digit5", "Tab", "Shift+Digit5", "Tab", "Shift+Digit5")
    seat.page.evaluate("document.activeElement.blur()")
    seat.press("c", "Shift+Digit9", "Tab", "Shift+Digit2", "Tab", "Shift+Digit1")
    seat.until(lambda: seat.read.content.get("ratings") == {"covid": 90, "normal": 20, "cap": 10})


def test_pause_blanks_everything_and_a_reload_stays_paused(desk: Sit) -> None:
    seat = desk()
    seat.press("p")
    seat.page.get_by_text("The clock stands still.").wait_for()
    seat.press("c", "ArrowDown")
    seat.until(lambda: "pause" in seat.read.kinds)
    assert seat.page.evaluate(
        """() => {
          const cover = document.getElementById("host").shadowRoot.querySelector(".cover").getBoundingClientRect();
          return cover.width === innerWidth && cover.height === innerHeight;
        }"""
    )
    seat.press("p")
    seat.until(lambda: "resume" in seat.read.kinds)
    assert seat.read.content["diagnosis"] is None


def test_a_second_tab_takes_over_and_the_first_may_take_back(desk: Sit) -> None:
    seat = desk()
    seat.press("n")
    seat.until(lambda: seat.read.content["diagnosis"] == "normal")
    held = seat.read.tab
    other = Desk(seat.page.context.new_page(), seat.fake, seat.url)
    other.page.goto(seat.url)
    other.painted()
    seat.until(lambda: seat.read.tab != held)
    other.press("c")
    other.until(lambda: seat.read.content["diagnosis"] == "covid")
    seat.page.bring_to_front()
    seat.press("n")
    seat.page.get_by_text("Another tab has taken over").wait_for()
    assert seat.read.content["diagnosis"] == "covid"
    seat.press("Enter")
    seat.painted()
    seat.page.locator(".choice.chosen", has_text="COVID-19").wait_for()
    assert seat.read.tab == held


def test_a_slow_first_image_is_no_take_over(desk: Sit, bar: Volume) -> None:
    arrives = threading.Event()

    def gate(n: int) -> None:
        arrives.wait(20)

    fake = Fake.of(bar, bar, heartbeat_s=0.1, gate=gate)
    fake.reads[0].tab = "the page before the reload"
    seat = desk(fake, wait=False)
    seat.page.locator(".form .choice").first.wait_for()
    seat.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    seat.intervals(5, fake.heartbeat_s)
    assert seat.page.locator(".cover:visible").count() == 0
    arrives.set()
    seat.painted()
    seat.until(lambda: "heartbeat" in seat.read.kinds)
    assert seat.read.tab != "the page before the reload"
    assert seat.page.locator(".cover:visible").count() == 0


@pytest.mark.parametrize("rendering", ["cpu", "gpu"])
def test_a_pointer_over_the_view_before_its_first_image_breaks_nothing(desk: Sit, bar: Volume, rendering: str) -> None:
    arrives = threading.Event()

    def gate(n: int) -> None:
        arrives.wait(20)

    seat = desk(Fake.of(bar, bar, gate=gate), wait=False, rendering=rendering)  # desk fails on an error of the page
    seat.page.locator(".form .choice").first.wait_for()
    box = seat.page.locator(".view").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    for button in ("left", "middle", "right"):
        seat.page.mouse.move(x, y)
        seat.page.mouse.down(button=button)
        seat.page.mouse.move(x + 40, y + 30, steps=4)
        seat.page.mouse.up(button=button)
    seat.page.mouse.wheel(0, 120)
    seat.page.mouse.dblclick(x, y)
    arrives.set()
    seat.painted()


def test_the_keyboard_stays_within_the_dialog_of_keys_and_covers(desk: Sit) -> None:
    seat = desk()
    inside = "() => document.getElementById('host').shadowRoot.activeElement?.closest('{}') !== null"
    seat.press("?")
    stops = seat.page.locator(".dialog button").count()
    for key in ("Tab", "Shift+Tab"):
        for _ in range(stops + 3):
            seat.press(key)
            assert seat.page.evaluate(inside.format(".dialog"))
    seat.press("Escape", "p")
    seat.page.locator(".cover[data-kind=paused]").wait_for()
    for _ in range(8):
        seat.press("Tab", "ArrowRight")  # an arrow on a rating under the cover would answer it
    assert seat.page.evaluate(inside.format(".cover"))
    seat.press("p")
    seat.page.locator(".cover").wait_for(state="hidden")
    assert seat.page.get_by_role("slider", name="Rating of Normal").get_attribute("aria-valuetext") == "not set"
    seat.answer()
    seat.saved()


def test_answers_changed_elsewhere_are_shown_with_a_notice(desk: Sit) -> None:
    seat = desk()
    seat.until(lambda: "painted" in seat.read.kinds)
    seat.read.revision, seat.read.content = 7, {**seat.read.content, "diagnosis": "normal"}
    seat.press("c")
    seat.page.get_by_text("The newer answers are shown.").wait_for()
    seat.page.locator(".choice.chosen", has_text="Normal").wait_for()
    seat.press("a")
    seat.until(lambda: seat.read.content["diagnosis"] == "cap")
    assert seat.read.revision == 8


def test_a_lost_network_is_said_and_every_answer_arrives_later(desk: Sit) -> None:
    seat = desk()
    seat.until(lambda: "painted" in seat.read.kinds)
    seat.fake.trouble = lambda method, path: 503 if path.endswith(("draft", "lock")) else None
    seat.answer()
    seat.page.get_by_text("not saved, retrying").wait_for()
    seat.press("Enter")
    seat.page.get_by_text("Enter locks, Esc goes back").wait_for()
    seat.fake.trouble = lambda method, path: None
    seat.saved()
    assert seat.read.content["ratings"] == {"covid": 90, "normal": 20, "cap": 10}


def test_an_expired_sign_in_loses_nothing(desk: Sit) -> None:
    seat = desk()
    seat.until(lambda: "painted" in seat.read.kinds)
    seat.fake.signed_in = False
    seat.answer()
    seat.page.get_by_text("Your sign-in has expired.").first.wait_for()
    assert seat.read.content["diagnosis"] is None
    seat.fake.signed_in = True
    seat.page.get_by_role("button", name="Continue").click()
    seat.until(lambda: seat.read.content["ratings"] == {"covid": 90, "normal": 20, "cap": 10})
    seat.page.get_by_text("Your sign-in has expired.").first.wait_for(state="hidden")


def test_a_broken_stream_goes_on_where_it_stopped(desk: Sit, bar: Volume) -> None:
    fake = Fake.of(bar)
    fake.pixel_limit = 12
    fake.trouble = lambda method, path: 503 if "slices" in path and fake.log.count(f"GET {path}") == 2 else None
    seat = desk(fake)
    seat.page.get_by_text("12 / 30 slices are here.").wait_for()
    seat.press("End")
    seat.page.get_by_text("Slice 30 has not arrived yet").wait_for()
    seat.page.get_by_role("button", name="Try now").click()
    seat.painted("axial", 29)
    assert seat.page.get_by_text("has not arrived yet").is_hidden()


def test_idling_and_leaving_are_told(desk: Sit, bar: Volume) -> None:
    seat = desk(Fake.of(bar, idle_after_s=0.4))
    seat.until(lambda: "idle" in seat.read.kinds)
    seat.press("ArrowDown")
    seat.until(lambda: "active" in seat.read.kinds)
    seat.page.evaluate("window.unmount()")  # as Streamlit does when its page changes
    assert seat.page.locator(".parallax").count() == 0
    seat.until(lambda: "leave" in seat.read.kinds)
    assert seat.read.counters["scrolls"] == 1


def test_break_feedback_and_the_end(desk: Sit, bar: Volume) -> None:
    fake = Fake.of(bar)
    fake.rest = "You have read 20 cases in a row."
    fake.feedback = {"case": 4, "diagnosis": "cap", "truth": "covid", "truth_label": "COVID-19", "correct": False}
    seat = desk(fake, wait=False)
    seat.page.get_by_text("Practice case 4: COVID-19").wait_for()
    assert fake.reads[0].events == {}
    seat.press("Enter")
    seat.page.get_by_text("You have read 20 cases in a row.").wait_for()
    seat.press("Enter")
    seat.painted()
    seat.answer()
    seat.review_and_lock()
    seat.page.get_by_text("Thank you. Every case is read.").wait_for()


def test_the_ai_is_shown_only_where_the_server_reveals_it(desk: Sit, bar: Volume) -> None:
    scores = [None] * 5 + [[0.1, 0.2, 0.7]] * 20 + [None] * 5
    ai = {
        "call": "covid", "probabilities": {"normal": 0.1, "cap": 0.2, "covid": 0.7}, "counts": {},
        "label": "Research demonstration",
        "classes": ["normal", "cap", "covid"], "deciding_slices": [9, 12], "slices": scores, "heat_slices": [9, 12],
        "masks_url": "/api/reads/token2/lungs", "heat_url": "/api/reads/token2/heat",
    }  # fmt: skip
    fake = Fake.of(bar, bar, ai=ai, lungs=np.ones(bar.hu.shape, np.uint8), heat=np.full((2, 8, 8), 200, np.uint8))
    fake.reads[1].case, fake.reads[1].phase = 1, "aided"
    seat = desk(fake)
    seat.until(lambda: "loaded" in seat.read.kinds)
    assert seat.page.get_by_text("AI output").count() == 0
    assert seat.page.locator("[data-action=overlay].tool").is_hidden()
    seat.answer()
    seat.review_and_lock()
    seat.page.get_by_text("Research demonstration").wait_for()
    assert fake.log.count("GET /api/studies/1/cases/1/slices") == 1, "the same pixels are not fetched again"
    seat.page.get_by_role("button", name="13", exact=True).click()
    seat.painted("axial", 12)
    seat.until(lambda: f"GET {ai['heat_url']}" in fake.log)
    seat.press("m")
    drawn = """() => {
      const canvas = document.getElementById("host").shadowRoot.querySelector("canvas.overlay");
      return canvas.getContext("2d").getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data[3] > 0;
    }"""
    seat.page.wait_for_function(drawn)
    for part in ("lungs", "heat map"):
        seat.page.get_by_label(part, exact=True).uncheck()
    assert not seat.page.evaluate(drawn)
    seat.page.get_by_label(re.compile("^Overlay")).first.uncheck()
    seat.page.locator("canvas.overlay.off").wait_for(state="attached")
    seat.until(lambda: seat.read.counters.get("overlay_toggles") == 2, seconds=14)  # key, then box; sent every 10 s
    assert not [
        line for line in fake.log[: fake.log.index("POST /api/reads/token1/lock")] if "lungs" in line or "heat" in line
    ]
