"""The volume: int16 HU on a grid every other part relies on, with the few attributes that may be kept."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Affine = tuple[tuple[float, ...], ...]

OLDEST = 89  # years; ages above are kept as 89 (HIPAA safe harbour groups them)


@dataclass(frozen=True, slots=True)
class Attributes:
    """Everything besides pixels and geometry that outlives an upload: the allow-list of de-identification.

    orientation is "axial", with ", prone" or ", on the side" after it where the patient did not lie on the back.
    """

    sex: str | None = None
    age: int | None = None  # years, 89 at most
    manufacturer: str | None = None
    model: str | None = None
    kernel: str | None = None
    kvp: float | None = None
    thickness_mm: float | None = None
    patient_position: str | None = None
    orientation: str = "axial"


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """CT in HU: axes (z, y, x), slice 0 = apex, y toward the back, x toward the patient's left.

    spacing_mm is (z, y, x); z_mm holds the DICOM patient z of each slice; affine maps the voxel as it was stored
    (column, row, slice along the slice normal) to DICOM patient coordinates (LPS), mm.
    """

    hu: NDArray[np.int16]
    spacing_mm: tuple[float, float, float]
    z_mm: tuple[float, ...]
    affine: Affine
    attributes: Attributes
    content_hash: str

    def __repr__(self) -> str:
        return f"Volume(shape={self.hu.shape}, spacing_mm={self.spacing_mm}, content_hash={self.content_hash[:12]}…)"


def content_hash(hu: NDArray[np.int16], spacing_mm: tuple[float, float, float]) -> str:
    """Return the SHA-256 (hex) of the HU bytes (little endian, C order), the shape and the spacing."""
    digest = hashlib.sha256(f"{hu.shape} {tuple(round(mm, 5) for mm in spacing_mm)}".encode())
    little = np.ascontiguousarray(hu, dtype="<i2")
    digest.update(little.data)
    return digest.hexdigest()


def volume_of(
    hu: NDArray[np.int16],
    spacing_mm: tuple[float, float, float],
    *,
    top_z_mm: float = 0.0,
    attributes: Attributes | None = None,
) -> Volume:
    """Return a volume made of an array that is already on the grid of this project (procedural CT, tests).

    The patient's axis is taken to be in the middle of the slices; slice 0 lies at top_z_mm.
    """
    step, row, column = spacing_mm
    depth, height, width = hu.shape
    z_mm = tuple(round(top_z_mm - step * index, 4) for index in range(depth))
    affine = (
        (column, 0.0, 0.0, -column * (width - 1) / 2),
        (0.0, row, 0.0, -row * (height - 1) / 2),
        (0.0, 0.0, step, z_mm[-1]),
        (0.0, 0.0, 0.0, 1.0),
    )
    given = attributes or Attributes(thickness_mm=step)
    return Volume(hu, spacing_mm, z_mm, affine, given, content_hash(hu, spacing_mm))
