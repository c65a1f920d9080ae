"""Body and lungs from a few drawn lengths: implicit surfaces on the grid. All lengths in mm."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.training.procedural.fields import Float, Grid, Mask, blur, noise, smoothstep


@dataclass(frozen=True, slots=True)
class Build:
    """One person's measures: half width and depth of the chest, lung height, where the lungs begin, and habits."""

    half_width: float
    half_depth: float
    height: float
    top: float  # z of the apex, mm below the first slice
    fat: float
    heart: float
    spine: float
    dome: float
    arms_down: bool
    centre: tuple[float, float]  # y, x of the chest's middle, mm


@dataclass(frozen=True, slots=True)
class Anatomy:
    """HU (z, y, x) float32 without lung structure, lungs (0 none, 1 right, 2 left), lobes and useful coordinates."""

    hu: Float
    lungs: NDArray[np.uint8]
    edge: Float  # mm inside the lungs' surface (negative outside), about
    lobes: NDArray[np.uint8]  # 1 upper, 2 middle, 3 lower; counted per lung
    fissures: Float
    airway: Mask  # trachea and main bronchi
    build: Build


def draw_build(rng: np.random.Generator, grid: Grid) -> Build:
    """Draw a person who fits the grid."""
    field = grid.shape[1] * grid.spacing[1], grid.shape[2] * grid.spacing[2]
    length = grid.shape[0] * grid.spacing[0]
    half_width = float(min(rng.uniform(108, 152), field[1] * 0.43))
    height = float(rng.uniform(0.66, 0.84) * length)
    return Build(
        half_width=half_width,
        half_depth=float(half_width * rng.uniform(0.62, 0.78)),
        height=height,
        top=float(rng.uniform(0.3, 0.8) * (length - height)),
        fat=float(rng.uniform(5, 38)),
        heart=float(rng.uniform(0.75, 1.3)),
        spine=float(rng.uniform(19, 26)),
        dome=float(rng.uniform(0.62, 0.76)),
        arms_down=bool(rng.random() < 0.15),
        centre=(field[0] * float(rng.uniform(0.46, 0.54)), field[1] * float(rng.uniform(0.47, 0.53))),
    )


def bump(value: Float, centre: float, width: float) -> Float:
    """A Gaussian bump of height 1."""
    return np.asarray(np.exp(-0.5 * ((value - np.float32(centre)) / np.float32(width)) ** 2), np.float32)


def make_anatomy(rng: np.random.Generator, grid: Grid) -> Anatomy:
    """Make the body and its lungs, without vessels or lesions."""
    b = draw_build(rng, grid)
    z = (np.arange(grid.shape[0], dtype=np.float32) * np.float32(grid.spacing[0]))[:, None, None]
    y = (np.arange(grid.shape[1], dtype=np.float32) * np.float32(grid.spacing[1]) - np.float32(b.centre[0]))[
        None, :, None
    ]
    x = (np.arange(grid.shape[2], dtype=np.float32) * np.float32(grid.spacing[2]) - np.float32(b.centre[1]))[
        None, None, :
    ]
    x = x + rng.normal(0, 4) * np.sin(z / b.height * 3 + rng.uniform(0, 6)).astype(
        np.float32
    )  # a spine is rarely straight
    t = (z - np.float32(b.top)) / np.float32(b.height)
    grown = np.sqrt(np.clip(1 - (1 - np.clip(t / 0.6, 0, 1)) ** 2.2, 0.0, 1)).astype(np.float32)
    a = np.float32(b.half_width) * (0.42 + 0.58 * grown)
    c = np.float32(b.half_depth) * (0.45 + 0.55 * grown)
    v = y / c
    wobble = noise(rng, grid, 55) * np.float32(3.0) + noise(rng, grid, 22) * np.float32(0.9)
    ring = ((np.abs(x) / a) ** 2.4 + np.abs(v) ** 2.4) ** np.float32(1 / 2.4)
    cavity = (1 - ring) * c
    right, left = medial(b, v, t)
    medial_gap = np.where(x < 0, -x - right, x - left)
    floor = diaphragm(rng, b, x, y, grid, v)
    apex_y = np.float32(rng.uniform(0.05, 0.3)) * c
    apex = 1 - (((np.abs(x) - 0.30 * b.half_width) / 42) ** 2 + ((y - apex_y) / 48) ** 2) / np.clip(t / 0.13, 1e-3, 50)
    edge = np.minimum(np.minimum(cavity, medial_gap), np.minimum((floor - t) * np.float32(b.height * 0.6), apex * 25))
    edge = blur(np.asarray(edge, np.float32), rng.uniform(2, 4), grid) + wobble * np.clip(t * 4, 0.2, 1)
    edge = np.where(t > 0, edge, np.float32(-30)).astype(np.float32)
    side = np.where(x < 0, np.uint8(1), np.uint8(2))
    lungs = np.where(edge > 0, side, np.uint8(0)).astype(np.uint8)
    hu = soft_tissue(rng, grid, b, (z, y, x), t, (a, c), cavity, edge)
    airway = trachea(rng, b, (z, y, x), t, hu, grid)
    lungs[airway] = 0
    lobes, fissures = divide(rng, b, x, v, t, grid)
    return Anatomy(hu, lungs, edge, lobes, fissures, airway, b)


