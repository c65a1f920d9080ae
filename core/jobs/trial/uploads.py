"""Uploads in flight during a trial: some left half-way over HTTP, some stored by a process that may be killed."""

import http.client
import threading
from contextlib import suppress

from core.errors import ParallaxError
from core.jobs.trial import study
from core.jobs.trial.study import Trial

CLAIMED = 5_000_000  # bytes an abandoned upload promises
SENT = 300_000
PAUSE_S = 0.7


class Uploader(threading.Thread):
    """Stores a new case, and leaves an upload half-way, again and again. `stored` are the cases acknowledged."""

    def __init__(self, trial: Trial, port: int, *, jobs: bool) -> None:
        super().__init__(name="uploader", daemon=True)
        self._trial, self._port, self._jobs = trial, port, jobs
        self._ending = threading.Event()
        self.left = 0
        self.stored: list[int] = []

    def stop(self) -> None:
        """End after the upload in hand."""
        self._ending.set()

    def run(self) -> None:
        """Upload."""
        n = 10_000
        while not self._ending.is_set():
            self._leave_one()
            with suppress(ParallaxError):  # the database is away: what was not acknowledged may be gone
                self.stored.append(study.add_case(n, self._trial.coordinator.account_id, jobs=self._jobs))
            n += 1
            self._ending.wait(PAUSE_S)

    def _leave_one(self) -> None:
        line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
        with suppress(OSError, http.client.HTTPException):
            line.putrequest("PUT", f"/_stcore/upload_file/trial/{self.left}")
            line.putheader("Cookie", f"parallax_session={self._trial.coordinator.cookie}")
            line.putheader("Content-Type", "multipart/form-data; boundary=b")
            line.putheader("Content-Length", str(CLAIMED))
            line.endheaders()
            line.send(bytes(SENT))
            self.left += 1
        line.close()
