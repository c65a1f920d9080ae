"""Lesion families and ranges kept from training: cohorts are made of these, not of the shapes trained on."""

import numpy as np

from core.training.procedural.airways import bronchograms
from core.training.procedural.cap import effusion
from core.training.procedural.fields import blur, noise, smoothstep
from core.training.procedural.lesions import Chest, add_haze, blob, consolidate
from core.training.procedural.trees import sample_points, splat

FAMILIES = {"covid": ("atoll", "wedge", "veil"), "cap": ("round", "lower", "miliary")}


def set_unseen(rng: np.random.Generator, chest: Chest, label: str) -> None:
    """Set a pneumonia of class `label` ("cap", "covid"; nothing for normal) of a family not trained on, in place."""
    if label not in FAMILIES:
        return
    family = str(rng.choice(FAMILIES[label]))
    if label == "covid":
        {"atoll": atolls, "wedge": wedges, "veil": veil}[family](rng, chest)
    else:
        {"round": round_pneumonia, "lower": lower_lobe, "miliary": coarse_nodules}[family](rng, chest)


def atolls(rng: np.random.Generator, chest: Chest) -> None:
    """Ground glass ringed by denser tissue (reversed halo), at the periphery of both lungs."""
    weights = np.where(chest.lungs > 0, np.exp(-chest.depth / 14 + chest.behind), 0).astype(np.float32)
    haze, ring = np.zeros(chest.grid.shape, np.float32), np.zeros(chest.grid.shape, np.float32)
    for centre in sample_points(rng, weights, int(rng.integers(6, 18)), chest.grid):
        r = rng.uniform(10, 24)
        inner, outer = np.zeros_like(haze), np.zeros_like(haze)
        blob(chest, outer, centre, (r, r, r), ragged=0.15, soft=0.15, amount=1.0)
        blob(chest, inner, centre, (r - 4, r - 4, r - 4), ragged=0.15, soft=0.2, amount=1.0)
        np.maximum(haze, outer * np.float32(rng.uniform(160, 330)), out=haze)
        np.maximum(ring, np.clip(outer - inner, 0, 1) * np.float32(rng.uniform(0.3, 0.6)), out=ring)
    add_haze(chest, haze)
    consolidate(chest, ring, -40.0)


def wedges(rng: np.random.Generator, chest: Chest) -> None:
    """Ground glass wedges that stand on the pleura, many and small, in both lungs."""
    weights = np.where((chest.lungs > 0) & (chest.depth < 9), 0.4 + chest.below + chest.behind, 0).astype(np.float32)
    haze = np.zeros(chest.grid.shape, np.float32)
    for centre in sample_points(rng, weights, int(rng.integers(18, 45)), chest.grid):
        long, thick = rng.uniform(14, 30), rng.uniform(7, 15)
        amount = rng.uniform(200, 380)
        blob(chest, haze, centre, (thick, long, thick), ragged=0.3, soft=0.35, amount=amount, reach_mm=22.0)
    add_haze(chest, haze * np.clip(1 + 0.2 * chest.fine, 0.4, 1.6))


def veil(rng: np.random.Generator, chest: Chest) -> None:
    """One mild veil over the back half of both lungs, patchy, without consolidation."""
    patch = smoothstep(noise(rng, chest.grid, 32) + 1.6 * chest.behind - rng.uniform(0.6, 1.2), 0.0, 0.9)
    add_haze(chest, patch * np.float32(rng.uniform(180, 300)) * np.clip(1 + 0.2 * chest.rough, 0.3, 1.8))


def round_pneumonia(rng: np.random.Generator, chest: Chest) -> None:
    """One or two ball-like consolidations with bronchograms in one lung."""
    lung = int(rng.integers(1, 3))
    weights = ((chest.lungs == lung) & (chest.depth > 6)).astype(np.float32)
    solid = np.zeros(chest.grid.shape, np.float32)
    for centre in sample_points(rng, weights, int(rng.integers(1, 3)), chest.grid):
        r = rng.uniform(22, 42)
        blob(chest, solid, centre, (r, r, r), ragged=0.2, soft=0.2, amount=0.95)
    add_haze(chest, blur(solid, 6.0, chest.grid, through=True) * np.float32(rng.uniform(100, 260)))
    consolidate(chest, solid, rng.uniform(20, 60), spare=bronchograms(rng, chest, lung) * 0.7)


def lower_lobe(rng: np.random.Generator, chest: Chest) -> None:
    """A whole lung base consolidated from the back up to a level, with fluid behind it."""
    lung = int(rng.integers(1, 3))
    rows = np.where(chest.lungs == lung, chest.behind, 0)
    level = rows + 0.6 * chest.below + 0.12 * chest.rough - rng.uniform(1.0, 1.15)
    solid = smoothstep(level, 0.0, 0.12) * (chest.lungs == lung)
    consolidate(chest, solid * 0.95, rng.uniform(20, 60), spare=bronchograms(rng, chest, lung) * 0.8)
    if rng.random() < 0.5:
        effusion(rng, chest, lung)


def coarse_nodules(rng: np.random.Generator, chest: Chest) -> None:
    """Ill-defined coarse nodules around the airways of one lung, running together."""
    lung = int(rng.integers(1, 3))
    weights = np.where((chest.lungs == lung) & (chest.depth > 5), 0.2 + chest.below, 0).astype(np.float32)
    points = sample_points(rng, weights, int(rng.integers(120, 260)), chest.grid)
    drawn = np.zeros(chest.grid.shape, np.float32)
    splat(drawn, points, rng.uniform(2.5, 5.0, len(points)).astype(np.float32), chest.grid)
    consolidate(chest, blur(drawn, 1.2, chest.grid) * 0.8, rng.uniform(-20, 40))
