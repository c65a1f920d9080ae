"""A real server on a free port with a data folder of its own, and a real Chromium."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from core import clock
from core.settings import settings
from db import accounts, sign_ins
from db.engine import engine_for, open_session
from db.permissions import SYSTEM
from tests.browser import shared_browser

ROOT = Path(__file__).parents[2]
PASSWORD = "a password for tests"
LISTEN = """document.addEventListener('securitypolicyviolation', e => console.error(
  `policy: ${e.effectiveDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber} ${e.sample}`))"""


@dataclass
class Server:
    """A running Parallax. `stop` kills it as a power cut would; `start` brings it back on the same data."""

    url: str
    data: Path
    port: int
    worker: bool
    process: subprocess.Popen[bytes] | None = None
    options: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)

    def start(self) -> None:
        environment = {
            **os.environ,
            "PARALLAX_DATA_DIR": str(self.data),
            "PARALLAX_WORKER": "1" if self.worker else "0",
            "PARALLAX_PUBLIC_URL": self.url,
            "OMP_NUM_THREADS": "2",
            **self.environment,
        }
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(self.port)]
        command += ["--server.headless", "true", "--server.address", "127.0.0.1", "--server.fileWatcherType", "none"]
        command += self.options
        with (self.data / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        self.wait_until_up()

    def wait_until_up(self, seconds: float = 120) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                with urllib.request.urlopen(f"{self.url}/api/health", timeout=2) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                if self.process is not None and self.process.poll() is not None:
                    break
                time.sleep(0.2)
        pytest.fail("the server did not start:\n" + (self.data / "server.log").read_text()[-3000:])

    def stop(self, how: int = signal.SIGKILL) -> None:
        if self.process is not None and self.process.poll() is None:
            os.kill(self.process.pid, how)
            self.process.wait(20)

    @property
    def database(self) -> str:
        return f"sqlite:///{self.data / 'parallax.db'}"

    def account(self, username: str, role: str) -> int:
        """Make an account (once) whose password is PASSWORD; return its id."""
        with open_session(self.database) as session:
            known = {a.username: a.id for a in accounts.every(session, by=SYSTEM)}
            if username in known:
                return known[username]
            return accounts.create(
                session,
                username=username,
                name=username.title(),
                role=role,
                at=clock.now(),
                password=PASSWORD,
                by=SYSTEM,
            ).id

    def cookie(self, username: str) -> dict[str, str]:
        """Sign an account in without the form; return the cookie for a browser context."""
        with open_session(self.database) as session:
            account = next(a for a in accounts.every(session, by=SYSTEM) if a.username == username)
            ticket = sign_ins.ticket_for(session, account.id, at=clock.now())
            value = sign_ins.redeem_ticket(session, ticket, at=clock.now())
        assert value is not None
        return {"name": "parallax_session", "value": value, "url": self.url}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def start_server(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Iterator[Callable[..., Server]]:
    """Start as many servers as a test asks for; all end with the tests."""
    servers: list[Server] = []

    def start(*, worker: bool = False, started: bool = True) -> Server:
        data = tmp_path_factory.mktemp("server")
        port = free_port()
        server = Server(f"http://127.0.0.1:{port}", data, port, worker)
        shutil.copy(migrated_sqlite, data / "parallax.db")  # what migrate would make of an empty folder
        server.account("root", "administrator")
        if started:
            server.start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.stop(signal.SIGTERM)
        engine_for(server.database).dispose()
    settings.cache_clear()


@pytest.fixture(scope="session")
def server(start_server: Callable[..., Server]) -> Server:
    """One server without a worker, shared by the tests that need no AI."""
    return start_server()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium, shared with the tests of the viewer."""
    with shared_browser() as opened:
        yield opened


def against_policy(message: Any) -> list[str]:
    """Return what a message of the browser's console says against a content security policy."""
    text = str(message.text)
    return [text] if text.startswith("policy:") or "Content Security Policy" in text else []


@pytest.fixture
def sign_in(browser: Any) -> Iterator[Callable[..., Any]]:
    """Open a page of a server as somebody: sign_in(server, "ada") -> Playwright page.

    Errors in a page fail the test, and so does whatever breaks a content security policy.
    """
    contexts: list[Any] = []
    errors: list[str] = []

    def open_as(server: Server, username: str, **options: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})
        context.add_cookies([server.cookie(username)])
        context.add_init_script(LISTEN)
        context.on("console", lambda message: errors.extend(against_policy(message)))
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert errors == []
