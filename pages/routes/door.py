"""The door: who gets past it, from which site, and with how large a body. It wraps Streamlit's routes and ours."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import Runtime

from core import clock
from core.settings import settings
from db import sign_ins
from db.accounts import Account
from db.engine import open_view
from pages.routes import api, policy
from pages.routes.institution import oidc_configured
from pages.routes.metrics import may_measure
from pages.routes.sign_in import front
from pages.routes.uploads import MB, TooMuch, Uploads
from pages.routes.web import COOKIE, MAX_BODY, Refused, json_error, same_site

OPEN = ("/_stcore/health", "/api/health")  # is the server up? They say nothing else
SIGN_IN = "/api/session/"
SCRIPTS = "/api/v1/"  # for personal tokens; cookies open nothing here
INSTITUTION = ("/auth/login", "/auth/logout", "/oauth2callback")
METRICS = ("/_stcore/metrics", "/api/metrics")
AGENTS = "/_stcore/agent"  # Streamlit's interface for programs goes around our pages' sign-in
STREAM = "/_stcore/stream"
UPLOAD = re.compile(r"/_stcore/upload_file/([^/]+)/([^/]+)")
NOT_PAGES = re.compile(r"/(_stcore|api|auth|component|media|static)(/|$)|.*\.[^/]*$")
MAX_ANONYMOUS_BODY = 16 * 1024  # bytes; the longest password, user name and link are far smaller
BODY_REST = 60.0  # seconds in which at least one byte of a body has to come
SOCKETS_OF_ONE = 50  # tabs of one person
SOCKETS = 2000
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
WITHOUT_BODY = ("GET", "HEAD", "OPTIONS", "DELETE")


class Door:
    """Middleware before everything else. Without a sign-in it shows the sign-in page and answers health checks."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._uploads = Uploads()
        self._sockets: Counter[int] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        elif scope["type"] == "http":
            started = False

            async def noting(message: Message) -> None:
                nonlocal started
                started = True
                if message["type"] == "http.response.start":
                    _guard(scope, MutableHeaders(scope=message))
                await send(message)

            try:
                await self._http(scope, receive, noting)
            except Refused as why:
                if not started:
                    await json_error(why)(scope, receive, noting)  # uvicorn throws the rest of the body away
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection, path = HTTPConnection(scope), _path(scope)
        headers, method = connection.headers, scope["method"]
        _check_headers(scope, headers)
        if path.startswith(AGENTS) or (path in METRICS and not may_measure(headers)):
            raise Refused(404, "not_found", "There is nothing at this address.")
        if path in OPEN or path.startswith(SIGN_IN) or (path in INSTITUTION and oidc_configured()):
            await self._limited(scope, receive, send, MAX_ANONYMOUS_BODY)
            return
        if path.startswith(SCRIPTS):
            if await run_in_threadpool(api.caller, headers) is None:
                raise Refused(401, "no_token", api.WITHOUT)
            await self._limited(scope, receive, send, MAX_BODY)
            return
        account = await run_in_threadpool(_account, connection.cookies.get(COOKIE))
        page = method in ("GET", "HEAD") and not NOT_PAGES.match(path)
        if page and (account is None or "link" in connection.query_params):
            await (await front(connection))(scope, receive, send)
        elif account is None and path not in METRICS:
            raise Refused(
                401, "not_signed_in", "Sign in first. If you were signed in, it has expired; nothing is lost."
            )
        elif account is not None and method == "PUT" and (place := UPLOAD.fullmatch(path)):
            await self._upload(scope, receive, send, account, place[1], place[2])
        elif page:
            await policy.serve(self._app, scope, receive, send)
        else:
            await self._limited(scope, receive, send, MAX_BODY)

    async def _limited(self, scope: Scope, receive: Receive, send: Send, most: int) -> None:
        """Pass a request on whose body may have `most` bytes, counted as they arrive."""
        taken = _announced(scope)

        def count(more: int) -> None:
            nonlocal taken
            taken += more
            if taken > most:
                raise Refused(413, "too_large", f"The request is larger than {most // 1024} kB, the limit here.")

        count(0)
        taken = 0
        await self._app(scope, _counted(receive, count), send)

    async def _upload(
        self, scope: Scope, receive: Receive, send: Send, account: Account, session_id: str, file_id: str
    ) -> None:
        """Take a file into the memory of a page that the same person has open."""
        if not await run_in_threadpool(_owns, account, session_id):
            raise Refused(403, "forbidden", "This upload belongs to a page that you do not have open. Reload the page.")
        if _announced(scope) > settings().max_upload_mb * MB + MB:
            raise Refused(413, "too_large", f"A file may have {settings().max_upload_mb} MB at most.")
        address = (scope.get("client") or ("unknown",))[0]
        try:
            with self._uploads.arriving(account.id, address, session_id, file_id) as piece:

                async def watching(message: Message) -> None:
                    if message["type"] == "http.response.start":
                        piece.whole = message["status"] == 204
                    await send(message)

                await self._app(scope, _counted(receive, lambda more: self._uploads.add(piece, more)), watching)
        except TooMuch as why:
            raise Refused(413, "too_large", str(why)) from None

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Open Streamlit's socket for people who are signed in; an expired sign-in's tab goes to the front page."""
        connection = HTTPConnection(scope)
        cookie = connection.cookies.get(COOKIE)
        try:
            _check_headers(scope, connection.headers)
        except Refused:
            cookie = None
        account = await run_in_threadpool(_account, cookie)
        if account is None or _path(scope) != STREAM:
            await _turn_away(receive, send, protocols=scope["subprotocols"] if cookie else [])
            return
        if self._sockets[account.id] >= SOCKETS_OF_ONE or self._sockets.total() >= SOCKETS:
            await _turn_away(receive, send)
            return
        self._sockets[account.id] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._sockets[account.id] -= 1


def _guard(scope: Scope, headers: MutableHeaders) -> None:
    """Tell the browser what no page of ours needs. A page's own policy stays."""
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    if scope["scheme"] == "https" or settings().public_url.startswith("https"):
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")


