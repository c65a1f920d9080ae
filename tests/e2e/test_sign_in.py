"""Sign-in as people meet it: the set-up link, an invitation, signing out, a stolen address."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from core import clock
from db import accounts, links
from db.engine import open_session
from db.permissions import SYSTEM
from tests.e2e.conftest import PASSWORD, Server

pytestmark = pytest.mark.browser


def open_anonymous(browser: Any, server: Server, path: str = "/") -> Any:
    page = browser.new_page()
    page.set_default_timeout(20_000)
    page.goto(server.url + path)
    return page


def test_an_invited_reader_chooses_a_password_signs_out_and_in_again(browser: Any, server: Server):
    with open_session(server.database) as session:
        made = accounts.create(session, username="invited", name="Ida", role="reader", at=clock.now(), by=SYSTEM)
        token = links.password_link(session, made.id, at=clock.now(), by=SYSTEM)
    page = open_anonymous(browser, server, f"/?link={token}")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password again").fill(PASSWORD)
    page.get_by_role("button", name="Save and sign in").click()
    page.get_by_text("Ida · reader").wait_for()
    assert "link=" not in page.url
    cookie = next(c for c in page.context.cookies() if c["name"] == "parallax_session")
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Lax"

    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in").wait_for()
    assert not [c for c in page.context.cookies() if c["name"] == "parallax_session"]
    page.context.add_cookies([{"name": "parallax_session", "value": cookie["value"], "url": server.url}])
    page.reload()  # the old cookie was ended on the server, not only forgotten by the browser
    page.get_by_label("User name").fill("invited")
    page.get_by_label("Password", exact=True).fill("not this one, surely")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("do not match").wait_for()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("Ida · reader").wait_for()
    page.context.close()


def test_a_used_link_says_so(browser: Any, server: Server):
    page = open_anonymous(browser, server, "/?link=never-was")
    page.get_by_text(re.compile("used already or is too old")).wait_for()
    page.context.close()


def test_another_site_cannot_sign_somebody_in(server: Server):
    form = {"username": "root", "password": PASSWORD}
    asks = [
        httpx.post(f"{server.url}/api/session/sign-in", data=form, headers={"Origin": origin}, trust_env=False)
        for origin in ("http://evil.example", server.url)
    ]
    assert [ask.status_code for ask in asks] == [403, 303]
    assert "parallax_session" not in asks[0].cookies


@pytest.mark.parametrize(
    ("go_on", "lands"),
    [("/studies", "/studies"), ("//evil.example", "/"), ("/\\evil.example", "/"), ("https://evil.example/", "/")],
)
def test_signing_in_goes_on_to_pages_of_this_server_only(server: Server, go_on: str, lands: str):
    form = {"username": "root", "password": PASSWORD, "go_on": go_on}
    assert httpx.post(f"{server.url}/api/session/sign-in", data=form, trust_env=False).headers["location"] == lands


def test_pages_of_another_role_do_not_open(sign_in: Callable[..., Any], server: Server):
    server.account("rita", "reader")
    page = sign_in(server, "rita")
    page.goto(server.url + "/accounts")
    page.get_by_text("Rita · reader").wait_for()
    assert page.get_by_text("Add an account").count() == 0
