"""Community-acquired pneumonia: consolidation, bronchopneumonia, bronchiolitis, effusion, cavity."""

import numpy as np

from core.training.procedural.airways import bronchograms, buds, lobules, plugs, thick_bronchi, wide_bronchi
from core.training.procedural.fields import Float, blur, noise, smoothstep
from core.training.procedural.lesions import Chest, add_haze, blob, consolidate, hilum
from core.training.procedural.trees import sample_points

FAMILIES = {  # and how often each is drawn
    "lobar": 0.20,
    "bronchial": 0.14,
    "buds": 0.09,
    "mixed": 0.14,
    "cavity": 0.09,
    "bronchiolitis": 0.10,
    "lobular": 0.07,
    "basal": 0.09,
    "bronchiectasis": 0.08,
}
BOTH = {  # share with both lungs ill; the others are mostly one-sided
    "bronchiolitis": 0.85,
    "lobular": 0.55,
    "bronchiectasis": 0.6,
}


def set_cap(rng: np.random.Generator, chest: Chest, *, family: str | None = None) -> None:
    """Set one bacterial pneumonia into the chest, in place; `family` is drawn where none is named."""
    family = family or str(rng.choice(list(FAMILIES), p=list(FAMILIES.values())))
    side = int(rng.integers(1, 3))
    sides = (side, 3 - side) if rng.random() < BOTH.get(family, 0.32) else (side,)
    for n, lung in enumerate(sides):
        if not (chest.lungs == lung).any():
            continue
        if family == "bronchiolitis":
            bronchiolitis(rng, chest, lung)
        if family == "lobular":
            lobules(rng, chest, lung, clusters=int(rng.integers(1, 5)))
        if family == "basal":
            subpleural(rng, chest, lung)
            continue
        if family == "bronchiectasis":
            wide_bronchi(rng, chest, lung)
        if family in {"lobar", "mixed", "cavity"} and (n == 0 or rng.random() < 0.4):
            segmental(rng, chest, lung, cavity=family == "cavity")
        if family in {"bronchial", "mixed"}:
            patches(rng, chest, lung)
        if family in {"buds", "mixed"} or (family != "lobar" and rng.random() < 0.5):
            buds(rng, chest, lung)
        if family != "lobar" and rng.random() < 0.6:
            thick_bronchi(rng, chest, lung)
    if family in {"lobar", "mixed", "cavity"} and rng.random() < 0.35:
        effusion(rng, chest, side)


def bronchiolitis(rng: np.random.Generator, chest: Chest, lung: int) -> None:
    """Fill a lung's small airways: tree-in-bud in many places, thick and plugged bronchi, some lobules."""
    for _ in range(int(rng.integers(1, 4))):
        buds(rng, chest, lung)
    if rng.random() < 0.8:
        thick_bronchi(rng, chest, lung)
    if rng.random() < 0.6:
        plugs(rng, chest, lung)
    if rng.random() < 0.6:
        lobules(rng, chest, lung, clusters=int(rng.integers(1, 3)))


def segmental(rng: np.random.Generator, chest: Chest, lung: int, *, cavity: bool) -> None:
    """Fill one or two segments with consolidation, bounded by pleura and fissure, air bronchograms within."""
    grid = chest.grid
    here = chest.lungs == lung
    weights = np.where(here, np.exp(rng.uniform(-1, 1.5) * chest.below + rng.uniform(-1, 1.5) * chest.behind), 0)
    seeds = sample_points(rng, weights.astype(np.float32), 9, grid)
    chosen = seeds[0]
    root = hilum(chest, lung)
    z, y, x = (np.arange(n, dtype=np.float32) * np.float32(s) for n, s in zip(grid.shape, grid.spacing, strict=True))
    warp = 9 * chest.rough

    def away(p: np.ndarray) -> Float:
        return np.asarray(
            np.sqrt((z[:, None, None] - p[0]) ** 2 + (y[None, :, None] - p[1]) ** 2 + (x[None, None, :] - p[2]) ** 2)
        )

    own = away(chosen)
    others = np.minimum.reduce([away(s) for s in seeds[1:]])
    margin = others - own + warp + rng.uniform(0, 18)
    index = tuple(
        int(np.clip(round(float(c) / s), 0, n - 1)) for c, s, n in zip(chosen, grid.spacing, grid.shape, strict=True)
    )
    if chest.lobes.any() and rng.random() < 0.8:
        margin = np.where(chest.lobes == chest.lobes[index], margin + 8, np.float32(-40))
    size = rng.uniform(22, 75)
    level = np.minimum(margin, size - own + warp)
    if rng.random() < 0.4:  # pleural-based: thins out toward the hilum
        level = np.minimum(level, away(root) - rng.uniform(15, 45) + warp)
    share = smoothstep(np.asarray(level, np.float32), 0.0, rng.uniform(3, 16)) * here
    texture = rng.uniform(0.0, 0.4)
    share = np.clip(share * (1 + texture * (chest.rough + 0.5 * chest.fine - 0.4)), 0, 1)
    halo = blur(share.astype(np.float32), rng.uniform(3, 9), grid, through=True)
    add_haze(chest, halo * np.float32(rng.uniform(60, 380)) * np.clip(1 + 0.3 * chest.rough, 0.2, 2))
    spare = bronchograms(rng, chest, lung) * np.float32(rng.uniform(0.3, 1.0)) if rng.random() < 0.75 else None
    target = rng.uniform(10, 80) + 8 * chest.rough
    consolidate(chest, share * np.float32(rng.uniform(0.8, 1.0)), target, spare=spare)
    if cavity or rng.random() < 0.06:
        hollow(rng, chest, share)


