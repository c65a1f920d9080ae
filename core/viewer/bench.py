"""Measures the viewer in headless Chromium against a server in this process: speed, scrolling, memory."""

import os
import shutil
import tempfile
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import numpy as np
import psutil

from core.errors import ParallaxError
from core.imaging.volume import Attributes, Volume, volume_of
from core.viewer import bench_line
from core.viewer.bench_page import Figures, loaded, mark, page_at, wait_until

FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
NAMES = (os.environ.get("PARALLAX_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
NOTCHES = 120
STARTS = 5  # the median is told
# from the wheel event to the moment after its frame was handed to the compositor
WATCH = """() => {
  const view = document.getElementById("host").shadowRoot.querySelector(".view");
  window.wheel = {waits: [], own: [], at: [], drawn: new Set()};
  const turned = (event) => window.wheel.at.push([event.timeStamp, performance.now()]);
  view.addEventListener("wheel", turned, {capture: true, passive: true});
  view.addEventListener("CORNERSTONE_IMAGE_RENDERED", (event) => {
    const now = window.wheel;
    now.drawn.add(event.detail.viewportId + view.getAttribute("data-shown"));
    const turn = now.at.shift();
    if (turn === undefined) return;
    requestAnimationFrame(() => {
      const after = new MessageChannel();
      after.port1.onmessage = () => {
        now.waits.push(performance.now() - turn[0]);
        now.own.push(performance.now() - turn[1]);
      };
      after.port2.postMessage(0);
    });
  });
}"""


def measure(volume: Volume, *, cases: int = 20) -> Figures:
    """Measure everything on a study of `cases` reads of `volume`; raises ParallaxError without a browser."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise ParallaxError("Playwright is missing; run: pip install -r requirements.txt") from None
    path = next((found for name in NAMES if name and (found := shutil.which(name))), None)
    if path is None:
        raise ParallaxError("Chromium was not found; install it or set PARALLAX_CHROMIUM to its path.")
    figures = Figures()
    depth, rows, columns = volume.hu.shape
    figures.add("volume", f"{depth} x {rows} x {columns}")
    figures.add("cpus", os.cpu_count())
    figures.add("load_average", round(os.getloadavg()[0], 1))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            _speed(browser, volume, Path(folder), figures)
            bench_line.wire(volume, Path(folder), figures)
            for mbit, targets in bench_line.LINES.items():
                bench_line.line(browser, volume, Path(folder), figures, mbit, targets)
            _memory(browser, volume, Path(folder), figures, cases)
        finally:
            browser.close()
    return figures


def procedural(slices: int = 148, size: int = 512) -> Volume:
    """Return a chest of that size: every tenth slice drawn, those between it blended, which is fast and smooth."""
    from core.imaging.synthetic import small_chest

    few = small_chest(slices=max(2, slices // 10), size=size, lesion="covid")
    places = np.linspace(0, len(few.hu) - 1, slices)
    below = np.minimum(places.astype(int), len(few.hu) - 2)
    share = (places - below).astype(np.float32)[:, None, None]
    hu = np.empty((slices, size, size), np.int16)
    for z in range(slices):
        hu[z] = few.hu[below[z]] * (1 - share[z]) + few.hu[below[z] + 1] * share[z]
    return volume_of(hu, (2.0, *few.spacing_mm[1:]), top_z_mm=0.0, attributes=Attributes())


def _speed(browser: Any, volume: Volume, folder: Path, figures: Figures) -> None:
    with page_at(browser, volume, folder, 2) as (page, _, url):
        page.goto(url)
        loaded(page, 1)
        first, every = [], []  # of later starts: at the very first one the browser still compiles the bundle
        for _ in range(STARTS):
            page.goto(url)
            loaded(page, 1)
            first.append(mark(page, "parallax-first-image"))
            every.append(mark(page, "parallax-loaded"))
        figures.add("first_slice_ms", median(first), "<= 150")
        figures.add("all_slices_ms", median(every), "<= 1000")
        figures.add("starts_measured", STARTS)
        page.mouse.move(500, 400)
        page.evaluate(WATCH)
        waits = _scroll(page, NOTCHES)
        figures.add("wheel_to_paint_median_ms", round(median(waits), 1), "<= 35")
        figures.add("wheel_to_paint_p95_ms", round(quantiles(waits, n=20)[-1], 1), "<= 60")
        figures.add(
            "of_that_after_the_page_got_the_event_median_ms", round(median(page.evaluate("window.wheel.own")), 1)
        )
        page.keyboard.press("Home")
        page.wait_for_function(
            "document.getElementById('host').shadowRoot.querySelector('.view').dataset.shown === 'axial/0'"
        )
        page.evaluate("window.wheel.drawn.clear()")
        _fast(page, 60)
        figures.add("slices_painted_of_60_fast_notches", page.evaluate("window.wheel.drawn.size"), "60")
        wait_until(
            lambda: page.evaluate(
                "performance.getEntriesByType('resource').some(e => e.name.includes('/cases/2/') && e.responseEnd > 0)"
            )
        )
        _lock(page)
        start = page.evaluate("performance.getEntriesByName('parallax-locked').at(-1).startTime")
        page.wait_for_function("performance.getEntriesByName('parallax-first-image').length === 2")
        shown = page.evaluate("performance.getEntriesByName('parallax-first-image').at(-1).startTime")
        figures.add("prefetched_next_first_slice_ms", round(shown - start, 1), "<= 50")


def _memory(browser: Any, volume: Volume, folder: Path, figures: Figures, cases: int) -> None:
    with page_at(browser, volume, folder, cases) as (page, fake, url):
        page.goto(url)
        seen = []
        for number in range(1, cases + 1):
            page.wait_for_function(
                f"performance.getEntriesByName('parallax-loaded').length === {number}", timeout=60_000
            )
            page.mouse.move(500, 400)
            _fast(page, 30)
            seen.append((_tree_mb(), psutil.Process().memory_info().rss / 1e6))
            _lock(page)
            wait_until(lambda number=number: fake.reads[number - 1].locked is not None)
        figures.add("cases_in_a_row", cases)
        figures.add("browser_mb", [round(value) for value, _ in seen], "levels off")
        figures.add("server_mb", [round(value) for _, value in seen], "levels off")


def _scroll(page: Any, notches: int) -> list[float]:
    """Turn the wheel notch by notch, each some time after the last was painted; return the waits in ms."""
    for n in range(notches):
        page.mouse.wheel(0, 120)
        page.wait_for_function(f"window.wheel.waits.length > {n}")
        page.wait_for_timeout(40 + 50 * (n * 0.618 % 1))  # a hand keeps no step with the screen's frames
    waits: list[float] = page.evaluate("window.wheel.waits")
    return waits


def _fast(page: Any, notches: int) -> None:
    """Turn the wheel as fast as a hand flicks it: a notch every 12 ms, not waiting for paints."""
    page.evaluate(
        """notches => new Promise((resolve) => {
          const view = document.getElementById("host").shadowRoot.querySelector(".view");
          const turn = (left) => {
            if (!left) return resolve();
            view.dispatchEvent(new WheelEvent("wheel", {deltaY: 120, bubbles: true, cancelable: true, composed: true}));
            setTimeout(turn, 12, left - 1);
          };
          turn(notches);
        })""",
        notches,
    )
    page.wait_for_timeout(700)


def _lock(page: Any) -> None:
    page.keyboard.press("c")
    for _ in range(3):
        page.keyboard.press("Shift+Digit5")
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_timeout(300)
    page.keyboard.press("Enter")
    page.wait_for_function("performance.getEntriesByName('parallax-locked').length > 0")


def _tree_mb() -> float:
    """Memory of the browser's processes, MB: what is theirs alone where the system tells, else the resident set."""
    total: float = 0.0
    for process in psutil.Process().children(recursive=True):
        try:
            if "chrom" in process.name():
                total += process.memory_full_info().uss / 1e6
        except psutil.Error:
            continue
    return total
