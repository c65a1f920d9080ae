"""Where the voxels of a stored volume lie in the patient, and on the images that the volume was made from."""

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from core.errors import InvalidInput

Matrix = NDArray[np.float64]
PLANES = {"axial": (2, 0, 1), "coronal": (1, 0, 2), "sagittal": (0, 1, 2)}  # axis (x, y, z) of image, column, row
TOWARD = np.diag([1.0, 1.0, -1.0])  # x to the left, y to the back, z to the feet, in DICOM patient coordinates (LPS)


def grid_affine(affine: Sequence[Sequence[float]], shape: tuple[int, int, int], z_mm: Sequence[float]) -> Matrix:
    """Return the matrix (4, 4) from voxels (x, y, z) of a stored volume of shape (z, y, x) to patient mm (LPS).

    `affine` maps the voxels as the source had them (core.imaging.volume.Volume). The axes of the volume are those of
    the source, in another order or turned round. Raises InvalidInput where there is no such matrix.
    """
    source = np.array(affine, float)
    if source.shape != (4, 4) or not np.all(np.isfinite(source)):
        raise InvalidInput("This case has no place in the patient; upload its series again.")
    directions = source[:3, :3] / np.linalg.norm(source[:3, :3], axis=0)
    along = TOWARD @ directions  # how far each axis of the source runs along each axis of the volume
    order = max(permutations(range(3)), key=lambda axes: sum(abs(along[to, axis]) for to, axis in enumerate(axes)))
    grid = np.eye(4)
    grid[:3, 3] = source[:3, 3]
    for to, (axis, size) in enumerate(zip(order, reversed(shape), strict=True)):
        step = source[:3, axis]
        turned = along[to, axis] < 0
        grid[:3, to] = -step if turned else step
        if turned:
            grid[:3, 3] += step * (size - 1)
    if z_mm and abs(grid[2, 3] - z_mm[0]) > 0.5 * abs(float(np.linalg.norm(grid[:3, 2]))):
        raise InvalidInput("The places of this case's slices contradict each other; upload its series again.")
    return grid


def mark_mm(mark: dict[str, Any], grid: Matrix) -> Matrix:
    """Return the points (n, 3) of a reader's mark in patient mm; a box by its four corners, closed."""
    image, column, row = PLANES[mark.get("plane", "axial")]
    points = [list(point) for point in mark["points"]]
    if mark["kind"] in ("box", "ellipse"):
        (left, top), (right, bottom) = points
        points = [[left, top], [right, top], [right, bottom], [left, bottom], [left, top]]
    voxels = np.ones((len(points), 4))
    voxels[:, image] = mark["slice"]
    voxels[:, column] = [point[0] for point in points]
    voxels[:, row] = [point[1] for point in points]
    return np.asarray((voxels @ grid.T)[:, :3])


def image_of(source: Sequence[Dataset], points_mm: Matrix) -> tuple[Dataset, Matrix] | None:
    """Return the image that points lie on, and the points as (column, row) of it; None where they lie on no one image.

    The corner of the image is 0, 0, as DICOM counts (PS3.3 C.18.6), so that the middle of the first pixel is .5, .5.
    """
    for dataset in source:
        corner = np.array(dataset.ImagePositionPatient, float)
        along = np.array(dataset.ImageOrientationPatient, float).reshape(2, 3)
        between_rows, between_columns = (float(spacing) for spacing in dataset.PixelSpacing)
        from_corner = points_mm - corner
        if np.abs(from_corner @ np.cross(*along)).max() > 0.1:  # mm
            continue
        pixels = np.stack([from_corner @ along[0] / between_columns, from_corner @ along[1] / between_rows], axis=1)
        return dataset, np.clip(pixels + 0.5, 0, [dataset.Columns, dataset.Rows])
    return None
