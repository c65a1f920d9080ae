"""Which files belong to one series, by a glance at their headers: an export may spread a series over many folders."""

import hashlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from pydicom import dcmread

from core.imaging.budget import Budget
from core.imaging.errors import ImagingError
from core.imaging.header import looks_like_dicom, refuse_deflate_bomb
from core.imaging.quiet import guarded, quiet
from core.imaging.source import UNREADABLE

HEAD = 4096
NAMING = ("PatientID", "StudyInstanceUID", "SeriesInstanceUID")


def series_keys(paths: Sequence[Path]) -> list[str | None]:
    """Return for each file a digest of what names its series; None for one that is no DICOM, or names none."""
    budget = Budget(len(paths), sum(path.stat().st_size for path in paths))
    keys: list[str | None] = []
    with quiet():
        for path in paths:
            try:
                work = partial(guarded, partial(_key, path), UNREADABLE)
                keys.append(budget.spend(work, size=path.stat().st_size))
            except ImagingError:
                keys.append(None)  # reading it will say why
    return keys


def _key(path: Path) -> str | None:
    with path.open("rb") as stream:
        if not looks_like_dicom(stream.read(HEAD)):
            return None
        stream.seek(0)
        refuse_deflate_bomb(stream)
        stream.seek(0)
        header = dcmread(stream, stop_before_pixels=True, specific_tags=[*NAMING], force=True)
    if not header.get("SeriesInstanceUID"):
        return None
    return hashlib.sha256("\0".join(str(header.get(name, "")) for name in NAMING).encode()).hexdigest()