def _path(scope: Scope) -> str:
    base = str(config.get_option("server.baseUrlPath") or "").strip("/")
    path = str(scope["path"])
    return path.removeprefix(f"/{base}") or "/" if base else path


def _check_headers(scope: Scope, headers: Headers) -> None:
    """Refuse other hosts and sites, packed bodies, and bodies where none belongs."""
    allowed = settings().hosts()
    if allowed and urlsplit(f"//{headers.get('host', '')}").hostname not in allowed:
        raise Refused(400, "host", "Parallax is not served under this address (PARALLAX_ALLOWED_HOSTS).")
    method = scope.get("method", "GET")
    if (method not in WITHOUT_BODY or scope["type"] == "websocket" or method == "DELETE") and not same_site(headers):
        raise Refused(403, "origin", "This request came from another site.")
    if "content-encoding" in headers:
        raise Refused(415, "packed", "Send the request without Content-Encoding.")
    if method in WITHOUT_BODY and (_announced(scope) or "transfer-encoding" in headers):
        raise Refused(413, "too_large", f"A {method} request has no body.")


def _announced(scope: Scope) -> int:
    """Return the length that a request gives for its body; 0 when it gives none."""
    given = Headers(scope=scope).get("content-length", "0")
    return int(given) if given.isascii() and given.isdigit() else 0


def _counted(receive: Receive, count: Callable[[int], None]) -> Receive:
    """Return `receive` with every piece of the body counted, and none waited for longer than a minute."""
    whole = False

    async def next_message() -> Message:
        nonlocal whole
        if whole:
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), BODY_REST)
        except TimeoutError:
            raise Refused(408, "too_slow", "Nothing of the request came for a minute. Send it again.") from None
        count(len(message.get("body", b"")))
        whole = not message.get("more_body", False)
        return message

    return next_message


def _account(cookie: str | None) -> Account | None:
    if not cookie:
        return None
    with open_view() as session:
        return sign_ins.account_for_cookie(session, cookie, at=clock.now())


def _owns(account: Account, session_id: str) -> bool:
    """Tell whether the page with this Streamlit session was opened by the account."""
    client = Runtime.instance().get_client(session_id)
    if client is None or client.client_context is None:
        return False
    opener = _account(client.client_context.cookies.get(COOKIE))
    return opener is not None and opener.id == account.id


async def _turn_away(receive: Receive, send: Send, *, protocols: list[str] | None = None) -> None:
    """Refuse a socket; with protocols given, accept it only to send its tab to the front page."""
    await receive()
    if protocols:
        message = ForwardMsg()
        message.auth_redirect.url = "/"
        await send({"type": "websocket.accept", "subprotocol": protocols[0]})
        await send({"type": "websocket.send", "bytes": message.SerializeToString()})
    await send({"type": "websocket.close", "code": 1008, "reason": "Sign in first."})
