"""From HU to what a brought network takes, as its card says. Imports no torch."""

import math
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from core.ai.brought.contract import OPPOSITE, OURS, Contract
from core.ai.preprocess import Box

Float = NDArray[np.float32]


def slice_array(hu: NDArray[np.int16], lungs: NDArray[np.uint8], box: Box, contract: Contract) -> Float:
    """Return one slice (y, x) HU as (channels, y, x); outside of the image, and of the lungs if asked, is darkest."""
    planes = [
        _cut(_windowed(hu, lungs, contract, number), box, contract.low) for number in range(len(contract.windows))
    ]
    rows, columns = contract.size
    shrinks = planes[0].shape[0] > rows or planes[0].shape[1] > columns
    way = cv2.INTER_AREA if contract.resize == "area" and shrinks else cv2.INTER_LINEAR
    if planes[0].shape != contract.size:
        planes = [np.asarray(cv2.resize(plane, (columns, rows), interpolation=way), np.float32) for plane in planes]
    return _oriented(_normalised(np.stack(planes), contract), contract)


def volume_array(hu: NDArray[np.int16], lungs: NDArray[np.uint8], box: Box, contract: Contract) -> Float:
    """Return a volume (z, y, x) HU as (channels, z, y, x) at the network's spacing, or at its size, not yet oriented.

    `box` is the region in plane. Interpolation is linear along each axis; with a spacing the first voxels' centres
    coincide, without one the whole region is brought to the size.
    """
    channels = []
    for number in range(len(contract.windows)):
        gray = _windowed(hu, lungs, contract, number)
        channels.append(np.stack([_cut(plane, box, contract.low) for plane in gray]))
    return _normalised(np.stack(channels), contract)


def resampled(array: Float, spacing_mm: tuple[float, ...], contract: Contract) -> Float:
    """Bring (channels, z, y, x) with this spacing to the network's spacing, or to its size."""
    for axis in range(3):
        length = array.shape[axis + 1]
        if contract.spacing_mm is None:
            size = contract.size[axis]
            at = (np.arange(size) + 0.5) * length / size - 0.5
        else:
            step = contract.spacing_mm[axis] / spacing_mm[axis]
            at = np.arange(math.floor((length - 1) / step + 1e-6) + 1) * step
        array = _along(array, at.clip(0, length - 1), axis + 1)
    return array


def fitted(array: Float, size: tuple[int, ...], padding: Float) -> tuple[Float, tuple[int, ...]]:
    """Return (channels, z, y, x) cropped or padded about its middle to `size`, and where its first voxel lies."""
    made = np.empty((len(array), *size), np.float32)
    made[:] = padding[:, None, None, None]
    begins = tuple((side - length) // 2 for side, length in zip(size, array.shape[1:], strict=True))
    into = tuple(slice(max(b, 0), max(b, 0) + min(s, n)) for b, s, n in zip(begins, size, array.shape[1:], strict=True))
    out = tuple(
        slice(max(-b, 0), max(-b, 0) + min(s, n)) for b, s, n in zip(begins, size, array.shape[1:], strict=True)
    )
    made[(slice(None), *into)] = array[(slice(None), *out)]
    return made, begins


def patch_corners(shape: tuple[int, ...], size: tuple[int, ...], overlap: float) -> Iterator[tuple[int, ...]]:
    """Yield the first voxel of each patch, so that all of a volume at least as large as a patch is covered."""
    starts = []
    for length, side in zip(shape, size, strict=True):
        step = max(int(side * (1 - overlap)), 1)
        last = max(length - side, 0)
        starts.append([*range(0, last, step), last])
    yield from ((z, y, x) for z in starts[0] for y in starts[1] for x in starts[2])


def network_size(contract: Contract) -> tuple[int, ...]:
    """Return the sides of the network's input in the order of its own axes."""
    order, _ = _turn(contract)
    return tuple(contract.size[axis] for axis in order)


def oriented(array: Float, contract: Contract) -> Float:
    """Turn (channels, …) on our axes to the network's axes."""
    return _oriented(array, contract)


def ours(array: NDArray[np.float32], contract: Contract) -> Float:
    """Turn an array on the network's axes, the last ones, back to ours."""
    order, flips = _turn(contract)
    skipped = array.ndim - contract.dimensions
    turned = np.flip(array, tuple(axis + skipped for axis in flips))
    back = [order.index(axis) + skipped for axis in range(contract.dimensions)]
    return np.ascontiguousarray(turned.transpose([*range(skipped), *back]))


def darkest(contract: Contract) -> Float:
    """Return what each channel has where there is nothing."""
    return _normalised(np.full((len(contract.windows), 1, 1, 1), contract.low, np.float32), contract)[:, 0, 0, 0]


def _windowed(hu: NDArray[np.int16], lungs: NDArray[np.uint8], contract: Contract, number: int) -> Float:
    window, span = contract.windows[number], contract.high - contract.low
    gray = np.clip((hu.astype(np.float32) - window.low) / window.width, 0, 1) * span + contract.low
    return np.where(lungs > 0, gray, np.float32(contract.low)) if contract.region == "lungs only" else gray


def _cut(plane: Float, box: Box, padding: float) -> Float:
    rows, columns = plane.shape
    if (box.y0, box.y1, box.x0, box.x1) == (0, rows, 0, columns):
        return plane
    made = np.full((box.y1 - box.y0, box.x1 - box.x0), padding, np.float32)
    y0, y1, x0, x1 = max(box.y0, 0), min(box.y1, rows), max(box.x0, 0), min(box.x1, columns)
    made[y0 - box.y0 : y1 - box.y0, x0 - box.x0 : x1 - box.x0] = plane[y0:y1, x0:x1]
    return made


def _normalised(array: Float, contract: Contract) -> Float:
    many = np.repeat(array, contract.repeat, axis=0)
    shape = (-1, *[1] * (array.ndim - 1))
    mean, std = (np.array(values, np.float32).reshape(shape) for values in (contract.mean, contract.std))
    return np.asarray((many - mean) / std, np.float32)


def _turn(contract: Contract) -> tuple[list[int], list[int]]:
    """Return which of our axes each axis of the network is, and which of the network's run the other way."""
    plain = OURS[-contract.dimensions :]
    order = [
        next(n for n, ours in enumerate(plain) if letter in (ours, OPPOSITE[ours])) for letter in contract.orientation
    ]
    return order, [axis for axis, letter in enumerate(contract.orientation) if letter != plain[order[axis]]]


def _oriented(array: Float, contract: Contract) -> Float:
    order, flips = _turn(contract)
    turned = array.transpose([0, *(axis + 1 for axis in order)])
    return np.ascontiguousarray(np.flip(turned, tuple(axis + 1 for axis in flips)))


def _along(array: Float, at: NDArray[np.float64], axis: int) -> Float:
    """Return an array at real positions along one axis, linearly between neighbours."""
    low = np.floor(at).astype(int)
    high = np.minimum(low + 1, array.shape[axis] - 1)
    share = (at - low).astype(np.float32).reshape([-1 if dimension == axis else 1 for dimension in range(array.ndim)])
    return np.asarray(np.take(array, low, axis) * (1 - share) + np.take(array, high, axis) * share, np.float32)
