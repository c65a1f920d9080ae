"""Mouse and modifiers: no key that was pressed and let go changes what the mouse does afterwards."""

import re
from collections.abc import Callable

import pytest

from core.imaging.volume import Volume
from tests.viewer.desk import Desk
from tests.viewer.test_image import grid

pytestmark = pytest.mark.browser
Sit = Callable[..., Desk]
LUNG, STEP = (1500, -600), 1500 / 400  # HU a pixel


def window(seat: Desk) -> tuple[int, int]:
    found = re.search(r"W (\d+) {1,2}L ([−\d]+)", seat.text("top-right"))
    assert found
    return int(found[1]), int(found[2].replace("−", "-"))


def over(seat: Desk) -> str:
    return seat.text("bottom-left")


def the_left_button_is_the_window(seat: Desk) -> None:
    before = over(seat)
    for x, y in ((40, 0), (0, 20), (-40, -20)):
        width, level = window(seat)
        seat.drag((400, 300), (400 + x, 300 + y))
        step = width / 400
        assert window(seat) == pytest.approx((width + x * step, level + y * step), abs=1), before
    seat.press("1")
    assert window(seat) == LUNG


@pytest.mark.parametrize("rendering", ["cpu", "gpu"])
def test_a_modifier_pressed_after_a_drag_does_not_stick(desk: Sit, rendering: str) -> None:
    seat = desk(rendering=rendering)
    for key in ("Shift", "Control", "Alt", "Meta"):
        for button in ("right", "middle"):
            seat.drag((400, 300), (420, 330), button=button)
            seat.press(key)
            the_left_button_is_the_window(seat)


@pytest.mark.parametrize("key", ["Shift", "Control"])
def test_a_modifier_let_go_elsewhere_does_not_stick(desk: Sit, key: str) -> None:
    seat = desk()
    page = seat.page
    gone = "window.dispatchEvent(new Event('blur'))"
    for leave in (
        lambda: page.evaluate(gone),  # another tab or program; its keyup never comes here
        lambda: page.locator(".track").first.focus(),
        lambda: page.evaluate(f"{gone}; document.dispatchEvent(new Event('visibilitychange'))"),
    ):
        seat.drag((400, 300), (420, 330), button="right")
        page.keyboard.down(key)
        leave()
        # the key goes up where no listener of the page hears it
        page.evaluate(
            "window.addEventListener('keyup', (event) => event.stopImmediatePropagation(), {capture: true, once: true})"
        )
        page.keyboard.up(key)
        the_left_button_is_the_window(seat)


def test_held_modifiers_change_nothing_but_shift_which_pans(desk: Sit) -> None:
    seat = desk()
    for key in ("Control", "Alt", "Meta"):
        seat.page.keyboard.down(key)
        seat.drag((400, 300), (440, 300))
        seat.page.keyboard.up(key)
        assert window(seat) == (1650, -600)
        seat.press("1")
    seat.page.keyboard.down("Shift")
    seat.page.mouse.move(400, 300)
    before = over(seat)
    seat.drag((400, 300), (500, 380))
    seat.page.keyboard.up("Shift")
    assert (window(seat), over(seat)) == (LUNG, before)  # the voxel came along with the cursor
    the_left_button_is_the_window(seat)


def test_a_button_let_go_outside_the_page_ends_its_drag(desk: Sit) -> None:
    seat = desk()
    page = seat.page
    page.mouse.move(400, 300)
    page.mouse.down()
    page.mouse.move(420, 300)
    page.evaluate("window.dispatchEvent(new Event('blur'))")
    held = window(seat)
    page.mouse.move(500, 340)
    assert window(seat) == held
    page.mouse.up()
    the_left_button_is_the_window(seat)


def test_a_drag_right_after_a_click_is_a_drag(desk: Sit) -> None:
    seat = desk()
    seat.page.mouse.click(400, 300)
    seat.drag((400, 300), (440, 300))
    assert window(seat) == (1650, -600)


@pytest.mark.parametrize("rendering", ["cpu", "gpu"])
def test_zoom_keeps_the_voxel_under_the_cursor(desk: Sit, bar: Volume, rendering: str) -> None:
    seat = desk(rendering=rendering)
    place = seat.at(70, 25, **grid("axial"))
    seat.page.mouse.move(*place)
    here = over(seat)
    assert re.search(r"x 70\s+y 25", here)
    seat.page.keyboard.down("Control")
    for turn in (-120, -120, -120, 120):
        seat.page.mouse.wheel(0, turn)
        seat.frames()
        assert over(seat) == here
    seat.page.keyboard.up("Control")
    seat.drag(place, (place[0], place[1] + 50), button="right")
    seat.page.mouse.move(*place)
    assert over(seat) == here


def test_the_value_under_the_cursor_follows_what_moves_the_image(desk: Sit, bar: Volume) -> None:
    seat = desk()
    seat.page.mouse.move(*seat.at(70, 25, **grid("axial")))

    def stored() -> bool:
        """The value shown is the stored one of the voxel and slice shown."""
        shown = over(seat)
        hu, x, y = (int(n.replace("−", "-")) for n in re.findall(r"−?\d+", shown))
        slice_ = int(seat.text("bottom-right").split()[1]) - 1
        return hu == int(bar.hu[slice_, y, x])

    seen = [over(seat)]
    for change in ("ArrowDown", "+", "+", "*", "PageDown", "End"):
        seat.press(change)
        seat.frames()
        seat.until(stored)
        seen.append(over(seat))
    assert len(set(seen)) >= 5  # each change of slice and zoom was followed, without a move of the mouse
    seat.press("2")
    assert over(seat) == seen[-1]


@pytest.mark.parametrize("rendering", ["cpu", "gpu"])
def test_the_window_is_exact_and_starts_uncounted(desk: Sit, rendering: str) -> None:
    seat = desk(rendering=rendering)
    seat.until(lambda: "painted" in seat.read.kinds)
    button = seat.page.locator("button[data-action=lung]")
    assert (window(seat), button.get_attribute("aria-pressed")) == (LUNG, "true")
    assert seat.read.counters.get("window_changes", 0) == 0
    for key, action, expected in (("2", "soft", (400, 40)), ("3", "bone", (2500, 480)), ("1", "lung", LUNG)):
        seat.press(key)
        seat.press("ArrowDown")
        seat.frames()
        assert window(seat) == expected
        assert seat.page.locator(f"button[data-action={action}]").get_attribute("aria-pressed") == "true"
    seat.drag((400, 300), (440, 340))
    seat.press("p")  # an event carries the counters
    seat.until(lambda: seat.read.counters.get("window_changes") == 4)


@pytest.mark.parametrize("rendering", ["cpu", "gpu"])
def test_every_pixel_of_a_dense_screen_is_drawn(desk: Sit, bar: Volume, rendering: str) -> None:
    seat = desk(rendering=rendering, density=2)
    sizes = """() => {
      const canvas = document.getElementById("host").shadowRoot.querySelector(".cornerstone-canvas");
      return [canvas.width, canvas.height, canvas.clientWidth, canvas.clientHeight];
    }"""
    for width in (1366, 1000):
        seat.page.set_viewport_size({"width": width, "height": 768})

        def whole(width: int = width) -> bool:
            drawn = seat.page.evaluate(sizes)
            return drawn[2] < width and drawn[:2] == [2 * drawn[2], 2 * drawn[3]]

        seat.until(whole)
        for column, row in ((0, 0), (70, 25), (111, 99)):
            seat.page.mouse.move(*seat.at(column, row, **grid("axial")))
            assert re.search(rf"x {column}\s+y {row}$", over(seat))
