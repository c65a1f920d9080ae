"""Random changes to a slice as it is read for training. HU (y, x) float32, masks uint8; randomness is passed in."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.training.procedural.fields import Float

Mask = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Strength:
    """How far slices are changed. Shift as a share of the side, turn in degrees, HU offset in HU (one sigma)."""

    scale: tuple[float, float] = (0.86, 1.16)
    stretch: float = 0.08
    shift: float = 0.05
    turn: float = 7.0
    offset: float = 22.0
    gain: float = 0.05
    grain: float = 28.0


def placed(
    rng: np.random.Generator, size: int, centre: tuple[float, float], side: float, s: Strength, *, flip: bool
) -> Float:
    """Return the 2x3 matrix from output pixels (size x size) to source pixels of a square at `centre` (y, x)."""
    angle = np.deg2rad(rng.normal(0, s.turn / 2))
    scale = side / size / rng.uniform(*s.scale)
    sx, sy = scale * (1 + rng.uniform(-s.stretch, s.stretch)), scale * (1 + rng.uniform(-s.stretch, s.stretch))
    mirror = -1.0 if flip else 1.0
    matrix = np.array(
        [[np.cos(angle) * sx * mirror, -np.sin(angle) * sy], [np.sin(angle) * sx * mirror, np.cos(angle) * sy]]
    )
    shift = rng.uniform(-s.shift, s.shift, 2) * side
    half = (size - 1) / 2
    origin = np.array([centre[1] + shift[0], centre[0] + shift[1]]) - matrix @ np.array([half, half])
    return np.asarray(np.concatenate([matrix, origin[:, None]], 1), np.float32)


def cut(hu: Float, matrix: Float, size: int, *, outside: float) -> Float:
    """Sample HU at the places the matrix names, smoothly."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(hu, matrix, (size, size), flags=flags, borderValue=outside), np.float32)


def cut_mask(mask: Mask, matrix: Float, size: int) -> Mask:
    """Sample a label mask at the places the matrix names, by nearest neighbour."""
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(mask, matrix, (size, size), flags=flags), np.uint8)


def rescanned(rng: np.random.Generator, hu: Float, s: Strength) -> Float:
    """Return HU as another scanner would give it: calibration, kernel and noise."""
    out: Any = hu
    kind = rng.random()
    if kind < 0.3:
        out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.4, 1.3))
    elif kind < 0.55:
        out = out + np.float32(rng.uniform(0.2, 1.2)) * (out - cv2.GaussianBlur(out, (0, 0), rng.uniform(0.8, 1.5)))
    if rng.random() < 0.6:
        raw = rng.standard_normal(hu.shape, dtype=np.float32) * np.float32(abs(rng.normal(0, s.grain)))
        out = out + (cv2.GaussianBlur(raw, (0, 0), rng.uniform(0.4, 1.0)) if rng.random() < 0.6 else raw)
    wide = rng.random() < 0.25  # now and then a scanner far out of calibration
    gain, offset = 1 + rng.uniform(-s.gain, s.gain), rng.uniform(-60, 60) if wide else rng.normal(0, s.offset)
    return np.asarray((out + 850) * np.float32(gain) - 850 + np.float32(offset), np.float32)


def breathed(rng: np.random.Generator, hu: Float, lungs: Mask) -> Float:
    """Return HU as of shallower or free breathing: lungs denser, more so behind, outlines blurred by motion."""
    rows = np.flatnonzero((lungs > 0).any(1))
    if not len(rows):
        return hu
    behind = np.clip((np.arange(hu.shape[0]) - rows[0]) / max(int(rows[-1] - rows[0]), 1), 0, 1)[:, None]
    amount = rng.uniform(40, 220) * (1 + rng.uniform(0, 1.2) * (behind - 0.5))
    room = np.clip((40 - hu) / 880, 0, 1)  # air fills with tissue, vessels stay
    out: Any = np.where(lungs > 0, hu + amount * room, hu).astype(np.float32)
    if rng.random() < 0.6:
        out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.6, 1.6))
    return np.asarray(out, np.float32)


def doubtful_mask(rng: np.random.Generator, mask: Mask, hu: Float) -> Mask:
    """Return the lung mask as a network would draw it: edges off by a pixel or two, sometimes dense lung missed."""
    out: Any = (mask > 0).astype(np.uint8)
    kind = rng.random()
    if kind < 0.5:
        width = int(rng.integers(1, 3)) * 2 + 1
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
        out = cv2.dilate(out, kernel) if rng.random() < 0.5 else cv2.erode(out, kernel)
    if rng.random() < 0.12:
        dense = (cv2.GaussianBlur(hu, (0, 0), 2.5) > -rng.uniform(100, 300)).astype(np.uint8)
        away = cv2.distanceTransform((out > 0).astype(np.uint8), cv2.DIST_L2, 3) < rng.uniform(4, 14)
        out[(dense > 0) & away] = 0
    if rng.random() < 0.2:  # bays filled, as the pipeline fills them: a bit of heart or dome comes in
        n = 2 * int(rng.integers(2, 9)) + 1
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (n, n))
        out = cv2.morphologyEx(np.pad(out, n), cv2.MORPH_CLOSE, disc)[n:-n, n:-n]
    if rng.random() < 0.5:
        out = frayed(rng, out, float(rng.uniform(0.1, 0.45)))
    return np.asarray(out, np.uint8)


def frayed(rng: np.random.Generator, mask: Mask, amount: float) -> Mask:
    """Return the mask with bays and bulges along its outline, the more the larger `amount` (0: a rounder outline).

    So the network sees more or less of hilum and pleura, as any network's mask shows now this, now that.
    """
    side = max(4, mask.shape[0] // int(rng.integers(5, 14)))
    bumps = cv2.resize(
        rng.standard_normal((side, side), dtype=np.float32), mask.shape[::-1], interpolation=cv2.INTER_CUBIC
    )
    soft = cv2.GaussianBlur((mask > 0).astype(np.float32), (0, 0), 1.6)
    return np.asarray(soft + np.float32(amount) * bumps * ((soft > 0.02) & (soft < 0.98)) > 0.5, np.uint8)


def coarse(rng: np.random.Generator, hu: Float) -> Float:
    """Return the slice as a volume of few pixels would show it (128 x 128 and less)."""
    n = int(rng.integers(96, 160))
    small = cv2.resize(hu, (n, n), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, hu.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def padded(rng: np.random.Generator, hu: Float, lungs: Mask, value: float) -> Float:
    """Return HU with a padding value outside a disc or beyond straight borders, never over lung."""
    h, w = hu.shape
    y, x = np.ogrid[:h, :w]
    if rng.random() < 0.6:
        away = (y - h / 2) ** 2 + (x - w / 2) ** 2 > (0.5 * min(h, w) * rng.uniform(0.92, 1.05)) ** 2
    else:
        m = rng.uniform(0, 0.2, 4) * (h, h, w, w)
        away = (y < m[0]) | (y > h - m[1]) | (x < m[2]) | (x > w - m[3])
    return np.where(away & (lungs == 0), np.float32(value), hu)
