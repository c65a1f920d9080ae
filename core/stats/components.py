"""Variance components for planning, from proportions or from the summary figures of a published study."""

import math

import numpy as np

from core.stats.estimate import Floats, Interval, StatsError
from core.stats.obuchowski_rockette import mean_squares
from core.stats.power import PowerInputs

Correlations = tuple[float, float, float]
CORRELATIONS: Correlations = (0.47, 0.30, 0.25)  # of errors: same reader, same treatment, both differ; see `published`


def of_proportions(
    first: float, second: float, *, cases: int, correlations: Correlations, reader_sd: float = 0.0
) -> PowerInputs:
    """Components of a binary outcome (sensitivity, specificity, accuracy) of two treatments on `cases` cases.

    Var = mean of p (1 - p) / n; Cov_k = correlation_k Var, for the same reader in both treatments, two readers in the
    same one, and both different. `reader_sd`: of the true difference between treatments over readers, so Var(TR) is
    half its square. Raises StatsError for impossible numbers.
    """
    if not (0 < first < 1 and 0 < second < 1):
        raise StatsError("Expected proportions must lie between 0 and 1.")
    if cases < 2:
        raise StatsError("Plan two cases or more of each kind.")
    if not 0 <= reader_sd < 1:
        raise StatsError("The spread of the true difference over readers must be 0 or more, and below 1.")
    check_correlations(correlations)
    var = (first * (1 - first) + second * (1 - second)) / 2 / cases
    one, two, three = correlations
    return PowerInputs(cases, reader_sd**2 / 2, var, one * var, two * var, three * var)


def check_correlations(correlations: Correlations) -> None:
    """Raise StatsError for correlations that no study can have."""
    one, two, three = correlations
    if not all(map(math.isfinite, correlations)) or not (0 <= three <= min(one, two) and max(one, two) < 1):
        raise StatsError(
            "Give the correlations of errors as same reader, same treatment, both different: from 0 to below 1, the "
            "last not above the others."
        )


def published(
    theta: Floats, *, positives: int, negatives: int, metric: str = "auc", correlations: Correlations = CORRELATIONS
) -> PowerInputs:
    """Components from a published table of figures, theta (t, r), of r readers in t treatments.

    Var by Hanley & McNeil 1982 for areas, p (1 - p) / n for proportions; covariances as shares of it: .47 for the same
    reader is the mean that Rockette, Campbell, Britton et al. 1999 found, .30 and .25 are assumptions of ours; give
    those of a like study where they are known. Var(TR) = MS(T:R) - Var + Cov1 + Cov2 - Cov3. Raises
    StatsError for figures outside 0 to 1 or fewer than two readers and treatments.
    """
    theta = np.asarray(theta, np.float64)
    if theta.ndim != 2 or min(theta.shape) < 2:
        raise StatsError("Published figures need two treatments or more, each with the same two readers or more.")
    if not np.isfinite(theta).all() or theta.min() < 0 or theta.max() > 1:
        raise StatsError("Published figures must be shares from 0 to 1; divide percentages by 100.")
    if positives < 1 or negatives < 1:
        raise StatsError("Say how many positive and negative cases the published study had.")
    check_correlations(correlations)
    n = {"sensitivity": positives, "specificity": negatives}.get(metric, positives + negatives)
    var = float(
        hanley_mcneil(theta, positives, negatives).mean() if metric == "auc" else (theta * (1 - theta)).mean() / n
    )
    if n < 2 or var <= 0:
        raise StatsError(
            "The published figures are all 0 or 1, or rest on one case: they leave no variance to plan by."
        )
    cov1, cov2, cov3 = (share * var for share in correlations)
    return PowerInputs(n, (mean_squares(theta)[2] or 0.0) - var + cov1 + cov2 - cov3, var, cov1, cov2, cov3)


def hanley_mcneil(area: Floats, positives: int, negatives: int) -> Floats:
    """Variance of an area from its value alone (Hanley & McNeil 1982)."""
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    own = area * (1 - area) + (positives - 1) * (q1 - area**2) + (negatives - 1) * (q2 - area**2)
    return np.asarray(own / (positives * negatives))


def of_interval(ci: Interval, *, readers: int, cases: int, df: float | None = None, level: float = 0.95) -> PowerInputs:
    """Components that give a published interval of a difference of two treatments, of `readers` random readers.

    SE = half the interval / t quantile; D = r SE^2 / 2. With the published df, MS(T:R) = D sqrt((r - 1)/df); the rest
    is the readers' common part; without it all of D is taken as MS(T:R), df = r - 1. How much of MS(T:R) is due to
    cases cannot be known: it is all taken to be, so that more cases help; add readers to be safe. Raises StatsError.
    """
    from scipy.special import stdtrit

    low, high = ci
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise StatsError("Give the published interval of the difference as LOW,HIGH, the lower number first.")
    if readers < 2 or cases < 2:
        raise StatsError("Say how many readers and cases, two or more of each, the published study had.")
    freedom = df if df is not None else float(readers - 1)
    if not readers - 1 <= freedom < math.inf:
        raise StatsError(f"The degrees of freedom of {readers} readers are {readers - 1} or more.")
    se = (high - low) / 2 / float(stdtrit(freedom, (1 + level) / 2))
    whole = readers * se**2 / 2
    error = whole * math.sqrt((readers - 1) / freedom)
    gap = (whole - error) / readers
    # only differences of components are known: Cov1 = Cov3 = 0 stand for what cancels
    return PowerInputs(cases, 0.0, error + gap, 0.0, gap, 0.0)
