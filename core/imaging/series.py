"""Series: files grouped, checked and put in order of how well they suit reading.

The best series of a patient is chosen by, in this order: it covers the lungs (180 mm or more); its slices are thin
(up to 1.5 mm before up to 3 mm before up to 5 mm before the rest); its kernel is soft rather than unnamed rather than
sharp; the thinner; the one with more slices. So a soft 1.25 mm series goes before a sharp 1 mm one, and a sharp 1 mm
series before a soft 5 mm one.
"""

import hashlib
import secrets
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from core.imaging.errors import ImagingError
from core.imaging.frames import Frame
from core.imaging.geometry import Stack, stack_of
from core.imaging.identity import Identity
from core.imaging.kernels import sharpness
from core.imaging.mixture import Part, parts_of
from core.imaging.nifti import NiftiImage, identity_of
from core.imaging.source import Source

COVERS_LUNGS_MM = 180.0  # apex to base of a small adult's lungs
THIN = (1.5, 3.0, 5.0)  # mm
LOOK = "; look at the pictures for names before you store them."
_SALT = secrets.token_bytes(16)  # keys of candidates name no UID, and mean nothing outside this process


@dataclass(frozen=True, slots=True)
class Rejection:
    """Something of the upload that was left out: where, and a sentence with the reason and the remedy."""

    place: str
    reason: str
    files: int = 1  # how many files it takes out
    origin: str = field(default="", repr=False, compare=False)  # their names, for who uploads them; never stored

    def __str__(self) -> str:
        return f"{self.place[:1].upper()}{self.place[1:]}: {self.reason}"


@dataclass(frozen=True, slots=True, eq=False)
class SeriesCandidate:
    """A series that can become a volume. Its patient, files and names are held in memory and shown by no repr."""

    key: str
    slices: int
    thickness_mm: float | None
    kernel: str | None
    orientation: str
    spacing_mm: tuple[float, float, float]  # z, y, x
    coverage_mm: float  # from the upper edge of the first slice to the lower edge of the last
    place: str
    preselected: bool
    content: Stack | NiftiImage = field(repr=False)
    origin: str = field(repr=False)  # names of the uploaded files, for the case register (db.register)
    identity: Identity | None = field(repr=False)
    warnings: tuple[str, ...] = ()  # sentences about what is read, but not as the files have it

    def patient_key(self, secret: bytes) -> str:
        """Return the key of the patient under this installation's secret: HMAC-SHA256, hex.

        Of the PatientID and its issuer; where that is blank or says nothing ("ANONYMOUS"), of the study; for NIfTI,
        of the voxels, which are read once for it.
        """
        return self._patient().key(secret)

    def _patient(self) -> Identity:
        if self.identity is not None:
            return self.identity
        if not isinstance(self.content, NiftiImage):
            raise ImagingError("This series names no patient and no study; export it again.")
        return identity_of(self.content)


def dicom_candidates(
    frames: Sequence[Frame], identity: Identity, series_uid: str
) -> tuple[list[SeriesCandidate], list[Rejection]]:
    """Return the candidates that the images of one series make, or the rejection that says why they make none."""
    kept, rejected = without_copies(frames)
    candidates: list[SeriesCandidate] = []
    for place, part in enumerate(parts_of(kept)):
        try:
            stack = _stack(part)
        except ImagingError as error:
            sources = {frame.source.number: frame.source for frame in part.frames}
            named = origin_of(sources.values())
            rejected.append(Rejection(place_of(sources.values()), str(error), len(sources), named))
        else:
            warnings = (*_mixed(part), *_noted(part.frames))
            candidates.append(_dicom_candidate(stack, identity, series_uid, place, warnings))
    return candidates, rejected


def nifti_candidate(image: NiftiImage) -> SeriesCandidate:
    """Return the candidate of a NIfTI file."""
    return SeriesCandidate(
        key=_key("nifti", image.source.place, image.source.origin),
        slices=image.shape[0],
        thickness_mm=image.spacing_mm[0],
        kernel=None,
        orientation="axial",
        spacing_mm=image.spacing_mm,
        coverage_mm=round(image.shape[0] * image.spacing_mm[0], 1),
        place=image.source.place,
        preselected=False,
        content=image,
        origin=image.source.origin,
        identity=None,
    )


