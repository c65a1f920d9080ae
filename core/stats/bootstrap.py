"""Two-way stratified bootstrap over readers and cases: a second opinion beside the analyses of variance."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.stats.estimate import Floats, Interval, StatsError

Indices = NDArray[np.int64]
LEAST = 100  # resamples of a percentile interval


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """Percentile interval of a statistic. `used` counts the resamples in which the statistic existed, of `repeats`."""

    estimate: float
    se: float
    ci: Interval
    repeats: int
    used: int
    seed: int
    method: str = "two-way bootstrap, stratified by group and truth, percentile; secondary analysis"


def check_bootstrap(repeats: int, seed: int) -> None:
    """Raise StatsError for 1 to 99 resamples, fewer than none, or a negative seed."""
    if repeats < 0 or 0 < repeats < LEAST:
        raise StatsError(f"A percentile interval needs at least {LEAST} resamples; give so many, or 0 for none.")
    if seed < 0:
        raise StatsError("A seed is a whole number of 0 or more.")


def two_way_bootstrap(
    statistic: Callable[[Indices, Indices], float],
    *,
    reader_strata: NDArray[np.generic],
    case_strata: NDArray[np.generic],
    repeats: int = 2000,
    seed: int,
    level: float = 0.95,
) -> Bootstrap:
    """Resample readers (r,) within their groups and cases (n,) within their truth, both at once (Davison & Hinkley
    1997).

    `statistic(reader_indices, case_indices)` gets indices with repetition and returns a number, or NaN where it does
    not exist in that resample. Raises StatsError for fewer than three readers, for fewer than 100 repeats, or where the
    statistic exists in fewer than nine resamples of ten.
    """
    readers, cases = np.asarray(reader_strata), np.asarray(case_strata)
    if readers.size < 3:
        raise StatsError(f"{readers.size} readers are too few to resample; report fixed-reader intervals instead.")
    check_bootstrap(repeats, seed)
    whole = float(statistic(np.arange(readers.size), np.arange(cases.size)))
    if not np.isfinite(whole):
        raise StatsError("The statistic does not exist for the data as they are; there is nothing to resample.")
    rng = np.random.default_rng(seed)
    strata = [[np.flatnonzero(axis == level_) for level_ in np.unique(axis)] for axis in (readers, cases)]

    def drawn(parts: list[Indices]) -> Indices:
        return np.concatenate([rng.choice(part, part.size) for part in parts])

    values: Floats = np.array([statistic(drawn(strata[0]), drawn(strata[1])) for _ in range(repeats)])
    known = values[np.isfinite(values)]
    if known.size < 0.9 * repeats:
        raise StatsError(f"The statistic exists in only {known.size} of {repeats} resamples; there are too few cases.")
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return Bootstrap(whole, float(known.std(ddof=1)), (float(low), float(high)), repeats, int(known.size), seed)
