"""Agreement of measurements and ordered ratings: Bland-Altman, intraclass correlations, weighted kappas of pairs."""

import math
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from core.stats.agreement import cohen_kappa
from core.stats.columns import Rows, natural, numbers_of, places, refuse_twice, require
from core.stats.estimate import NO_INFORMATION, Estimate, Floats, Interval, Ints, StatsError, within
from core.stats.ids import refuse_lookalikes, within_clusters

MOST_LEVELS = 20  # of ordered ratings; more are measurements


@dataclass(frozen=True, slots=True)
class Limits:
    """Bland-Altman's bias a - b and limits of agreement, each with its 95 % interval, over n cases."""

    a: str
    b: str
    n: int
    bias: Estimate
    lower: Estimate
    upper: Estimate
    repeats: bool  # whether readers measured cases more than once


@dataclass(frozen=True, slots=True)
class Measured:
    """Agreement of readers who measured the same cases; kappas are None where values are no ordered ratings."""

    readers: tuple[str, ...]
    n: int
    icc_agreement: Estimate  # ICC(2,1): two-way random, absolute agreement
    icc_consistency: Estimate  # ICC(3,1): two-way mixed, consistency
    within_readers: tuple[tuple[str, Estimate], ...]  # repeatability coefficient of each reader who measured twice
    limits: tuple[Limits, ...]
    kappas: tuple[tuple[str, str, Estimate], ...] | None


def measured(values: Floats, readers: tuple[str, ...], *, weights: str = "quadratic") -> Measured:
    """Agreement of values (r, n, k): r readers, n cases, k repeats, NaN where not measured.

    The correlations use the readers' mean of a case, on cases every reader measured. Raises StatsError below two
    readers.
    """
    if len(readers) < 2:
        raise StatsError("Agreement needs two readers or more.")
    known = ~np.isnan(values)
    number = known.sum(axis=2)
    means = np.where(number > 0, np.where(known, values, 0.0).sum(axis=2) / np.maximum(number, 1), np.nan)
    whole = ~np.isnan(means).any(axis=0)
    agreement, consistency = icc(means[:, whole])
    limits = tuple(
        bland_altman(values[i], values[j], readers[i], readers[j]) for i, j in combinations(range(len(readers)), 2)
    )
    once = values[:, :, 0]
    levels = np.unique(once[~np.isnan(once)])
    kappas = None
    if levels.size <= MOST_LEVELS and (levels == np.round(levels)).all():
        kappas = tuple(
            (readers[i], readers[j], _weighted(once[i], once[j], levels, weights))
            for i, j in combinations(range(len(readers)), 2)
        )
    repeatability = tuple((name, _repeatability(own)) for name, own in zip(readers, values, strict=True))
    return Measured(readers, int(whole.sum()), agreement, consistency, repeatability, limits, kappas)


def icc(values: Floats) -> tuple[Estimate, Estimate]:
    """ICC(2,1) and ICC(3,1) of values (r, n) by Shrout & Fleiss 1979, intervals by McGraw & Wong 1996."""
    from scipy.stats import f

    k, n = values.shape
    names = "ICC(2,1), two-way random, absolute agreement", "ICC(3,1), two-way mixed, consistency"
    if n < 2:
        why = "needs two cases that every reader measured"
        return Estimate(None, n=n, method=names[0], reason=why), Estimate(None, n=n, method=names[1], reason=why)
    grand = values.mean()
    rows = k * float(((values.mean(axis=0) - grand) ** 2).sum()) / (n - 1)
    columns = n * float(((values.mean(axis=1) - grand) ** 2).sum()) / (k - 1)
    rest = values - values.mean(axis=0) - values.mean(axis=1, keepdims=True) + grand
    error = float((rest**2).sum()) / ((n - 1) * (k - 1))
    scale = max(rows, columns, 1e-300)
    if rows + columns + error <= 1e-20 or rows <= 1e-12 * scale:
        why = "cases do not differ: there is nothing to correlate"
        return Estimate(None, n=n, method=names[0], reason=why), Estimate(None, n=n, method=names[1], reason=why)
    two = (rows - error) / (rows + (k - 1) * error + k * (columns - error) / n)
    three = (rows - error) / (rows + (k - 1) * error)
    if error <= 1e-12 * rows:
        why = "the readers differ by a constant only: no variance is left for an interval"
        return Estimate(two, None, None, n, names[0], why), Estimate(three, None, None, n, names[1], why)
    df, ratio = (n - 1) * (k - 1), rows / error
    low, high = ratio / f.ppf(0.975, n - 1, df), ratio * f.ppf(0.975, df, n - 1)
    of_three = (float((low - 1) / (low + k - 1)), float((high - 1) / (high + k - 1)))
    a, b = k * two / (n * (1 - two)), 1 + k * two * (n - 1) / (n * (1 - two))
    v = (a * columns + b * error) ** 2 / ((a * columns) ** 2 / (k - 1) + (b * error) ** 2 / df)
    upper, lower = f.ppf(0.975, n - 1, v), f.ppf(0.975, v, n - 1)
    free = k * columns + (k * n - k - n) * error
    of_two = (
        float(n * (rows - upper * error) / (upper * free + n * rows)),
        float(n * (lower * rows - error) / (free + n * lower * rows)),
    )
    return _icc(two, of_two, n, names[0], k), _icc(three, of_three, n, names[1], k)


