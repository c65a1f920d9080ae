"""A one-time ticket becomes an HttpOnly cookie here; Python in a page cannot set one."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core import clock
from core.errors import ParallaxError
from core.settings import settings
from db import accounts
from db.engine import open_session
from pages.routes.web import COOKIE, NO_STORE, body_json, json_error, same_origin


async def redeem(request: Request) -> Response:
    """POST {"ticket"}: set the session cookie, once for each ticket."""
    if not same_origin(request):
        return JSONResponse({"error": "origin", "message": "This request came from another site."}, 403)
    try:
        body = await body_json(request)
    except ParallaxError as error:
        return json_error(error)
    cookie = await run_in_threadpool(_redeem, str(body.get("ticket", ""))[:200])
    if cookie is None:
        return JSONResponse({"error": "ticket", "message": "Sign in again."}, 401, headers=NO_STORE)
    response = JSONResponse({"ok": True}, headers=NO_STORE)
    response.set_cookie(
        COOKIE,
        cookie,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https" or settings().public_url.startswith("https"),
        max_age=settings().session_hours * 3600,
        path="/",
    )
    return response


async def end(request: Request) -> Response:
    """POST: end the session for good and remove the cookie."""
    if not same_origin(request):
        return JSONResponse({"error": "origin", "message": "This request came from another site."}, 403)
    await run_in_threadpool(_end, request.cookies.get(COOKIE, ""))
    response = JSONResponse({"ok": True}, headers=NO_STORE)
    response.delete_cookie(COOKIE, path="/")
    return response


def _redeem(ticket: str) -> str | None:
    with open_session() as session:
        return accounts.redeem_ticket(session, ticket, at=clock.now())


def _end(cookie: str) -> None:
    with open_session() as session:
        accounts.sign_out(session, cookie, at=clock.now())


def routes() -> list[Route]:
    """The routes of signing in and out."""
    return [
        Route("/api/session/redeem", redeem, methods=["POST"]),
        Route("/api/session/end", end, methods=["POST"]),
    ]
