"""Measures reading one case with the AI, alone or beside a peer: seconds by stage and peak memory."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

from core.errors import InvalidInput

PEER = Path("bench") / "peer_ai.py"


def shared_folder() -> Path:
    """Return where material beside the project lies: PARALLAX_SHARED, else ../shared."""
    return Path(os.environ.get("PARALLAX_SHARED") or Path(__file__).resolve().parents[3] / "shared")


def run_peer(case: Path, python: str) -> dict[str, Any]:
    """Run the peer script on a DICOM folder with another Python; return its seconds by stage and of CPU.

    Raises InvalidInput where the script, its packages or a folder of DICOM are missing.
    """
    script = shared_folder() / PEER
    if not script.exists():
        raise InvalidInput("The peer script is not on this machine; put it at ../shared/bench/peer_ai.py.")
    if not case.is_dir():
        raise InvalidInput("The peer reads only a folder of DICOM files; name one.")
    command = [python or sys.executable, str(script), str(case)]
    before = _children_cpu_s()
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - a fixed script
    except OSError as error:
        raise InvalidInput("The Python named for the peer cannot be started; check --peer-python.") from error
    if done.returncode:
        if "lungmask" in done.stderr:
            raise InvalidInput("The peer needs lungmask: pip install lungmask, or name a Python that has it.")
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise InvalidInput(f"The peer failed: {last}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return {**found, "cpu_s": _children_cpu_s() - before}


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def peak_memory_mb() -> float:
    """Return the most memory this process has held so far, MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # kB, on macOS bytes
    return peak / (1e6 if sys.platform == "darwin" else 1e3)
