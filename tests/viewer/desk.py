"""A reader's hands and eyes for the tests: keys, mouse in voxels, what stands on the page, what the server holds."""

from collections.abc import Callable
from typing import Any

from core.viewer.fake import Fake, FakeRead


class Desk:
    """One tab at one study."""

    def __init__(self, page: Any, fake: Fake, url: str) -> None:
        self.page = page
        self.fake = fake
        self.url = url

    @property
    def read(self) -> FakeRead:
        """The read on the screen, as the server holds it."""
        found = self.fake.current
        assert found is not None
        return found

    def painted(self, plane: str = "axial", index: int | None = None) -> None:
        """Wait until an image of the plane (or exactly this one) is on the screen."""
        wanted = f'^="{plane}/"' if index is None else f'="{plane}/{index}"'
        self.page.locator(f".view[data-shown{wanted}]").wait_for()

    def shown(self) -> tuple[str, int]:
        plane, index = self.page.locator(".view").get_attribute("data-shown").split("/")
        return plane, int(index)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def frames(self) -> None:
        """Let the browser paint what it was asked to."""
        self.page.evaluate("() => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))")

    def until(self, true: Callable[..., Any], seconds: float = 8) -> None:
        """Wait, with the browser alive, until the server's side is as it should be."""
        for _ in range(int(seconds / 0.05)):
            if true():
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"it did not become true in {seconds} s; the server holds {self.fake.current}")

    def saved(self) -> None:
        self.page.get_by_text("saved", exact=True).wait_for()

    def text(self, place: str) -> str:
        """What stands at a corner or edge of the image: top-left, top-right, bottom-left, at-top, ..."""
        found: str = self.page.locator(f".hud.{place}").inner_text()
        return found

    def at(
        self, column: float, row: float, *, rows: int, columns: int, row_mm: float, column_mm: float
    ) -> tuple[float, float]:
        """Point of the window over an image's pixel while the image is fitted: whole and centred, mm square."""
        box = self.page.locator(".view").bounding_box()
        scale = min(box["width"] / (columns * column_mm), box["height"] / (rows * row_mm))
        left = box["x"] + (box["width"] - columns * column_mm * scale) / 2
        top = box["y"] + (box["height"] - rows * row_mm * scale) / 2
        return left + (column + 0.5) * column_mm * scale, top + (row + 0.5) * row_mm * scale

    def drag(self, start: tuple[float, float], end: tuple[float, float], button: str = "left") -> None:
        self.page.mouse.move(*start)
        self.page.mouse.down(button=button)
        self.page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2, steps=3)
        self.page.mouse.move(*end, steps=3)
        self.page.mouse.up(button=button)

    def answer(self) -> None:
        """A complete answer, by keyboard."""
        self.press("c", "Shift+Digit9", "Tab", "Shift+Digit2", "Tab", "Shift+Digit1")

    def steady(self) -> None:
        """Wait until the next press is no bounce of the one that asked for the summary."""
        self.page.locator(".lock[data-steady]").wait_for()

    def intervals(self, times: int, seconds: float) -> None:
        """Let an interval of the page run so often, as its own heartbeats do."""
        self.page.evaluate(
            """([times, ms]) => new Promise((go) => {
              let n = 0;
              const timer = setInterval(() => (n += 1) === times && (clearInterval(timer), go()), ms);
            })""",
            [times, 1000 * seconds],
        )

    def review_and_lock(self) -> None:
        self.press("Enter")
        self.page.get_by_text("Enter locks, Esc goes back").wait_for()
        self.steady()
        self.press("Enter")
