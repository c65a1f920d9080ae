"""A PostgreSQL of its own on this machine, in a temporary folder, that may be killed."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from core.errors import ParallaxError

PATIENCE_S = 60.0
MISSING = "There is no PostgreSQL server on this machine; install one (apt-get install postgresql), or use SQLite."
FAST = ("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=200")


def free_port() -> int:
    """Return a port of this machine that nobody listens to."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Postgres:
    """One cluster on the loopback address. Started by root it runs as the user postgres, as PostgreSQL demands."""

    def __init__(self, folder: Path) -> None:
        self._bin = _programs()
        self._folder = folder / "postgres"
        self._user = "postgres" if os.geteuid() == 0 else None
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address of its one database."""
        return f"postgresql://parallax@127.0.0.1:{self.port}/postgres"

    def create(self) -> None:
        """Make the cluster and start it."""
        self._folder.mkdir(mode=0o700)
        if self._user:
            account = pwd.getpwnam(self._user)
            os.chown(self._folder, account.pw_uid, account.pw_gid)
            for parent in self._folder.parents:
                if parent == Path("/tmp") or not parent.is_relative_to("/tmp"):  # noqa: S108 - where folders are shared
                    break
                parent.chmod(parent.stat().st_mode | 0o711)  # the user postgres passes through
        made = self._run(self._bin / "initdb", "-D", self._folder, "-U", "parallax", "-A", "trust", "-E", "UTF8")
        if made.wait(PATIENCE_S):
            raise ParallaxError("PostgreSQL's initdb failed on this machine; try SQLite, without --database.")
        self.start()

    def start(self) -> None:
        """Start the server, also after it was killed; returns when it answers."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            if self._process is None or self._process.poll() is not None:  # the killed one's helpers may linger
                self._process = self._run(self._bin / "postgres", "-D", self._folder, "-p", str(self.port), *FAST)
            ready = self._run(self._bin / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port))
            if ready.wait(PATIENCE_S) == 0:
                return
            time.sleep(0.2)
        raise ParallaxError("PostgreSQL did not start; see whether its folder is on a disk with space.")

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """End it in order."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                self._process.kill()

    def _run(self, program: Path, *arguments: object) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - PostgreSQL's own programs
            [str(program), *(str(argument) for argument in arguments)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=self._user,
            group=self._user,
            extra_groups=[] if self._user else None,
            cwd=self._folder.parent if self._user is None else "/",
            start_new_session=True,
        )


def _programs() -> Path:
    """Return the folder of PostgreSQL's programs, the newest version of those installed; raises ParallaxError."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: float(path.parts[-3]), reverse=True
    )
    on_path = shutil.which("postgres")
    if not found and on_path is None:
        raise ParallaxError(MISSING)
    return (found[0] if found else Path(str(on_path))).parent
