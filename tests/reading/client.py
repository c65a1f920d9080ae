"""A browser without a screen: talks to the routes in this process, as one signed-in account."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.applications import Starlette

from core import clock
from db import sign_ins
from db.engine import open_session
from db.models import Read
from pages.routes import every

ORIGIN = "http://parallax.test"
APP = Starlette(routes=every.routes())


class Wall:
    """The wall clock of the routes, moved by hand."""

    def __init__(self, start: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = start
        monkeypatch.setattr(clock, "now", lambda: self.now)

    def forward(self, seconds: float = 0, *, days: float = 0) -> None:
        self.now += timedelta(seconds=seconds, days=days)


class Client:
    """Requests with one account's cookie; keeps a transcript of everything that came back."""

    def __init__(self, cookie: str | None, tab: str = "tab") -> None:
        self.cookie = cookie
        self.tab = tab
        self.n = 0
        self.seen: list[tuple[str, int, list[tuple[str, str]], str]] = []

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        async def send() -> httpx.Response:
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(APP), base_url=ORIGIN, trust_env=False
            ) as client:
                given = {"origin": ORIGIN, **{name.replace("_", "-"): value for name, value in headers.items()}}
                if self.cookie:
                    given["cookie"] = f"parallax_session={self.cookie}"
                if isinstance(body, bytes):
                    return await client.request(method, path, content=body, headers=given)
                return await client.request(method, path, json=body, headers=given)

        # a thread of its own: in this one a browser's event loop may be running
        with ThreadPoolExecutor(1) as thread:
            answer = thread.submit(lambda: asyncio.run(send())).result()
        self.seen.append((f"{method} {path}", answer.status_code, sorted(answer.headers.items()), answer.text))
        return answer

    def next(self, study_id: int) -> dict[str, Any]:
        return dict(self.ask("GET", f"/api/reading/{study_id}/next").json())

    def events(self, token: str, *kinds: str, **counters: Any) -> httpx.Response:
        events = []
        for kind in kinds:
            events.append({"n": self.n, "kind": kind, "t": 1000.0 * self.n})
            self.n += 1
        body = {"tab": self.tab, "seq": self.n, "counters": counters, "events": events}
        return self.ask("POST", f"/api/reads/{token}/events", body)

    def save(self, token: str, revision: int, content: Any) -> httpx.Response:
        body = {"revision": revision, "tab": self.tab, "content": content}
        return self.ask("PUT", f"/api/reads/{token}/draft", body)

    def lock(self, token: str, revision: int, content: Any) -> httpx.Response:
        body = {"revision": revision, "tab": self.tab, "content": content}
        return self.ask("POST", f"/api/reads/{token}/lock", body)


def sign_in(session: Session, account_id: int, at: datetime) -> Client:
    """Return a client with a fresh session cookie of an account."""
    return Client(sign_ins.redeem_ticket(session, sign_ins.ticket_for(session, account_id, at=at), at=at))


def reads_in(db_url: str) -> list[Read]:
    """Every read of a database, oldest first."""
    with open_session(db_url) as session:
        return list(session.scalars(select(Read).order_by(Read.id)))
