"""How the images of a series lie in the patient: order, checks, and the way to the grid of this project.

Tolerances: images within 15 degrees of axial; directions equal within 0.01; a travel of the table that leaves the
slice normal by more than 1 degree is a gantry tilt; slice distances equal within 10 % or 0.1 mm.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.imaging.errors import ImagingError
from core.imaging.frames import Frame
from core.imaging.volume import Affine

MIN_SLICES = 8
AXIAL_WITHIN = 15.0  # degrees
DIRECTION_TOLERANCE = 0.01  # of a unit vector, about 0.6 degrees
TILT_TOLERANCE = 1.0  # degrees; 5 mm of shear over 300 mm of chest
MOST_TILT = 40.0  # degrees; gantries tilt by up to 30
SHIFT_TOLERANCE = 1.0  # mm that a slice may lie beside the line through the others, or one pixel
STEP_TOLERANCE = 0.10  # of the usual distance
STEP_TOLERANCE_MM = 0.1
MOST_GAPS = 10  # named in a sentence
MAX_VOXELS = 2**30  # 2 GB as int16; 4096 slices of 512 x 512


@dataclass(frozen=True, slots=True)
class Reorientation:
    """How stored rows and columns become y toward the back and x toward the patient's left."""

    transpose: bool
    flip_y: bool
    flip_x: bool

    def apply(self, image: NDArray[np.int16]) -> NDArray[np.int16]:
        """Return a view of the image (rows, columns) as (y, x)."""
        turned = image.T if self.transpose else image
        return turned[:: -1 if self.flip_y else 1, :: -1 if self.flip_x else 1]


@dataclass(frozen=True, slots=True, repr=False)
class Stack:
    """The images of one series in order, apex first, and their common geometry."""

    frames: tuple[Frame, ...]
    spacing_mm: tuple[float, float, float]  # z, y, x
    shape: tuple[int, int, int]
    z_mm: tuple[float, ...]
    affine: Affine
    reorientation: Reorientation


def stack_of(frames: Sequence[Frame]) -> Stack:
    """Order the images of a series along the slice normal and check that they make a volume.

    Raises ImagingError with the reason: too few, mixed sizes or directions, not axial, duplicates, tilt, gaps.
    """
    if len(frames) < MIN_SLICES:
        plural = "s" if len(frames) != 1 else ""
        raise ImagingError(
            f"This series has only {len(frames)} slice{plural}; a chest CT needs {MIN_SLICES} or more, "
            "so upload all files of the series."
        )
    _check_size(frames)
    along_columns, along_rows = _directions(frames)
    normal = np.cross(along_columns, along_rows)
    positions = np.array([frame.position for frame in frames])
    _check_axial(normal, along_columns, positions)
    if normal[2] > 0:
        normal = -normal  # the order of slices is from the head down, whichever way they were stored
    order = sorted(range(len(frames)), key=lambda index: (float(positions[index] @ normal), frames[index].position))
    ordered = tuple(frames[index] for index in order)
    positions = positions[order]
    depths = positions @ normal
    step = _check_steps(depths, positions)
    _check_travel(positions, normal, ordered[0].spacing)
    return _stack(ordered, along_columns, along_rows, step, positions)


def _stack(
    frames: tuple[Frame, ...],
    along_columns: NDArray[np.float64],
    along_rows: NDArray[np.float64],
    step: float,
    positions: NDArray[np.float64],
) -> Stack:
    between_rows, between_columns = frames[0].spacing
    transpose = abs(along_columns[1]) > abs(along_columns[0])
    x_axis, y_axis = (along_rows, along_columns) if transpose else (along_columns, along_rows)
    rows, columns = frames[0].pixels.rows, frames[0].pixels.columns
    plane = (between_columns, between_rows) if transpose else (between_rows, between_columns)
    size = (columns, rows) if transpose else (rows, columns)
    rising = positions[-1] if np.cross(along_columns, along_rows)[2] > 0 else positions[0]
    normal = np.cross(along_columns, along_rows)
    table = np.eye(4)
    table[:3, 0] = along_columns * between_columns
    table[:3, 1] = along_rows * between_rows
    table[:3, 2] = normal * step
    table[:3, 3] = rising
    return Stack(
        frames=frames,
        spacing_mm=(step, plane[0], plane[1]),
        shape=(len(frames), size[0], size[1]),
        z_mm=tuple(_rounded(float(z)) for z in positions[:, 2]),
        affine=tuple(tuple(float(value) for value in row) for row in table),
        reorientation=Reorientation(transpose, bool(y_axis[1] < 0), bool(x_axis[0] < 0)),
    )


def _rounded(mm: float) -> float:
    return round(mm, 5)


def _check_size(frames: Sequence[Frame]) -> None:
    sizes = {(frame.pixels.rows, frame.pixels.columns) for frame in frames}
    low, high = (np.array([frame.spacing for frame in frames]).min(0), np.array([f.spacing for f in frames]).max(0))
    if len(sizes) > 1 or bool(np.any(high - low > 1e-3 * high)):
        raise ImagingError("This series mixes images of different size or pixel spacing; export one series alone.")
    rows, columns = sizes.pop()
    if rows * columns * len(frames) > MAX_VOXELS:
        raise ImagingError("This series is too large to read (over a billion voxels); export the chest alone.")


