"""From HU slices to what the networks see. Training and inference use this one code."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from core.ai.parameters import PipelineParams, Truncation, Window

FAINT = 0.02  # share of the largest slice's lung area below which a slice does not widen the box


@dataclass(frozen=True, slots=True)
class Box:
    """A square in-plane region in voxels, half-open; it may reach outside the image."""

    y0: int
    y1: int
    x0: int
    x1: int


def to_gray(hu: NDArray[np.int16], window: Window) -> NDArray[np.uint8]:
    """Map HU (any shape) to 8-bit gray by a window; what lies outside is black or white."""
    scaled = (hu.astype(np.float32) - window.low) * (255.0 / window.width)
    gray: NDArray[np.uint8] = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    return gray


def kept_slices(count: int, truncation: Truncation) -> range:
    """Return the indices (0 = apex) left of `count` slices after truncation at both ends."""
    head, tail = int(truncation.drop_head * count), int(truncation.drop_tail * count)
    if truncation.first == "base":
        head, tail = tail, head
    return range(head, count - tail)


def lung_input(hu: NDArray[np.int16], parameters: PipelineParams) -> NDArray[np.uint8]:
    """Return one slice (y, x) HU as the lung network's (size, size) uint8 input."""
    return _resize(to_gray(hu, parameters.wide_window), parameters.lung_size)


def lung_box(lungs: NDArray[np.uint8], spacing_mm: tuple[float, float, float], *, margin_mm: float) -> Box:
    """Return the square around the lungs (z, y, x; 0 none) of a whole volume, with a margin; the image if none."""
    _, rows, columns = lungs.shape
    area = np.array([np.count_nonzero(plane) for plane in lungs])
    flat = np.zeros((rows, columns), np.bool_)
    for plane, pixels in zip(lungs, area, strict=True):
        if pixels > FAINT * max(int(area.max()), 1):
            flat |= plane > 0
    if not flat.any():
        side = max(rows, columns)
        return Box(0, side, 0, side)
    ys, xs = np.flatnonzero(flat.any(axis=1)), np.flatnonzero(flat.any(axis=0))
    margin = round(margin_mm / spacing_mm[1])
    side = int(max(ys[-1] - ys[0], xs[-1] - xs[0])) + 1 + 2 * margin
    y0 = int(ys[0] + ys[-1] + 1 - side) // 2
    x0 = int(xs[0] + xs[-1] + 1 - side) // 2
    return Box(y0, y0 + side, x0, x0 + side)


def slice_input(
    hu: NDArray[np.int16], lungs: NDArray[np.uint8], box: Box, parameters: PipelineParams
) -> NDArray[np.uint8]:
    """Return one slice as the slice network's (size, size) uint8 input: lung window, lungs only, cropped to `box`."""
    gray = np.where(lungs > 0, to_gray(hu, parameters.lung_window), 0).astype(np.uint8)
    rows, columns = gray.shape
    top, left = max(-box.y0, 0), max(-box.x0, 0)
    bottom, right = max(box.y1 - rows, 0), max(box.x1 - columns, 0)
    if top or left or bottom or right:
        gray = np.pad(gray, ((top, bottom), (left, right)))
    cut = gray[box.y0 + top : box.y1 + top, box.x0 + left : box.x1 + left]
    return _resize(cut, parameters.slice_size)


def _resize(gray: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    way = cv2.INTER_AREA if max(gray.shape) > size else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(gray, (size, size), interpolation=way), np.uint8)
