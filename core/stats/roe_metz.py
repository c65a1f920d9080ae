"""Simulated reader studies (Roe & Metz 1997), and the size and power of the analyses by simulation."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.stats.estimate import Bools, Estimate, Floats, StatsError
from core.stats.intervals import proportion


@dataclass(frozen=True, slots=True)
class Variances:
    """Variance components of the decision variable (binormal, per truth state): reader, treatment x reader, case,
    treatment x case, reader x case, and the rest; the last four add up to 1.
    """

    reader: float
    treatment_reader: float
    case: float
    treatment_case: float
    reader_case: float
    rest: float


# Roe & Metz 1997, table 1: (high or low correlation of data) x (low or high variation of readers), at an area of .855
STRUCTURES = {
    "HL": Variances(0.0055, 0.0055, 0.3, 0.3, 0.2, 0.2),
    "LL": Variances(0.0055, 0.0055, 0.1, 0.1, 0.2, 0.6),
    "HH": Variances(0.030, 0.030, 0.3, 0.3, 0.2, 0.2),
    "LH": Variances(0.030, 0.030, 0.1, 0.1, 0.2, 0.6),
}


@dataclass(frozen=True, slots=True)
class Simulated:
    """Ratings (t, r, n), truth (n,) with the positive cases last, and the expected area of each treatment (t,)."""

    ratings: Floats
    truth: Bools
    areas: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Rejections:
    """How often a test rejected at alpha, with Wilson's interval; `failed` studies gave no p-value and count as not."""

    rate: Estimate
    repeats: int
    failed: int
    alpha: float
    seed: int


def separation(area: float, variances: Variances) -> float:
    """Mean shift of positive cases that gives an expected area: sqrt(2 (total variance)) times its normal quantile.

    Raises StatsError for an area outside (0, 1).
    """
    from scipy.special import ndtri

    if not 0 < area < 1:
        raise StatsError("An expected area must lie between 0 and 1.")
    v = variances
    total = v.reader + v.treatment_reader + v.case + v.treatment_case + v.reader_case + v.rest
    return float(ndtri(area)) * math.sqrt(2 * total)


def simulate(
    *,
    areas: tuple[float, ...],
    readers: int,
    positives: int,
    negatives: int,
    variances: Variances = STRUCTURES["HL"],
    levels: int | None = None,
    seed: int | np.random.Generator,
) -> Simulated:
    """One study of len(areas) treatments by the model of Roe & Metz 1997; seeded.

    Ratings are continuous, or whole numbers from 1 to `levels` cut at equal shares of all ratings. Raises StatsError
    for impossible numbers.
    """
    if readers < 1 or positives < 1 or negatives < 1 or not areas or (levels is not None and levels < 2):
        raise StatsError("Simulate at least one treatment, reader, positive and negative case, and two rating levels.")
    if min(vars_of(variances)) < 0:
        raise StatsError("Variance components must be 0 or more.")
    refuse_negative_seed(seed)
    rng = np.random.default_rng(seed)
    t, r = len(areas), readers
    v = variances
    parts = []
    for n, shifts in ((negatives, np.zeros(t)), (positives, np.array([separation(a, v) for a in areas]))):
        x = np.broadcast_to(shifts[:, None, None], (t, r, n)).copy()
        x += rng.normal(0, math.sqrt(v.reader), (1, r, 1)) + rng.normal(0, math.sqrt(v.treatment_reader), (t, r, 1))
        x += rng.normal(0, math.sqrt(v.case), (1, 1, n)) + rng.normal(0, math.sqrt(v.treatment_case), (t, 1, n))
        x += rng.normal(0, math.sqrt(v.reader_case), (1, r, n)) + rng.normal(0, math.sqrt(v.rest), (t, r, n))
        parts.append(x)
    ratings = np.concatenate(parts, axis=2)
    if levels is not None:
        cuts = np.quantile(ratings, np.arange(1, levels) / levels)
        ratings = 1.0 + np.searchsorted(cuts, ratings).astype(np.float64)
    truth = np.repeat([False, True], [negatives, positives])
    return Simulated(ratings, truth, tuple(areas))


def refuse_negative_seed(seed: int | np.random.Generator) -> None:
    """Raise StatsError for a seed below 0."""
    if isinstance(seed, int) and seed < 0:
        raise StatsError("A seed is a whole number of 0 or more.")


def vars_of(variances: Variances) -> tuple[float, ...]:
    """The six components as a tuple."""
    v = variances
    return (v.reader, v.treatment_reader, v.case, v.treatment_case, v.reader_case, v.rest)


def rejection_rate(
    p_value: Callable[[np.random.Generator], float | None], *, repeats: int, alpha: float = 0.05, seed: int
) -> Rejections:
    """Share of simulated studies whose p is at most alpha: the size of a test, or its power.

    `p_value(rng)` simulates one study and returns its p-value, or None where there is none. Raises StatsError without
    repeats.
    """
    if repeats < 1:
        raise StatsError("Simulate at least one study.")
    if not 0 < alpha < 1:
        raise StatsError("Alpha must lie between 0 and 1.")
    refuse_negative_seed(seed)
    rng = np.random.default_rng(seed)
    found = [p_value(rng) for _ in range(repeats)]
    rejected = sum(p is not None and p <= alpha for p in found)
    return Rejections(proportion(rejected, repeats, what="studies"), repeats, found.count(None), alpha, seed)
