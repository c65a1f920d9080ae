"""Making and removing the demo from the web process, which loads no torch: the command line does it, in a process."""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass

import structlog

from core.errors import Conflict, ParallaxError
from core.progress import Progress, ignore
from core.services.demo.people import DemoAccount
from core.services.processes import ROOT, environment

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class StartedDemo:
    """The demo's accounts (role, user, password), told once, and its studies (title, number)."""

    accounts: tuple[DemoAccount, ...]
    studies: tuple[dict[str, str], ...]


def make(*, on_progress: Progress = ignore) -> StartedDemo:
    """Make the demo in a process of its own; raises ParallaxError. Progress counts patients."""
    told = _run([], on_progress)
    return StartedDemo(tuple(DemoAccount(**account) for account in told["accounts"]), tuple(told["studies"]))


def take_away(*, on_progress: Progress = ignore) -> None:
    """Remove the demo; raises ParallaxError. Progress counts volumes."""
    _run(["--remove"], on_progress)


def _run(options: list[str], on_progress: Progress) -> dict[str, list[dict[str, str]]]:
    command = [sys.executable, "-m", "core", "demo", "--json", *options]
    with tempfile.TemporaryFile("w+") as answer:
        process = subprocess.Popen(  # noqa: S603 - our own command with fixed arguments
            command, cwd=ROOT, env=environment(), stdout=answer, stderr=subprocess.PIPE, text=True
        )
        last = ""
        for line in process.stderr or ():
            done, _, rest = line.partition(" of ")
            if done.isdigit():
                on_progress(int(done), int(rest.split()[0]))
            else:
                last = line.strip() or last
        code = process.wait()
        answer.seek(0)
        printed = answer.read().strip()
    if code == 2 and last:  # a sentence for a person
        raise Conflict(last)
    if code != 0 or not printed:
        log.error("the demo failed", code=code, error=last)
        raise ParallaxError("The demo could not be made; the log says why. Nothing else was touched.")
    told: dict[str, list[dict[str, str]]] = json.loads(printed.splitlines()[-1])
    return told