def medial(b: Build, v: Float, t: Float) -> tuple[Float, Float]:
    """Return how far the mediastinum and spine reach to the right and the left, mm, by depth v and height t."""
    spine = np.float32(b.spine) * smoothstep(v, 0.12, 0.5)
    front = 6 * bump(v, -1.0, 0.25)
    heart = np.float32(b.heart)
    right = (
        13
        + spine
        + front
        + 12 * bump(v, -0.15, 0.3) * bump(t, 0.32, 0.12)
        + 13 * bump(v, 0.1, 0.22) * bump(t, 0.45, 0.08)
    )
    right = right + 26 * heart * bump(v, -0.35, 0.38) * bump(t, 0.68, 0.14)
    left = (
        12
        + spine
        + front
        + 16 * bump(v, 0.1, 0.35) * bump(t, 0.30, 0.07)
        + 14 * bump(v, 0.5, 0.18) * smoothstep(t, 0.28, 0.36)
    )
    left = left + 12 * bump(v, 0.05, 0.22) * bump(t, 0.43, 0.08) + 58 * heart * bump(v, -0.4, 0.4) * bump(t, 0.72, 0.16)
    return np.asarray(right, np.float32), np.asarray(left, np.float32)


def diaphragm(rng: np.random.Generator, b: Build, x: Float, y: Float, grid: Grid, v: Float) -> Float:
    """Return the height t at which each column's lung ends: a dome on each side, deepest behind."""
    out = np.zeros(np.broadcast_shapes(x.shape, y.shape), np.float32)
    for sign, lift in ((-1, 0.0), (1, rng.uniform(0.0, 0.07))):
        dome = np.float32(b.dome + lift)
        middle_x, middle_y = sign * b.half_width * rng.uniform(0.45, 0.58), b.half_depth * rng.uniform(-0.3, -0.05)
        reach = ((x - middle_x) / (0.66 * b.half_width)) ** 2 + ((y - middle_y) / (0.95 * b.half_depth)) ** 2
        deepest = np.where(y > middle_y, 1.0, np.float32(rng.uniform(0.82, 0.95)))
        q = np.clip(reach, 0, 1.3) ** np.float32(rng.uniform(0.8, 1.2))
        out = np.where(x * sign >= 0, dome + (deepest - dome) * np.minimum(q, 1.1), out).astype(np.float32)
    return out


