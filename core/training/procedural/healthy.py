"""Lung tissue without pneumonia: density, texture, vessels, bronchi, and the findings that must stay normal."""

import numpy as np

from core.training.procedural.fields import Float, blur, noise, smoothstep
from core.training.procedural.lesions import Chest, blob, lung_tree
from core.training.procedural.trees import sample_points, splat, walk


def set_tissue(rng: np.random.Generator, chest: Chest, fissures: Float) -> None:
    """Fill the lungs with aerated tissue, vessels, bronchi and fissures, in place."""
    grid = chest.grid
    inside = chest.lungs > 0
    base = rng.uniform(-905, -790) if rng.random() < 0.8 else rng.uniform(-790, -690)  # a shallow or free breath
    gradient = rng.uniform(5, 70)
    tissue = base + gradient * (chest.behind - 0.5) + rng.uniform(3, 14) * chest.rough + rng.uniform(4, 16) * chest.fine
    tissue = tissue + rng.uniform(0, 14) * noise(rng, grid, 45)
    chest.hu[inside] = tissue[inside]
    vessels, walls, lumens = (np.zeros(grid.shape, np.float32) for _ in range(3))
    for lung in (1, 2):
        if not (chest.lungs == lung).any():
            continue
        for _ in range(2):  # arteries and veins
            tree = lung_tree(
                rng, chest, lung, int(rng.integers(500, 1100)), tip_mm=rng.uniform(0.32, 0.55), clear_mm=3.5
            )
            points, radii = walk(rng, tree, 0.9 * grid.spacing[2])
            splat(vessels, points, np.minimum(radii, 7), grid)
        tree = lung_tree(rng, chest, lung, int(rng.integers(30, 80)), tip_mm=rng.uniform(0.8, 1.2), clear_mm=12)
        points, radii = walk(rng, tree, 0.9 * grid.spacing[2])
        radii = np.minimum(radii, 5)
        splat(lumens, points, radii, grid)
        splat(walls, points, radii + rng.uniform(0.5, 1.1), grid)
    solid = np.maximum(vessels, fissures * np.float32(rng.uniform(0.0, 0.35)))
    solid = np.maximum(solid, walls * np.float32(rng.uniform(0.35, 0.7)))
    chest.hu += np.where(inside, solid * np.maximum(rng.uniform(20, 70) - chest.hu, 0), 0).astype(np.float32)
    chest.hu += np.where(inside, lumens * (-960 - chest.hu), 0).astype(np.float32)


def set_distractors(rng: np.random.Generator, chest: Chest) -> None:
    """Add, each by chance, findings that are not pneumonia; the same for every class, in place."""
    if rng.random() < 0.55:
        dependent(rng, chest)
    if rng.random() < 0.3:
        emphysema(rng, chest)
    if rng.random() < 0.45:
        nodules(rng, chest)
    if rng.random() < 0.4:
        scars(rng, chest)
    if rng.random() < 0.25:
        expiration(rng, chest)
    if rng.random() < 0.1:
        mass(rng, chest)
    if rng.random() < 0.3:
        apical_cap(rng, chest)


def _add(chest: Chest, amount: Float) -> None:
    room = np.clip((60 - chest.hu) / 900, 0, 1)
    chest.hu += np.where(chest.lungs > 0, amount * room, 0).astype(np.float32)


def dependent(rng: np.random.Generator, chest: Chest) -> None:
    """Add the smooth band of density along the back of both lungs that lying causes."""
    width = rng.uniform(5, 22)
    last = np.where(chest.lungs > 0, np.arange(chest.grid.shape[1], dtype=np.float32)[None, :, None], 0)
    wall = blur(last.max(1, keepdims=True).repeat(3, 1), 4.0, chest.grid)[:, :1]
    rows = np.arange(chest.grid.shape[1], dtype=np.float32)[None, :, None]
    away = (wall - rows) * np.float32(chest.grid.spacing[1])
    band = np.exp(-np.maximum(away, 0) / width) * (0.3 + 0.7 * chest.below)
    _add(chest, np.asarray(band * rng.uniform(60, 260) * np.clip(1 + 0.3 * chest.rough, 0, 2), np.float32))


