"""What a command of ours needs to run as a process of its own."""

import os
from pathlib import Path

from core.settings import settings

ROOT = Path(__file__).resolve().parents[2]


def environment() -> dict[str, str]:
    """Return the environment of the process: the same data folder, however this process was told of it."""
    return {**os.environ, "PARALLAX_DATA_DIR": str(settings().data_dir.resolve())}
