"""The content security policy of Streamlit's page: a fresh nonce for its own scripts, and nothing from elsewhere.

Streamlit serves one static page for every address. Its scripts get the nonce of this answer, and may load their own
parts ('strict-dynamic'); whatever else finds its way into a page does not run. Our routes set policies of their own.
"""

import re
import secrets

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NOT_ITS_OWN = ("if-none-match", "if-modified-since", "accept-encoding", "range")  # an old page has an old nonce
TAGS = re.compile(rb"<(?:script|link)\b")
HEAD = b"<head>"


def policy(nonce: str) -> str:
    """Return the policy of one answer."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'",  # protobuf's 64-bit numbers are wasm
            "style-src 'self' 'unsafe-inline'",  # emotion and plotly write style elements and attributes as they draw
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "media-src 'self' blob:",
            "worker-src 'self' blob:",
            "manifest-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "object-src 'none'",
            "frame-src 'none'",
            "frame-ancestors 'none'",
        )
    )


def with_nonce(page: bytes, nonce: str) -> bytes:
    """Return Streamlit's page with the nonce in every script and link, and where its loader looks for it."""
    mark = f' nonce="{nonce}"'.encode()
    named = HEAD + f'<meta property="csp-nonce" nonce="{nonce}">'.encode()
    return TAGS.sub(lambda tag: tag[0] + mark, page).replace(HEAD, named, 1)


async def serve(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve a page of Streamlit, whole and with its policy; what is no page or has a policy passes as it is."""
    kept = [(name, value) for name, value in scope["headers"] if name.decode("latin-1") not in NOT_ITS_OWN]
    start: Message | None = None
    body = b""

    async def held(message: Message) -> None:
        nonlocal start, body
        if message["type"] == "http.response.start" and _is_bare_page(Headers(raw=message["headers"])):
            start = message
            return
        if start is None:
            await send(message)
            return
        body += message.get("body", b"")
        if not message.get("more_body", False):
            await _whole(start, body, send)

    await app({**scope, "headers": kept}, receive, held)


def _is_bare_page(headers: Headers) -> bool:
    return headers.get("content-type", "").startswith("text/html") and "content-security-policy" not in headers


async def _whole(start: Message, body: bytes, send: Send) -> None:
    nonce = secrets.token_urlsafe(16)
    page = with_nonce(body, nonce) if body else body
    headers = MutableHeaders(raw=start["headers"])
    for name in ("etag", "last-modified"):
        del headers[name]
    headers["Content-Security-Policy"] = policy(nonce)
    headers["Cache-Control"] = "no-store"
    if body:
        headers["Content-Length"] = str(len(page))
    await send({**start, "headers": headers.raw})
    await send({"type": "http.response.body", "body": page})
