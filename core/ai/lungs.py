"""The lungs of a volume: the U-Net slice by slice, then what is known of lungs in three dimensions."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from core.ai.batches import batch_size, batches
from core.ai.engines import Run
from core.ai.model_files import R231
from core.ai.parameters import PipelineParams
from core.ai.preprocess import lung_input, to_gray
from core.ai.weights import Model
from core.errors import ParallaxError
from core.progress import Progress, ignore

RIGHT, LEFT = 1, 2
SPECK = 0.05  # share of the largest piece below which a piece is no lung
ISLAND = 0.10  # share of a side's largest piece below which a piece of it that touches the other side belongs there
HOLE_MM2 = (
    500.0  # a hole in a lung's slice up to this size, a vessel or a nodule, is filled; the liver's dome is larger
)
AIR_HU = -945  # darker than aerated lung, as airways, bowel gas and bullae are
DENSE_HU = -300  # denser than aerated lung and ground glass: consolidation, vessels, or what is not lung
DOME_MM2 = 80.0  # a dense patch of a slice from this size on is a stomach's or the liver's dome if no lung lies below
PIPE_HU, PIPE_MM2, PIPE_OFF_MM = -900, (40.0, 700.0), 20.0  # trachea and main bronchi: how dark, large, off the middle
LEAST_ML = 300.0  # an adult's lungs hold litres; less than this is not a chest

Mask = NDArray[np.uint8]


class NoLungs(ParallaxError):
    """The series shows no lungs."""


def at_hand(index: int) -> None:
    """Return at once: every slice is in memory."""


def lung_mask(
    hu: NDArray[np.int16],
    spacing_mm: tuple[float, float, float],
    model: Model,
    *,
    parameters: PipelineParams,
    ready: Callable[[int], None] = at_hand,
    on_progress: Progress = ignore,
) -> Mask:
    """Return the lungs of a volume (z, y, x) HU as uint8 on its grid: 0 none, 1 right, 2 left.

    Air pockets, tumours and consolidation inside stay in. `ready` returns once a slice and all above it are in `hu`;
    slices are asked for from the apex down. Raises NoLungs when there are none, and what `ready` raises.
    """
    if model.lungs is None:
        ready(len(hu) - 1)
        lungs = _by_lungmask(hu, cpu=model.device == "cpu")
        on_progress(len(hu), len(hu))
    else:
        small, gray = _predict(hu, model, model.lungs, parameters, ready, on_progress)
        size = parameters.lung_size
        pixel_mm = (hu.shape[1] * spacing_mm[1] / size, hu.shape[2] * spacing_mm[2] / size)
        close, own = around(small), small > 0
        clean(small[close], pixel_mm[0] * pixel_mm[1])
        aerated = gray < int(to_gray(np.array([DENSE_HU], np.int16), parameters.wide_window)[0])
        close_bays(small[close], pixel_mm, radius_mm=parameters.lung_closing_mm)
        drop_domes(small[close], own[close], aerated[close], pixel_mm[0] * pixel_mm[1])
        drop_outer_air(small, gray < int(to_gray(np.array([AIR_HU], np.int16), parameters.wide_window)[0]))
        drop_windpipe(small, gray < int(to_gray(np.array([PIPE_HU], np.int16), parameters.wide_window)[0]), pixel_mm)
        lungs = _enlarged(small, hu.shape[1], hu.shape[2])
    if volume_ml(lungs, spacing_mm) < LEAST_ML:
        raise NoLungs("No lungs were found in this series; check that it is a chest CT that covers the lungs.")
    return lungs


def around(small: Mask) -> tuple[slice, ...]:
    """Return the box of a mask's lungs, of any dimensions, with one voxel more on each side; everything if none.

    No lung lies outside, so whatever is filled, closed or spread within comes out as in the whole mask.
    """
    inside, axes = small > 0, range(small.ndim)
    ends = [np.flatnonzero(inside.any(axis=tuple(other for other in axes if other != axis))) for axis in axes]
    return tuple(slice(max(at[0] - 1, 0), at[-1] + 2) if at.size else slice(None) for at in ends)


def volume_ml(lungs: Mask, spacing_mm: tuple[float, float, float]) -> float:
    """Return the volume of a mask in ml; spacing (z, y, x) in mm."""
    return float(np.count_nonzero(lungs) * np.prod(spacing_mm) / 1000.0)


def clean(small: Mask, pixel_mm2: float) -> None:
    """Drop specks, give stray islands to the side they lie in, fill holes of each side; in place.

    small (z, y, x): 0 none, 1 right, 2 left, pixels of pixel_mm2 mm². Filled is what a lung encloses in space, of any
    size, and what it encloses in one slice up to HOLE_MM2.
    """
    pieces, count = ndimage.label(small > 0)
    if count == 0:
        return
    sizes = _sizes(pieces)
    small[~(sizes >= SPECK * sizes.max())[pieces]] = 0
    for side, other in ((RIGHT, LEFT), (LEFT, RIGHT)):
        pieces, count = ndimage.label(small == side)
        if count < 2:
            continue
        sizes = _sizes(pieces)
        for number, box in enumerate(ndimage.find_objects(pieces), start=1):
            if sizes[number] >= ISLAND * sizes.max():
                continue
            around = tuple(slice(max(s.start - 1, 0), s.stop + 1) for s in box)
            island = pieces[around] == number
            if (small[around][ndimage.binary_dilation(island)] == other).any():
                small[around][island] = other
    for side in (RIGHT, LEFT):  # one side at a time: both together can enclose the mediastinum
        _fill_holes(small, side, HOLE_MM2 / pixel_mm2)


def _fill_holes(small: Mask, side: int, pixels: float) -> None:
    in_space, count = ndimage.label(small != side)
    rim = [in_space[0], in_space[-1], in_space[:, 0], in_space[:, -1], in_space[:, :, 0], in_space[:, :, -1]]
    enclosed = np.ones(count + 1, np.bool_)
    enclosed[np.concatenate([np.unique(face) for face in rim])] = False
    enclosed[0] = False
    small[enclosed[in_space] & (small == 0)] = side
    for plane in small:
        lung = plane == side
        if not lung.any():
            continue
        _, parts, boxes, _ = cv2.connectedComponentsWithStats((~lung).astype(np.uint8), connectivity=4)
        x, y, width, height, area = boxes.T
        inner = (x > 0) & (y > 0) & (x + width < plane.shape[1]) & (y + height < plane.shape[0])
        holes = inner & (area <= pixels)
        holes[0] = False  # the lung itself
        plane[holes[parts] & (plane == 0)] = side


def close_bays(small: Mask, pixel_mm: tuple[float, float], *, radius_mm: float) -> None:
    """Fill narrow bays of each lung's outline, slice by slice, in place: there consolidation looks like chest wall.

    Bays up to twice the radius wide are filled; heart, liver and spine are wider.
    """
    reach = [round(radius_mm / mm) for mm in pixel_mm]
    if min(reach) < 1:
        return
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach[1] + 1, 2 * reach[0] + 1))
    for plane in small:
        for side in (RIGHT, LEFT):
            lung = (plane == side).astype(np.uint8)
            if lung.any():
                edge = max(reach)  # closing must not stick to the picture's border
                closed = cv2.morphologyEx(np.pad(lung, edge), cv2.MORPH_CLOSE, disc)
                plane[(closed[edge:-edge, edge:-edge] > 0) & (plane == 0)] = side


def drop_domes(small: Mask, own: NDArray[np.bool_], aerated: NDArray[np.bool_], pixel_mm2: float) -> None:
    """Take out, in place, dense patches that filling took in and below which there is no aerated lung.

    So a stomach or the liver looks where it bulges into a lung. `own` is what the network itself called lung: there
    consolidation stays, and so it does where aerated lung lies below it or the chest wall beside it.
    """
    dense = (small > 0) & ~aerated & ~own
    open_lung = (small > 0) & aerated
    below = np.zeros(small.shape[1:], np.bool_)
    for z in range(len(small) - 1, -1, -1):
        if dense[z].any():
            pieces, count = ndimage.label(dense[z])
            for number in range(1, count + 1):
                piece = pieces == number
                bulges = _enclosed_share(piece, open_lung[z]) > 0.5
                if piece.sum() * pixel_mm2 >= DOME_MM2 and bulges and below[piece].mean() < 0.3:
                    small[z][piece] = 0
        below |= open_lung[z]


def _enclosed_share(piece: NDArray[np.bool_], lung: NDArray[np.bool_]) -> float:
    """Return the share of a patch's rim, two pixels wide, that is aerated lung."""
    rim = ndimage.binary_dilation(piece, iterations=2) & ~piece
    return float(lung[rim].mean())


