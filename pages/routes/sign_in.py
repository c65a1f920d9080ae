"""Signing in and out: plain forms whose answer sets an HttpOnly cookie."""

import asyncio
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from core import clock
from core.errors import ParallaxError
from core.settings import settings
from db import accounts, links, sign_ins
from db.accounts import Account
from db.engine import Session, open_session, open_view
from pages.routes.institution import claims, login_address, oidc_configured
from pages.routes.web import COOKIE, NO_STORE, Refused, json_error, same_origin
from pages.sign_in import STYLE_HASH, link_page, not_invited_page, sign_in_page

HEADERS = {
    **NO_STORE,
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
}
WRONG = (
    "User name and password do not match, or too many tries were made; after five wrong passwords an account rests "
    "five minutes for your address."
)
OTHER_SITE = "This request came from another site."
AT_ONCE = asyncio.Semaphore(2)  # a password takes 64 MB of memory while it is checked (argon2id)
MAX_WAITING = 50
_waiting = 0
Got = TypeVar("Got")


async def front(connection: HTTPConnection) -> Response:
    """What a browser without a sign-in gets for every page's address: a one-time link's form, or the sign-in form."""
    token = connection.query_params.get("link")
    if token is not None:
        kind, username = await run_in_threadpool(_link, token)
        return _html(link_page(token, kind, username=username))
    found = claims(connection.cookies)
    if not found:
        first, somebody = await run_in_threadpool(_who_is_there)
        page = sign_in_page(
            go_on=connection.url.path, institution=oidc_configured(), first_start=first, somebody=somebody
        )
        return _html(page)
    subject, email = str(found.get("sub", "")), str(found.get("email", ""))
    if not subject or found.get("email_verified") is not True:
        return _html(not_invited_page(email, "it does not confirm this address. Ask it to verify your e-mail address."))
    cookie = await run_in_threadpool(_by_institution, subject, _where(connection))
    if cookie is None:
        why = (
            "no account here is linked with this sign-in. If you have one, sign out there, sign in with your password "
            "and link it under My account; if not, ask the person who runs the study for an invitation."
        )
        return _html(not_invited_page(email, why))
    return _enter(connection, cookie, connection.url.path)


def _who_is_there() -> tuple[bool, bool]:
    """Tell whether an administrator is missing, and whether anybody has a password to sign in with."""
    with open_view() as session:
        return accounts.needs_setup(session), accounts.somebody_can_sign_in(session)


async def sign_in(request: Request) -> Response:
    """POST a form with username, password and go_on: set the cookie and go there, or show the form again."""
    if not same_origin(request):
        return json_error(Refused(403, "origin", OTHER_SITE))
    form = await request.form()
    username, password, go_on = (str(form.get(name, "")) for name in ("username", "password", "go_on"))
    cookie = await _hashing(lambda: _sign_in(username, password, _where(request)))
    if cookie is None:
        page = sign_in_page(wrong=WRONG, username=username[:80], go_on=go_on, institution=oidc_configured())
        return _html(page, 401)
    return _enter(request, cookie, go_on)


async def use_link(request: Request) -> Response:
    """POST a form with link, password and again (and, for the first administrator, username and name)."""
    if not same_origin(request):
        return json_error(Refused(403, "origin", OTHER_SITE))
    form = await request.form()
    given = {name: str(form.get(name, "")) for name in ("link", "password", "again", "username", "name")}
    kind, username = await run_in_threadpool(_link, given["link"])
    try:
        if given["password"] != given["again"]:
            raise ParallaxError("The two passwords differ; type the same one twice.")
        cookie = await _hashing(lambda: _use_link(kind, given, _where(request)))
    except Refused:
        raise
    except ParallaxError as error:
        page = link_page(
            given["link"], kind, wrong=str(error), username=username or given["username"], name=given["name"]
        )
        return _html(page, 422)
    return _enter(request, cookie, "/")


async def institution(request: Request) -> Response:
    """GET: go to the institution's sign-in."""
    return RedirectResponse(login_address() if oidc_configured() else "/", 303, headers=NO_STORE)


