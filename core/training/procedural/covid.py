"""COVID-19 as CT shows it: bilateral, peripheral and posterior ground glass, crazy paving, some consolidation."""

import numpy as np

from core.training.procedural.fields import noise, smoothstep
from core.training.procedural.lesions import Chest, add_haze, blob, consolidate
from core.training.procedural.trees import sample_points

FAMILIES = {  # and how often each is drawn
    "patches": 0.28,
    "band": 0.17,
    "diffuse": 0.10,
    "rounded": 0.11,
    "late": 0.11,
    "early": 0.09,
    "faint": 0.14,
}


def set_covid(rng: np.random.Generator, chest: Chest, *, family: str | None = None) -> None:
    """Set one COVID-19 pneumonia into the chest, in place; `family` is drawn where none is named."""
    family = family or str(rng.choice(list(FAMILIES), p=list(FAMILIES.values())))
    grid = chest.grid
    haze = np.zeros(grid.shape, np.float32)
    solid = np.zeros(grid.shape, np.float32)
    inside = chest.lungs > 0
    near = np.exp(-chest.depth / np.float32(rng.uniform(7, 20)))
    weights = near * np.exp(rng.uniform(0.5, 3.0) * chest.behind) * np.exp(rng.uniform(-0.5, 2.2) * chest.below)
    weights = np.where(inside, weights, 0).astype(np.float32)
    if rng.random() < 0.12:  # now and then mostly one lung
        weights[chest.lungs == rng.integers(1, 3)] *= 0.06
    count = {
        "patches": rng.integers(4, 40),
        "band": rng.integers(3, 18),
        "diffuse": rng.integers(15, 60),
        "rounded": rng.integers(2, 18),
        "late": rng.integers(6, 30),
        "early": rng.integers(1, 9),  # few, small and faint
        "faint": rng.integers(5, 26),  # wide and soft at the periphery, little denser than lung
    }[family]
    level = rng.uniform(*{"early": (100, 260), "faint": (100, 190)}.get(family, (170, 420)))
    for centre in sample_points(rng, weights, int(count), grid):
        small = family in {"rounded", "early"}
        size = rng.uniform(8, 22) if small else float(np.clip(rng.lognormal(2.8, 0.45), 8, 50))
        radii = (size * rng.uniform(0.7, 1.5), size * rng.uniform(0.7, 1.3), size * rng.uniform(0.6, 1.2))
        subpleural = family in {"band", "late", "faint"} or rng.random() < 0.25
        reach = float(rng.uniform(10, 28)) if subpleural else 0.0
        blob(
            chest,
            haze,
            centre,
            radii,
            ragged=rng.uniform(0.15, 0.45),
            soft=rng.uniform(0.15, 0.7),
            amount=level * rng.uniform(0.6, 1.35),
            reach_mm=reach,
        )
        chance = {"late": 0.5, "band": 0.25, "rounded": 0.15}.get(family, 0.12)
        if rng.random() < chance:
            inner = tuple(r * rng.uniform(0.3, 0.7) for r in radii)
            blob(
                chest,
                solid,
                centre,
                (inner[0], inner[1], inner[2]),
                ragged=0.5,
                soft=0.4,
                amount=rng.uniform(0.4, 0.95),
                reach_mm=reach,
            )
    if family == "diffuse":
        veil = smoothstep(chest.rough + noise(rng, grid, 60) + 1.2 * chest.behind - rng.uniform(0.2, 1.1), 0.0, 1.2)
        np.maximum(haze, veil * np.float32(level * 0.8), out=haze)
    if family == "band":
        width = rng.uniform(8, 26)
        band = smoothstep(width - chest.depth + 5 * chest.rough, 0.0, width * 0.5)
        patchy = smoothstep(
            noise(rng, grid, 38) + 1.5 * chest.behind + 0.8 * chest.below - rng.uniform(0.9, 2.0), 0.0, 0.7
        )
        np.maximum(haze, band * patchy * np.float32(level), out=haze)
    haze *= np.clip(1 + rng.uniform(0.05, 0.25) * chest.fine + 0.12 * chest.rough, 0.3, 1.8)
    if rng.random() < 0.6:  # crazy paving: a net of thickened septa within the ground glass
        net = noise(rng, grid, rng.uniform(5, 9))
        lines = 1 - smoothstep(np.abs(net), 0.0, rng.uniform(0.15, 0.35))
        patch = smoothstep(noise(rng, grid, 40), -0.6, 0.4)
        haze *= 1 + rng.uniform(0.3, 0.8) * lines * patch
    if rng.random() < 0.35:
        curves(rng, chest, solid, haze)
    add_haze(chest, haze)
    if solid.any():
        consolidate(chest, solid * np.clip(1 + 0.35 * chest.fine, 0.2, 1.3), rng.uniform(-60, 50))


def curves(rng: np.random.Generator, chest: Chest, solid: np.ndarray, haze: np.ndarray) -> None:
    """Add subpleural curved lines and bands, as in the weeks of healing."""
    depth = rng.uniform(6, 16)
    line = 1 - smoothstep(np.abs(chest.depth - depth + 3 * chest.rough), 0.8, rng.uniform(2.0, 3.5))
    where = smoothstep(noise(rng, chest.grid, 45) + 1.2 * chest.behind - 1.6, 0.0, 0.4)
    np.maximum(solid, line * where * np.float32(rng.uniform(0.3, 0.7)), out=solid)
    np.maximum(haze, line * where * np.float32(150), out=haze)