def suitability(candidate: SeriesCandidate) -> tuple[bool, int, int, float, int]:
    """Return what candidates are sorted by, lowest first: the order of this module's description."""
    thickness = candidate.thickness_mm or candidate.spacing_mm[0]
    thin = sum(thickness > limit for limit in THIN)
    soft = sharpness(candidate.kernel)
    return candidate.coverage_mm < COVERS_LUNGS_MM, thin, int(soft), round(thickness, 3), -candidate.slices


def place_of(sources: Iterable[Source]) -> str:
    """Return how a message names the files of a series."""
    numbers = sorted({(source.number, source.total) for source in sources})
    if len(numbers) == 1:
        return f"file {numbers[0][0]} of {numbers[0][1]}"
    joined = "to" if numbers[-1][0] - numbers[0][0] == len(numbers) - 1 else "and others up to"
    return f"files {numbers[0][0]} {joined} {numbers[-1][0]} of {numbers[0][1]}"


def without_copies(frames: Sequence[Frame]) -> tuple[list[Frame], list[Rejection]]:
    """Leave out files that are in the upload twice, byte for byte; the same image number with other bytes stays."""
    places = Counter((frame.uid, frame.position, frame.index) for frame in frames)
    kept: list[Frame] = []
    rejected: list[Rejection] = []
    seen: dict[tuple[object, ...], Source] = {}
    for frame in frames:
        same = (frame.uid, frame.position, frame.index)
        if places[same] == 1:
            kept.append(frame)
            continue
        digest = hashlib.sha256(frame.source.read()).digest()
        first = seen.setdefault((*same, digest), frame.source)
        if first is frame.source:
            kept.append(frame)
        elif frame.index == 0:
            reason = f"This is {first.place} once more; the copy was left out."
            rejected.append(Rejection(frame.source.place, reason, 1, frame.source.origin))
    return kept, rejected


def _stack(part: Part) -> Stack:
    """Return the volume that one reconstruction makes; raises ImagingError, saying what it was mixed with."""
    try:
        if part.problem:
            raise ImagingError(part.problem)
        return stack_of(part.frames)
    except ImagingError as error:
        failure = ImagingError(" ".join([*_mixed(part), str(error)]))
    raise failure


def _mixed(part: Part) -> tuple[str, ...]:
    """Return what a series was split by, as sentences."""
    if not part.mixed:
        return ()
    return (f"This series mixes images that differ in their {_listed(part.mixed)}; they are read apart.",)


def _noted(frames: Sequence[Frame]) -> tuple[str, ...]:
    """Return what to look for in the pictures before they are stored, as sentences."""
    counted = Counter(note for frame in frames for note in frame.notes)
    return tuple(
        f"{'Each image' if count == len(frames) else f'{count} of {len(frames)} images'} {note}{LOOK}"
        for note, count in counted.items()
    )


def may_show_a_name(warning: str) -> bool:
    """Whether a warning is about the picture itself; an overlay is not stored."""
    return warning.endswith(LOOK) and "overlay" not in warning


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _dicom_candidate(
    stack: Stack, identity: Identity, series_uid: str, part: int, warnings: tuple[str, ...]
) -> SeriesCandidate:
    attributes = stack.frames[0].attributes
    thickness = attributes.thickness_mm
    return SeriesCandidate(
        key=_key("dicom", series_uid, str(part)),
        slices=len(stack.frames),
        thickness_mm=thickness,
        kernel=attributes.kernel,
        orientation=attributes.orientation,
        spacing_mm=stack.spacing_mm,
        coverage_mm=round(stack.spacing_mm[0] * (len(stack.frames) - 1) + (thickness or stack.spacing_mm[0]), 1),
        place=place_of(frame.source for frame in stack.frames),
        preselected=False,
        content=stack,
        origin=origin_of(frame.source for frame in stack.frames),
        identity=identity,
        warnings=warnings,
    )


def origin_of(sources: Iterable[Source]) -> str:
    """Return the one name, or the folder (in a zip: zip and folder) that the files share, or the first and how many."""
    names = sorted({source.origin for source in sources})
    if len(names) == 1:
        return names[0]
    folders = {str(PurePosixPath(name).parent) for name in names}
    if len(folders) == 1 and "." not in folders:
        return folders.pop()
    return f"{names[0]} and {len(names) - 1} more"


def _key(*parts: str) -> str:
    return hashlib.sha256(_SALT + "\0".join(parts).encode(errors="replace")).hexdigest()[:16]
