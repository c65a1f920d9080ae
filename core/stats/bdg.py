"""Areas over readers and cases in any design, with U-statistic variances and BDG degrees of freedom.

Gallas 2006; Gallas, Pennello & Myers 2007; Gallas & Brown 2008 (arbitrary designs); Gallas, Bandos, Samuelson & Wagner
2009. Crossed, split-plot and incomplete designs alike: every pair of a positive and a negative case that a reader read
in a treatment counts once, so a reader weighs by the pairs read.
"""

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from core.stats.bdg_moments import ESTIMATORS, SHARES, Estimator, PairSums, moments, pair_sums
from core.stats.designs import design_of
from core.stats.estimate import NO_INFORMATION, Bools, Floats, Interval, StatsError, within
from core.stats.obuchowski_rockette import two_sided

METHODS = {
    "ustat": "BDG, unbiased moments, as iMRMC's U-statistics (Gallas & Brown 2008)",
    "mle": "BDG, moments with repetition, as iMRMC's MLE (Gallas & Brown 2008)",
    "centred": "BDG, unbiased moments of scores less their area: missing reads do not make it negative",
}


@dataclass(frozen=True, slots=True)
class BdgArea:
    """Area of a treatment, or a difference a - b where `b` is named; tests against .5 or 0 by t with `df` as it is.

    se, df, ci and p are None where `reason` says why. `uncut` is the interval before it was cut to the possible range.
    """

    a: str
    b: str | None
    estimate: float
    variance: float | None
    se: float | None
    df: float | None
    ci: Interval | None
    p: float | None
    readers: int
    positives: int
    negatives: int
    reason: str | None = None
    uncut: Interval | None = None


@dataclass(frozen=True, slots=True)
class Bdg:
    """The whole analysis; `readers` holds each reader alone: areas and differences of that reader."""

    estimator: Estimator
    method: str
    n_readers: int
    n_cases: int
    n_positive: int
    n_negative: int
    treatments: tuple[BdgArea, ...]
    differences: tuple[BdgArea, ...]
    readers: tuple[tuple[str, BdgArea], ...]
    design: str
    notes: tuple[str, ...] = ()


def bdg(
    ratings: Floats,
    truth: Bools,
    *,
    estimator: Estimator = "ustat",
    treatment_names: tuple[str, ...] | None = None,
    reader_names: tuple[str, ...] | None = None,
    level: float = 0.95,
) -> Bdg:
    """Compare areas of ratings (t, r, n), NaN where not read, truth (n,) True for positive, in any design.

    `estimator`: "ustat" and "mle" as iMRMC 2.1.2; "centred" subtracts each treatment's area from its scores first,
    which changes nothing where every reader read every case. A negative variance is told, never floored at 0. Raises
    StatsError for a treatment in which nobody read a positive and a negative case.
    """
    if estimator not in ESTIMATORS:
        raise StatsError(f"Choose an estimator of {', '.join(ESTIMATORS)}, not {estimator}.")
    ratings, truth = np.asarray(ratings, np.float64), np.asarray(truth, bool)
    if ratings.ndim != 3 or truth.shape != ratings.shape[2:]:
        raise StatsError("Give ratings as treatments x readers x cases, and one truth a case.")
    t, r, n = ratings.shape
    names = treatment_names or tuple(str(i + 1) for i in range(t))
    people = reader_names or tuple(str(j + 1) for j in range(r))
    areas = _areas(ratings, truth, names)
    sums = pair_sums(ratings, truth)
    everybody = list(range(r))
    rows, differences = _analysed(areas, sums, everybody, ratings, truth, names, estimator=estimator, level=level)
    single = []
    for j, name in enumerate(people) if r > 1 else ():
        pairs = sums.read1[:, j].sum(axis=1) * sums.read0[:, j].sum(axis=1)
        able = np.flatnonzero(pairs)
        own = np.zeros(t)
        own[able] = sums.rows[able, j].sum(axis=1) / pairs[able]
        found = _analysed(own, sums, [j], ratings, truth, names, estimator=estimator, level=level, able=able.tolist())
        single += [(name, row) for part in found for row in part]
    variance_negative = any(row.variance is not None and row.variance < -1e-15 for row in (*rows, *differences))
    missing = int(np.isnan(ratings).sum())
    notes = []
    if missing:
        notes.append(f"{missing} of {ratings.size} readings are missing; a reader weighs by the pairs of cases read.")
    if variance_negative:
        notes.append("A variance is negative, as unbiased moments can be; the estimator centred keeps it above 0.")
    return Bdg(
        estimator, METHODS[estimator], r, n, int(truth.sum()), int((~truth).sum()), rows, differences, tuple(single),
        design_of(~np.isnan(ratings)), tuple(notes),
    )  # fmt: skip


