"""Several regions or lesions of one patient: areas and proportions whose cases come in clusters.

Obuchowski 1997 (Biometrics 53:567) for areas, Rao & Scott 1992 for proportions, and a bootstrap of whole clusters.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from core.stats.auc_covariance import placements
from core.stats.bootstrap import check_bootstrap
from core.stats.estimate import Bools, Floats, Interval, Ints, StatsError


@dataclass(frozen=True, slots=True)
class ClusteredAreas:
    """Areas (m,) and covariance (m, m); its parts S10, S01 and S11 (m, m): A of the row, B of the column."""

    areas: Floats
    cov: Floats
    s10: Floats
    s01: Floats
    s11: Floats


@dataclass(frozen=True, slots=True)
class ClusterBootstrap:
    """A contrast of figures by resampling clusters: percentile interval; `used` resamples in which it existed.

    `b` is None where it is the mean of `a` and no difference.
    """

    a: str
    b: str | None
    estimate: float
    se: float
    ci: Interval
    repeats: int
    used: int
    seed: int
    method: str = "bootstrap of clusters, percentile"


def sums_by_cluster(values: Floats, clusters: Ints, size: int) -> Floats:
    """Sums (m, I) of values (m, n) over the cases of each cluster."""
    return np.stack([np.bincount(clusters, row, minlength=size) for row in values])


def clustered_areas(scores: Floats, truth: Bools, clusters: Ints) -> ClusteredAreas:
    """Areas of scores (m, n), NaN where not read, truth (n,), cluster of each case (n,), with Obuchowski's covariance.

    With one case a cluster it is DeLong's. Raises StatsError below two clusters with a positive or a negative case.
    """
    areas, v10, v01 = placements(scores, truth)
    size = int(clusters.max()) + 1 if clusters.size else 0
    read = ~np.isnan(scores)
    a = sums_by_cluster(v10, clusters[truth], size)  # deviations from the area, so that sums are those of A_i
    b = sums_by_cluster(v01, clusters[~truth], size)
    positives = sums_by_cluster((read[:, truth]).astype(np.float64), clusters[truth], size)
    negatives = sums_by_cluster((read[:, ~truth]).astype(np.float64), clusters[~truth], size)
    for kind, counts in (("positive", positives), ("negative", negatives)):
        if (counts > 0).sum(axis=1).min() < 2:
            raise StatsError(f"A covariance over clusters needs two clusters with a {kind} case that each reader read.")
    number = positives.sum(axis=1), negatives.sum(axis=1)  # M and N of each cell
    s10 = _scaled(a, a, positives > 0, positives > 0) / number[0][:, None]
    s01 = _scaled(b, b, negatives > 0, negatives > 0) / number[1][:, None]
    any_read = (positives + negatives) > 0
    s11 = _scaled(a, b, any_read, any_read)
    cov = s10 / number[0] + s01 / number[1]
    crossed = s11 / np.outer(number[0], number[1])
    return ClusteredAreas(areas, cov + crossed + crossed.T, s10, s01, s11)


def _scaled(a: Floats, b: Floats, has_a: Bools, has_b: Bools) -> Floats:
    """I / (I - 1) times the sums of products over clusters, I the clusters that both have; 0 for fewer than two."""
    number = has_a.astype(np.float64) @ has_b.T.astype(np.float64)
    return np.asarray(np.where(number > 1, number / np.maximum(number - 1, 1.0), 0.0) * (a @ b.T))


def clustered_proportions(correct: Floats, clusters: Ints) -> tuple[Floats, Floats]:
    """Shares (m,) of correct (m, n) of 0, 1 and NaN, and their covariance (m, m) as ratios of sums over clusters.

    Rao & Scott 1992: I / (I - 1) sum of products of residuals of clusters / (n_a n_b). Raises StatsError below two
    clusters.
    """
    read = ~np.isnan(correct)
    n = read.sum(axis=1).astype(np.float64)
    theta = np.where(read, correct, 0.0).sum(axis=1) / n
    size = int(clusters.max()) + 1
    residual = sums_by_cluster(np.where(read, correct - theta[:, None], 0.0), clusters, size)
    has = sums_by_cluster(read.astype(np.float64), clusters, size) > 0
    if has.sum(axis=1).min() < 2:
        raise StatsError("A covariance over clusters needs two clusters that each reader read.")
    return theta, _scaled(residual, residual, has, has) / np.outer(n, n)


def weighted_areas(codes: list[Ints], read: Bools, truth: Bools, weights: Floats) -> Floats:
    """Areas (m,) with cases counted `weights` (n,) times; `codes` number the distinct scores of each cell in order."""
    found = np.full(len(codes), np.nan)
    for i, code in enumerate(codes):
        top = int(code.max()) + 1
        one = np.bincount(code, weights * (truth & read[i]), minlength=top)
        other = np.bincount(code, weights * (~truth & read[i]), minlength=top)
        total = float(one.sum() * other.sum())
        if total > 0:
            found[i] = float(one @ (np.cumsum(other) - other / 2)) / total
    return found


def cluster_bootstrap(
    scores: Floats,
    truth: Bools,
    clusters: Ints,
    contrasts: Mapping[tuple[str, str | None], Floats],
    *,
    areas: bool,
    repeats: int,
    seed: int,
    level: float = 0.95,
) -> tuple[ClusterBootstrap, ...]:
    """Contrasts, weights (m,) by name, of areas of scores (m, n) - or of shares of correct reads where not `areas`.

    Whole clusters are drawn with repetition. Raises StatsError for too few repeats, a negative seed, or where a
    contrast exists in fewer than nine resamples of ten.
    """
    read = ~np.isnan(scores)
    codes = [
        np.unique(np.where(r, s, -np.inf), return_inverse=True)[1].ravel() for s, r in zip(scores, read, strict=True)
    ]
    right, some = np.where(read, scores, 0.0), read.astype(np.float64)

    def figures(weights: Floats) -> Floats:
        if areas:
            return weighted_areas(codes, read, truth, weights)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray((right @ weights) / (some @ weights))

    return resampled(
        lambda times: figures(times.astype(np.float64)[clusters]), clusters, contrasts, repeats=repeats, seed=seed,
        level=level,
    )  # fmt: skip


def resampled(
    figures: Callable[[Ints], Floats],
    clusters: Ints,
    contrasts: Mapping[tuple[str, str | None], Floats],
    *,
    repeats: int,
    seed: int,
    level: float = 0.95,
) -> tuple[ClusterBootstrap, ...]:
    """Contrasts of `figures` (m,) by resampling the clusters (n,) of cases; `figures` gets how often each is drawn.

    Raises StatsError for too few repeats, a negative seed, or where a contrast exists in fewer than nine resamples of
    ten.
    """
    check_bootstrap(repeats, seed)
    rng, present, size = np.random.default_rng(seed), np.unique(clusters), int(clusters.max()) + 1
    values = np.array([
        figures(np.bincount(rng.choice(present, present.size), minlength=size)) for _ in range(repeats)
    ])  # fmt: skip
    once = np.zeros(size, np.int64)
    once[present] = 1
    whole = figures(once)
    found = []
    for (a, b), weights in contrasts.items():
        kept = values @ weights
        kept = kept[np.isfinite(kept)]
        if kept.size < 0.9 * repeats:
            raise StatsError(f"A figure exists in only {kept.size} of {repeats} resamples; there are too few clusters.")
        low, high = np.quantile(kept, [(1 - level) / 2, (1 + level) / 2])
        found.append(ClusterBootstrap(a, b, float(whole @ weights), float(kept.std(ddof=1)), (float(low), float(high)),
                                      repeats, int(kept.size), seed))  # fmt: skip
    return tuple(found)


def treatment_contrasts(names: tuple[str, ...], r: int) -> dict[tuple[str, str | None], Floats]:
    """Weights (t r,) of the differences of treatments, mean over r readers; of one treatment, of its mean."""
    t = len(names)
    if t == 1:
        return {(names[0], None): np.full(r, 1 / r)}
    contrasts: dict[tuple[str, str | None], Floats] = {}
    for i, k in combinations(range(t), 2):
        weights = np.zeros((t, r))
        weights[i], weights[k] = 1 / r, -1 / r
        contrasts[names[i], names[k]] = weights.ravel()
    return contrasts


def treatment_bootstrap(
    ratings: Floats,
    truth: Bools,
    clusters: Ints,
    *,
    metric: str,
    threshold: float | None,
    names: tuple[str, ...],
    repeats: int,
    seed: int,
) -> tuple[ClusterBootstrap, ...]:
    """Differences of treatments, mean over readers, of ratings (t, r, n) by bootstrap of clusters; metrics of `mrmc`.

    Raises StatsError where a threshold is missing or a reader lacks cases.
    """
    t, r, n = ratings.shape
    contrasts = treatment_contrasts(names, r)
    return _of_metric(ratings.reshape(t * r, n), truth, clusters, contrasts, metric, threshold, repeats, seed)


def ai_bootstrap(
    ai: Floats,
    readers: Floats,
    truth: Bools,
    clusters: Ints,
    *,
    metric: str,
    threshold: float | None,
    repeats: int,
    seed: int,
) -> tuple[ClusterBootstrap, ...]:
    """The AI (n,) minus the mean of the readers (K, n) by bootstrap of clusters; these readers only."""
    weights = np.array([1.0, *[-1 / len(readers)] * len(readers)])
    return _of_metric(np.vstack([ai, readers]), truth, clusters, {("AI", "readers"): weights}, metric, threshold,
                      repeats, seed)  # fmt: skip


def _of_metric(
    scores: Floats, truth: Bools, clusters: Ints, contrasts: Mapping[tuple[str, str | None], Floats], metric: str,
    threshold: float | None, repeats: int, seed: int,
) -> tuple[ClusterBootstrap, ...]:  # fmt: skip
    counted = {"sensitivity": truth, "specificity": ~truth}.get(metric, np.ones(truth.size, bool))
    if metric != "auc":
        if threshold is None:
            raise StatsError(f"{metric.capitalize()} needs a threshold: a case is called positive at rating >= it.")
        scores = np.where(np.isnan(scores), np.nan, ((scores >= threshold) == truth).astype(np.float64))
    return cluster_bootstrap(scores[:, counted], truth[counted], clusters[counted], contrasts, areas=metric == "auc",
                             repeats=repeats, seed=seed)  # fmt: skip