def _directions(frames: Sequence[Frame]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the unit vectors of rising column and rising row that all images share."""
    counted = Counter(tuple(round(value, 3) for value in frame.orientation) for frame in frames)
    common = np.array(max(counted.items(), key=lambda pair: (pair[1], pair[0]))[0])
    all_of_them = np.array([frame.orientation for frame in frames])
    if bool(np.any(np.abs(all_of_them - common) > DIRECTION_TOLERANCE)):
        raise ImagingError("This series mixes images of different orientation; export the axial images alone.")
    mean = np.sort(all_of_them, axis=0).mean(0)  # sorted, for sums of floats depend on their order
    columns, rows = mean[:3], mean[3:]
    lengths = np.linalg.norm(columns), np.linalg.norm(rows)
    if abs(lengths[0] - 1) > 0.02 or abs(lengths[1] - 1) > 0.02 or abs(float(columns @ rows)) > 0.02:
        raise ImagingError("The orientation of this series makes no sense; export it again.")
    return columns / lengths[0], rows / lengths[1]


def _check_axial(
    normal: NDArray[np.float64], along_columns: NDArray[np.float64], positions: NDArray[np.float64]
) -> None:
    limit = math.cos(math.radians(AXIAL_WITHIN))
    if abs(normal[2]) < limit:
        travel = np.ptp(positions, axis=0)
        along_table = travel[2] > 0 and travel[2] >= limit * float(np.linalg.norm(travel))
        if along_table and abs(normal[2]) >= math.cos(math.radians(MOST_TILT)):
            raise ImagingError(tilt_sentence(math.degrees(math.acos(abs(normal[2])))))
        plane = ("sagittal", "coronal", "")[int(np.argmax(np.abs(normal)))]
        named = plane if plane and float(np.max(np.abs(normal))) >= limit else "oblique"
        raise ImagingError(f"This series is {named}, and reading needs axial slices; upload the axial series.")
    if max(abs(along_columns[0]), abs(along_columns[1])) < limit:
        raise ImagingError("This series is turned within its slices; upload the axial series as it was scanned.")


def _check_steps(depths: NDArray[np.float64], positions: NDArray[np.float64]) -> float:
    """Return the distance between slices, mm, where it is the same all along."""
    steps = np.diff(depths)
    usual = float(np.median(steps))
    same = np.flatnonzero(steps <= max(0.01, 0.05 * usual))
    if same.size:
        raise ImagingError(
            f"{same.size} slice{'s lie' if same.size > 1 else ' lies'} at the same place as another, first near "
            f"z = {positions[same[0], 2]:.1f} mm; export one series alone, once."
        )
    off = np.abs(steps - usual)
    wide = np.flatnonzero(off > max(STEP_TOLERANCE * usual, STEP_TOLERANCE_MM))
    if wide.size:
        ratios = steps[wide] / usual
        missing = np.rint(ratios).astype(int) - 1
        if np.all(missing >= 1) and np.all(np.abs(ratios - missing - 1) <= STEP_TOLERANCE * (missing + 1)):
            raise ImagingError(_gaps(missing, positions[wide, 2]))
        raise ImagingError(
            f"The distance between slices changes near z = {positions[wide[0], 2]:.1f} mm "
            f"({usual:.2f} mm, then {steps[wide[0]]:.2f} mm); export one series of equal distances."
        )
    return _rounded(float(depths[-1] - depths[0]) / (len(depths) - 1))


def _gaps(missing: NDArray[np.int_], z_mm: NDArray[np.float64]) -> str:
    """Return how many slices are missing and where, the largest gap first."""
    order = np.argsort(-missing, kind="stable")
    count, first = int(missing.sum()), z_mm[order[0]]
    verb = "slices are" if count > 1 else "slice is"
    if len(missing) == 1:
        return f"{count} {verb} missing near z = {first:.1f} mm; export the whole series again."
    places = ", ".join(f"{missing[index]} near z = {z_mm[index]:.1f} mm" for index in order[:MOST_GAPS])
    more = f" and {len(missing) - MOST_GAPS} smaller gaps" if len(missing) > MOST_GAPS else ""
    return f"{count} slices are missing in {len(missing)} places: {places}{more}; export the whole series again."


def _check_travel(positions: NDArray[np.float64], normal: NDArray[np.float64], spacing: tuple[float, float]) -> None:
    travel = positions[-1] - positions[0]
    cosine = min(abs(float(travel @ normal)) / float(np.linalg.norm(travel)), 1.0)
    tilt = math.degrees(math.acos(cosine))
    if tilt > TILT_TOLERANCE:
        raise ImagingError(tilt_sentence(tilt))
    along = np.linspace(0, 1, len(positions))[:, None]
    beside = positions - (positions[0] + along * travel)
    beside -= np.outer(beside @ normal, normal)
    if float(np.linalg.norm(beside, axis=1).max()) > max(SHIFT_TOLERANCE, *spacing):
        raise ImagingError("Slices of this series are shifted against each other; export one reconstruction alone.")


def tilt_sentence(degrees: float) -> str:
    """Return why a tilted series is refused."""
    return (
        f"The gantry was tilted by {degrees:.0f} degrees, which shears the volume (up to {TILT_TOLERANCE:.0f} "
        "degree is read); export a reconstruction without tilt."
    )


def orientation_letters(plane: str = "axial") -> dict[str, str]:
    """Return the letters at the edges of a view of a volume on this project's grid: left, right, top, bottom.

    The grid is the same for every volume, so the letters are too: the patient's right is on the viewer's left.
    Sagittal views run from the patient's front (left edge) to the back.
    """
    edges = {
        "axial": ("R", "L", "A", "P"),
        "coronal": ("R", "L", "H", "F"),
        "sagittal": ("A", "P", "H", "F"),
    }
    left, right, top, bottom = edges[plane]
    return {"left": left, "right": right, "top": top, "bottom": bottom}