async def end(request: Request) -> Response:
    """POST: end the session for good and remove the cookie."""
    if not same_origin(request):
        return json_error(Refused(403, "origin", OTHER_SITE))
    await run_in_threadpool(_end, request.cookies.get(COOKIE, ""))
    response = JSONResponse({"ok": True}, headers=NO_STORE)
    response.delete_cookie(COOKIE, path="/")
    return response


async def _hashing(verb: Callable[[], Got]) -> Got:
    """Run a verb that hashes a password: two at a time, and no endless queue of them."""
    global _waiting
    if _waiting >= MAX_WAITING:
        raise Refused(503, "busy", "Many people are signing in at this moment. Try again in a minute.")
    _waiting += 1
    try:
        async with AT_ONCE:
            return await run_in_threadpool(verb)
    finally:
        _waiting -= 1


def _enter(connection: HTTPConnection, cookie: str, go_on: str) -> Response:
    response = RedirectResponse(_own_path(go_on), 303, headers=NO_STORE)
    response.set_cookie(
        COOKIE,
        cookie,
        httponly=True,
        samesite="lax",
        secure=connection.url.scheme == "https" or settings().public_url.startswith("https"),
        max_age=settings().session_hours * 3600,
        path="/",
    )
    return response


def _own_path(go_on: str) -> str:
    """Return a path of this server to go on to; never another site's."""
    parts = urlsplit(go_on)
    plain = not parts.scheme and not parts.netloc and go_on.startswith("/") and go_on.isprintable()
    return go_on if plain and not go_on.startswith("//") and "\\" not in go_on else "/"


def _html(page: str, status: int = 200) -> Response:
    return HTMLResponse(page, status, headers=HEADERS)


def _link(token: str) -> tuple[str | None, str]:
    """Return the kind of a link, and the user name of the account it opens."""
    with open_view() as session:
        at = clock.now()
        return links.link_kind(session, token, at=at), links.link_username(session, token, at=at) or ""


def _where(connection: HTTPConnection) -> dict[str, str]:
    """Return the address and the browser that a request comes from."""
    address = connection.client.host if connection.client else ""
    return {"address": address[:64], "browser": connection.headers.get("user-agent", "")[:200]}


def _sign_in(username: str, password: str, where: dict[str, str]) -> str | None:
    at = clock.now()
    with open_view() as session:
        tried = sign_ins.attempt(session, username=username, password=password, address=where["address"], at=at)
    with open_session() as session:
        ticket = sign_ins.conclude(session, tried, at=at)
        return sign_ins.redeem_ticket(session, ticket, at=at, **where) if ticket else None


def _use_link(kind: str | None, given: dict[str, str], where: dict[str, str]) -> str:
    with open_session() as session:
        at = clock.now()
        if kind == "setup":
            who = {"username": given["username"], "name": given["name"]}
            account = links.use_setup_link(session, given["link"], **who, password=given["password"], at=at)
        else:
            account = links.use_password_link(session, given["link"], password=given["password"], at=at)
        return _cookie(session, account, where)


def _by_institution(subject: str, where: dict[str, str]) -> str | None:
    with open_session() as session:
        account = sign_ins.for_oidc(session, subject=subject)
        return _cookie(session, account, where) if account else None


def _cookie(session: Session, account: Account, where: dict[str, str]) -> str:
    at = clock.now()
    cookie = sign_ins.redeem_ticket(session, sign_ins.ticket_for(session, account.id, at=at), at=at, **where)
    if cookie is None:
        raise ParallaxError("Signing in failed; try again.")
    return cookie


def _end(cookie: str) -> None:
    with open_session() as session:
        sign_ins.sign_out(session, cookie, at=clock.now())


def routes() -> list[Route]:
    """The routes of signing in and out."""
    return [
        Route("/api/session/sign-in", sign_in, methods=["POST"]),
        Route("/api/session/link", use_link, methods=["POST"]),
        Route("/api/session/institution", institution),
        Route("/api/session/end", end, methods=["POST"]),
    ]
