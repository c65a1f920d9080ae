"""What the image shows: stored values, true lengths, letters, order."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from core.imaging.volume import Attributes, Volume, volume_of
from core.viewer.fake import Fake
from tests.viewer.conftest import BAR, SPACING
from tests.viewer.desk import Desk

pytestmark = pytest.mark.browser
Sit = Callable[..., Desk]

DZ, DY, DX = SPACING
PLANES: dict[str, dict[str, Any]] = {
    "axial": {"key": "4", "rows": 100, "columns": 112, "row_mm": DY, "column_mm": DX},
    "coronal": {"key": "5", "rows": 30, "columns": 112, "row_mm": DZ, "column_mm": DX},
    "sagittal": {"key": "6", "rows": 30, "columns": 100, "row_mm": DZ, "column_mm": DY},
}


def grid(plane: str) -> dict[str, Any]:
    return {name: value for name, value in PLANES[plane].items() if name != "key"}


def voxel(plane: str, index: int, column: int, row: int) -> tuple[int, int, int]:
    return {"axial": (index, row, column), "coronal": (row, index, column), "sagittal": (row, column, index)}[plane]


def corners(plane: str) -> tuple[tuple[float, float], tuple[float, float]]:
    """Edges of the bar in a plane: (column, row) of the upper left and lower right, between voxels."""
    z, y, x = ((part.start - 0.5, part.stop - 0.5) for part in BAR)
    columns, rows = {"axial": (x, y), "coronal": (x, z), "sagittal": (y, z)}[plane]
    return (columns[0], rows[0]), (columns[1], rows[1])


def millimetres(shown: Any) -> float:
    return float(re.search(r"[\d.]+", shown.text_content()).group())


@pytest.mark.parametrize("plane", PLANES)
def test_a_length_across_a_known_object_agrees_with_its_millimetres(desk: Sit, plane: str) -> None:
    seat = desk()
    seat.page.locator(".loading").wait_for(state="hidden")
    seat.press(PLANES[plane]["key"])
    seat.painted(plane)
    (left, top), (right, bottom) = corners(plane)
    for start, end, mm in (
        ((left, top), (right, top), (right - left) * PLANES[plane]["column_mm"]),
        ((left, top), (left, bottom), (bottom - top) * PLANES[plane]["row_mm"]),
    ):
        seat.press("l")
        seat.drag(seat.at(*start, **grid(plane)), seat.at(*end, **grid(plane)))
        shown = seat.page.locator("svg text", has_text="mm").first
        seat.until(lambda shown=shown, mm=mm: millimetres(shown) == pytest.approx(mm, rel=0.01), 4)
        seat.press("Delete")
        shown.wait_for(state="detached")


@pytest.mark.parametrize("rendering", ["cpu", "gpu"])
@pytest.mark.parametrize("plane", PLANES)
def test_the_value_under_the_cursor_is_the_stored_voxel(desk: Sit, bar: Volume, plane: str, rendering: str) -> None:
    seat = desk(rendering=rendering)
    seat.page.locator(".loading").wait_for(state="hidden")
    seat.press(PLANES[plane]["key"])
    seat.painted(plane)
    _, index = seat.shown()
    last = (PLANES[plane]["columns"] - 1, PLANES[plane]["rows"] - 1)
    for column, row in ((0, 0), (31, 12), (50, 9), (97, 27), last):
        seat.page.mouse.move(*seat.at(column, row, **grid(plane)))
        hu = int(bar.hu[voxel(plane, index, column, row)])
        assert seat.text("bottom-left").startswith(f"{hu} HU".replace("-", "−"))


def test_zoom_pan_and_a_new_window_size_keep_the_value_under_the_cursor(desk: Sit, bar: Volume) -> None:
    seat = desk()
    start = seat.at(50, 40, **grid("axial"))
    seat.drag(start, (start[0], start[1] + 60), button="right")
    seat.drag(start, (start[0] + 70, start[1] + 30), button="middle")
    seat.page.mouse.move(*start)
    moved = seat.text("bottom-left")
    x, y = (int(found) for found in re.findall(r"[xy] (\d+)", moved))
    assert (x, y) != (50, 40)
    assert moved.startswith(f"{bar.hu[0, y, x]} HU".replace("-", "−"))

    seat.page.set_viewport_size({"width": 1000, "height": 700})
    seat.frames()  # the observer of sizes runs with them
    seat.page.mouse.dblclick(*seat.at(50, 40, **grid("axial")))
    seat.page.mouse.move(*seat.at(20, 90, **grid("axial")))
    seat.page.wait_for_function(
        "(text) => document.getElementById('host').shadowRoot.textContent.includes(text)", arg="x 20"
    )
    assert seat.text("bottom-left").startswith(f"{bar.hu[0, 90, 20]} HU".replace("-", "−"))


def test_the_top_slice_comes_first_and_letters_and_place_are_right(desk: Sit, bar: Volume) -> None:
    seat = desk()
    assert seat.shown() == ("axial", 0)
    assert seat.text("bottom-right").split("\n") == ["Slice 1 / 30", f"{bar.z_mm[0]:.1f} mm".replace("-", "−")]
    assert [seat.text(f"at-{side}") for side in ("left", "right", "top", "bottom")] == ["R", "L", "A", "P"]
    seat.page.locator(".loading").wait_for(state="hidden")
    seat.press("5")
    seat.painted("coronal", 50)
    assert [seat.text(f"at-{side}") for side in ("left", "right", "top", "bottom")] == ["R", "L", "H", "F"]
    seat.press("6")
    seat.painted("sagittal", 56)
    assert [seat.text(f"at-{side}") for side in ("left", "right", "top", "bottom")] == ["A", "P", "H", "F"]


def test_a_protocol_may_open_in_the_middle(desk: Sit, bar: Volume) -> None:
    seat = desk(Fake.of(bar, open_at="middle"))
    assert seat.shown() == ("axial", 15)


def test_an_ellipse_tells_mean_spread_and_area(desk: Sit) -> None:
    seat = desk()
    seat.press("PageDown", "PageDown", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp")
    seat.painted("axial", 15)
    seat.press("e")
    centre, edge = seat.at(54, 50, **grid("axial")), seat.at(74, 60, **grid("axial"))
    seat.drag(centre, edge)
    seat.page.locator("svg text", has_text="300 HU, SD 0").wait_for()
    area = seat.page.locator("svg text", has_text="mm²").first
    expected = pytest.approx(3.14159 * 20 * DX * 10 * DY, rel=0.03)
    # the figures follow the mouse a moment later
    seat.until(lambda: float(re.search(r"([\d.]+) mm²", area.text_content()).group(1)) == expected)


def test_values_beyond_the_usual_range_are_kept_and_shown_white(desk: Sit, bar: Volume) -> None:
    hu = bar.hu.copy()
    hu[0, 40:60, 40:60] = 9000
    metal = volume_of(hu, SPACING, top_z_mm=0.0, attributes=Attributes())
    seat = desk(Fake.of(metal))
    point = seat.at(50, 50, **grid("axial"))
    seat.page.mouse.move(*point)
    assert seat.text("bottom-left").startswith("9000 HU")
    assert brightness(seat, point) > 250


def brightness(seat: Desk, point: tuple[float, float]) -> int:
    """Grey value on the screen at a point of the window."""
    clip = {"x": point[0], "y": point[1], "width": 1, "height": 1}
    png = seat.page.screenshot(clip=clip)
    import cv2
    import numpy as np

    return int(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)[0, 0])
