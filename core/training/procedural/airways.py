"""What pneumonia does to airways: walls thicken, buds and lobules fill, mucus plugs; and air that stays in bronchi."""

import numpy as np

from core.training.procedural.fields import Float, blur
from core.training.procedural.lesions import Chest, add_haze, blob, consolidate, lung_tree
from core.training.procedural.trees import grow, sample_points, splat, walk


def bronchograms(rng: np.random.Generator, chest: Chest, lung: int) -> Float:
    """Return the share of air-filled bronchi in each voxel of one lung (z, y, x), 0..1."""
    air = np.zeros(chest.grid.shape, np.float32)
    tree = lung_tree(rng, chest, lung, int(rng.integers(60, 170)), tip_mm=rng.uniform(0.7, 1.1), clear_mm=9)
    points, radii = walk(rng, tree, 1.2)
    splat(air, points, np.minimum(radii, 4.5), chest.grid)
    return air


def buds(rng: np.random.Generator, chest: Chest, lung: int) -> None:
    """Scatter centrilobular nodules joined by short branches: tree-in-bud."""
    grid = chest.grid
    allowed = ((chest.lungs == lung) & (chest.depth > 3)).astype(np.float32)
    drawn = np.zeros(grid.shape, np.float32)
    for focus in sample_points(rng, allowed, int(rng.integers(1, 6)), grid):
        points = sample_points(rng, allowed, 1500, grid)
        points = points[np.linalg.norm(points - focus, axis=1) < rng.uniform(18, 45)][: int(rng.integers(25, 130))]
        if len(points) < 5:
            continue
        way, radii = walk(rng, grow(rng, points, points[0], tip_mm=rng.uniform(0.5, 0.9), exponent=5.0), 1.0)
        gap = np.linalg.norm(way - focus, axis=1) < 60
        splat(drawn, way[gap], np.minimum(radii[gap], 1.6), grid)
        splat(drawn, points, rng.uniform(1.2, 2.8, len(points)).astype(np.float32), grid)
    drawn = blur(drawn, rng.uniform(0.4, 1.1), grid)
    around = blur(drawn, 6.0, grid, through=True)
    add_haze(chest, around * np.float32(rng.uniform(0, 900)))
    inside = chest.lungs > 0
    room = np.clip((40 - chest.hu) / 880, 0, 1)
    chest.hu += np.where(inside, drawn * rng.uniform(450, 850) * room, 0).astype(np.float32)
    np.maximum(chest.lesion, np.where(inside, np.clip(around * 7 - 0.3, 0, 1), 0), out=chest.lesion)


def thick_bronchi(rng: np.random.Generator, chest: Chest, lung: int) -> None:
    """Thicken the walls of the bronchi in the inner two thirds of a lung."""
    tree = lung_tree(rng, chest, lung, int(rng.integers(25, 70)), tip_mm=rng.uniform(1.0, 1.5), clear_mm=12)
    points, radii = walk(rng, tree, 1.0)
    lumen, wall = np.zeros(chest.grid.shape, np.float32), np.zeros(chest.grid.shape, np.float32)
    radii = np.minimum(radii, 4)
    splat(lumen, points, radii, chest.grid)
    splat(wall, points, radii + rng.uniform(1.0, 2.4), chest.grid)
    inside = chest.lungs > 0
    chest.hu += np.where(inside, wall * np.maximum(rng.uniform(-250, 0) - chest.hu, 0) * 0.8, 0).astype(np.float32)
    chest.hu += np.where(inside, lumen * (-930 - chest.hu), 0).astype(np.float32)


