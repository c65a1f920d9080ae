"""The verbs of reading: scan an upload for series, load one as a volume, or read a path in one go."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from core.imaging import header, nifti
from core.imaging.arriving import Arriving
from core.imaging.budget import Budget
from core.imaging.errors import ImagingError
from core.imaging.frames import Frame, Header
from core.imaging.geometry import Stack
from core.imaging.quiet import guarded, quiet
from core.imaging.series import (
    Rejection,
    SeriesCandidate,
    dicom_candidates,
    may_show_a_name,
    nifti_candidate,
    suitability,
)
from core.imaging.source import UNREADABLE, Source, sources_from_path
from core.imaging.volume import Volume
from core.progress import Progress, ignore

__all__ = ["Rejection", "Scan", "SeriesCandidate", "load", "opening", "read_path", "scan"]

STRICT = "This installation refuses such series."
HEAD = 4096  # bytes that tell what a file is
NAMED = 3  # things that were left out and are named in one sentence; more are counted


@dataclass(frozen=True, slots=True)
class Scan:
    """What an upload holds: series that can become volumes, best first, and what was left out.

    Single files that were left out come first, in the order of the upload, then series.
    """

    series: tuple[SeriesCandidate, ...]
    rejected: tuple[Rejection, ...]


def scan(sources: Sequence[Source], *, on_progress: Progress = ignore, strict: bool = False) -> Scan:
    """Read the headers of all files, group them into series and check their geometry; no pixel is read.

    on_progress counts files. The best series of each patient is preselected. strict leaves out series whose pictures
    may show a name: burned-in annotations, secondary captures.
    """
    headers: list[Header] = []
    series: list[SeriesCandidate] = []
    rejected: list[tuple[int, Rejection]] = []
    budget = Budget(len(sources), sum(source.size for source in sources))
    with quiet():
        for done, source in enumerate(sources, start=1):
            try:
                found = budget.spend(partial(guarded, partial(_examine, source), UNREADABLE), size=source.size)
                if isinstance(found, Header):
                    headers.append(found)
                else:
                    series.append(nifti_candidate(found))
            except ImagingError as error:
                rejected.append((source.number, Rejection(source.place, str(error), 1, source.origin)))
            on_progress(done, len(sources))
        for group in _grouped(headers):
            frames: list[Frame] = [frame for header in group for frame in header.frames]
            found_series, refused = dicom_candidates(frames, group[0].identity, group[0].series_uid)
            for candidate in found_series:
                shown = next((warning for warning in candidate.warnings if strict and may_show_a_name(warning)), "")
                if shown:
                    files = len({frame.source.number for frame in frames})
                    rejected.append(
                        (
                            frames[0].source.number,
                            Rejection(candidate.place, f"{shown} {STRICT}", files, candidate.origin),
                        )
                    )
                else:
                    series.append(candidate)
            rejected += [(frames[0].source.number, refusal) for refusal in refused]
        best_first = tuple(
            _preselected(sorted(series, key=lambda candidate: (*suitability(candidate), _tie(candidate))))
        )
    return Scan(
        best_first, tuple(rejection for _, rejection in sorted(rejected, key=lambda pair: (pair[1].files > 1, pair[0])))
    )


def load(candidate: SeriesCandidate, *, on_progress: Progress = ignore) -> Volume:
    """Decode a series into a volume, image by image; on_progress counts slices, in the caller's thread.

    Raises ImagingError, naming the file by its place, where pixels are damaged or values are not HU.
    """
    content = candidate.content
    if isinstance(content, Stack):
        with Arriving(content) as coming:
            return coming.whole(on_progress)
    with quiet():
        try:
            return nifti.load(content, on_progress)
        except ImagingError as error:
            failure = ImagingError(str(Rejection(candidate.place, str(error))))
    raise failure


def read_path(path: Path | str, *, on_progress: Progress = ignore) -> Volume:
    """Return the best series of a DICOM folder, a zip or a NIfTI file; see core.imaging.series for what is best.

    Raises ImagingError where nothing in it can be read, with the reason that takes out most files, then others.
    """
    return load(_best(scan(sources_from_path(path))), on_progress=on_progress)


@contextmanager
def opening(path: Path | str, *, tell: Callable[[str], object]) -> Iterator[Volume | Arriving]:
    """Open the best series at a path as `read_path` does; the slices of a DICOM series are still arriving.

    `tell` is given what the reader should know of the series, and a sentence for everything else that lies there:
    files that were left out, and other series.
    Raises ImagingError as `read_path`, where a slice is damaged when it is waited for.
    """
    found = scan(sources_from_path(path))
    candidate = _best(found)
    for sentence in (*candidate.warnings, *_left_out(found)):
        tell(sentence)
    if isinstance(candidate.content, Stack):
        with Arriving(candidate.content) as coming:
            yield coming
    else:
        yield load(candidate)


def _best(found: Scan) -> SeriesCandidate:
    if not found.series:
        raise ImagingError(" ".join(_few(sorted(found.rejected, key=lambda rejection: -rejection.files))))
    return found.series[0]


def _left_out(found: Scan) -> list[str]:
    """Return what lies beside the best series, a sentence each."""
    others = [
        Rejection(
            other.place,
            f"Another {'patient' if other.preselected else 'series of the same patient'} ({other.slices} slices) "
            "is not read; give its files alone to read it.",
        )
        for other in found.series[1:]
    ]
    return _few([*others, *found.rejected])


def _few(rejections: Sequence[Rejection]) -> list[str]:
    more = len(rejections) - NAMED
    return [
        *map(str, rejections[:NAMED]),
        *([f"And {more} more of the files or series were left out."] if more > 0 else []),
    ]


def _examine(source: Source) -> Header | nifti.NiftiImage:
    if source.problem:
        raise ImagingError(source.problem)
    if not source.size:
        raise ImagingError("This file is empty; leave it out or export it again.")
    with source.open() as stream:
        head = stream.read(HEAD)
    if header.looks_like_dicom(head):
        return header.read_header(source)
    if nifti.looks_like_nifti(head):
        return nifti.read_header(source)
    raise ImagingError(header.NOT_DICOM)


def _grouped(headers: Sequence[Header]) -> list[list[Header]]:
    groups: dict[tuple[str, str, str], list[Header]] = {}
    for other in headers:
        patient = other.identity.key(b"within this scan")
        groups.setdefault((other.study_uid, other.series_uid, patient), []).append(other)
    return list(groups.values())


def _tie(candidate: SeriesCandidate) -> str:
    """Return what settles a tie whichever order the files come in: the number of the first image, or the place."""
    content = candidate.content
    return content.frames[0].uid if isinstance(content, Stack) else f"{content.source.number:09d}"


def _preselected(series: Sequence[SeriesCandidate]) -> list[SeriesCandidate]:
    """Mark the first series of each patient; every NIfTI file is taken to be a patient of its own."""
    patients: set[str] = set()
    marked = []
    for group in series:
        patient = group.identity.key(b"within this scan") if group.identity else group.key
        marked.append(replace(group, preselected=patient not in patients))
        patients.add(patient)
    return marked
