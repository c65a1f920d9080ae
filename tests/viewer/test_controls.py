"""Every control of the viewer by keyboard and mouse, and the form's own keys."""

from collections.abc import Callable
from typing import Any

import pytest

from core.imaging.volume import Volume
from core.viewer.fake import FORM, Fake
from tests.viewer.desk import Desk

pytestmark = pytest.mark.browser
Sit = Callable[..., Desk]
QUESTIONS = [
    {"id": "where", "kind": "choice", "label": "Distribution", "required": True,
     "options": [{"code": "p", "label": "peripheral"}, {"code": "c", "label": "central"}]},
    {"id": "what", "kind": "choices", "label": "Findings", "required": False,
     "options": [{"code": "g", "label": "ground glass"}, {"code": "k", "label": "consolidation"}]},
    {"id": "lobes", "kind": "number", "label": "Lobes", "required": False, "min": 0, "max": 5, "step": 1},
    {"id": "note", "kind": "text", "label": "Remark", "required": False, "max_length": 100},
    {"id": "sure", "kind": "scale", "label": "Severity", "required": False, "anchors": ["none", "whole lung"]},
    {"id": "spot", "kind": "mark", "label": "Largest opacity", "required": True, "mark": "box"},
]  # fmt: skip


def test_keys_move_through_the_stack_and_between_the_planes(desk: Sit) -> None:
    seat = desk()
    for key, index in (("ArrowDown", 1), ("PageDown", 11), ("ArrowUp", 10), ("PageUp", 0), ("End", 29), ("Home", 0)):
        seat.press(key)
        seat.painted("axial", index)
    seat.page.locator(".loading").wait_for(state="hidden")
    for key, plane in (("5", "coronal"), ("6", "sagittal"), ("4", "axial")):
        seat.press(key)
        seat.painted(plane)
    start = seat.shown()
    seat.press("Space")
    seat.until(lambda: seat.shown() != start)  # a loop passes any one slice too fast to wait for
    seat.press("Space")
    _, there = seat.shown()
    seat.intervals(5, 1 / 16)  # as many images would have come
    assert seat.shown()[1] - there <= 1


def test_window_keys_and_drag(desk: Sit) -> None:
    seat = desk()
    for key, text in (("2", "W 400 L 40"), ("3", "W 2500 L 480"), ("1", "W 1500 L −600")):
        seat.press(key)
        assert text in seat.text("top-right")
    seat.drag((300, 300), (380, 340))
    assert "W 1500 L −600" not in seat.text("top-right")
    seat.press("i")
    assert "inverted" in seat.text("top-right")
    seat.press("r")
    assert "W 1500 L −600" in seat.text("top-right")
    assert "inverted" not in seat.text("top-right")
    seat.press("Control+ArrowRight")
    assert "W 1650" in seat.text("top-right")


def test_the_wheel_paints_every_slice_it_passes(desk: Sit) -> None:
    seat = desk()
    seat.page.locator(".loading").wait_for(state="hidden")
    seat.page.evaluate(
        """() => {
          const view = document.getElementById("host").shadowRoot.querySelector(".view");
          window.painted = [];
          new MutationObserver(() => window.painted.push(view.dataset.shown))
            .observe(view, {attributes: true, attributeFilter: ["data-shown"]});
        }"""
    )
    seat.page.mouse.move(400, 400)
    for _ in range(29):
        seat.page.mouse.wheel(0, 120)
    seat.painted("axial", 29)
    assert seat.page.evaluate("window.painted") == [f"axial/{k}" for k in range(1, 30)]


def test_the_form_is_filled_by_keys_alone_and_saved(desk: Sit) -> None:
    seat = desk()
    seat.answer()
    seat.press("ArrowDown")
    seat.painted("axial", 1)
    seat.press("k")
    seat.until(lambda: seat.read.content["key_slices"] == [1])
    assert seat.read.content["diagnosis"] == "covid"
    assert seat.read.content["ratings"] == {"covid": 90, "normal": 20, "cap": 10}
    seat.press("Shift+Backquote", "ArrowRight", "ArrowRight")
    seat.until(lambda: seat.read.content["ratings"]["cap"] == 2)
    seat.press("0")
    seat.until(lambda: seat.read.content["diagnosis"] == "indeterminate")
    seat.press("Control+z", "u")
    seat.until(lambda: seat.read.content["diagnosis"] == "covid")
    seat.saved()
    assert seat.page.evaluate("window.hostKeys") == []


