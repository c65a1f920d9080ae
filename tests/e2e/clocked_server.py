"""Run Parallax on a clock that a test can move: the file `clock_offset` in the data folder holds seconds to add."""

import os
import sys
from datetime import datetime, timedelta
from pathlib import Path

from streamlit.web import cli

from core import clock

OFFSET = Path(os.environ["PARALLAX_DATA_DIR"]) / "clock_offset"
REAL = clock.now


def moved() -> datetime:
    """The real time plus what the test has written."""
    return REAL() + timedelta(seconds=float(OFFSET.read_text())) if OFFSET.exists() else REAL()


if __name__ == "__main__":
    clock.now = moved
    sys.argv = ["streamlit", *sys.argv[1:]]
    cli.main()
