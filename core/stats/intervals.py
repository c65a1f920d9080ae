"""Intervals of one proportion."""

import numpy as np

from core.stats.estimate import Estimate, Floats, Interval, StatsError


def _interval(count: Floats, n: Floats, method: str, level: float) -> tuple[Floats, Floats]:
    from statsmodels.stats.proportion import proportion_confint

    count, n = np.asarray(count, np.float64), np.asarray(n, np.float64)
    if (count < 0).any() or (count > n).any():
        raise StatsError("An interval needs a count from 0 to the number of trials.")
    some = n > 0
    low, high = proportion_confint(count, np.where(some, n, 1.0), alpha=1 - level, method=method)
    return np.where(some, np.clip(low, 0, 1), np.nan), np.where(some, np.clip(high, 0, 1), np.nan)


def wilson(count: Floats, n: Floats, *, level: float = 0.95) -> tuple[Floats, Floats]:
    """Wilson score intervals (Wilson 1927; statsmodels) of counts among n, any equal shapes; NaN where n is 0.

    Callers turn NaN into a reason (see `proportion`). Raises StatsError for a count outside 0..n.
    """
    return _interval(count, n, "wilson", level)


def clopper_pearson(count: Floats, n: Floats, *, level: float = 0.95) -> tuple[Floats, Floats]:
    """Exact intervals (Clopper & Pearson 1934; statsmodels), as `wilson`."""
    return _interval(count, n, "beta", level)


def proportion(count: int, n: int, *, what: str = "cases", method: str = "wilson") -> Estimate:
    """One proportion with its 95 % interval, method "wilson" or "clopper-pearson"; with n = 0 the reason names
    `what`.
    """
    if n == 0:
        return Estimate(None, n=0, method=method, reason=f"no {what}")
    low, high = (wilson if method == "wilson" else clopper_pearson)(np.array([count * 1.0]), np.array([n * 1.0]))
    return Estimate(count / n, None, (float(low[0]), float(high[0])), n, method)


def proportions(count: Floats, n: Floats, *, what: str, complement: bool = False) -> list[Estimate]:
    """Wilson estimates of many proportions, count and n (k,); `complement` gives 1 - count/n instead."""
    low, high = wilson(count, n)
    found = []
    for x, m, lo, hi in zip(count, n, low, high, strict=True):
        if m == 0:
            found.append(Estimate(None, n=0, method="wilson", reason=f"no {what}"))
            continue
        value, ci = float(x / m), (float(lo), float(hi))
        shown: tuple[float, Interval] = (1 - value, (1 - ci[1], 1 - ci[0])) if complement else (value, ci)
        found.append(Estimate(shown[0], None, shown[1], int(m), "wilson"))
    return found
