"""A word on the page while Streamlit's own page loads: without it the window is white for some seconds."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ROOT = b'<div id="root"></div>'
# Streamlit's script replaces what stands in the root once it has loaded; no style of our own, which a CSP could refuse
WORDS = b'<div id="root"><p role="status" align="center"><br><br><br>Parallax is opening &hellip;</p></div>'
LARGEST = 100_000  # bytes; Streamlit's page is a few thousand


class Loading:
    """Puts the words into Streamlit's page; every other answer goes by untouched."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hold an HTML page until it is whole, then send it with the words in it."""
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"].startswith(("/api/", "/static/")):
            await self.app(scope, receive, send)
            return
        plain = {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]}
        start: Message | None = None
        body = b""

        async def held(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start" and _is_page(message):
                start = message
                return
            if start is None or message["type"] != "http.response.body":
                await send(message)
                return
            body += message.get("body", b"")
            if message.get("more_body") and len(body) < LARGEST:
                return
            body = body.replace(ROOT, WORDS, 1)
            headers = MutableHeaders(raw=start["headers"])
            if "content-length" in headers and not message.get("more_body"):
                headers["content-length"] = str(len(body))
            first, start = start, None
            await send(first)
            await send({**message, "body": body})

        await self.app(plain if _asks_for_a_page(scope) else scope, receive, held if _asks_for_a_page(scope) else send)


def _asks_for_a_page(scope: Scope) -> bool:
    return any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])


def _is_page(message: Message) -> bool:
    headers = MutableHeaders(raw=list(message["headers"]))
    whole = message["status"] == 200 and int(headers.get("content-length", LARGEST)) < LARGEST
    return whole and headers.get("content-type", "").startswith("text/html") and "content-encoding" not in headers
