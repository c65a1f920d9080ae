"""Two viewers on one page: what happens in one leaves the other's images, marks and tools alone."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.viewer.desk import Desk

pytestmark = pytest.mark.browser
Sit = Callable[..., Desk]
MOUNT = """async () => {
  window.unmount();
  const {default: component} = await import("/viewer.js");
  const next = await (await fetch("/api/reading/1/next")).json();
  window.ends = [next.volume, next.next.volume].map((volume, n) => {
    const host = document.createElement("div");
    host.id = `host${n}`;
    host.style = `position: absolute; top: 0; left: ${n * 660}px; width: 640px`;
    document.body.append(host);
    const look = {title: `Look ${n}`, volume, bindings: {}};
    return component({data: {study_id: null, case: null, look, api: "", rendering: null},
      parentElement: host.attachShadow({mode: "open"})});
  });
}"""


def view(seat: Desk, n: int) -> Any:
    return seat.page.locator(f"#host{n} .view")


def draw_length(seat: Desk, n: int) -> None:
    box = view(seat, n).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    seat.drag((x - 60, y), (x + 60, y + 20))


def lengths(seat: Desk, n: int) -> int:
    seat.frames()
    return int(view(seat, n).locator("svg text").count())


@pytest.fixture
def seat(desk: Sit) -> Desk:
    sat = desk()
    sat.page.evaluate(MOUNT)
    for n in (0, 1):
        sat.page.locator(f"#host{n} .view[data-shown]").wait_for()
        sat.page.locator(f"#host{n} .loading").wait_for(state="hidden")
    return sat


def test_a_viewer_that_ends_takes_nothing_of_the_other_with_it(seat: Desk) -> None:
    for n in (1, 0):
        seat.page.locator(f"#host{n} [data-action=length]").click()
    draw_length(seat, 0)
    view(seat, 0).locator("svg text").first.wait_for()
    pressed = seat.page.locator("#host1 [data-action=length]").get_attribute("aria-pressed")
    assert pressed == "true", "a mark finished in one viewer put the other's tool away"
    draw_length(seat, 1)
    view(seat, 1).locator("svg text").first.wait_for()

    seat.page.evaluate("window.ends[0]()")
    shown = view(seat, 1).get_attribute("data-shown")
    seat.press("ArrowDown", "ArrowUp")
    seat.page.locator(f'#host1 .view[data-shown="{shown}"]').wait_for()
    assert lengths(seat, 1) == 1


def test_delete_removes_a_mark_of_the_viewer_with_the_keyboard_only(seat: Desk) -> None:
    for n in (0, 1):
        seat.page.locator(f"#host{n} [data-action=length]").click()
        draw_length(seat, n)
        view(seat, n).locator("svg text").first.wait_for()
    seat.press("Delete")
    view(seat, 1).locator("svg text").first.wait_for(state="detached")
    assert lengths(seat, 0) == 1
