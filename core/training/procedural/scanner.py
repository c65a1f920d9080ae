"""What a scanner makes of a body: slice thickness, kernel, noise, streaks, motion, table, field of view, padding."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from core.training.procedural.fields import Float, Grid, blur, blur_z


@dataclass(frozen=True, slots=True)
class Scanner:
    """How one scan is made. Thickness mm, blur mm, noise HU, padding HU or None for a square image of air."""

    thickness: float
    blur_mm: float
    sharpen: float
    noise_hu: float
    noise_mm: float
    streaks: float
    motion: float
    padding: int | None
    table: bool


def draw_scanner(rng: np.random.Generator, spacing_z: float) -> Scanner:
    """Draw a scanner setting for slices `spacing_z` mm apart."""
    sharp = rng.random() < 0.4
    return Scanner(
        thickness=float(max(1.0, spacing_z * rng.uniform(0.6, 1.5))),
        blur_mm=float(rng.uniform(0.0, 0.6) if sharp else rng.uniform(0.4, 1.3)),
        sharpen=float(rng.uniform(0.2, 0.9) if sharp else 0.0),
        noise_hu=float(rng.uniform(12, 55) if sharp else rng.uniform(4, 28)),
        noise_mm=float(rng.uniform(0.3, 0.8) if sharp else rng.uniform(0.7, 1.5)),
        streaks=float(rng.uniform(4, 18)) if rng.random() < 0.25 else 0.0,
        motion=float(rng.uniform(1.0, 4.0)) if rng.random() < 0.3 else 0.0,
        padding=(None, -1024, -2000, -3024)[int(rng.integers(0, 4))],
        table=bool(rng.random() < 0.8),
    )


def scan(rng: np.random.Generator, hu: Float, grid: Grid, scanner: Scanner) -> NDArray[np.int16]:
    """Return the body `hu` (z, y, x) as this scanner shows it, int16 HU of at least -1024 (padding lower)."""
    out = hu
    if scanner.table:
        out = lay_on_table(rng, out, grid)
    if scanner.motion > 0:
        out = moved(rng, out, grid, scanner.motion)
    if scanner.blur_mm > 0.25:
        out = blur(out, scanner.blur_mm, grid)
    sigma = scanner.thickness / grid.spacing[0] / 2.5
    if sigma > 0.3:
        out = blur_z(out.reshape(out.shape[0], -1), sigma).reshape(out.shape)
    if scanner.sharpen > 0:
        out = out + np.float32(scanner.sharpen) * (out - blur(out, 1.6, grid))
    out = out + grain(rng, grid, scanner)
    out = np.maximum(out, -1024)
    if scanner.padding is not None:
        out = np.where(field_of_view(rng, grid), out, np.float32(scanner.padding))
    return np.clip(np.rint(out), -3024, 3071).astype(np.int16)


def grain(rng: np.random.Generator, grid: Grid, scanner: Scanner) -> Float:
    """Return quantum noise of the kernel's grain, and streaks across shoulders and spine where there are any."""
    raw = rng.standard_normal(grid.shape, dtype=np.float32)
    soft = blur(raw, scanner.noise_mm, grid)
    soft *= np.float32(scanner.noise_hu) / max(float(soft[::4].std()), 1e-3)
    if scanner.streaks > 0:
        lines = rng.standard_normal((grid.shape[0], grid.shape[1], 1), dtype=np.float32)
        lines = np.stack([cv2.GaussianBlur(p, (1, 5), sigmaX=0.5, sigmaY=1.0) for p in lines]).reshape(lines.shape)
        soft += lines * np.float32(scanner.streaks)
    return soft


def moved(rng: np.random.Generator, hu: Float, grid: Grid, amount_mm: float) -> Float:
    """Double the outlines below some height, as heart beat and breathing do."""
    first = int(rng.uniform(0.2, 0.7) * grid.shape[0])
    out = hu.copy()
    dy, dx = rng.normal(0, amount_mm, 2) / grid.spacing[1:]
    shift = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
    for k in range(first, min(grid.shape[0], first + int(rng.uniform(0.1, 0.5) * grid.shape[0]) + 1)):
        other = cv2.warpAffine(hu[k], shift, hu[k].shape[::-1], borderMode=cv2.BORDER_REPLICATE)
        out[k] = 0.5 * (hu[k] + other)
    return out


def lay_on_table(rng: np.random.Generator, hu: Float, grid: Grid) -> Float:
    """Draw the table under the body."""
    bodies = (hu[::4] > -400).any(2)
    rows = np.flatnonzero(bodies.any(0))
    last = int(rows[-1]) if len(rows) else grid.shape[1] - 1
    columns = (np.arange(grid.shape[2]) - grid.shape[2] / 2) / grid.shape[2]
    line = last + 3 - rng.uniform(0, 120) * columns**2 * (1 if rng.random() < 0.7 else 0)
    rows_all = np.arange(grid.shape[1])[:, None]
    top = (np.abs(rows_all - line[None]) < 0.8) | (np.abs(rows_all - line[None] - rng.uniform(5, 14)) < 0.8)
    out = hu.copy()
    air = out < -900
    out[air & top[None]] = rng.uniform(-400, 100)
    return out


def field_of_view(rng: np.random.Generator, grid: Grid) -> NDArray[np.bool_]:
    """Return the round field of view (1, y, x); outside it scanners write a padding value."""
    _, h, w = grid.shape
    y, x = np.ogrid[:h, :w]
    radius = 0.5 * min(h, w) * rng.uniform(0.99, 1.06)
    return np.asarray(((y - h / 2 + 0.5) ** 2 + (x - w / 2 + 0.5) ** 2 < radius**2)[None], np.bool_)
