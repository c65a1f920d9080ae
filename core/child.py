"""Starts a Python process of ours that is spoken to by lines: it parses what strangers sent, with limits of its own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def start(module: str, *, descriptors: tuple[int, ...] = ()) -> subprocess.Popen[str]:
    """Return a child that runs a module in a session of its own, its input and output as pipes of text.

    `descriptors` are open files that it inherits. One thread for each library: the machine has other work.
    """
    return subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-W", "ignore", "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        pass_fds=descriptors,
        start_new_session=True,
    )
