"""A small picture of a volume: axial through the middle of the lungs, coronal and sagittal, in the lung window."""

from collections.abc import Sequence
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from core.imaging.errors import ImagingError
from core.imaging.geometry import Stack
from core.imaging.nifti import NiftiImage
from core.imaging.nifti import load as load_nifti
from core.imaging.packing import LUNG_HU, lungs_middle
from core.imaging.pixels import CUT_SHORT, PixelReader
from core.imaging.quiet import guarded, quiet
from core.progress import ignore

SIDE, GAP = 112, 4  # pixels of one view, and between two
WINDOW = (-1350.0, 150.0)  # HU shown from black to white
LOOKED_AT = 28  # slices of a series that are decoded for its picture before it is stored
QUALITY = 82  # of the WebP; about 6 kB a picture

Gray = NDArray[np.uint8]


def picture(hu: NDArray[np.int16], spacing_mm: tuple[float, float, float]) -> bytes:
    """Return axial, coronal and sagittal beside each other as WebP, 344 x 112 pixels.

    hu is (z, y, x), apex first; spacing in mm. Each view keeps its proportions and lies on black.
    """
    step_z, step_y, step_x = spacing_mm
    middle = lungs_middle(hu)
    y, x = _through_lungs(hu[middle])
    views = (
        _view(hu[middle], step_y, step_x),
        _view(hu[:, y, :], step_z, step_x),
        _view(hu[:, :, x], step_z, step_y),
    )
    gap = np.zeros((SIDE, GAP), np.uint8)
    ok, data = cv2.imencode(
        ".webp", np.hstack([views[0], gap, views[1], gap, views[2]]), [cv2.IMWRITE_WEBP_QUALITY, QUALITY]
    )
    if not ok:
        raise ImagingError("No picture of this volume could be made.")
    return data.tobytes()


def picture_of(content: Stack | NiftiImage) -> bytes:
    """Return the picture of a series that is not stored yet, from some of its slices. Raises ImagingError."""
    if isinstance(content, NiftiImage):
        volume = load_nifti(content, ignore)
        return picture(volume.hu, volume.spacing_mm)
    count = len(content.frames)
    some = np.unique(np.linspace(0, count - 1, min(count, LOOKED_AT)).round().astype(int))
    hu = np.stack(_slices(content, [int(index) for index in some]))
    step_z, step_y, step_x = content.spacing_mm
    return picture(hu, (step_z * (count - 1) / max(len(some) - 1, 1), step_y, step_x))


def _slices(stack: Stack, indices: Sequence[int]) -> list[NDArray[np.int16]]:
    reader = PixelReader()
    try:
        with quiet():
            return [
                stack.reorientation.apply(guarded(partial(reader.hu, stack.frames[index]), CUT_SHORT))
                for index in indices
            ]
    finally:
        reader.close()


def _through_lungs(axial: NDArray[np.int16]) -> tuple[int, int]:
    """Return the row and the column with most lung in an axial slice: y of the coronal view, x of the sagittal.

    Lung is what is aerated, thick and of a piece: foam of the table and the edge of the skin are not.
    """
    low, high = LUNG_HU
    aerated = ((axial > low) & (axial < high)).astype(np.uint8)
    width = max(5, axial.shape[0] // 40)
    thick = cv2.morphologyEx(aerated, cv2.MORPH_OPEN, np.ones((width, width), np.uint8))
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(thick)
    if count < 2:
        return axial.shape[0] // 2, axial.shape[1] // 2
    areas = stats[1:, cv2.CC_STAT_AREA]
    lung = np.isin(pieces, 1 + np.flatnonzero(areas >= 0.3 * areas.max()))
    return int(np.argmax(lung.sum(1))), int(np.argmax(lung.sum(0)))


def _view(plane: NDArray[np.int16], step_down: float, step_across: float) -> Gray:
    """Return one plane in the window, as large as fits a square of SIDE, on black."""
    low, high = WINDOW
    gray = np.clip((plane.astype(np.float32) - low) * (255 / (high - low)), 0, 255).astype(np.uint8)
    tall, wide = plane.shape[0] * step_down, plane.shape[1] * step_across
    scale = SIDE / max(tall, wide)
    size = (max(1, round(wide * scale)), max(1, round(tall * scale)))
    shrink = size[0] * size[1] < gray.size
    small = cv2.resize(gray, size, interpolation=cv2.INTER_AREA if shrink else cv2.INTER_LINEAR)
    out = np.zeros((SIDE, SIDE), np.uint8)
    top, left = (SIDE - size[1]) // 2, (SIDE - size[0]) // 2
    out[top : top + size[1], left : left + size[0]] = small
    return out