def drop_windpipe(small: Mask, air: NDArray[np.bool_], pixel_mm: tuple[float, float]) -> None:
    """Take trachea and main bronchi out of the mask, in place: compact dark rounds (z, y, x) between the lungs."""
    columns = [np.flatnonzero((small == side).any(axis=(0, 1))) for side in (RIGHT, LEFT)]
    if not len(columns[0]) or not len(columns[1]):
        return
    middle = sum(float(np.argwhere(small == side)[:, 2].mean()) for side in (RIGHT, LEFT)) / 2
    for plane, dark in zip(small, air, strict=True):
        count, pieces, boxes, centres = cv2.connectedComponentsWithStats(dark.astype(np.uint8), connectivity=4)
        for number in range(1, count):
            _, _, width, height, area = boxes[number]
            round_enough = area > 0.6 * width * height and max(width, height) < 2.2 * min(width, height)
            size = PIPE_MM2[0] < area * pixel_mm[0] * pixel_mm[1] < PIPE_MM2[1]
            central = abs(centres[number][0] - middle) * pixel_mm[1] < PIPE_OFF_MM
            if size and central and round_enough:
                plane[ndimage.binary_dilation(pieces == number)] = 0


def drop_outer_air(small: Mask, air: NDArray[np.bool_]) -> None:
    """Take airways and bowel gas out of the mask, in place: bodies of air (z, y, x) of which over a third is not lung.

    Cavities, bullae and air bronchograms lie inside and stay.
    """
    bodies, count = ndimage.label(air)
    if count:
        whole = np.bincount(bodies.ravel(), minlength=count + 1)
        inside = np.bincount(bodies[small > 0], minlength=count + 1)
        outer = 3 * inside < 2 * whole
        outer[0] = False
        small[outer[bodies]] = 0


