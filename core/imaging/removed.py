"""The record of de-identification: what of a file's header was kept, replaced and removed, by name and never by value.

It follows the attributes of DICOM PS3.15, table E.1-1, by an allow-list that keeps less than its basic profile: what is
not named in `core.imaging.identity` or needed for the pixels and their geometry is not even stored.
"""

from dataclasses import dataclass
from typing import BinaryIO

from pydicom import dcmread
from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from core.imaging.identity import KEPT
from core.imaging.quiet import guarded

REPLACED = {
    "PatientID": "a keyed digest that cannot be turned back",
    "IssuerOfPatientID": "a keyed digest that cannot be turned back",
    "StudyInstanceUID": "a case number",
    "SeriesInstanceUID": "a case number",
    "SOPInstanceUID": "the place of the slice",
    "PatientAge": "the age in years, 89 at most",
    "FrameOfReferenceUID": "positions in mm",
}
PICTURE = {
    "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "SamplesPerPixel",
    "PhotometricInterpretation", "NumberOfFrames", "PixelPaddingValue", "PixelPaddingRangeLimit", "RescaleSlope",
    "RescaleIntercept", "RescaleType", "PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient", "PixelData",
    "Modality", "SOPClassUID", "PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence",
}  # fmt: skip
UNREADABLE = "The header of this file cannot be listed."
SCREEN = "1.2.840.10008.5.1.4.1.1.7"  # secondary capture, and the classes below it


@dataclass(frozen=True, slots=True)
class Record:
    """Names of elements of a series' first file; private ones, which have no names here, are counted."""

    kept: tuple[str, ...]
    replaced: tuple[str, ...]
    removed: tuple[str, ...]
    private: int


def record_of(stream: BinaryIO) -> Record:
    """Return the record of one DICOM file."""
    dataset = guarded(lambda: dcmread(stream, stop_before_pixels=True, force=True), UNREADABLE)
    names, private = _names(dataset)
    kept = {*KEPT, *PICTURE} - set(REPLACED)
    return Record(
        kept=tuple(sorted(names & kept)),
        replaced=tuple(sorted(names & set(REPLACED))),
        removed=tuple(sorted(names - kept - set(REPLACED))),
        private=private,
    )


def notes_of(dataset: Dataset, burned_in: str, kind: str, converted: str) -> tuple[str, ...]:
    """Return what may show a patient's name in the picture itself: words that warnings and refusals use."""
    notes = []
    if burned_in.upper() == "YES":
        notes.append("states that annotations are burned into its pixels")
    if kind.startswith(SCREEN) or converted:
        notes.append("is a secondary capture, which may show a name")
    if any(_is_overlay(tag) for tag in dataset.keys()):  # noqa: SIM118 - iterating converts every value
        notes.append("carries an overlay, which is left out")
    return tuple(notes)


def _names(dataset: Dataset) -> tuple[set[str], int]:
    tags = list(dataset.keys())
    private = sum(tag.is_private for tag in tags)
    named = {keyword_for_tag(tag) or ("Overlay" if _is_overlay(tag) else "an unknown element") for tag in tags
             if not tag.is_private}  # fmt: skip
    return named, private


def _is_overlay(tag: BaseTag) -> bool:
    return 0x6000 <= tag.group <= 0x60FF and tag.group % 2 == 0
