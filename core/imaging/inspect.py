"""What an upload would become: every series read and described, and everything that was left out with its reason."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.imaging.errors import ImagingError
from core.imaging.intake import Intake, Listed, ReadingStopped, ReadSeries
from core.imaging.series import Rejection
from core.progress import Progress, ignore

PLACED = re.compile(r"(Files? \d+.*? of \d+): (.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Inspected:
    """The series that can be stored, best first, each as it was found and as it was read, and what was left out."""

    series: tuple[tuple[Listed, ReadSeries], ...]
    rejected: tuple[Rejection, ...]
    peak_mb: int

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "series": [_series(listed, read) for listed, read in self.series],
            "rejected": [
                {"files": rejection.files, "place": rejection.place, "reason": rejection.reason}
                for rejection in self.rejected
            ],
        }


def inspect(path: Path | str, *, on_progress: Progress = ignore) -> Inspected:
    """Read a file, folder or archive as an upload of it would be read, and store nothing.

    Raises ImagingError where it cannot be looked at: no such path, no file in it, or no reading of it within limits.
    """
    with Intake(path) as intake:
        return inspected(intake, on_progress=on_progress)


def inspected(intake: Intake, *, on_progress: Progress = ignore) -> Inspected:
    """Read all that an intake holds."""
    found = intake.scan(on_progress)
    series: list[tuple[Listed, ReadSeries]] = []
    rejected = list(found.rejected)
    for entry in found.series:
        try:
            series.append((entry, intake.read(entry.key)))
        except ReadingStopped:
            raise
        except ImagingError as error:
            rejected.append(refused(entry, error))
    return Inspected(tuple(series), tuple(rejected), intake.peak_mb)


def refused(listed: Listed, error: ImagingError) -> Rejection:
    """Return the rejection of a series whose pixels cannot be used."""
    placed = PLACED.fullmatch(str(error))
    place, reason = (placed[1], placed[2]) if placed else (listed.place, str(error))
    return Rejection(place[:1].lower() + place[1:], reason, listed.files, listed.origin)


def _series(listed: Listed, read: ReadSeries) -> dict[str, Any]:
    return {
        "slices": listed.slices,
        "spacing_mm": list(listed.spacing_mm),
        "thickness_mm": listed.thickness_mm,
        "kernel": listed.kernel,
        "orientation": listed.orientation,
        "hu": read.hu,
        "warnings": list(listed.warnings),
        "content_hash": read.content_hash,
        "files": listed.files,
    }