def wide_bronchi(rng: np.random.Generator, chest: Chest, lung: int) -> None:
    """Widen the bronchi of a part of a lung, walls thick, some filled: infected bronchiectasis with buds around."""
    grid = chest.grid
    weights = np.where((chest.lungs == lung) & (chest.depth > 8), np.exp(2 * chest.below), 0).astype(np.float32)
    chosen = sample_points(rng, weights, 1, grid)
    if not len(chosen):  # a lung too shallow for bronchi; there are buds at least
        buds(rng, chest, lung)
        return
    focus = chosen[0]
    tree = lung_tree(rng, chest, lung, int(rng.integers(80, 200)), tip_mm=rng.uniform(0.9, 1.4), clear_mm=7)
    points, radii = walk(rng, tree, 0.8)
    near = np.linalg.norm(points - focus, axis=1) < rng.uniform(28, 60)
    points, radii = points[near], np.clip(radii[near] * rng.uniform(1.4, 2.1), 2.0, 5.5)
    lumen, wall = np.zeros(grid.shape, np.float32), np.zeros(grid.shape, np.float32)
    splat(lumen, points, radii, grid)
    splat(wall, points, radii + rng.uniform(1.2, 2.6), grid)
    haze = blur(wall, 6.0, grid, through=True)
    add_haze(chest, haze * np.float32(rng.uniform(60, 420)))
    consolidate(chest, wall * np.float32(rng.uniform(0.7, 1.0)), rng.uniform(-40, 50))
    level = rng.uniform(-200, 30) if rng.random() < 0.3 else -930.0
    inside = chest.lungs > 0
    chest.hu += np.where(inside, lumen * (np.float32(level) - chest.hu), 0).astype(np.float32)
    buds(rng, chest, lung)


def plugs(rng: np.random.Generator, chest: Chest, lung: int) -> None:
    """Fill some widened branches with mucus: short tubes that fork, solid, away from the pleura."""
    tree = lung_tree(rng, chest, lung, int(rng.integers(60, 160)), tip_mm=rng.uniform(0.9, 1.5), clear_mm=6)
    points, radii = walk(rng, tree, 0.8)
    if not len(points):
        return
    filled = np.zeros(chest.grid.shape, np.float32)
    for focus in points[rng.integers(0, len(points), int(rng.integers(2, 9)))]:
        near = (np.linalg.norm(points - focus, axis=1) < rng.uniform(8, 20)) & (radii < 4)
        splat(filled, points[near], np.clip(radii[near] * rng.uniform(1.0, 1.6), 1.2, 4.5), chest.grid)
    consolidate(chest, filled * np.float32(rng.uniform(0.7, 1.0)), rng.uniform(-10, 50))


def lobules(rng: np.random.Generator, chest: Chest, lung: int, *, clusters: int) -> None:
    """Fill lobules around small airways, some hazy, some solid, run together in clusters; the pleura's rim is free."""
    grid = chest.grid
    weights = ((chest.lungs == lung) & (chest.depth > 5)).astype(np.float32)
    haze, solid = np.zeros(grid.shape, np.float32), np.zeros(grid.shape, np.float32)
    dense, level = rng.uniform(0.0, 0.7), rng.uniform(120, 380)
    for focus in sample_points(rng, weights, clusters, grid):
        points = sample_points(rng, weights, 700, grid)
        points = points[np.linalg.norm(points - focus, axis=1) < rng.uniform(18, 60)][: int(rng.integers(8, 60))]
        for centre in points:
            size = rng.uniform(3.5, 10)
            radii = (size * rng.uniform(0.8, 1.2), size * rng.uniform(0.8, 1.2), size * rng.uniform(0.8, 1.2))
            blob(chest, haze, centre, radii, ragged=0.35, soft=0.6, amount=level * rng.uniform(0.6, 1.3))
            if rng.random() < dense:
                inner = tuple(r * rng.uniform(0.4, 0.9) for r in radii)
                core = (inner[0], inner[1], inner[2])
                blob(chest, solid, centre, core, ragged=0.35, soft=0.5, amount=rng.uniform(0.4, 1.0))
    add_haze(chest, haze * np.clip(1 + 0.15 * chest.fine, 0.4, 1.6))
    consolidate(chest, solid, rng.uniform(-20, 50))
