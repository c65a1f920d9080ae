"""Reading times: totals, ratios of geometric means, paired Wilcoxon, and what position in the list does to speed.

Seconds are positive; NaN where a case was not read or not timed. Ratios are on the log scale, where reading times are
close to symmetric.
"""

import math
from dataclasses import dataclass

import numpy as np

from core.stats.estimate import NO_INFORMATION, Estimate, Floats, Interval, Ints, StatsError, within


@dataclass(frozen=True, slots=True)
class TimeSummary:
    """Times of one reader: total and per case in seconds; the geometric mean with Student's t interval on logs."""

    n: int
    total: float
    mean: float | None
    median: float | None
    geometric_mean: Estimate


@dataclass(frozen=True, slots=True)
class TimeRatio:
    """Ratio a / b of geometric means with its interval; Wilcoxon's V (sum of ranks where a > b) and p, paired by
    case.
    """

    n: int
    ratio: float | None
    ci: Interval | None
    p: float | None
    wilcoxon_v: float | None
    wilcoxon_p: float | None
    method: str
    reason: str | None = None


def _timed(seconds: Floats) -> Floats:
    known = seconds[~np.isnan(seconds)]
    if (known < 0).any():
        raise StatsError("A reading time is negative; times are seconds from 0 up.")
    return np.asarray(known)


LEAST = 3  # values for an interval: with two, Student's t has one df and its 95 % interval is 18 times as wide as +- SE


def _t_interval(values: Floats, clusters: Ints | None = None) -> tuple[float, Interval | None, float | None, float]:
    """Mean, 95 % interval, p of mean 0 and standard error, by Student's t; None below LEAST or for equal values.

    With `clusters`, of each value, the variance is that of a ratio over clusters, one df less than clusters.
    """
    from core.stats.obuchowski_rockette import two_sided

    mean, n = float(values.mean()), _units(values, clusters)
    if n < LEAST:
        return mean, None, None, 0.0
    if clusters is None:
        se = float(values.std(ddof=1)) / math.sqrt(n)
    else:
        residual = np.bincount(clusters, values - mean)
        se = math.sqrt(n / (n - 1) * float(residual @ residual)) / values.size
    if se <= 1e-12 * max(abs(mean), 1e-12):
        return mean, None, None, 0.0
    ci, p = two_sided(mean, se, n - 1)
    return mean, ci, p, se


def _units(values: Floats, clusters: Ints | None) -> int:
    return int(values.size) if clusters is None else int(np.unique(clusters).size)


def _powers(ci: Interval | None) -> Interval | None:
    """An interval of logs as one of ratios."""
    return None if ci is None else (math.exp(max(ci[0], -700.0)), math.exp(min(ci[1], 700.0)))


def _why_none(n: int, what: str, equal: str) -> str:
    """Why `_t_interval` gave no interval."""
    return f"{n} {what} {'is' if n == 1 else 'are'} too few for an interval; it needs {LEAST}" if n < LEAST else equal


def time_summary(seconds: Floats, *, clusters: Ints | None = None) -> TimeSummary:
    """Summary of one reader's times (n,) in seconds. Times of 0 count in the total, not in the geometric mean."""
    seconds = np.asarray(seconds, np.float64)
    known = _timed(seconds)
    if not known.size:
        nothing = Estimate(None, n=0, method="geometric mean", reason="no times were recorded")
        return TimeSummary(0, 0.0, None, None, nothing)
    positive = np.log(known[known > 0])
    if not positive.size:
        geometric = Estimate(None, n=0, method="geometric mean", reason="every recorded time is 0")
    else:
        inside = None if clusters is None else clusters[seconds > 0]
        mean, ci, _, _ = _t_interval(positive, inside)
        units, what = _units(positive, inside), "times" if inside is None else "clusters"
        geometric = Estimate(
            math.exp(mean), None, _powers(ci), int(positive.size),
            "geometric mean, t on logs" + ("" if inside is None else " over clusters"),
            None if ci else _why_none(units, what, "the times are equal"),
        )  # fmt: skip
    return TimeSummary(int(known.size), float(known.sum()), float(known.mean()), float(np.median(known)), geometric)


