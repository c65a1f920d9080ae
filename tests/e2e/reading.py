"""A reader's hand in the browser: what is on the screen, answering by keyboard, and what the database then holds."""

import re
from typing import Any

from sqlalchemy import select

from db.engine import open_session
from db.models import Read, Reader
from tests.e2e.conftest import PASSWORD, Server
from tests.e2e.reading_study import SLICES


def reads_of(server: Server, account: int) -> list[Read]:
    with open_session(server.database) as session:
        return list(session.scalars(select(Read).join(Reader).where(Reader.account_id == account).order_by(Read.id)))


def invited(browser: Any, link: str) -> Any:
    """Return a new browser's page whose reader chose a password by an invitation and pressed Start."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.goto(link)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password again").fill(PASSWORD)
    page.get_by_role("button", name="Save and sign in").click()
    page.get_by_role("button", name="Start").click()
    return page


def shown(page: Any, place: str) -> None:
    """Wait until the image of this place is on the screen."""
    page.locator(".place", has_text=place).wait_for()
    page.locator(".cover").wait_for(state="hidden")
    page.get_by_text(re.compile(rf"Slice \d+ / {SLICES}")).wait_for()


def lock(page: Any, letter: str, *, presses: int = 1) -> None:
    """Answer by letter, review and lock by Enter, however often it is pressed."""
    with page.expect_response(lambda answer: answer.url.endswith("/draft") and answer.status == 200):
        page.keyboard.press(letter)
    page.keyboard.press("Enter")
    page.get_by_text("Enter locks, Esc goes back").wait_for()
    page.locator(".lock[data-steady]").wait_for()  # a bouncing key must not lock
    with page.expect_response(lambda answer: answer.url.endswith("/lock")) as locked:
        for _ in range(presses):
            page.keyboard.press("Enter")
    assert locked.value.status == 200
