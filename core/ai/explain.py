"""Why the AI called what it called: the strip of slice calls, and heat maps put where they belong. Imports no torch."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from core.ai.preprocess import Box
from core.ai.rule import slice_call

HEAT_SIZE = 128  # pixels of a stored heat map's side; it covers the whole slice


@dataclass(frozen=True, slots=True)
class StripSlice:
    """One slice of the strip: index from the apex, its call, 1 - P(normal), and whether the patient call rests on it.

    Call and abnormality are None for a slice that was dropped at the ends.
    """

    index: int
    call: str | None
    abnormal: float | None
    deciding: bool


def strip(probabilities: Sequence[Sequence[float] | None], deciding: Sequence[int]) -> tuple[StripSlice, ...]:
    """Return the slices from apex to base, for drawing beside the volume."""
    chosen = set(deciding)
    return tuple(
        StripSlice(index, None, None, False)
        if triple is None
        else StripSlice(index, slice_call(triple), 1.0 - triple[0], index in chosen)
        for index, triple in enumerate(probabilities)
    )


def store_heat(maps: NDArray[np.float32], box: Box, lungs: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Put maps of the lung box (n, y, x) onto whole slices, (n, 128, 128) uint8; 255 is the case's strongest place.

    lungs (n, rows, columns; 0 none) are the same slices' lungs: outside of them there is no heat.
    """
    rows, columns = lungs.shape[1:]
    cell = (box.y1 - box.y0) / maps.shape[1]  # voxels a map cell covers
    # from heat-map pixel to map cell; both grids place pixel i at i + 0.5
    sx, sy = columns / HEAT_SIZE / cell, rows / HEAT_SIZE / cell
    where = np.array([[sx, 0, 0.5 * sx - box.x0 / cell - 0.5], [0, sy, 0.5 * sy - box.y0 / cell - 0.5]], np.float64)
    heat = np.empty((len(maps), HEAT_SIZE, HEAT_SIZE), np.float32)
    way = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    for plane, plane_map, lung in zip(heat, maps, lungs, strict=True):
        plane[:] = cv2.warpAffine(plane_map, where, (HEAT_SIZE, HEAT_SIZE), flags=way)
        plane *= cv2.resize(lung, (HEAT_SIZE, HEAT_SIZE), interpolation=cv2.INTER_NEAREST) > 0
    return np.asarray(np.clip(np.rint(heat * (255 / max(float(heat.max()), 1e-6))), 0, 255), np.uint8)


def heat_on_slice(heat: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Return one stored heat map (128, 128) on its slice's own grid (rows, columns), smoothly."""
    rows, columns = shape
    return np.asarray(cv2.resize(heat, (columns, rows), interpolation=cv2.INTER_LINEAR), np.uint8)
