"""A server of its own for a trial: the whole of Parallax in a temporary folder, with its worker, that may be killed."""

import http.client
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

from core.errors import ParallaxError
from core.jobs.trial.postgres import free_port

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 180.0


class Server:
    """Parallax as `streamlit run app.py` serves it, on data of its own."""

    def __init__(self, folder: Path, database: str = "", *, worker: bool = True) -> None:
        self.data = folder / "data"
        self.data.mkdir(mode=0o700, exist_ok=True)
        self.port = free_port()
        self._environment = {
            **os.environ,
            "PARALLAX_DATA_DIR": str(self.data),
            "PARALLAX_DATABASE_URL": database,
            "PARALLAX_STORAGE_URL": "",
            "PARALLAX_WORKER": "1" if worker else "0",
            "PARALLAX_PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            "OMP_NUM_THREADS": "1",
        }
        self.log = folder / "server.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; returns when its health is good."""
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(self.port)]
        command += ["--server.headless", "true", "--server.address", "127.0.0.1", "--server.fileWatcherType", "none"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own command
                command, cwd=ROOT, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end and self.process.poll() is None:
            if self.healthy():
                return
            time.sleep(0.2)
        raise ParallaxError(f"The server of the trial did not start:\n{self.log.read_text()[-2000:]}")

    def healthy(self) -> bool:
        """Tell whether its health is good."""
        with suppress(OSError, http.client.HTTPException):
            line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            try:
                line.request("GET", "/api/health")
                return line.getresponse().status == 200
            finally:
                line.close()
        return False

    def cpu_seconds(self) -> float:
        """Return the processor time that the server process has taken so far."""
        if self.process is None:
            return 0.0
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)

    def workers(self) -> list[psutil.Process]:
        """Return its worker processes."""
        if self.process is None or self.process.poll() is not None:
            return []
        with suppress(psutil.Error):
            children = psutil.Process(self.process.pid).children()
            return [child for child in children if "worker" in child.cmdline()]
        return []

    def kill(self) -> None:
        """End the server as a power cut would; its worker notices within a second."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def kill_workers(self) -> int:
        """End the workers as a power cut would; return how many."""
        found = self.workers()
        for process in found:
            with suppress(psutil.Error):
                process.kill()
        return len(found)

    def stop(self) -> None:
        """End it in order."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
