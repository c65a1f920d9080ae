"""A procedural chest for trying the viewer: body, two lungs, spine, vessels, and objects of known size. Not anatomy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

AIR, FAT, TISSUE, LUNG, BONE, BALL = -1000, -90, 45, -840, 520, 30  # HU
BAR_HU = 300


@dataclass(frozen=True, slots=True)
class Phantom:
    """A volume int16 HU (z, y, x), its spacing in mm in the same order, DICOM z of each slice, and lungs uint8."""

    hu: NDArray[np.int16]
    spacing_mm: tuple[float, float, float]
    z_mm: tuple[float, ...]
    lungs: NDArray[np.uint8]


def chest(
    *, slices: int = 148, size: int = 512, spacing_mm: tuple[float, float, float] = (2.0, 0.7, 0.7), seed: int = 1
) -> Phantom:
    """Return a chest of `slices` images of `size` by `size` pixels."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j].astype(np.float32)
    noise = rng.normal(0, 18, (4, size, size)).astype(np.float32)
    hu = np.empty((slices, size, size), np.int16)
    lungs = np.zeros((slices, size, size), np.uint8)
    vessels = _vessels(rng, 70)
    opacities = rng.uniform((-0.55, -0.3, 0.3, 0.05), (0.55, 0.35, 0.8, 0.13), (5, 4))
    for z in range(slices):
        along = z / max(1, slices - 1)
        image, right, left = _slice(x, y, along, vessels, opacities)
        hu[z] = np.clip(image + noise[z % 4], -1024, 3071)
        lungs[z][right], lungs[z][left] = 1, 2
    z_mm = tuple(round(100.0 - spacing_mm[0] * z, 3) for z in range(slices))
    return Phantom(hu, spacing_mm, z_mm, lungs)


def bar(*, slices: int = 40, size: int = 128, spacing_mm: tuple[float, float, float] = (2.5, 0.8, 0.8)) -> Phantom:
    """Return a block of BAR_HU with known edges, 40 pixels in x, 30 in y, 16 slices in z; around it HU says where."""
    z, y, x = np.mgrid[:slices, :size, :size]
    hu = (-1000 + (x + 2 * y + 3 * z) % 97).astype(np.int16)
    hu[12:28, 50:80, 40:80] = BAR_HU
    return Phantom(hu, spacing_mm, tuple(-spacing_mm[0] * k for k in range(slices)), np.zeros(hu.shape, np.uint8))


def _slice(
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    along: float,
    vessels: NDArray[np.float64],
    opacities: NDArray[np.float64],
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_]]:
    width = 0.62 + 0.16 * np.sin(np.pi * min(1, along * 1.2 + 0.1))
    body = (x / (width + 0.12)) ** 2 + (y / 0.6) ** 2
    image = np.full(x.shape, AIR, np.float32)
    image[body < 1] = FAT
    image[body < 0.88] = TISSUE
    open_ = np.sin(np.pi * np.clip((along - 0.03) / 0.94, 0, 1)) ** 0.55
    right = ((x + 0.36) / (0.27 * open_ + 1e-3)) ** 2 + ((y - 0.02) / (0.42 * open_ + 1e-3)) ** 2 < 1
    left = ((x - 0.38) / (0.25 * open_ + 1e-3)) ** 2 + ((y - 0.04) / (0.41 * open_ + 1e-3)) ** 2 < 1
    left &= ((x - 0.12) / 0.22) ** 2 + ((y + 0.1) / 0.3) ** 2 > max(0, along - 0.3)
    inside = right | left
    image[inside] = LUNG
    for cx, cy, slope_x, slope_y, radius in vessels:
        near = (x - cx - slope_x * (along - 0.5)) ** 2 + (y - cy - slope_y * (along - 0.5)) ** 2
        image[(near < radius**2) & inside] = 20
    for cx, cy, height, radius in opacities:
        reach = radius**2 - ((along - height) * 1.2) ** 2
        if reach > 0:
            haze = np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (0.6 * reach))
            image = np.where(inside, image + haze * (BALL - image) * 0.75, image)
    image[(x / 0.11) ** 2 + ((y - 0.42) / 0.1) ** 2 < 1] = BONE * 0.6
    image[(x / 0.035) ** 2 + ((y - 0.42) / 0.035) ** 2 < 1] = 30
    ring = (body > 0.8) & (body < 0.86) & (np.sin(9 * np.arctan2(y, x) + 26 * along) > 0.45)
    image[ring] = BONE
    image[(x / 0.035) ** 2 + ((y + 0.05) / 0.04) ** 2 < (along < 0.45)] = AIR
    return image, right, left


def _vessels(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    low, high = (-0.6, -0.35, -0.35, -0.35, 0.004), (0.6, 0.4, 0.35, 0.35, 0.016)
    return rng.uniform(low, high, (n, 5))
