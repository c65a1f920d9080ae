"""Two readers, or one reader twice, on the same cases: McNemar, Tango, DeLong, and Holm over several comparisons."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core.stats.auc_covariance import delong
from core.stats.estimate import NO_INFORMATION, Bools, Floats, Interval, StatsError, within


@dataclass(frozen=True, slots=True)
class PairedProportions:
    """Correct reads of a and b on the same n cases; difference is a - b with Tango's interval.

    Where cases come in clusters, `p_clustered` is the test over clusters and McNemar's p-values are None.
    """

    n: int
    both: int
    only_a: int
    only_b: int
    neither: int
    difference: float
    ci: Interval | None
    p_exact: float | None
    p_midp: float | None
    p_score: float | None  # None where no pair is discordant
    method: str = "exact and mid-p McNemar; Tango score interval"
    p_clustered: float | None = None
    reason: str | None = None

    @property
    def p(self) -> float | None:
        """The p-value to read: McNemar's exact one, or that over clusters."""
        return self.p_exact if self.p_clustered is None else self.p_clustered


@dataclass(frozen=True, slots=True)
class PairedAreas:
    """Areas of a and b on the same cases; difference is a - b. se, ci and p are None where `reason` says why."""

    a: float
    b: float
    difference: float
    se: float | None
    ci: Interval | None
    z: float | None
    p: float | None
    n_positive: int
    n_negative: int
    reason: str | None = None
    method: str = "DeLong, normal"
    uncut: Interval | None = None  # the interval before it was cut to -1..1; None where nothing was cut


def paired_proportions(a: Bools, b: Bools, *, level: float = 0.95) -> PairedProportions:
    """Compare correct (True) and wrong reads of the same cases, a and b (n,), both read by both.

    McNemar 1947, exact by the binomial and mid-p (Fagerland, Lydersen & Laake 2013); interval of the difference by
    Tango 1998. Raises StatsError without cases or where the lengths differ.
    """
    a, b = np.asarray(a, bool), np.asarray(b, bool)
    if a.shape != b.shape or not a.size:
        raise StatsError("A paired comparison needs cases that both have read; there are none in common.")
    n10, n01 = int((a & ~b).sum()), int((~a & b).sum())
    exact, midp = mcnemar(n10, n01)
    score = tango_test(n10, n01, a.size)
    return PairedProportions(
        n=int(a.size),
        both=int((a & b).sum()),
        only_a=n10,
        only_b=n01,
        neither=int((~a & ~b).sum()),
        difference=(n10 - n01) / a.size,
        ci=tango(n10, n01, a.size, level=level),
        p_exact=exact,
        p_midp=midp,
        p_score=None if n10 + n01 == 0 else math.erfc(abs(score) / math.sqrt(2)),
    )


@lru_cache(maxsize=4096)
def mcnemar(only_a: int, only_b: int) -> tuple[float, float]:
    """Exact and mid-p two-sided p-values of discordant counts (Fagerland, Lydersen & Laake 2013); 1 without any.

    The exact p-value is statsmodels' `mcnemar(exact=True)`, the binomial test of the discordant pairs.
    """
    from scipy.stats import binom
    from statsmodels.stats.contingency_tables import mcnemar as exact_mcnemar

    total, less = only_a + only_b, min(only_a, only_b)
    if total == 0:
        return 1.0, 1.0
    exact = float(exact_mcnemar([[0, only_a], [only_b, 0]], exact=True).pvalue)
    if only_a == only_b:
        return 1.0, 1.0 - float(binom.pmf(less, total, 0.5))
    return exact, float(2 * binom.cdf(less, total, 0.5) - binom.pmf(less, total, 0.5))


def tango_test(only_a: int, only_b: int, n: int, *, difference: float = 0.0) -> float:
    """Tango's score z of the hypothesis p_a - p_b = difference, from discordant counts among n pairs (Tango 1998).

    At difference 0 it is McNemar's z without correction. Infinite where the hypothesis leaves no variance but the data
    differ from it; 0 where they agree.
    """
    b, c, d = float(only_a), float(only_b), difference
    qa, qb, qc = 2.0 * n, -b - c + (2 * n - b + c) * d, -c * d * (1 - d)
    q = max((math.sqrt(max(qb * qb - 4 * qa * qc, 0.0)) - qb) / (2 * qa), 0.0)
    variance = n * (2 * q + d * (1 - d))
    gap = b - c - n * d
    if variance <= 1e-12:
        return 0.0 if abs(gap) < 1e-9 else math.copysign(math.inf, gap)
    return gap / math.sqrt(variance)


