"""Outlines as DICOM SEG: the lungs as an AI outlined them, and the boxes that a reader drew on axial images."""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import highdicom as hd
import numpy as np
from highdicom.seg import SegmentAlgorithmTypeValues, Segmentation, SegmentationTypeValues, SegmentDescription
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from core import __version__
from core.imaging.write import uid
from core.pacs.places import grid_affine
from core.pacs.report import LUNG, MAKER
from core.pacs.results import CaseResults, ReaderResult

SERIES_NUMBER = 7101
ANATOMY = codes.SCT.AnatomicalStructure
ABNORMAL = codes.SCT.MorphologicallyAbnormalStructure
LESION = Code("52988006", "SCT", "Lesion")
SIDES = (
    (1, "Right lung", Code("3341006", "SCT", "Right lung")),
    (2, "Left lung", Code("44029006", "SCT", "Left lung")),
)


def segmentations(results: CaseResults, source: Sequence[Dataset]) -> list[Dataset]:
    """Return the lungs and each reader's boxes as SEG; `source` has the images of the series, without pixels.

    The boxes of a read are one series, and those on one slice are one object of it: masks of all at once are large.
    """
    made = []
    if results.lungs:
        outline = np.load(results.lungs)
        sides = [(value, label, code) for value, label, code in SIDES if np.any(outline == value)]
        described = [_lung(results, place, label, code) for place, (_, label, code) in enumerate(sides, start=1)]
        if sides:
            masks = np.stack([outline == value for value, _, _ in sides], axis=-1)
            series = _Series("lungs", SERIES_NUMBER, f"Lungs, {results.lungs_by}")
            made.append(_segmentation(results, source, series, 1, 0, masks, described))
    for number, read in enumerate(results.readers, start=1):
        series = _Series(
            f"boxes/{read.reader}/{read.arm}/{read.session}/{read.attempt}",
            SERIES_NUMBER + number,
            f"Boxes, {read.reader}",
        )
        for place, (z, boxes) in enumerate(_by_slice(read).items(), start=1):
            masks = np.stack([_filled(mark, results.shape) for _, mark in boxes], axis=-1)[None]
            described = [_box(results, read, at, *numbered) for at, numbered in enumerate(boxes, start=1)]
            made.append(_segmentation(results, source, series, place, z, masks, described))
    return made


@dataclass(frozen=True, slots=True)
class _Series:
    key: str
    number: int
    title: str


def _by_slice(read: ReaderResult) -> dict[int, list[tuple[int, dict[str, Any]]]]:
    """Return the boxes of a read on axial slices with their places among its marks, slice by slice."""
    found: dict[int, list[tuple[int, dict[str, Any]]]] = {}
    for place, mark in enumerate(read.marks, start=1):
        if mark["kind"] == "box" and mark.get("plane", "axial") == "axial":
            found.setdefault(mark["slice"], []).append((place, mark))
    return dict(sorted(found.items()))


def _segmentation(
    results: CaseResults,
    source: Sequence[Dataset],
    series: _Series,
    instance: int,
    first: int,
    masks: NDArray[np.bool_],
    described: list[SegmentDescription],
) -> Dataset:
    """Return masks (z, y, x, segments) on the grid of a stored volume, from slice `first` on, as a SEG of `source`."""
    grid = grid_affine(results.affine, results.shape, results.z_mm)
    grid[:3, 3] += first * grid[:3, 2]
    volume = hd.Volume(
        masks.astype(np.uint8),
        grid[:, [2, 1, 0, 3]],  # axes as the array counts them
        coordinate_system="PATIENT",
        frame_of_reference_uid=source[0].FrameOfReferenceUID,
        channels={"SegmentNumber": list(range(1, len(described) + 1))},
    )
    seed = f"{results.seed}/{series.key}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of values of the source that the standard would write otherwise
        made: Dataset = Segmentation(
            source_images=list(source),
            pixel_array=volume,
            segmentation_type=SegmentationTypeValues.BINARY,
            segment_descriptions=described,
            series_instance_uid=uid(f"{seed}/series"),
            series_number=series.number,
            sop_instance_uid=uid(f"{seed}/{instance}"),
            instance_number=instance,
            manufacturer=MAKER,
            manufacturer_model_name=MAKER,
            software_versions=__version__,
            device_serial_number="0",
            content_label="PARALLAX",
            content_description=series.title[:64],
            series_description=f"Parallax reader study: {series.title}"[:64],
        )
    return made


def _lung(results: CaseResults, place: int, label: str, code: Code) -> SegmentDescription:
    name, _, version = results.lungs_by.rpartition(" ")
    return SegmentDescription(
        segment_number=place,
        segment_label=label,
        segmented_property_category=ANATOMY,
        segmented_property_type=code,
        algorithm_type=SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=hd.AlgorithmIdentificationSequence(
            name=name or results.lungs_by, family=codes.DCM.ArtificialIntelligence, version=version or "1"
        ),
        tracking_uid=uid(f"{results.seed}/lungs/{place}"),
        tracking_id=label,
    )


def _box(
    results: CaseResults, read: ReaderResult, segment: int, place: int, mark: dict[str, Any]
) -> SegmentDescription:
    label = str(mark.get("label") or "") or f"Box {place}"
    return SegmentDescription(
        segment_number=segment,
        segment_label=label[:64],
        segmented_property_category=ABNORMAL,
        segmented_property_type=LESION,
        algorithm_type=SegmentAlgorithmTypeValues.MANUAL,
        tracking_uid=uid(f"{results.seed}/{read.reader}/{read.arm}/{read.session}/{read.attempt}/box {place}"),
        tracking_id=f"{read.reader}, box {place}"[:64],
        anatomic_regions=[LUNG],
    )


def _filled(mark: dict[str, Any], shape: tuple[int, int, int]) -> NDArray[np.bool_]:
    """Return the pixels (y, x) whose middle lies in a box, at least one of them."""
    (left, top), (right, bottom) = np.sort(np.array(mark["points"], float), axis=0).tolist()
    mask = np.zeros(shape[1:], bool)
    mask[_within(top, bottom, shape[1]), _within(left, right, shape[2])] = True
    return mask


def _within(low: float, high: float, size: int) -> slice:
    first = min(max(math.ceil(low), 0), size - 1)
    return slice(first, max(min(math.floor(high), size - 1), first) + 1)