def _analysed(
    areas: Floats, sums: PairSums, who: list[int], ratings: Floats, truth: Bools, names: tuple[str, ...], *,
    estimator: Estimator, level: float, able: list[int] | None = None,
) -> tuple[tuple[BdgArea, ...], tuple[BdgArea, ...]]:  # fmt: skip
    """Areas and differences of the readers `who`, of the treatments `able` (all where None)."""
    used = list(range(len(names))) if able is None else able
    centre = areas if estimator == "centred" else np.zeros(len(areas))
    found = {(i, k): moments(sums, i, k, who, centre) for i in used for k in used if i <= k}
    dfs = {i: {what: _whole_df(found[i, i].of(what)) for what in SHARES} for i in used}
    own = {i: found[i, i].covariance(estimator) for i in used}
    rows, differences = [], []
    for i in used:
        parts = {what: found[i, i].part(what) for what in SHARES}
        sizes = _sizes(ratings[[i]][:, who], truth)
        rows.append(_row(names[i], None, float(areas[i]), own[i], _df(own[i], parts, dfs[i]), sizes, level=level))
    for i, k in combinations(used, 2):
        variance = own[i] + own[k] - 2 * found[i, k].covariance(estimator)
        parts = {w: found[i, i].part(w) + found[k, k].part(w) - 2 * found[i, k].part(w) for w in SHARES}
        df = _df(variance, parts, {what: min(dfs[i][what], dfs[k][what]) for what in SHARES})
        sizes = _sizes(ratings[[i, k]][:, who], truth)
        differences.append(_row(names[i], names[k], float(areas[i] - areas[k]), variance, df, sizes, level=level))
    return tuple(rows), tuple(differences)


def _areas(ratings: Floats, truth: Bools, names: tuple[str, ...]) -> Floats:
    """Area of each treatment over all pairs that its readers read."""
    found = []
    for rating, name in zip(ratings, names, strict=True):
        total = pairs = 0.0
        for one in rating:
            x, y = one[truth & ~np.isnan(one)], np.sort(one[~truth & ~np.isnan(one)])
            total += float((y.searchsorted(x, "left") + y.searchsorted(x, "right")).sum()) / 2
            pairs += x.size * y.size
        if not pairs:
            raise StatsError(f"Treatment {name}: no reader read both a positive and a negative case; there is no area.")
        found.append(total / pairs)
    return np.array(found)


def _sizes(ratings: Floats, truth: Bools) -> tuple[int, int, int]:
    """How many readers, positive and negative cases take part in ratings (t, r, n)."""
    read: Bools = np.asarray((~np.isnan(ratings)).any(axis=0))
    return int(read.any(axis=1).sum()), int(read[:, truth].any(axis=0).sum()), int(read[:, ~truth].any(axis=0).sum())


def _whole_df(share: float) -> int:
    """Degrees of freedom of readers or cases: 1/share - 1, rounded, halves to even."""
    return round(1 / share - 1) if share > 0 else 0


def _df(variance: float, parts: dict[str, float], whole: dict[str, int]) -> float | None:
    """Satterthwaite's degrees of freedom; None for a variance that is not positive. One reader or case has no part."""
    used = [what for what in parts if whole[what] > 0]
    below = sum(parts[what] ** 2 / whole[what] ** 3 for what in used)
    if not variance > 0 or not used:
        return None
    return max(variance**2 / below if below > 0 else math.inf, float(min(whole[what] for what in used)))


def _row(
    a: str, b: str | None, estimate: float, variance: float, df: float | None, sizes: tuple[int, int, int], *,
    level: float,
) -> BdgArea:  # fmt: skip
    if math.isnan(variance):
        reason = "a variance needs two positive and two negative cases"
        return BdgArea(a, b, estimate, None, None, None, None, None, *sizes, reason)
    if variance <= 1e-15:
        reason = f"its estimated variance is negative ({variance:.3g}): it has no standard error, interval or test"
        reason = reason if variance < -1e-15 else "its estimated variance is 0"
        return BdgArea(a, b, estimate, variance, None, None, None, None, *sizes, reason)
    se = math.sqrt(variance)
    null = 0.5 if b is None else 0.0
    whole, p = two_sided(estimate - null, se, df, level=level)
    ci, uncut = within((whole[0] + null, whole[1] + null), (0.0, 1.0) if b is None else (-1.0, 1.0))
    return BdgArea(a, b, estimate, variance, se, df, ci, p, *sizes, None if ci else NO_INFORMATION, uncut)