@lru_cache(maxsize=4096)
def tango(only_a: int, only_b: int, n: int, *, level: float = 0.95) -> Interval:
    """Tango's score interval of p_a - p_b from discordant counts among n pairs (Tango 1998); StatsError for n = 0."""
    from scipy.optimize import brentq
    from scipy.special import ndtri

    if n < 1 or min(only_a, only_b) < 0 or only_a + only_b > n:
        raise StatsError("Tango's interval needs discordant counts that fit into the number of pairs.")
    z, estimate = float(ndtri((1 + level) / 2)), (only_a - only_b) / n

    def low(b: int, c: int, estimate: float) -> float:
        def beyond(x: float) -> float:
            return tango_test(b, c, n, difference=x) - z

        edge = -1 + 1e-12
        if abs(estimate + 1) < 1e-12 or not (math.isfinite(beyond(edge)) and beyond(edge) * beyond(estimate) < 0):
            return -1.0
        return float(brentq(beyond, edge, estimate, xtol=1e-14, rtol=1e-14))

    # the upper end is the lower one with a and b exchanged: near +1 the score test loses its last digits
    return low(only_a, only_b, estimate), -low(only_b, only_a, -estimate)


def paired_areas(a: Floats, b: Floats, truth: Bools, *, level: float = 0.95) -> PairedAreas:
    """Compare two areas under ROC curves of scores a and b (n,), same cases, truth (n,) True for positive.

    DeLong, DeLong & Clarke-Pearson 1988 (as pROC `roc.test(paired=TRUE)`). Raises StatsError below two cases of a kind.
    """
    return areas_against_first(np.array([a, b], np.float64), truth, level=level)[0]


def areas_against_first(scores: Floats, truth: Bools, *, level: float = 0.95) -> tuple[PairedAreas, ...]:
    """The same for the first of m curves against each other one, scores (m, n) without missing ones, all at once."""
    area, cov = delong(scores, truth)
    counts = int(truth.sum()), int((~truth).sum())
    return tuple(_pair_of(area, cov, i, counts, level=level) for i in range(1, len(scores)))


def _pair_of(area: Floats, cov: Floats, i: int, counts: tuple[int, int], *, level: float) -> PairedAreas:
    from core.stats.obuchowski_rockette import two_sided

    gap, variance = float(area[0] - area[i]), float(cov[0, 0] + cov[i, i] - 2 * cov[0, i])
    if variance <= 1e-10 * max(float(cov[0, 0] + cov[i, i]), 1e-10):
        return PairedAreas(float(area[0]), float(area[i]), gap, None, None, None, None, *counts,
                           "the difference of the two areas does not vary over cases")  # fmt: skip
    se = math.sqrt(variance)
    whole, p = two_sided(gap, se, None, level=level)
    ci, uncut = within(whole, (-1.0, 1.0))
    return PairedAreas(float(area[0]), float(area[i]), gap, se, ci, gap / se, p, *counts, None if ci else
                       NO_INFORMATION, uncut=uncut)  # fmt: skip


def holm(p_values: Sequence[float | None]) -> tuple[float | None, ...]:
    """Holm's adjusted p-values in the order given (Holm 1979); a None stays None.

    As statsmodels `multipletests`, which collects garbage at every call and so takes a second on a large study.
    """
    known = sorted((p, k) for k, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    least = 0.0
    for rank, (p, k) in enumerate(known):
        least = max(least, min(1.0, (len(known) - rank) * p))
        adjusted[k] = least
    return tuple(adjusted)


def fixed_order(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjusted p-values of hypotheses tested in this order, each only if all before it were rejected: running maxima.

    Keeps the familywise level without dividing it (Maurer, Hothorn & Lehmacher 1995).
    """
    return tuple(np.maximum.accumulate(np.asarray(p_values, np.float64)).tolist())
