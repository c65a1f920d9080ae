"""Branching trees (vessels, airways) grown inside the lungs and drawn as tubes. Points are mm (z, y, x)."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from core.training.procedural.fields import Float, Grid

Points = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Tree:
    """Nodes (n, 3) mm, the parent of each (root: itself) and the radius of the branch that ends there, mm."""

    nodes: Points
    parents: NDArray[np.int64]
    radii: Float


def grow(rng: np.random.Generator, points: Points, root: Points, *, tip_mm: float, exponent: float = 2.8) -> Tree:
    """Connect the points to the root by short ways; radii follow Murray's law (r^exponent adds at a fork)."""
    away = np.linalg.norm(points - root, axis=1)
    order = np.argsort(away * rng.uniform(0.85, 1.15, len(points)))
    nodes = np.concatenate([root[None], points[order]]).astype(np.float32)
    n = len(nodes)
    parents = np.zeros(n, np.int64)
    path = np.zeros(n, np.float32)
    for i in range(1, n):
        gap = np.linalg.norm(nodes[:i] - nodes[i], axis=1)
        # the weight on the way already gone keeps branches running outward from the root
        j = int(np.argmin(gap + 0.25 * path[:i]))
        parents[i], path[i] = j, path[j] + gap[j]
    flow = np.ones(n, np.float32)
    for i in np.argsort(-path[1:]) + 1:
        if parents[i] != i:
            flow[parents[i]] += flow[i]
    return Tree(nodes, parents, np.asarray(tip_mm * flow ** (1 / exponent), np.float32))


def walk(rng: np.random.Generator, tree: Tree, step_mm: float) -> tuple[Points, Float]:
    """Return points (m, 3) about `step_mm` apart along the bent branches, and the radius at each, mm."""
    a, b = tree.nodes[tree.parents[1:]], tree.nodes[1:]
    length = np.linalg.norm(b - a, axis=1)
    middle = (a + b) / 2 + rng.normal(0, 0.09, a.shape).astype(np.float32) * length[:, None]
    r1 = tree.radii[1:]
    r0 = np.minimum(tree.radii[tree.parents[1:]], r1 * 1.3)
    counts = np.maximum(2, (length / step_mm).astype(np.int64) + 1)
    which = np.repeat(np.arange(len(counts)), counts)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    t = ((np.arange(len(which)) - first) / (counts[which] - 1)).astype(np.float32)[:, None]
    points = (1 - t) ** 2 * a[which] + 2 * t * (1 - t) * middle[which] + t**2 * b[which]
    radii = (1 - t[:, 0]) * r0[which] + t[:, 0] * r1[which]
    return np.asarray(points, np.float32), np.asarray(radii, np.float32)


def splat(volume: Float, points: Points, radii: Float, grid: Grid) -> None:
    """Raise `volume` (z, y, x) in place to the share of each voxel that tubes of these radii fill."""
    spacing = np.asarray(grid.spacing, np.float32)
    shape = np.asarray(grid.shape)
    pixel = float(spacing[2])
    flat = volume.reshape(-1)
    edges = (0.0, pixel, 2 * pixel, 4 * pixel, 9 * pixel)
    for low, high in pairwise(edges):
        some = (radii >= low) & (radii < high)
        if not some.any():
            continue
        p, r = points[some], radii[some]
        base = np.rint(p / spacing).astype(np.int64)
        # a tube thinner than a voxel fills only part of it
        fill = np.clip(2 * r / (0.75 * pixel + 0.25 * spacing[0]), 0, 1)
        reach = np.ceil(((high if low else pixel) + 0.5 * pixel) / spacing).astype(np.int64)
        for dz in range(-reach[0] if spacing[0] < high else 0, (reach[0] if spacing[0] < high else 0) + 1):
            for dy in range(-reach[1], reach[1] + 1):
                for dx in range(-reach[2], reach[2] + 1):
                    index = base + np.array((dz, dy, dx))
                    gap = index * spacing - p
                    gap[:, 0] = np.maximum(np.abs(gap[:, 0]) - spacing[0] / 2, 0)
                    cover = np.clip((r - np.linalg.norm(gap, axis=1)) / pixel + 0.5, 0, 1) * fill
                    ok = (cover > 0.02) & (index >= 0).all(1) & (index < shape).all(1)
                    if ok.any():
                        i = index[ok]
                        np.maximum.at(flat, (i[:, 0] * shape[1] + i[:, 1]) * shape[2] + i[:, 2], cover[ok])


def sample_points(rng: np.random.Generator, weights: Float, count: int, grid: Grid) -> Points:
    """Draw `count` points in mm (z, y, x), at voxels in proportion to `weights` (z, y, x)."""
    inside = np.flatnonzero(weights > 0)
    if not len(inside):
        return np.zeros((0, 3), np.float32)
    share = np.cumsum(weights.reshape(-1)[inside], dtype=np.float64)
    chosen = inside[np.searchsorted(share, rng.random(count) * share[-1]).clip(0, len(inside) - 1)]
    index = np.stack(np.unravel_index(chosen, grid.shape), 1).astype(np.float32)
    index += rng.uniform(-0.5, 0.5, index.shape).astype(np.float32)
    return np.asarray(index * np.asarray(grid.spacing, np.float32), np.float32)
