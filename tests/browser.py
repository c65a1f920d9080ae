"""One Chromium for all tests of a run: Playwright's sync API takes no second instance beside the first."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
REQUIRED_BY = ("PARALLAX_REQUIRE_BROWSER", "CI")


class _Shared:
    users = 0
    playwright: Any = None
    browser: Any = None


def chromium() -> str | None:
    """Where Chromium is: PARALLAX_CHROMIUM, or the usual names on the path."""
    names = (os.environ.get("PARALLAX_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if name and (found := shutil.which(name))), None)


@contextmanager
def shared_browser() -> Iterator[Any]:
    """Lend the browser; without one the test skips, or fails where one is required. The last user closes it."""
    path = chromium()
    if path is None:
        reason = "no Chromium found (apt-get install chromium, or set PARALLAX_CHROMIUM)"
        if any(os.environ.get(name) for name in REQUIRED_BY):
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    if _Shared.users == 0:
        _Shared.playwright = sync_playwright().start()
        _Shared.browser = _Shared.playwright.chromium.launch(executable_path=path, args=FLAGS)
    _Shared.users += 1
    yield _Shared.browser
    _Shared.users -= 1
    if _Shared.users == 0:
        _Shared.browser.close()
        _Shared.playwright.stop()


def until(page: Any, expression: str, argument: Any = None, *, timeout: float = 120_000) -> None:
    """Wait until an expression holds in the page; `timeout` in ms.

    Playwright's wait_for_function evaluates texts within the page, which a page's policy forbids.
    """
    for _ in range(int(timeout // 50)):
        if page.evaluate(expression, argument):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"{page.url}: this never held: {expression}")