def soft_tissue(
    rng: np.random.Generator,
    grid: Grid,
    b: Build,
    zyx: tuple[Float, Float, Float],
    t: Float,
    widths: tuple[Float, Float],
    cavity: Float,
    edge: Float,
) -> Float:
    """Return HU of everything but lung structure: air, skin, fat, muscle, bones, mediastinum, belly with gas."""
    z, y, x = zyx
    _, c = widths
    full_a, full_c = b.half_width, b.half_depth
    shoulder = smoothstep(-np.asarray(t, np.float32), -0.22, 0.1)
    wide = (full_a + 16 + b.fat) * (1 - shoulder) + (
        full_a * (1.12 if b.arms_down else 0.98) + 14 + b.fat * 0.6
    ) * shoulder
    deep = (full_c + 16 + b.fat) * (1 - shoulder) + (full_c * 0.72 + 12 + b.fat * 0.5) * shoulder
    neck = smoothstep(-np.asarray(t, np.float32), 0.12, 0.35)
    wide, deep = wide * (1 - 0.5 * neck), deep * (1 - 0.1 * neck)
    rough = noise(rng, grid, 30)
    skin = (1 - ((np.abs(x) / wide) ** 2.5 + (np.abs(y - 6) / deep) ** 2.5) ** np.float32(1 / 2.5)) * deep + rough * 2
    body = skin > 0
    hu = np.full(grid.shape, -1000, np.float32)
    fat = rng.normal(-100, 8)
    muscle = rng.normal(48, 8)
    hu[body] = fat
    inner = cavity > -(14 + 3 * rough)
    hu[body & ((skin > b.fat * 0.75 + 2 * rough) | inner)] = muscle
    slant = z + np.float32(rng.uniform(0.3, 0.6)) * (-y) + 0.15 * np.abs(x)
    ribs = (
        (cavity < -2.5)
        & (cavity > -11)
        & (np.sin(slant * np.float32(2 * np.pi / rng.uniform(22, 30))) > 0.35)
        & (t > -0.05)
    )
    hu[ribs & body] = rng.normal(320, 50)
    spine_y = full_c * 0.66
    spine = ((x / (b.spine * 0.95)) ** 2 + ((y - spine_y) / (b.spine * 0.85)) ** 2) < 1
    hu[np.broadcast_to(spine, grid.shape) & body] = rng.normal(210, 40)
    canal = (x / 9) ** 2 + ((y - spine_y - b.spine * 1.25) / 8) ** 2
    hu[np.broadcast_to(canal < 3, grid.shape) & body] = 300
    hu[np.broadcast_to(canal < 1, grid.shape) & body] = 30
    sternum = (np.abs(x) < 18) & (np.abs(y + c + 8) < 7) & (t > 0.12) & (t < 0.75)
    hu[sternum & body] = rng.normal(190, 40)
    within = (cavity > 0) & (edge <= 0) & ~np.broadcast_to(spine, grid.shape)
    hu[within] = np.where(rough[within] > 0.2, muscle + 5, fat + 30)
    heart = ((x - 22) / (62 * b.heart)) ** 2 + ((y + 0.28 * full_c) / 52) ** 2 + ((t - 0.70) / 0.24) ** 2 < 1
    hu[heart & within] = rng.normal(45, 8)
    belly = within & (t > b.dome - 0.02) & (edge < 0) & ~(heart & (t < b.dome + 0.1))
    hu[belly] = np.where(np.broadcast_to(x, grid.shape)[belly] < 25, rng.normal(58, 10), rng.normal(40, 10))
    for _ in range(rng.integers(0, 4)):  # gas in stomach and colon: air that is not lung
        gy, gx, gt = rng.uniform(-0.6, 0.1) * full_c, rng.uniform(0.1, 0.7) * full_a, rng.uniform(b.dome + 0.1, 1.15)
        gas = ((x - gx) / rng.uniform(8, 32)) ** 2 + ((y - gy) / rng.uniform(6, 20)) ** 2 + (
            (t - gt) / rng.uniform(0.03, 0.12)
        ) ** 2 < 1
        hu[gas & body & (edge < -6)] = -950
    if rng.random() < 0.4:  # a stomach full of gas bulges into the left dome, a thin wall from the lung
        gx, gy, gt = rng.uniform(0.4, 0.6) * full_a, rng.uniform(-0.3, 0.05) * full_c, b.dome + rng.uniform(0.08, 0.16)
        gas = ((x - gx) / rng.uniform(25, 48)) ** 2 + ((y - gy) / rng.uniform(22, 42)) ** 2 + (
            (t - gt) / rng.uniform(0.06, 0.14)
        ) ** 2 < 1
        level = y > gy + rng.uniform(-5, 30)
        hu[gas & body & (edge < -3)] = -960
        hu[gas & body & (edge < -3) & level] = rng.uniform(0, 60)
    if b.arms_down:
        for sign in (-1, 1):
            arm = ((x - sign * (full_a + 62 + b.fat)) / 32) ** 2 + ((y - 20) / 34) ** 2
            hu[np.broadcast_to(arm < 1, grid.shape)] = muscle
            hu[np.broadcast_to(arm < 0.12, grid.shape)] = 500
    return blur(hu, 1.2, grid)


