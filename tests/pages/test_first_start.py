"""The first start: what stands on the page before anybody can sign in, and while the pages load."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from core import clock
from db import accounts
from db.engine import open_session, open_view
from db.permissions import SYSTEM
from pages.routes.loading import ROOT, Loading
from pages.routes.sign_in import front
from pages.sign_in import sign_in_page


def test_without_an_administrator_the_page_says_where_the_link_is():
    page = sign_in_page(first_start=True, somebody=False)
    assert "no administrator yet: open this link once" in page
    assert "<form" not in page  # nobody can sign in
    assert "radiologists and an AI read the same cases" in page


@pytest.mark.parametrize(("somebody", "institution"), [(True, False), (False, True)])
def test_who_has_an_account_signs_in_though_no_administrator_is_there(somebody: bool, institution: bool):
    page = sign_in_page(first_start=True, somebody=somebody, institution=institution)
    assert "no administrator yet: open this link once" in page
    assert '<form method="post" action="/api/session/sign-in">' in page


def front_page() -> str:
    asked = HTTPConnection({"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": []})
    with ThreadPoolExecutor(1) as thread:
        return bytes(thread.submit(asyncio.run, front(asked)).result().body).decode()


def test_readers_get_the_form_before_there_is_an_administrator(db_url: str):
    assert "<form" not in front_page()
    with open_session(db_url) as session:
        demo = accounts.create(
            session,
            username="demo",
            name="",
            role="reader",
            at=clock.now(),
            by=SYSTEM,
            password="correct horse battery",
        )
    assert "<form" in front_page()
    assert "First start" in front_page()
    with open_session(db_url) as session:
        accounts.set_disabled(session, demo.id, disabled=True, by=SYSTEM, at=clock.now())
    assert "<form" not in front_page()


def test_an_installation_needs_setup_until_it_has_an_administrator(db_url: str):
    with open_session(db_url) as session:
        assert accounts.needs_setup(session)
        made = accounts.create(
            session,
            username="root",
            name="Root",
            role="administrator",
            at=clock.now(),
            by=SYSTEM,
            password="correct horse battery",
        )
        assert not accounts.needs_setup(session)
        accounts.create(session, username="two", name="Two", role="administrator", at=clock.now(), by=SYSTEM)
        accounts.set_disabled(session, made.id, disabled=True, by=SYSTEM, at=clock.now())
    with open_view(db_url) as session:
        assert not accounts.needs_setup(session)


def answered(response: Response, *, accept: bytes = b"text/html", path: str = "/") -> tuple[dict[str, str], bytes]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    scope = {"type": "http", "method": "GET", "path": path, "headers": [(b"accept", accept)]}
    with ThreadPoolExecutor(1) as thread:  # where no browser test of before has left a loop running
        thread.submit(asyncio.run, Loading(response)(scope, receive, send)).result()
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return headers, b"".join(one.get("body", b"") for one in sent[1:])


def test_streamlits_page_says_that_it_opens_and_keeps_its_length():
    headers, body = answered(HTMLResponse(b"<html><body>" + ROOT + b"</body></html>"))
    assert b"Parallax is opening" in body
    assert int(headers["content-length"]) == len(body)


def test_every_other_answer_is_left_as_it_is():
    for response, more in (
        (PlainTextResponse(ROOT), {}),
        (HTMLResponse(ROOT), {"path": "/api/x"}),
        (HTMLResponse(ROOT), {"accept": b"*/*"}),
    ):
        headers, body = answered(response, **more)  # type: ignore[arg-type]
        assert body == ROOT
        assert int(headers["content-length"]) == len(ROOT)
