"""A reader by script, over HTTP as the reading page is: opens, loads the images, drafts, locks, and keeps a ledger.

What the server has acknowledged is in the ledger; after the trial every line of it must be in the database.
"""

import http.client
import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.jobs.trial.study import Person, Trial

TAB = "trial"
AGAIN_S = 0.3  # before a request is sent again that met a server which is down
TIMEOUT_S = 40.0
UNREACHED = 0


@dataclass
class Ledger:
    """What one reader was told: the answers of every lock and draft that was acknowledged, by the read's token."""

    locked: dict[str, dict[str, Any]] = field(default_factory=dict)
    drafted: dict[str, int] = field(default_factory=dict)
    repeated: int = 0
    seconds: dict[str, list[float]] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    left_streams: int = 0


class Reader(threading.Thread):
    """Reads one case after the other until told to stop, or nothing is left.

    `pace_s` is the time a case takes besides the requests. With `patient` a request that met a server which is down is
    sent again, as the reading page does; else it counts as an error. A share of the streams is `abandoned` half-way.
    """

    def __init__(
        self, trial: Trial, person: Person, port: int, *, pace_s: float, seed: int, patient: bool, abandoned: float
    ) -> None:
        super().__init__(name=f"reader-{person.account_id}", daemon=True)
        self._trial, self._person, self._port = trial, person, port
        self._pace_s, self._patient, self._abandoned = pace_s, patient, abandoned
        self._rng = np.random.default_rng([seed, person.account_id])
        self._ending = threading.Event()
        self._line: http.client.HTTPConnection | None = None
        self.ledger = Ledger()
        self.finished = False

    def stop(self) -> None:
        """End after the request in hand."""
        self._ending.set()

    def run(self) -> None:
        """Read."""
        try:
            self._go_through()
        finally:
            self._hang_up()

    def _go_through(self) -> None:
        self._pause(self._rng.uniform(0, self._pace_s))
        while not self._ending.is_set():
            opened = self._asked("next", "GET", f"/api/reading/{self._trial.study_id}/next")
            if opened is None:
                return
            if opened.get("done"):
                self.finished = True
                return
            self._read(opened)

    def _read(self, opened: dict[str, Any]) -> None:
        token = str(opened["read"]["token"])
        if token in self.ledger.locked:
            self.ledger.repeated += 1  # a read whose lock was acknowledged is open again
        self._images(opened["volume"]["url"], int(opened["volume"]["shape"][0]))
        self._event(token, ["painted", "loaded"], 0)
        revision = int(opened["draft"]["revision"])
        content = self._answers()
        for n in (1, 2):
            self._pause(self._pace_s / 4)
            saved = self._asked("draft", "PUT", f"/api/reads/{token}/draft", self._edit(revision, content))
            if saved is None or "revision" not in saved:
                return
            revision = int(saved["revision"])
            self.ledger.drafted[token] = revision
            self._event(token, ["action"], 1 + n)
        self._pause(self._pace_s / 4)
        locked = self._asked("lock", "POST", f"/api/reads/{token}/lock", self._edit(revision, content))
        if locked is not None and locked.get("locked"):
            self.ledger.locked[token] = content

    def _event(self, token: str, kinds: list[str], first: int) -> None:
        events = [{"n": 10 * first + n, "kind": kind, "t": float(n)} for n, kind in enumerate(kinds)]
        body = {"tab": TAB, "counters": {"scrolls": first}, "events": events}
        self._asked("event", "POST", f"/api/reads/{token}/events", body)

    def _edit(self, revision: int, content: dict[str, Any]) -> dict[str, Any]:
        return {"revision": revision, "tab": TAB, "content": content}

    def _answers(self) -> dict[str, Any]:
        code = str(self._rng.choice(self._trial.codes))
        ratings = {code: int(self._rng.integers(0, 101)) for code in self._trial.codes}
        ratings[code] = 100
        return {"diagnosis": code, "ratings": ratings, "answers": {}, "marks": [], "key_slices": []}

    def _images(self, url: str, slices: int) -> None:
        began = time.monotonic()
        try:
            line = self._connected()
            path = f"{url}?form=packed&coarse=1&first={slices // 2}"
            line.request("GET", path, headers=self._headers() | {"Accept-Encoding": "zstd"})
            answer = line.getresponse()
            if answer.status != 200:
                self._count("images", answer.status)
                answer.read()
            elif self._rng.random() < self._abandoned:
                answer.read(2000)
                self.ledger.left_streams += 1
                self._hang_up()
            else:
                answer.read()
                self.ledger.seconds.setdefault("images", []).append(time.monotonic() - began)
        except (OSError, http.client.HTTPException):
            self._hang_up()
            self._count("images", UNREACHED)

    def _asked(self, what: str, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any] | None:
        """Return the answer to a request, sent again while the server is away; None when it is given up."""
        while not self._ending.is_set():
            began = time.monotonic()
            status, answer = self._sent(method, path, body)
            if status in (200, 409, 422):
                self.ledger.seconds.setdefault(what, []).append(time.monotonic() - began)
                if status != 200 and not self._patient:
                    self._count(what, status)
                return answer
            self._count(what, status)
            if not self._patient or status in (401, 403, 404):
                return None
            self._pause(AGAIN_S)
        return None

    def _sent(self, method: str, path: str, body: dict[str, Any] | None) -> tuple[int, dict[str, Any]]:
        try:
            line = self._connected()
            text = None if body is None else json.dumps(body)
            line.request(method, path, body=text, headers=self._headers() | {"Content-Type": "application/json"})
            answer = line.getresponse()
            raw = answer.read()
            with suppress(ValueError):
                return answer.status, dict(json.loads(raw))
            return answer.status, {}
        except (OSError, http.client.HTTPException):
            self._hang_up()
            return UNREACHED, {}

    def _connected(self) -> http.client.HTTPConnection:
        if self._line is None:
            self._line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_S)
        return self._line

    def _headers(self) -> dict[str, str]:
        return {"Cookie": f"parallax_session={self._person.cookie}"}

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
        self._line = None

    def _count(self, what: str, status: int) -> None:
        name = f"{what} {status or 'not reached'}"
        self.ledger.errors[name] = self.ledger.errors.get(name, 0) + 1

    def _pause(self, seconds: float) -> None:
        self._ending.wait(seconds)


def together(readers: list[Reader], until: Callable[[], bool], step_s: float = 0.2) -> None:
    """Let readers read until a condition holds or all have finished; then end them."""
    for reader in readers:
        reader.start()
    while not until() and any(reader.is_alive() for reader in readers):
        time.sleep(step_s)
    for reader in readers:
        reader.stop()
    for reader in readers:
        reader.join(TIMEOUT_S)
