"""Smooth random fields and small shapes on a voxel grid. Grids are (z, y, x), lengths in mm."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Grid:
    """A voxel grid: shape (z, y, x) and spacing in mm in the same order."""

    shape: tuple[int, int, int]
    spacing: tuple[float, float, float]


def noise(rng: np.random.Generator, grid: Grid, scale_mm: float, *, scale_z_mm: float | None = None) -> Float:
    """Return a smooth field (z, y, x) float32, about normal (0, 1), whose features are `scale_mm` wide."""
    d, h, w = grid.shape
    sz, sy, sx = grid.spacing
    zs = np.arange(d, dtype=np.float32) * (sz / (scale_z_mm or scale_mm)) + rng.random()
    rows, columns = int(h * sy / scale_mm) + 4, int(w * sx / scale_mm) + 4
    coarse = rng.standard_normal((int(zs[-1]) + 2, rows, columns), dtype=np.float32)
    if scale_mm <= min(sy, sx):
        plane = np.stack([cv2.resize(c, (w, h), interpolation=cv2.INTER_LINEAR) for c in coarse])
    else:
        y0, x0 = rng.random(2) + 0.5
        matrix = np.array([[sx / scale_mm, 0, x0], [0, sy / scale_mm, y0]], np.float32)
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        plane = np.stack(
            [cv2.warpAffine(c, matrix, (w, h), flags=flags, borderMode=cv2.BORDER_REFLECT) for c in coarse]
        )
    low = zs.astype(np.int64)
    part = (zs - low)[:, None, None]
    out = plane[low]
    out *= 1 - part
    out += plane[low + 1] * part
    out *= np.float32(1.35)  # interpolation takes variance away; about this much
    return np.asarray(out, np.float32)


def smoothstep(values: NDArray[np.floating], low: float, high: float) -> Float:
    """Return 0 below `low`, 1 above `high`, and a smooth rise between (float32, same shape)."""
    t = np.clip((values - np.float32(low)) * np.float32(1 / (high - low)), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def blur(volume: Float, sigma_mm: float, grid: Grid, *, through: bool = False) -> Float:
    """Blur each slice of a (z, y, x) volume by a Gaussian of `sigma_mm`; with `through`, along z as well."""
    sx, sy = sigma_mm / grid.spacing[2], sigma_mm / grid.spacing[1]
    out = np.stack([cv2.GaussianBlur(s, (0, 0), sigmaX=sx, sigmaY=sy) for s in volume]) if sx > 0.2 else volume.copy()
    if through and sigma_mm / grid.spacing[0] > 0.3:
        out = blur_z(out.reshape(out.shape[0], -1), sigma_mm / grid.spacing[0]).reshape(out.shape)
    return np.asarray(out, np.float32)


def blur_z(columns: Float, sigma: float) -> Float:
    """Blur the first axis of a (z, n) array by a Gaussian of `sigma` rows."""
    radius = max(1, int(np.ceil(2.5 * sigma)))
    weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    weights /= weights.sum()
    padded = np.pad(columns, ((radius, radius), (0, 0)), mode="edge")
    out = np.zeros_like(columns)
    for k, weight in enumerate(weights):
        out += np.float32(weight) * padded[k : k + len(columns)]
    return out


def depth_mm(lungs: NDArray[np.uint8], grid: Grid) -> Float:
    """Return the in-plane distance of each lung voxel to the edge of its slice's lungs, in mm (z, y, x)."""
    binary = (lungs > 0).astype(np.uint8)
    out = np.zeros(grid.shape, np.float32)
    for k, plane in enumerate(binary):
        if plane.any():
            out[k] = cv2.distanceTransform(plane, cv2.DIST_L2, 3)
    return out * np.float32(grid.spacing[2])


def box_around(centre: NDArray[np.floating], reach_mm: float, grid: Grid) -> tuple[slice, slice, slice]:
    """Return the index box within `reach_mm` of a centre given in mm (z, y, x), cut to the grid."""
    low = [max(0, int((c - reach_mm) / s)) for c, s in zip(centre, grid.spacing, strict=True)]
    high = [min(n, int((c + reach_mm) / s) + 2) for c, s, n in zip(centre, grid.spacing, grid.shape, strict=True)]
    return (slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2]))


def offsets(centre: NDArray[np.floating], box: tuple[slice, slice, slice], grid: Grid) -> tuple[Float, Float, Float]:
    """Return the mm offsets from `centre` of a box's voxels, broadcastable (z,1,1), (1,y,1), (1,1,x)."""
    axes = [
        np.arange(b.start, b.stop, dtype=np.float32) * np.float32(s) - np.float32(c)
        for b, s, c in zip(box, grid.spacing, centre, strict=True)
    ]
    return axes[0][:, None, None], axes[1][None, :, None], axes[2][None, None, :]
