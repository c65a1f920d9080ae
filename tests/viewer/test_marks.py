"""Marks of every kind in every plane: where they were set, kept by the server, drawn again after a reload."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.viewer.desk import Desk
from tests.viewer.test_image import PLANES, grid

pytestmark = pytest.mark.browser
Sit = Callable[..., Desk]
KEYS = {"point": "7", "box": "8", "length": "l", "ellipse": "e"}
PLACES = {  # column and row, apart from each other: a press on a mark takes hold of it
    "point": [(90, 5)],
    "box": [(10, 3), (30, 12)],
    "length": [(40, 4), (70, 10)],
    "ellipse": [(30, 16), (70, 26)],
}


@pytest.mark.parametrize(("plane", "rendering"), [*((plane, "gpu") for plane in PLANES), ("sagittal", "cpu")])
def test_marks_of_every_kind_are_kept_in_every_plane(desk: Sit, plane: str, rendering: str) -> None:
    seat = desk(rendering=rendering)
    seat.page.locator(".loading").wait_for(state="hidden")
    seat.press(PLANES[plane]["key"])
    seat.painted(plane)
    _, index = seat.shown()
    for n, (kind, key) in enumerate(KEYS.items(), start=1):
        seat.press(key)
        start: Any = PLACES[kind][0]
        end = PLACES[kind][-1]
        if kind == "point":
            seat.page.mouse.click(*seat.at(*start, **grid(plane)))
        else:
            if kind == "ellipse":  # Cornerstone draws it from its middle
                start = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
            seat.drag(seat.at(*start, **grid(plane)), seat.at(*end, **grid(plane)))
        seat.until(lambda n=n: len(seat.read.content["marks"]) == n)
    seat.saved()
    for mark in seat.read.content["marks"]:
        assert (mark["plane"], mark["slice"]) == (plane, index)
        expected = [pytest.approx(point, abs=0.5) for point in PLACES[mark["kind"]]]
        assert mark["points"] == expected, mark["kind"]

    drawn = seat.page.locator(".view svg").inner_html()
    held = [dict(mark) for mark in seat.read.content["marks"]]
    seat.page.reload()
    seat.painted()
    name = f"slice {index + 1}" if plane == "axial" else f"{plane} {index + 1}"
    seat.page.get_by_role("button", name=f"Ellipse, {name}", exact=True).click()
    seat.painted(plane, index)
    seat.frames()
    again = seat.page.locator(".view svg").inner_html()
    assert [again.count(what) for what in ("<ellipse", "<line", "<circle")] == [
        drawn.count(what) for what in ("<ellipse", "<line", "<circle")
    ]
    assert seat.read.content["marks"] == held
    seat.press("Delete")
    seat.until(lambda: len(seat.read.content["marks"]) == len(KEYS) - 1)
