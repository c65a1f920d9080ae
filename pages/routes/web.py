"""What every route needs: who is asking, same-origin checks, errors as JSON."""

import json
from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core import clock
from core.errors import Conflict, Forbidden, InvalidInput, NotFound, ParallaxError, Unavailable
from core.settings import settings
from core.viewer.contract.bodies import Refusal
from db import sign_ins
from db.accounts import Account
from db.engine import open_view

COOKIE = "parallax_session"
RETRY_S = "2"  # when to send a request again that met a failing part of the server
MAX_BODY = 1_000_000  # bytes; drafts and event batches are far smaller
STATUS: tuple[tuple[type[ParallaxError], int, str], ...] = (
    (Forbidden, 403, "forbidden"),
    (NotFound, 404, "not_found"),
    (Conflict, 409, "conflict"),
    (InvalidInput, 422, "invalid"),
    (Unavailable, 503, "unavailable"),
)
NO_STORE = {"Cache-Control": "private, no-store"}


class NotSignedIn(ParallaxError):
    """There is no valid sign-in with this request."""


class Refused(ParallaxError):
    """A request that goes no further, with the status that says why."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


def signed_in(request: Request) -> Account:
    """Return who is asking; raises NotSignedIn."""
    with open_view() as session:
        account = sign_ins.account_for_cookie(session, request.cookies.get(COOKIE), at=clock.now())
    if account is None:
        raise NotSignedIn("Your sign-in has expired; sign in again. Nothing is lost.")
    return account


def json_error(error: ParallaxError) -> JSONResponse:
    """Map an error meant for people to its status and a JSON body."""
    if isinstance(error, NotSignedIn):
        return _answer(401, "not_signed_in", str(error))
    if isinstance(error, Refused):
        return _answer(error.status, error.code, str(error))
    for kind, status, code in STATUS:
        if isinstance(error, kind):
            return _answer(status, code, str(error))
    return _answer(400, "refused", str(error))


def _answer(status: int, code: str, message: str) -> JSONResponse:
    headers = {**NO_STORE, "Retry-After": RETRY_S} if status == 503 else NO_STORE
    return JSONResponse(Refusal(error=code, message=message).json_body(), status, headers=headers)


def same_origin(request: Request) -> bool:
    """Tell whether a request that changes something comes from our own pages."""
    return same_site(request.headers)


def same_site(headers: Headers) -> bool:
    """Tell the same from the headers of a request or a socket."""
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site") in (None, "same-origin", "none")
    return origin.split("://", 1)[-1] == headers.get("host") or origin == settings().public_url.rstrip("/")


async def body_json(request: Request) -> dict[str, Any]:
    """Return the request's body as a JSON object; raises InvalidInput."""
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MAX_BODY:
            raise InvalidInput("The request is too large.")
    try:
        found = json.loads(raw or b"{}")
    except (ValueError, RecursionError):  # RecursionError: brackets within brackets, deeper than any of our pages send
        raise InvalidInput("The request is not JSON, or is nested too deeply.") from None
    if not isinstance(found, dict):
        raise InvalidInput("The request is not a JSON object.")
    return found


def reading(verb: Callable[[Request, Account], Response]) -> Callable[[Request], Any]:
    """Make a GET endpoint of `verb(request, account)`, run in a thread, its errors answered as JSON."""

    async def endpoint(request: Request) -> Response:
        try:
            return await run_in_threadpool(lambda: verb(request, signed_in(request)))
        except ParallaxError as error:
            return json_error(error)

    return endpoint


def changing(verb: Callable[[Request, Account, dict[str, Any]], Response]) -> Callable[[Request], Any]:
    """Make a POST or PUT endpoint of `verb(request, account, body)`: same origin only, run in a thread."""

    async def endpoint(request: Request) -> Response:
        if not same_origin(request):
            return _answer(403, "origin", "This request came from another site.")
        try:
            await run_in_threadpool(signed_in, request)  # before the body: nobody else's takes memory
            body = await body_json(request)
            return await run_in_threadpool(lambda: verb(request, signed_in(request), body))
        except ParallaxError as error:
            return json_error(error)

    return endpoint