def emphysema(rng: np.random.Generator, chest: Chest) -> None:
    """Open low-density holes, more of them above."""
    holes = smoothstep(
        noise(rng, chest.grid, rng.uniform(6, 14)) + rng.uniform(-0.5, 0.5) - 0.8 * chest.below, 0.4, 1.0
    )
    inside = chest.lungs > 0
    chest.hu += np.where(
        inside & (chest.hu < -600), holes * np.minimum(-975 - chest.hu, 0) * rng.uniform(0.4, 1), 0
    ).astype(np.float32)


def nodules(rng: np.random.Generator, chest: Chest) -> None:
    """Set a few small solid nodules."""
    points = sample_points(rng, (chest.lungs > 0).astype(np.float32), int(rng.integers(1, 7)), chest.grid)
    drawn = np.zeros(chest.grid.shape, np.float32)
    splat(drawn, points, rng.uniform(1.5, 4.0, len(points)).astype(np.float32), chest.grid)
    _add(chest, drawn * np.float32(rng.uniform(600, 950)))


def mass(rng: np.random.Generator, chest: Chest) -> None:
    """Set one round tumour of 1 to 3 cm, edge sharp or with spicules."""
    centre = sample_points(rng, (chest.lungs > 0).astype(np.float32), 1, chest.grid)
    drawn = np.zeros(chest.grid.shape, np.float32)
    r = float(rng.uniform(5, 15))
    for side in centre:
        blob(chest, drawn, side, (r, r, r), ragged=rng.uniform(0.02, 0.15), soft=0.15, amount=1.0)
        tips = side + rng.normal(size=(int(rng.integers(0, 14)), 3)).astype(np.float32) * np.float32(0.8 * r)
        steps = np.linspace(0, 1, 30, dtype=np.float32)[:, None]
        for tip in tips:
            splat(drawn, side + steps * (tip - side) * 1.6, np.full(30, 0.6, np.float32), chest.grid)
    _add(chest, drawn * np.float32(rng.uniform(800, 950)))


def scars(rng: np.random.Generator, chest: Chest) -> None:
    """Draw thin bands and plates: scars and plate-like collapse, mostly at the base."""
    z, y, x = (
        np.arange(n, dtype=np.float32) * np.float32(s)
        for n, s in zip(chest.grid.shape, chest.grid.spacing, strict=True)
    )
    weights = np.where(chest.lungs > 0, 0.1 + chest.below**2, 0).astype(np.float32)
    for centre in sample_points(rng, weights, int(rng.integers(1, 5)), chest.grid):
        normal = rng.normal(size=3) * (1.5, 1, 0.5)
        normal /= np.linalg.norm(normal)
        d = [a - c for a, c in zip((z[:, None, None], y[None, :, None], x[None, None, :]), centre, strict=True)]
        across = d[0] * normal[0] + d[1] * normal[1] + d[2] * normal[2] + 1.5 * chest.rough
        away = np.sqrt(d[0] ** 2 + d[1] ** 2 + d[2] ** 2)
        plate = np.clip(1 - np.abs(across) / rng.uniform(1.0, 2.6), 0, 1) * smoothstep(
            rng.uniform(12, 30) - away, 0.0, 8.0
        )
        _add(chest, np.asarray(plate * rng.uniform(300, 800), np.float32))


def expiration(rng: np.random.Generator, chest: Chest) -> None:
    """Raise the density of all lung as in a shallow breath, in lobules unevenly."""
    lobules = smoothstep(noise(rng, chest.grid, rng.uniform(12, 22)), -0.4, 0.4)
    _add(chest, np.asarray(rng.uniform(30, 180) * (0.6 + 0.4 * lobules * rng.random()), np.float32) + 0 * chest.hu)


def apical_cap(rng: np.random.Generator, chest: Chest) -> None:
    """Thicken the pleura over the apices."""
    cap = smoothstep(rng.uniform(4, 10) - chest.depth + 2 * chest.rough, 0.0, 4.0) * smoothstep(
        0.14 - chest.below + 0 * chest.depth, 0.0, 0.08
    )
    _add(chest, cap * np.float32(rng.uniform(300, 800)))
