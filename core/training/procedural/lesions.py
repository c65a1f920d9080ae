"""What every lesion family shares: where lungs lie, blobs with ragged edges, and how density is added."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.training.procedural.fields import Float, Grid, box_around, depth_mm, noise, offsets, smoothstep
from core.training.procedural.trees import Points, Tree, grow, sample_points


@dataclass(slots=True)
class Chest:
    """A volume that lesions are set into: HU is changed in place, the rest describes the lungs.

    hu (z, y, x) float32; lungs uint8 (0 none, 1 right, 2 left); lobes uint8, zeros where unknown; lesion 0..1.
    """

    grid: Grid
    hu: Float
    lungs: NDArray[np.uint8]
    lobes: NDArray[np.uint8]
    lesion: Float
    depth: Float  # mm to the edge of the slice's lungs
    behind: Float  # 0 at the front of the lungs, 1 at the back
    below: Float  # 0 at the apex, 1 at the base; (z, 1, 1)
    rough: Float  # fields that make edges ragged, shared by all lesions of a case
    fine: Float


def describe(
    rng: np.random.Generator, grid: Grid, hu: Float, lungs: NDArray[np.uint8], lobes: NDArray[np.uint8]
) -> Chest:
    """Return the chest around a volume, with nothing in it yet."""
    inside = lungs > 0
    rows = np.flatnonzero(inside.any((0, 2)))
    planes = np.flatnonzero(inside.any((1, 2)))
    y0, y1 = (rows[0], rows[-1]) if len(rows) else (0, 1)
    z0, z1 = (planes[0], planes[-1]) if len(planes) else (0, 1)
    behind = np.clip((np.arange(grid.shape[1]) - y0) / max(y1 - y0, 1), 0, 1).astype(np.float32)[None, :, None]
    below = np.clip((np.arange(grid.shape[0]) - z0) / max(z1 - z0, 1), 0, 1).astype(np.float32)[:, None, None]
    rough = noise(rng, grid, rng.uniform(13, 24)) * np.float32(0.75) + noise(rng, grid, rng.uniform(5, 8)) * np.float32(
        0.5
    )
    fine = noise(rng, grid, rng.uniform(2.6, 4.5))
    empty = np.zeros(grid.shape, np.float32)
    return Chest(grid, hu, lungs, lobes, empty, depth_mm(lungs, grid), behind, below, rough, fine)


def blob(
    chest: Chest,
    field: Float,
    centre: Points,
    radii: tuple[float, float, float],
    *,
    ragged: float,
    soft: float,
    amount: float,
    reach_mm: float = 0.0,
) -> None:
    """Raise `field` in place by an ellipsoid with a ragged edge, at most `amount`.

    Radii mm (z, y, x); `ragged` 0..1 is how far noise moves the edge; `soft` how wide it is, as a share of the radius;
    `reach_mm` > 0 keeps it that near to the pleura.
    """
    box = box_around(centre, max(radii) * 1.6, chest.grid)
    dz, dy, dx = offsets(centre, box, chest.grid)
    away = np.sqrt((dz / radii[0]) ** 2 + (dy / radii[1]) ** 2 + (dx / radii[2]) ** 2)
    level = 1 - away + np.float32(ragged) * chest.rough[box]
    new = smoothstep(level, 0.0, soft) * smoothstep(np.asarray(1.7 - away, np.float32), 0.0, 0.3) * np.float32(amount)
    if reach_mm > 0:
        new = new * smoothstep(reach_mm - chest.depth[box] + 0.4 * reach_mm * chest.rough[box], 0.0, reach_mm * 0.4)
    np.maximum(field[box], new, out=field[box])


def add_haze(chest: Chest, haze: Float, *, counts_from: float = 60.0) -> None:
    """Add ground glass of `haze` HU (z, y, x) to the lungs, leaving vessels and walls; mark the lesion."""
    inside = chest.lungs > 0
    room = np.clip((40 - chest.hu) / 880, 0, 1)
    chest.hu += np.where(inside, haze * room, 0).astype(np.float32)
    np.maximum(chest.lesion, np.where(inside, np.clip(haze / counts_from - 0.5, 0, 1), 0), out=chest.lesion)


def consolidate(chest: Chest, share: Float, target: Float | float, *, spare: Float | None = None) -> None:
    """Mix the lungs with solid tissue of `target` HU by `share` 0..1; `spare` 0..1 keeps air (bronchograms)."""
    inside = chest.lungs > 0
    mix = np.where(inside, np.clip(share, 0, 1), 0).astype(np.float32)
    solid = np.maximum(chest.hu, np.asarray(target, np.float32))
    chest.hu += mix * (solid - chest.hu)
    if spare is not None:
        air = mix * np.clip(spare, 0, 1)
        chest.hu += air * (-900 - chest.hu)
    np.maximum(chest.lesion, np.clip(mix * 1.5 - 0.2, 0, 1), out=chest.lesion)


def hilum(chest: Chest, side: int) -> Points:
    """Return about where a lung's hilum is, mm (z, y, x): on its medial edge, in the middle of the others."""
    index = np.argwhere(chest.lungs[:: max(1, chest.grid.shape[0] // 30), ::4, ::4] == side)
    if not len(index):
        return np.zeros(3, np.float32)
    step = np.array([max(1, chest.grid.shape[0] // 30), 4, 4])
    points = index * step * np.asarray(chest.grid.spacing)
    z, y = np.quantile(points[:, 0], 0.45), np.quantile(points[:, 1], 0.52)
    near = points[np.abs(points[:, 0] - z) < 15]
    x = np.quantile(near[:, 2] if len(near) else points[:, 2], 0.96 if side == 1 else 0.04)
    return np.array([z, y, x], np.float32)


def lung_tree(
    rng: np.random.Generator, chest: Chest, side: int, count: int, *, tip_mm: float, clear_mm: float = 4.0
) -> Tree:
    """Grow a tree from a lung's hilum to `count` points that stay `clear_mm` from the pleura."""
    weights = ((chest.lungs == side) & (chest.depth > clear_mm)).astype(np.float32)
    return grow(rng, sample_points(rng, weights, count, chest.grid), hilum(chest, side), tip_mm=tip_mm)
