"""The lungs of a volume: the U-Net slice by slice, then what is known of lungs in three dimensions."""

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from core.ai.parameters import PipelineParams
from core.ai.precision import autocast
from core.ai.preprocess import lung_input
from core.ai.weights import Model
from core.errors import ParallaxError
from core.progress import Progress, ignore

RIGHT, LEFT = 1, 2
BATCH = 8  # slices; larger batches are no quicker on two cores and cost memory
SPECK = 0.05  # share of the largest piece below which a piece is no lung
ISLAND = 0.10  # share of a side's largest piece below which a piece of it belongs to the other side
LEAST_ML = 300.0  # an adult's lungs hold litres; less than this is not a chest


class NoLungs(ParallaxError):
    """The series shows no lungs."""


def lung_mask(
    hu: NDArray[np.int16],
    spacing_mm: tuple[float, float, float],
    model: Model,
    *,
    parameters: PipelineParams,
    on_progress: Progress = ignore,
) -> NDArray[np.uint8]:
    """Return the lungs of a volume (z, y, x) HU as uint8 on its grid: 0 none, 1 right, 2 left.

    Air pockets, tumours and consolidation inside stay in. Raises NoLungs when there are none.
    """
    small = _predict(hu, model, parameters, on_progress)
    _clean(small)
    depth, rows, columns = hu.shape
    lungs = np.empty((depth, rows, columns), np.uint8)
    for z in range(depth):
        inside = cv2.resize((small[z] > 0).astype(np.float32), (columns, rows), interpolation=cv2.INTER_LINEAR)
        side = cv2.resize(_spread(small[z]), (columns, rows), interpolation=cv2.INTER_NEAREST)
        lungs[z] = np.where(inside > 0.5, side, 0)
    if volume_ml(lungs, spacing_mm) < LEAST_ML:
        raise NoLungs("No lungs were found in this series; check that it is a chest CT that covers the lungs.")
    return lungs


def volume_ml(lungs: NDArray[np.uint8], spacing_mm: tuple[float, float, float]) -> float:
    """Return the volume of a mask in ml; spacing (z, y, x) in mm."""
    return float(np.count_nonzero(lungs) * np.prod(spacing_mm) / 1000.0)


def _predict(
    hu: NDArray[np.int16], model: Model, parameters: PipelineParams, on_progress: Progress
) -> NDArray[np.uint8]:
    depth, size = len(hu), parameters.lung_size
    small = np.empty((depth, size, size), np.uint8)
    half = model.half and model.device.startswith("cuda")  # on a CPU this small network is quicker in fp32
    for start in range(0, depth, BATCH):
        batch = np.stack([lung_input(plane, parameters) for plane in hu[start : start + BATCH]])
        with torch.inference_mode(), autocast(model.device, half=half):
            x = torch.from_numpy(batch)[:, None].to(model.device).float().div_(255)
            logits = model.lungs(x.contiguous(memory_format=torch.channels_last))
            small[start : start + len(batch)] = logits.argmax(dim=1).to(torch.uint8).cpu().numpy()
        on_progress(min(start + BATCH, depth), depth)
    return small


def _clean(small: NDArray[np.uint8]) -> None:
    """Drop specks, fill holes in each slice and give stray islands to the other side, in place."""
    pieces, count = ndimage.label(small > 0)
    if count == 0:
        return
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    small[~(sizes >= SPECK * sizes.max())[pieces]] = 0
    for side, other in ((RIGHT, LEFT), (LEFT, RIGHT)):
        pieces, count = ndimage.label(small == side)
        if count > 1:
            sizes = np.bincount(pieces.ravel())
            sizes[0] = 0
            stray = (sizes > 0) & (sizes < ISLAND * sizes.max())
            small[stray[pieces]] = other
    for plane in small:
        holes = ndimage.binary_fill_holes(plane > 0) & (plane == 0)
        if holes.any():
            plane[holes] = _spread(plane)[holes]


def _spread(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the plane with every empty pixel given the side of the nearest lung pixel."""
    if not plane.any():
        return plane
    nearest = ndimage.distance_transform_edt(plane == 0, return_distances=False, return_indices=True)
    spread: NDArray[np.uint8] = plane[tuple(nearest)]
    return spread