def _predict(
    hu: NDArray[np.int16],
    model: Model,
    network: Run,
    parameters: PipelineParams,
    ready: Callable[[int], None],
    on_progress: Progress,
) -> tuple[Mask, Mask]:
    """Return the network's labels and its gray inputs, both (z, size, size)."""
    depth, size = len(hu), parameters.lung_size
    small, seen = np.empty((depth, size, size), np.uint8), np.empty((depth, size, size), np.uint8)

    def make(z: int) -> Mask:
        ready(z)
        return lung_input(hu[z], parameters)

    for part, gray in batches(depth, batch_size(model.device, size), make):
        small[part.start : part.stop] = labels(network(gray)[0], parameters.lung_threshold)
        seen[part.start : part.stop] = gray
        on_progress(part.stop, depth)
    return small, seen


def labels(logits: NDArray[np.float32], threshold: float) -> Mask:
    """Return (n, y, x) uint8 from logits (n, 3, y, x): the likelier lung where lung has at least this probability."""
    none, right, left = logits[:, 0], logits[:, RIGHT], logits[:, LEFT]
    odds = np.exp(np.minimum(right - none, 50)) + np.exp(np.minimum(left - none, 50))
    lung = odds >= threshold / (1 - threshold)
    return np.where(lung, np.where(left > right, LEFT, RIGHT), 0).astype(np.uint8)


def _sizes(pieces: NDArray[np.int32]) -> NDArray[np.int64]:
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    return sizes


def _enlarged(small: Mask, rows: int, columns: int) -> Mask:
    """Bring a mask (z, size, size) to the slices' grid; outlines are interpolated, sides are the nearest lung's."""
    lungs = np.zeros((len(small), rows, columns), np.uint8)
    for large, plane in zip(lungs, small, strict=True):
        if plane.any():
            inside = cv2.resize((plane > 0).astype(np.float32), (columns, rows), interpolation=cv2.INTER_LINEAR)
            side = cv2.resize(_spread(plane), (columns, rows), interpolation=cv2.INTER_NEAREST)
            large[:] = np.where(inside > 0.5, side, 0)
    return lungs


def _spread(plane: Mask) -> Mask:
    """Return the plane with every empty pixel beside or between the lungs given the side of the nearest lung pixel."""
    spread = plane.copy()
    part = spread[around(plane)]
    nearest = ndimage.distance_transform_edt(part == 0, return_distances=False, return_indices=True)
    part[:] = part[tuple(nearest)]
    return spread


def _by_lungmask(hu: NDArray[np.int16], *, cpu: bool) -> Mask:
    """Return the lungs by R231 (Hofmanninger et al. 2020) of the optional lungmask package: 1 right, 2 left."""
    try:
        from lungmask import LMInferer
    except ImportError:
        raise ParallaxError(
            "This model finds the lungs with the lungmask package, which is not installed; run pip install lungmask."
        ) from None
    found: Mask = np.asarray(
        LMInferer(modelname=R231, force_cpu=cpu, tqdm_disable=True).apply(hu.astype(np.float32)), np.uint8
    )
    return found