def paired_times(a: Floats, b: Floats, *, clusters: Ints | None = None) -> TimeRatio:
    """Ratio of times of the same cases, a and b (n,): t on paired logs, and Wilcoxon 1945 on the differences (scipy).

    Wilcoxon's p is exact without ties up to 50 cases, else normal with continuity correction (as R). With `clusters`
    (n,) the t test is one over clusters, and Wilcoxon's, which takes cases as independent, is not made. Raises
    StatsError for a negative time.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    _timed(a), _timed(b)
    both = ~np.isnan(a) & ~np.isnan(b) & (a > 0) & (b > 0)
    n, method = int(both.sum()), "paired t on logs; Wilcoxon signed rank"
    if n < 2:
        return TimeRatio(n, None, None, None, None, None, method, "needs two cases timed in both")
    if clusters is not None:
        return _clustered_ratio(np.log(a[both]) - np.log(b[both]), clusters[both])
    mean, ci, p, _ = _t_interval(np.log(a[both]) - np.log(b[both]))
    v, wilcoxon_p = _wilcoxon(a[both] - b[both])
    equal, unused = int((a[both] == b[both]).sum()), int((~np.isnan(a) | ~np.isnan(b)).sum()) - n
    dropped = [f"{equal} case{'s' * (equal != 1)} with equal times dropped by Wilcoxon"] * (equal > 0)
    dropped += [f"{unused} case{'s' * (unused != 1)} without two times above 0 left out"] * (unused > 0)
    method = "; ".join([method, *dropped])
    return TimeRatio(
        n, math.exp(mean), _powers(ci), p, v, wilcoxon_p, method,
        None if ci else _why_none(n, "cases timed in both", "the ratio is the same in every case"),
    )  # fmt: skip


def _clustered_ratio(logs: Floats, clusters: Ints) -> TimeRatio:
    mean, ci, p, _ = _t_interval(logs, clusters)
    why = None if ci else _why_none(_units(logs, clusters), "clusters timed in both", "the ratio is the same in each")
    return TimeRatio(int(logs.size), math.exp(mean), _powers(ci), p, None, None, "paired t on logs over clusters", why)


def _wilcoxon(gap: Floats) -> tuple[float | None, float | None]:
    from scipy.stats import rankdata, wilcoxon

    gap = gap[gap != 0]
    if not gap.size:
        return None, None
    ranks = rankdata(np.abs(gap))
    exact = gap.size <= 50 and np.unique(np.abs(gap)).size == gap.size
    found = wilcoxon(gap, method="exact") if exact else wilcoxon(gap, method="asymptotic", correction=True)
    return float(ranks[gap > 0].sum()), float(found.pvalue)


def mean_logs(seconds: Floats) -> Floats:
    """Mean log seconds of each reader (r,) from times (r, n); NaN for a reader without a positive time."""
    known = ~np.isnan(seconds) & (seconds > 0)
    logs = np.where(known, np.log(np.where(known, seconds, 1.0)), 0.0)
    n = known.sum(axis=1)
    return np.asarray(np.where(n > 0, logs.sum(axis=1) / np.maximum(n, 1), np.nan))


def arm_ratio(a: Floats, b: Floats) -> TimeRatio:
    """Ratio a / b of two arms, times (r, n) of the same readers, with a reader-level interval: t on r log ratios.

    Each reader counts once, by the cases timed in both arms; the interval speaks of readers at large.
    """
    both = ~np.isnan(a) & ~np.isnan(b)
    logs = mean_logs(np.where(both, a, np.nan)) - mean_logs(np.where(both, b, np.nan))
    logs = logs[~np.isnan(logs)]
    return _reader_ratio(logs, f"t on {logs.size} readers' mean log ratios")


def _reader_ratio(logs: Floats, method: str) -> TimeRatio:
    if not logs.size:
        return TimeRatio(0, None, None, None, None, None, method, "no reader was timed in both")
    mean, ci, p, _ = _t_interval(logs)
    reason = None if ci else _why_none(logs.size, "readers", "the ratio is the same for every reader")
    return TimeRatio(
        int(logs.size), math.exp(mean), _powers(ci), p, None, None,
        method, reason,
    )  # fmt: skip


def group_ratio(a: Floats, b: Floats) -> TimeRatio:
    """Ratio a / b of two groups of different readers, times (r_a, n) and (r_b, n): pooled t on readers' mean logs.

    On complete data this is the mixed model log seconds ~ group + (1 | reader) + (1 | case), with r_a + r_b - 2 df.
    """
    from core.stats.obuchowski_rockette import two_sided

    x, y = (values[~np.isnan(values)] for values in (mean_logs(a), mean_logs(b)))
    method = "pooled t on readers' mean logs"
    if not x.size or not y.size:
        return TimeRatio(0, None, None, None, None, None, method, "a group has no timed reads")
    gap, df, n = float(x.mean() - y.mean()), x.size + y.size - 2, int(x.size + y.size)
    pooled = (float(((x - x.mean()) ** 2).sum()) + float(((y - y.mean()) ** 2).sum())) / max(df, 1)
    se = math.sqrt(pooled * (1 / x.size + 1 / y.size))
    if df < LEAST - 1 or se <= 1e-12:
        why = "the readers of each group are equally fast"
        if df < LEAST - 1:
            why = f"{n} readers are too few for an interval; two groups need {LEAST + 1}"
        return TimeRatio(n, math.exp(gap), None, None, None, None, method, why)
    ci, p = two_sided(gap, se, df)
    return TimeRatio(n, math.exp(gap), _powers(ci), p, None, None, method)


@dataclass(frozen=True, slots=True)
class Fatigue:
    """What position in the list does: change of time per 10 cases as a ratio, and accuracy of the last third minus the
    first.

    Both are means over readers with Student's t intervals over readers.
    """

    readers: int
    time_ratio_per_10: Estimate
    accuracy_change: Estimate


def fatigue(seconds: Floats, correct: Floats, position: Floats) -> Fatigue:
    """Effect of position (r, n) on times in seconds (r, n) and on correct reads (r, n; 0, 1), all NaN where unknown.

    Each reader's slope of log seconds on position is by least squares; readers with fewer than six cases are left out.
    """
    slopes, changes = [], []
    for s, c, at in zip(seconds, correct, position, strict=True):
        timed = ~np.isnan(s) & (s > 0) & ~np.isnan(at)
        if timed.sum() >= 6 and np.ptp(at[timed]) > 0:
            x = at[timed] - at[timed].mean()
            slopes.append(10 * float(x @ np.log(s[timed])) / float(x @ x))
        known = ~np.isnan(c) & ~np.isnan(at)
        if known.sum() >= 6:
            order = np.argsort(at[known], kind="stable")
            third = len(order) // 3
            ordered = c[known][order]
            changes.append(float(ordered[-third:].mean() - ordered[:third].mean()))

    def over_readers(values: list[float], *, exponential: bool, what: str) -> Estimate:
        if not values:
            return Estimate(None, n=0, method=what, reason="no reader has six cases with a position")
        mean, ci, _, se = _t_interval(np.array(values))
        shown = _powers(ci) if exponential else ci
        why = None if ci else _why_none(len(values), "readers", "the change is the same for every reader")
        if shown and not exponential:
            shown, why = within(shown, (-1.0, 1.0))[0], None
            why = None if shown else NO_INFORMATION
        return Estimate(math.exp(mean) if exponential else mean, se or None, shown, len(values), what, why)

    return Fatigue(
        len(seconds),
        over_readers(slopes, exponential=True, what="mean over readers of slopes on the log scale, t"),
        over_readers(changes, exponential=False, what="mean over readers of last minus first third, t"),
    )
