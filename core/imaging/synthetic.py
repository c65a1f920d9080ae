"""A small procedural chest CT, for measuring speed and for tests. The training data come from core/training instead."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.imaging.volume import Attributes, Volume, volume_of

Lesion = Literal["covid", "cap"]

FIELD_MM = 380.0  # width and height of the picture, mm
LENGTH_MM = 280.0  # from above the apices to below the diaphragm, mm


def small_chest(*, slices: int = 24, size: int = 128, lesion: Lesion | None = None, seed: int = 0) -> Volume:
    """Return a chest of ellipses: body, fat, two lungs with vessels, spine, heart; with "covid" or "cap" lesions.

    The lungs fill about the middle 80 % of the slices. The same arguments give the same voxels.
    """
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) * (FIELD_MM / size) - FIELD_MM / 2
    scale = float(rng.uniform(0.95, 1.05))
    vessels = rng.uniform([-1, -0.8, 0.15, 2.0], [1, 0.8, 0.9, 6.0], size=(60, 4))
    spots = _spots(lesion, rng)
    hu = np.empty((slices, size, size), np.int16)
    for index in range(slices):
        depth = (index + 0.5) / slices
        hu[index] = _slice(x / scale, y / scale, depth, vessels, spots, lesion, rng)
    spacing = (LENGTH_MM / slices, FIELD_MM / size, FIELD_MM / size)
    attributes = Attributes(
        sex="F" if seed % 2 else "M",
        age=40 + seed % 40,
        manufacturer="Parallax",
        model="phantom",
        kernel="B30f",
        kvp=120.0,
        thickness_mm=round(spacing[0], 3),
        patient_position="HFS",
    )
    return volume_of(hu, spacing, top_z_mm=-50.0, attributes=attributes)


def _ellipse(
    x: NDArray[np.float32], y: NDArray[np.float32], centre: tuple[float, float], radii: tuple[float, float]
) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = ((x - centre[0]) / radii[0]) ** 2 + ((y - centre[1]) / radii[1]) ** 2 <= 1
    return inside


def _slice(
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    depth: float,
    vessels: NDArray[np.float64],
    spots: NDArray[np.float64],
    lesion: Lesion | None,
    rng: np.random.Generator,
) -> NDArray[np.int16]:
    hu = np.full(x.shape, -1000.0, np.float32)
    hu[_ellipse(x, y, (0, 0), (165, 115))] = -100  # fat
    hu[_ellipse(x, y, (0, 0), (150, 102))] = 45  # muscle and organs
    hu[_ellipse(x, y, (0, 72), (20, 18))] = 350  # spine
    share = np.clip((depth - 0.06) / 0.84, 0, 1)
    girth = float(np.sin(np.pi * min(0.12 + 0.55 * share, 0.62))) if 0 < share < 1 else 0.0
    if girth > 0:
        for side in (-1, 1):
            centre, radii = (side * 72.0, -2.0), (56 * girth, 82 * girth)
            lung = _ellipse(x, y, centre, radii)
            hu[lung] = -860
            for across, along, level, radius in vessels:
                if abs(level - depth) < 0.12:
                    at = (centre[0] + across * radii[0] * 0.7, centre[1] + along * radii[1] * 0.8)
                    hu[_ellipse(x, y, at, (radius, radius)) & lung] = 20
            for across, along, level, radius, which in spots:
                if which != side or abs(level - depth) > 0.1:
                    continue
                at = (centre[0] + side * across * radii[0], centre[1] + along * radii[1])
                hu[_ellipse(x, y, at, (radius, radius)) & lung] = -520 if lesion == "covid" else 20
        hu[_ellipse(x, y, (18, -15), (48 * girth, 52 * girth))] = 50  # heart, toward the left
    hu += rng.normal(0, 15, hu.shape).astype(np.float32)
    rounded: NDArray[np.int16] = np.rint(hu.clip(-1024, 3071)).astype(np.int16)
    return rounded


def _spots(lesion: Lesion | None, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return lesions (across, along, depth, radius mm, side): both sides and at the pleura, or dense in one lobe."""
    if lesion == "covid":
        near = rng.uniform([0.65, -0.5, 0.25, 16], [0.95, 0.7, 0.8, 28], size=(14, 4))
        return np.column_stack([near, np.where(np.arange(14) % 2 == 0, -1.0, 1.0)])
    if lesion == "cap":
        one = rng.uniform([-0.3, 0.0, 0.55, 24], [0.5, 0.5, 0.75, 38], size=(5, 4))
        return np.column_stack([one, np.full(5, rng.choice([-1.0, 1.0]))])
    return np.empty((0, 5))