def _icc(value: float, ends: Interval, n: int, name: str, k: int) -> Estimate:
    if not -1 <= value <= 1:
        return Estimate(None, n=n, method=name, reason="too few cases: the estimate lies beyond -1 to 1")
    ci = within(ends, (-1.0, 1.0))[0] if all(map(math.isfinite, ends)) else None
    if ci is not None and not ci[0] <= value <= ci[1]:
        ci = None
    return Estimate(value, None, ci, n, f"{name}, {k} readers", None if ci else NO_INFORMATION)


def bland_altman(a: Floats, b: Floats, name_a: str, name_b: str) -> Limits:
    """Bias and limits of agreement of a - b, values (n, k): repeats k, NaN where not measured.

    Bland & Altman 1986; with repeats their method of 1999 for means, corrected by the variances within readers. The
    intervals of the limits are by sqrt(3 / n). Limits need three cases.
    """
    mean_a, within_a, count_a = _by_case(a)
    mean_b, within_b, count_b = _by_case(b)
    both = ~np.isnan(mean_a) & ~np.isnan(mean_b)
    n, method = int(both.sum()), "Bland & Altman"
    repeats = bool((count_a[both] > 1).any() or (count_b[both] > 1).any())
    if n < 3:
        nothing = Estimate(None, n=n, method=method, reason="limits of agreement need three cases that both measured")
        return Limits(name_a, name_b, n, nothing, nothing, nothing, repeats)
    from scipy.special import stdtrit

    gap = (mean_a - mean_b)[both]
    variance = float(gap.var(ddof=1))
    if repeats:
        shares = (1 - (1 / count_a[both]).mean()) * within_a, (1 - (1 / count_b[both]).mean()) * within_b
        variance += float(shares[0] + shares[1])
        method = "Bland & Altman 1999, repeated measurements"
    bias, t = float(gap.mean()), float(stdtrit(n - 1, 0.975))
    own, spread = math.sqrt(float(gap.var(ddof=1)) / n), math.sqrt(variance)
    edge = math.sqrt(3 * variance / n)
    why = "the differences do not vary: there is no interval" if spread <= 1e-12 else None

    def shown(value: float, se: float) -> Estimate:
        return Estimate(value, se or None, None if why else (value - t * se, value + t * se), n, method, why)

    return Limits(
        name_a, name_b, n, shown(bias, own), shown(bias - 1.959963984540054 * spread, edge),
        shown(bias + 1.959963984540054 * spread, edge), repeats,
    )  # fmt: skip


def _by_case(values: Floats) -> tuple[Floats, float, Floats]:
    """Means of cases (n,), the pooled variance of repeats within cases, and how many there were (n,)."""
    known = ~np.isnan(values)
    number = known.sum(axis=1).astype(np.float64)
    mean = np.where(number > 0, np.where(known, values, 0.0).sum(axis=1) / np.maximum(number, 1.0), np.nan)
    gaps = np.where(known, values - mean[:, None], 0.0)
    df = float(np.maximum(number - 1, 0.0).sum())
    return mean, float((gaps**2).sum()) / df if df else 0.0, number


def _repeatability(values: Floats) -> Estimate:
    """1.96 sqrt(2) times the standard deviation of repeats within cases (Bland & Altman 1999), values (n, k)."""
    from scipy.special import chdtri

    _, variance, number = _by_case(values)
    df, method = int(np.maximum(number - 1, 0).sum()), "repeatability coefficient (intra-reader)"
    if not df:
        return Estimate(None, n=0, method=method, reason="no case was measured twice by this reader")
    factor = 1.959963984540054 * math.sqrt(2)
    value = factor * math.sqrt(variance)
    if value <= 1e-12:
        return Estimate(value, None, None, df, method, "repeats do not differ: there is no interval")
    ends = (
        factor * math.sqrt(df * variance / chdtri(df, 0.025)),
        factor * math.sqrt(df * variance / chdtri(df, 0.975)),
    )
    return Estimate(value, None, (float(ends[0]), float(ends[1])), df, method)