def trachea(
    rng: np.random.Generator, b: Build, zyx: tuple[Float, Float, Float], t: Float, hu: Float, grid: Grid
) -> Mask:
    """Set trachea and main bronchi into `hu` and return where they are (z, y, x)."""
    _, y, x = zyx
    radius = rng.uniform(7, 10)
    carina = rng.uniform(0.36, 0.42)
    mid_y = 0.08 * b.half_depth + 14 * t
    tube = ((x - 3) / radius) ** 2 + ((y - mid_y) / (radius * rng.uniform(0.85, 1.2))) ** 2
    tube = np.where(t < carina, tube, 9)
    down = np.clip((t - carina) / 0.13, 0, 1)
    for sign, spread in ((-1, 40), (1, 48)):
        branch = ((x - 3 - sign * (5 + spread * down)) / (radius * 0.85)) ** 2 + (
            (y - mid_y - 8 * down) / (radius * 0.75)
        ) ** 2
        tube = np.minimum(tube, np.where((t >= carina) & (t < carina + 0.12), branch, 9))
    gas = np.broadcast_to(tube < 1, grid.shape)
    wall = np.broadcast_to(tube < 1.55, grid.shape) & (hu > -500)
    hu[wall] = 10
    hu[gas] = -985
    return np.asarray(gas & np.broadcast_to(t > -2, grid.shape), np.bool_)


def divide(
    rng: np.random.Generator, b: Build, x: Float, v: Float, t: Float, grid: Grid
) -> tuple[NDArray[np.uint8], Float]:
    """Return the lobes (1 upper, 2 middle, 3 lower) and how much of each voxel a fissure fills, 0..1."""
    bend = noise(rng, grid, 70) * np.float32(0.02)
    middle, slope = rng.uniform(0.44, 0.54), rng.uniform(0.24, 0.34)
    oblique = t - np.float32(middle) + np.float32(slope) * v + bend
    horizontal = t - np.float32(rng.uniform(0.42, 0.5)) - bend * 1.5
    lobes = np.where(oblique > 0, np.uint8(3), np.uint8(1)).astype(np.uint8)
    right = np.broadcast_to(x < 0, grid.shape)
    lobes[right & (oblique <= 0) & (horizontal > 0)] = 2
    half = 0.5 * grid.spacing[0] / b.height + 0.002
    lines = np.clip(1 - np.abs(oblique) / np.float32(half + 0.004), 0, 1)
    lines = np.maximum(
        lines, np.where(right & (oblique <= 0), np.clip(1 - np.abs(horizontal) / np.float32(half), 0, 1) * 0.5, 0)
    )
    return lobes, np.asarray(lines, np.float32)