def subpleural(rng: np.random.Generator, chest: Chest, lung: int) -> None:
    """Set one to three dense patches on the pleura of a lung's base: a pneumonia of few slices."""
    weights = np.where((chest.lungs == lung) & (chest.depth < 12), np.exp(6 * chest.below + 2 * chest.behind), 0)
    solid, haze = np.zeros(chest.grid.shape, np.float32), np.zeros(chest.grid.shape, np.float32)
    for centre in sample_points(rng, weights.astype(np.float32), int(rng.integers(1, 4)), chest.grid):
        size = rng.uniform(9, 24)
        radii = (size * rng.uniform(0.7, 1.3), size * rng.uniform(0.7, 1.2), size * rng.uniform(0.8, 1.4))
        blob(chest, solid, centre, radii, ragged=rng.uniform(0.2, 0.5), soft=0.4, amount=rng.uniform(0.7, 1.0))
        wide = (radii[0] * 1.5, radii[1] * 1.5, radii[2] * 1.5)
        blob(chest, haze, centre, wide, ragged=0.3, soft=0.7, amount=rng.uniform(60, 260))
    add_haze(chest, haze)
    spare = bronchograms(rng, chest, lung) * 0.7 if rng.random() < 0.4 else None
    consolidate(chest, solid, rng.uniform(10, 60), spare=spare)


def hollow(rng: np.random.Generator, chest: Chest, share: Float) -> None:
    """Dig cavities with a wall into a consolidation, some with a fluid level."""
    deep = (share > 0.7) & (chest.depth > 8)
    for centre in sample_points(rng, deep.astype(np.float32), int(rng.integers(1, 4)), chest.grid):
        hole = np.zeros(chest.grid.shape, np.float32)
        r = rng.uniform(6, 20)
        blob(chest, hole, centre, (r * 1.1, r, r), ragged=0.25, soft=0.15, amount=1.0)
        wall = np.zeros(chest.grid.shape, np.float32)
        w = r + rng.uniform(4, 10)
        blob(chest, wall, centre, (w * 1.1, w, w), ragged=0.2, soft=0.2, amount=1.0)
        consolidate(chest, wall, 45.0)
        if rng.random() < 0.4:
            rows = np.arange(chest.grid.shape[1], dtype=np.float32) * np.float32(chest.grid.spacing[1])
            hole = hole * (rows < centre[1] + 0.3 * r)[None, :, None]
        inside = chest.lungs > 0
        chest.hu += np.where(inside, hole * (-930 - chest.hu), 0).astype(np.float32)


def patches(rng: np.random.Generator, chest: Chest, lung: int) -> None:
    """Scatter ragged consolidations along the bronchi: bronchopneumonia."""
    solid = np.zeros(chest.grid.shape, np.float32)
    haze = np.zeros(chest.grid.shape, np.float32)
    focus = sample_points(rng, (chest.lungs == lung).astype(np.float32), 1, chest.grid)[0]
    spread = rng.uniform(25, 70)
    weights = np.where((chest.lungs == lung) & (chest.depth > 3), np.exp(rng.uniform(-0.5, 2) * chest.below), 0).astype(
        np.float32
    )
    points = sample_points(rng, weights, 160, chest.grid)
    points = points[np.linalg.norm(points - focus, axis=1) < spread][: int(rng.integers(5, 32))]
    for centre in points:
        size = float(np.clip(rng.lognormal(2.2, 0.4), 4, 22))
        radii = (size * rng.uniform(0.8, 1.3), size * rng.uniform(0.7, 1.3), size * rng.uniform(0.7, 1.3))
        ragged = rng.uniform(0.25, 0.6)
        blob(chest, solid, centre, radii, ragged=ragged, soft=rng.uniform(0.3, 0.8), amount=rng.uniform(0.5, 1.0))
        wide = tuple(r * rng.uniform(1.2, 1.8) for r in radii)
        blob(chest, haze, centre, (wide[0], wide[1], wide[2]), ragged=ragged, soft=0.8, amount=rng.uniform(80, 300))
    add_haze(chest, haze)
    spare = bronchograms(rng, chest, lung) * 0.8 if rng.random() < 0.5 else None
    consolidate(chest, solid * np.clip(1 + 0.3 * chest.fine, 0.3, 1.2), rng.uniform(0, 60), spare=spare)


def effusion(rng: np.random.Generator, chest: Chest, lung: int) -> None:
    """Lay fluid along the back of one lung, with a strip of collapsed lung before it. It stays lung in the mask."""
    here = chest.lungs == lung
    rows = np.arange(chest.grid.shape[1], dtype=np.float32)[None, :, None]
    last = np.where(here, rows, 0).max(1, keepdims=True).max(2, keepdims=True)
    height = rng.uniform(10, 55) * smoothstep(chest.below + 0 * last, rng.uniform(0.35, 0.65), 0.95)
    columns = np.arange(chest.grid.shape[2], dtype=np.float32)[None, None, :] * np.float32(chest.grid.spacing[2])
    if not here.any():
        return
    centre = float(np.argwhere(here)[:, 2].mean() * chest.grid.spacing[2])
    rise = 1 + ((columns - centre) / 70) ** 2
    level = (rows - last) * np.float32(chest.grid.spacing[1]) + height * rise + noise(rng, chest.grid, 40)
    level = np.where((height > 1) & here, level, np.float32(-99)).astype(np.float32)
    consolidate(chest, smoothstep(level + rng.uniform(2, 14), 0.0, 5.0) * 0.9, 40.0)
    fluid = smoothstep(level, 0.0, 3.0) * here
    chest.hu += fluid * (np.float32(rng.uniform(-2, 25)) - chest.hu)
    np.maximum(chest.lesion, fluid, out=chest.lesion)