def _weighted(a: Floats, b: Floats, levels: Floats, weights: str) -> Estimate:
    both = ~np.isnan(a) & ~np.isnan(b)
    table = np.zeros((levels.size, levels.size))
    np.add.at(table, (levels.searchsorted(a[both]), levels.searchsorted(b[both])), 1.0)
    return cohen_kappa(table, weights=weights)


def read_measurements(rows: Rows, *, cluster: str | None = None) -> tuple[Floats, tuple[str, ...], Ints | None]:
    """Values (r, n, k) and readers of a table with the columns reader, case and rating, and repeat where there is one;
    with `cluster`, a column, the number of each case's cluster too.

    Raises StatsError naming row, column and remedy for what cannot be used, or for fewer than two readers.
    """
    require(rows, ("reader", "case"))
    for name in ("reader", "case"):
        refuse_lookalikes(rows, name)
    rows, cluster_of = within_clusters(rows, cluster)
    values = numbers_of(rows, "rating", blank=False, remedy="write a number, or delete the row")
    axes = tuple(natural(rows.optional(name).present()) for name in ("reader", "case", "repeat"))
    where = tuple(
        places(rows.optional(name), axis) for name, axis in zip(("reader", "case", "repeat"), axes, strict=True)
    )
    shape = tuple(map(len, axes))
    flat = np.ravel_multi_index(where, shape)
    refuse_twice(flat, rows.lines, "reader, case and repeat")
    found = np.full(shape, np.nan)
    found.flat[flat] = values
    if len(axes[0]) < 2:
        raise StatsError("Column reader: there is only one reader; agreement needs two or more.")
    codes = [cluster_of[name] for name in axes[1]] if cluster_of else None
    return found, axes[0], None if codes is None else np.unique(np.array(codes), return_inverse=True)[1].ravel()


def measured_in_clusters(
    values: Floats, readers: tuple[str, ...], clusters: Ints, *, weights: str = "quadratic"
) -> Measured:
    """`measured` with intervals by a jackknife of clusters (n,) and Student's t; Raises StatsError below three."""
    whole, names = measured(values, readers, weights=weights), np.unique(clusters)
    if names.size < 3:
        raise StatsError("Intervals over clusters need three clusters or more.")
    without = [_flat(measured(values[:, clusters != name], readers, weights=weights)) for name in names]
    found = iter([_over_clusters(estimate, [each[k] for each in without]) for k, estimate in enumerate(_flat(whole))])
    agreement, consistency = next(found), next(found)
    within_readers = tuple((name, next(found)) for name, _ in whole.within_readers)
    limits = tuple(replace(limit, bias=next(found), lower=next(found), upper=next(found)) for limit in whole.limits)
    kappas = None if whole.kappas is None else tuple((a, b, next(found)) for a, b, _ in whole.kappas)
    return replace(whole, icc_agreement=agreement, icc_consistency=consistency, within_readers=within_readers,
                   limits=limits, kappas=kappas)  # fmt: skip


def _flat(found: Measured) -> list[Estimate]:
    limits = [part for limit in found.limits for part in (limit.bias, limit.lower, limit.upper)]
    return [found.icc_agreement, found.icc_consistency, *(estimate for _, estimate in found.within_readers), *limits,
            *(kappa for _, _, kappa in found.kappas or ())]  # fmt: skip


def _over_clusters(estimate: Estimate, without: list[Estimate]) -> Estimate:
    from scipy.special import stdtrit

    method, n = f"{estimate.method}, jackknife of clusters", len(without)
    values = np.array([np.nan if each.value is None else each.value for each in without])
    if estimate.value is None:
        return estimate
    if not np.isfinite(values).all():
        return Estimate(
            estimate.value, None, None, estimate.n, method, "it does not exist once some cluster is left out"
        )
    se = math.sqrt((n - 1) / n * float(((values - values.mean()) ** 2).sum()))
    if se <= 1e-12:
        return Estimate(estimate.value, None, None, estimate.n, method, "leaving out any cluster changes nothing")
    half = float(stdtrit(n - 1, 0.975)) * se
    bounded = estimate.method.startswith(("ICC", "Cohen"))
    ci = within((estimate.value - half, estimate.value + half), (-1.0, 1.0) if bounded else None)[0]
    return Estimate(estimate.value, se, ci, estimate.n, method, None if ci else NO_INFORMATION)
