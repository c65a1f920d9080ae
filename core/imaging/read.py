"""The verbs of reading: scan an upload for series, load one as a volume, or read a path in one go."""

from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from queue import SimpleQueue

import numpy as np
from numpy.typing import NDArray

from core.imaging import header, nifti
from core.imaging.errors import ImagingError
from core.imaging.frames import Frame, Header
from core.imaging.geometry import Stack
from core.imaging.pixels import COMPRESSED, CUT_SHORT, PixelReader
from core.imaging.quiet import guarded, quiet
from core.imaging.series import Rejection, SeriesCandidate, dicom_candidates, nifti_candidate, suitability
from core.imaging.source import UNREADABLE, Source, sources_from_path
from core.imaging.volume import Volume, content_hash
from core.progress import Progress, ignore

__all__ = ["Rejection", "Scan", "SeriesCandidate", "load", "read_path", "scan"]

HEAD = 4096  # bytes that tell what a file is
DECODERS = 2  # processes that decode compressed images; a third gains little beside the parsing here


@dataclass(frozen=True, slots=True)
class Scan:
    """What an upload holds: series that can become volumes, best first, and what was left out.

    Single files that were left out come first, in the order of the upload, then series.
    """

    series: tuple[SeriesCandidate, ...]
    rejected: tuple[Rejection, ...]


def scan(sources: Sequence[Source], *, on_progress: Progress = ignore) -> Scan:
    """Read the headers of all files, group them into series and check their geometry; no pixel is read.

    on_progress counts files. The best series of each patient is preselected.
    """
    headers: list[Header] = []
    series: list[SeriesCandidate] = []
    rejected: list[tuple[int, Rejection]] = []
    with quiet():
        for done, source in enumerate(sources, start=1):
            try:
                found = guarded(partial(_examine, source), UNREADABLE)
                if isinstance(found, Header):
                    headers.append(found)
                else:
                    series.append(nifti_candidate(found))
            except ImagingError as error:
                rejected.append((source.number, Rejection(source.place, str(error))))
            on_progress(done, len(sources))
        for group in _grouped(headers):
            frames: list[Frame] = [frame for one in group for frame in one.frames]
            found_series, refused = dicom_candidates(frames, group[0].identity, group[0].series_uid)
            series += found_series
            rejected += [(frames[0].source.number, refusal) for refusal in refused]
        best_first = tuple(_preselected(sorted(series, key=lambda one: (*suitability(one), _tie(one)))))
    return Scan(
        best_first, tuple(rejection for _, rejection in sorted(rejected, key=lambda pair: (pair[1].files > 1, pair[0])))
    )


def load(candidate: SeriesCandidate, *, on_progress: Progress = ignore) -> Volume:
    """Decode a series into a volume, image by image; on_progress counts slices, in the caller's thread.

    Raises ImagingError, naming the file by its place, where pixels are damaged or values are not HU.
    """
    content = candidate.content
    with quiet():
        if isinstance(content, Stack):
            return _load_stack(content, on_progress)
        try:
            return nifti.load(content, on_progress)
        except ImagingError as error:
            failure = ImagingError(str(Rejection(candidate.place, str(error))))
    raise failure


def read_path(path: Path | str, *, on_progress: Progress = ignore) -> Volume:
    """Return the best series of a DICOM folder, a zip or a NIfTI file; see core.imaging.series for what is best.

    Raises ImagingError where nothing in it can be read, with the reason that takes out most files.
    """
    found = scan(sources_from_path(path))
    if not found.series:
        raise ImagingError(str(max(found.rejected, key=lambda rejection: rejection.files)))
    return load(found.series[0], on_progress=on_progress)


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
    for one in headers:
        patient = one.identity.key(b"within this scan")
        groups.setdefault((one.study_uid, one.series_uid, patient), []).append(one)
    return list(groups.values())


def _tie(candidate: SeriesCandidate) -> str:
    """Return what settles a tie whichever order the files come in: the number of the first image, or the place."""
    content = candidate.content
    return content.frames[0].uid if isinstance(content, Stack) else f"{content.source.number:09d}"


def _preselected(series: Sequence[SeriesCandidate]) -> list[SeriesCandidate]:
    """Mark the first series of each patient; every NIfTI file is taken to be a patient of its own."""
    patients: set[str] = set()
    marked = []
    for one in series:
        patient = one.identity.key(b"within this scan") if one.identity else one.key
        marked.append(replace(one, preselected=patient not in patients))
        patients.add(patient)
    return marked


def _load_stack(stack: Stack, on_progress: Progress) -> Volume:
    hu = np.empty(stack.shape, np.int16)
    with closing(_decoded(stack, hu)) as decoded:
        for index in decoded:
            on_progress(index + 1, len(stack.frames))  # in the caller's thread, for a page's progress bar lives there
    return Volume(
        hu=hu,
        spacing_mm=stack.spacing_mm,
        z_mm=stack.z_mm,
        affine=stack.affine,
        attributes=stack.frames[0].attributes,
        content_hash=content_hash(hu, stack.spacing_mm),
    )


def _decoded(stack: Stack, hu: NDArray[np.int16]) -> Generator[int, None, None]:
    """Decode each image into its slice of hu and yield the slice's number; compressed single images two at a time."""
    frames = stack.frames
    one_file_each = len({frame.source.number for frame in frames}) == len(frames)
    packed = frames[0].pixels.transfer_syntax in COMPRESSED
    readers = [PixelReader() for _ in range(DECODERS if one_file_each and packed else 1)]
    free: SimpleQueue[PixelReader] = SimpleQueue()
    for reader in readers:
        free.put(reader)

    def decode(index: int) -> str:
        reader, frame = free.get(), frames[index]
        try:
            hu[index] = stack.reorientation.apply(guarded(partial(reader.hu, frame), CUT_SHORT))
        except ImagingError as error:
            return str(Rejection(frame.source.place, str(error)))
        finally:
            free.put(reader)
        return ""

    pool = ThreadPoolExecutor(len(readers), thread_name_prefix="decode")
    try:
        for index, problem in enumerate(pool.map(decode, range(len(frames)))):
            if problem:
                raise ImagingError(problem)
            yield index
    finally:
        pool.shutdown(cancel_futures=True)
        for reader in readers:
            reader.close()
