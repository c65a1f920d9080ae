"""From the patient's coordinates (DICOM LPS, mm), in which lesions come, to the millimetres of a volume's own grid.

Grid: x toward the patient's left, y toward the back, z from the apex down, mm from the middle of the first voxel.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Mm = tuple[float, float, float]  # x, y, z


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """How a volume of this shape and spacing (z, y, x) lies in the patient; `matrix` maps grid mm to LPS mm."""

    matrix: NDArray[np.float64]  # (4, 4)

    def to_grid(self, patient: Sequence[float]) -> Mm:
        """Return a place of the patient on the grid."""
        return _mm(np.linalg.inv(self.matrix) @ (*patient, 1.0))

    def to_patient(self, place: Sequence[float]) -> Mm:
        """Return a place of the grid in the patient."""
        return _mm(self.matrix @ (*place, 1.0))


def grid_of(
    affine: Sequence[Sequence[float]], shape: Sequence[int], spacing_mm: Sequence[float], z_mm: Sequence[float]
) -> Grid:
    """Return the grid of a stored volume; its affine maps the voxel as it was stored (see core.imaging.volume).

    Without an affine x and y count from the first voxel, and z is the patient's.
    """
    if not len(affine):
        matrix = np.eye(4)
        matrix[2, 2], matrix[2, 3] = -1.0, z_mm[0] if len(z_mm) else 0.0
        return Grid(matrix)
    stored = np.asarray(affine, float)
    depth, height, width = shape
    transposed = abs(stored[1, 0]) > abs(stored[0, 0])
    x_axis, y_axis = (1, 0) if transposed else (0, 1)  # of the affine's columns
    matrix, origin = np.eye(4), stored[:3, 3].copy()
    lengths = spacing_mm[2], spacing_mm[1], spacing_mm[0]
    for at, (axis, count, positive) in enumerate(((x_axis, width, 0), (y_axis, height, 1), (2, depth, 2))):
        step = stored[:3, axis]
        turned = step[positive] < 0 if positive < 2 else step[2] > 0  # slices go down from the apex
        if turned:
            origin = origin + step * (count - 1)
            step = -step
        matrix[:3, at] = step / lengths[at]
    matrix[:3, 3] = origin
    return Grid(matrix)


def _mm(values: NDArray[np.float64]) -> Mm:
    x, y, z = (round(float(value), 6) for value in values[:3])
    return x, y, z