def test_a_rating_has_no_value_until_it_is_given(desk: Sit) -> None:
    seat = desk()
    tracks = seat.page.get_by_role("slider", name="Rating of")
    assert [track.get_attribute("aria-valuetext") for track in tracks.all()] == ["not set"] * 3
    box = tracks.first.bounding_box()
    seat.drag((box["x"] + 5, box["y"] + 8), (box["x"] + box["width"] * 0.7, box["y"] + 8))
    seat.until(lambda: seat.read.content["ratings"] == {"normal": 70})
    seat.press("Control+z")
    seat.until(lambda: seat.read.content["ratings"] == {})


def test_every_kind_of_question_is_answered_and_marks_belong_to_theirs(desk: Sit, bar: Volume) -> None:
    seat = desk(Fake.of(bar, form={**FORM, "questions": QUESTIONS}))
    seat.answer()
    seat.press("Enter")
    seat.page.get_by_text("Set this mark on the image.").wait_for()
    page = seat.page
    page.get_by_role("radio", name="peripheral").click()
    page.get_by_role("checkbox", name="consolidation").click()
    page.get_by_role("checkbox", name="ground glass").click()
    page.get_by_label("Lobes").fill("3")
    page.get_by_label("Remark").click()
    page.keyboard.type("rim k c 1 Enter?")  # keys of the viewer and of the form, all of them text here
    page.keyboard.press("Escape")
    page.get_by_role("slider", name="Severity").press("ArrowRight")
    page.get_by_role("button", name="Set a box").click()
    seat.drag((400, 300), (500, 380))
    seat.until(lambda: seat.read.content["marks"])
    [mark] = seat.read.content["marks"]
    assert (mark["kind"], mark["slice"], mark["question"]) == ("box", 0, "spot")
    seat.until(lambda: len(seat.read.content["answers"]) == 5)
    assert seat.read.content["answers"] == {
        "where": "p", "what": ["g", "k"], "lobes": 3, "note": "rim k c 1 Enter?", "sure": 50,
    }  # fmt: skip
    assert seat.read.content["diagnosis"] == "covid"
    assert seat.read.content["key_slices"] == []
    seat.press("Delete")
    seat.until(lambda: seat.read.content["marks"] == [])
    seat.press("Control+z")
    seat.until(lambda: seat.read.content["marks"] == [mark])
    page.reload()
    seat.painted()
    page.get_by_text("Box: Largest opacity, slice 1").wait_for()


def test_marks_are_where_they_were_set(desk: Sit) -> None:
    seat = desk()
    grid: dict[str, Any] = {"rows": 100, "columns": 112, "row_mm": 0.8, "column_mm": 0.6}
    seat.press("7")
    seat.page.mouse.click(*seat.at(40, 60, **grid))
    seat.until(lambda: seat.read.content["marks"])  # a click may become a double click for a moment
    seat.press("l")
    seat.drag(seat.at(20, 30, **grid), seat.at(70, 35, **grid))
    seat.until(lambda: len(seat.read.content["marks"]) == 2)
    points = {mark["kind"]: mark["points"] for mark in seat.read.content["marks"]}
    assert points["point"] == [pytest.approx([40, 60], abs=0.25)]
    assert points["length"] == [pytest.approx([20, 30], abs=0.25), pytest.approx([70, 35], abs=0.25)]


def test_a_reader_gives_an_action_another_key(desk: Sit) -> None:
    seat = desk()
    seat.press("?")
    seat.page.locator("button[data-action=invert].key-name").click()
    seat.press("c")
    seat.page.get_by_text("chooses a diagnosis in this study").wait_for()
    seat.page.locator("button[data-action=invert].key-name").click()
    seat.press("x")
    seat.page.get_by_text("Saved; these keys are yours").wait_for()
    assert seat.fake.bindings == {"invert": "x"}
    seat.press("Escape", "x")
    assert "inverted" in seat.text("top-right")
    seat.page.reload()
    seat.painted()
    seat.press("x")
    assert "inverted" in seat.text("top-right")


def test_every_control_has_a_name_for_screen_readers(desk: Sit) -> None:
    seat = desk()
    unnamed = seat.page.evaluate(
        """() => [...document.getElementById("host").shadowRoot
            .querySelectorAll("button, input, textarea, [role=slider]")]
          .filter((one) => !(one.getAttribute("aria-label") || one.textContent.trim() || one.labels?.length))
          .map((one) => one.outerHTML)"""
    )
    assert unnamed == []


def test_where_answers_cannot_be_taken_back_another_letter_changes_nothing_and_says_so(desk: Sit, bar: Volume) -> None:
    seat = desk(Fake.of(bar, form={**FORM, "undo": False}))
    seat.press("c", "n", "u")
    seat.page.get_by_text("first diagnosis of a case stands").wait_for()
    seat.page.get_by_role("radio", name="CAP").click()
    seat.press("Shift+Digit9")  # everything else still goes
    seat.until(lambda: seat.read.content["ratings"] == {"covid": 90})
    assert seat.read.content["diagnosis"] == "covid"
