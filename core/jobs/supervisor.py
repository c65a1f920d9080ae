"""Keep one worker process running beside the web process."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import structlog

from core.settings import settings

log = structlog.get_logger()

ROOT = Path(__file__).resolve().parents[2]
PAUSE = 2.0  # seconds before a worker that ended is started again
PATIENCE = 4.0  # seconds a worker has to stop when told to


class Supervisor:
    """Starts `python -m core worker` and starts it again whenever it ends, until stopped."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run, name="worker-supervisor", daemon=True)

    def start(self) -> None:
        """Start supervising."""
        self._thread.start()

    def stop(self) -> None:
        """End the worker and stop supervising; the job in hand is taken up at the next start."""
        self._stop.set()
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._thread.join(PATIENCE)

    def _run(self) -> None:
        command = [sys.executable, "-m", "core", "worker", "--name", settings().worker_name]
        environment = {**os.environ, "PARALLAX_SUPERVISED": "1"}
        while not self._stop.is_set():
            self._process = subprocess.Popen(command, cwd=ROOT, env=environment)  # noqa: S603 - our own command
            code = self._process.wait()
            if self._stop.wait(PAUSE):
                return
            log.warning("worker ended; starting it again", code=code)
