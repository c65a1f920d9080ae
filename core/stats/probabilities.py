"""How good probabilities are: calibration slope and intercept, net benefit, and partial areas under the curve."""

import math
import warnings
from dataclasses import dataclass

import numpy as np

from core.stats.estimate import NO_INFORMATION, Bools, Estimate, Floats, Interval, Ints, StatsError, within
from core.stats.figures import Cells, jackknifed_cells

EDGE = 1e-6  # probabilities of 0 and 1 have no logit
THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True, slots=True)
class CalibrationLine:
    """`slope` and `intercept` of logit(truth) on logit(probability), 1 and 0 where perfect (Cox 1958; Steyerberg 2019).

    `in_the_large` is the intercept with the slope held at 1: below 0 where probabilities are too high.
    """

    slope: Estimate
    intercept: Estimate
    in_the_large: Estimate


@dataclass(frozen=True, slots=True)
class NetBenefit:
    """True positives less false ones weighted by the odds of the threshold, per case (Vickers & Elkin 2006).

    `treat_all` is the net benefit of calling every case positive; calling none has 0.
    """

    threshold: float
    net_benefit: Estimate
    treat_all: float


def calibration_line(probabilities: Floats, truth: Bools, *, clusters: Ints | None = None) -> CalibrationLine:
    """Calibration of probabilities (n,), NaN where missing, truth (n,), by logistic regression (statsmodels).

    Probabilities of 0 and 1 count as 1e-6 from the end. With `clusters` (n,) the standard errors are robust over them.
    """
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM

    method = "logistic regression on the logit"
    known = ~np.isnan(probabilities)
    p, y = np.clip(probabilities[known], EDGE, 1 - EDGE), truth[known].astype(np.float64)
    n = int(known.sum())

    def without(reason: str) -> CalibrationLine:
        nothing = Estimate(None, n=n, method=method, reason=reason)
        return CalibrationLine(nothing, nothing, nothing)

    if not n:
        return without("no probabilities were given")
    if y.min() == y.max():
        return without("cases of one kind only")
    x = np.log(p / (1 - p))
    inside = None if clusters is None else np.unique(clusters[known], return_inverse=True)[1].ravel()
    if inside is not None and inside.max() < 2:
        return without("three clusters or more are needed")
    how = {} if inside is None else {"cov_type": "cluster", "cov_kwds": {"groups": inside, "use_correction": False}}

    # the library's correction counts cases too, so that regions written twice would look surer
    wider = 1.0 if inside is None else math.sqrt(np.unique(inside).size / (np.unique(inside).size - 1))

    def fitted(design: Floats, offset: Floats | None) -> tuple[Floats, Floats] | None:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                model = GLM(y, design, family=Binomial(), offset=offset)
                found = model.fit(maxiter=200, tol=1e-10, tol_criterion="params", **how)
            except (ValueError, np.linalg.LinAlgError):
                return None
        good = found.converged and np.isfinite(found.bse).all() and (np.abs(found.params) < 50).all()
        return (found.params, found.bse * wider) if good and found.bse.max() < 100 else None

    def shown(value: float, se: float) -> Estimate:
        half = 1.959963984540054 * se
        return Estimate(float(value), float(se), (float(value - half), float(value + half)), n, f"{method}, Wald")

    large = fitted(np.ones((n, 1)), x)
    split = "the probabilities tell the kinds of cases apart completely: there is no slope"
    whole = Estimate(None, n=n, method=method, reason="the intercept cannot be estimated")
    in_the_large = whole if large is None else shown(large[0][0], large[1][0])
    if np.ptp(x) < 1e-9:
        nothing = Estimate(None, n=n, method=method, reason="all probabilities are equal")
        return CalibrationLine(nothing, nothing, in_the_large)
    high, low = x[y > 0], x[y < 1]
    line = (
        None if low.max() <= high.min() or high.max() <= low.min() else fitted(np.column_stack([np.ones(n), x]), None)
    )
    if line is None:
        nothing = Estimate(None, n=n, method=method, reason=split)
        return CalibrationLine(nothing, nothing, in_the_large)
    return CalibrationLine(shown(line[0][1], line[1][1]), shown(line[0][0], line[1][0]), in_the_large)


def net_benefit(
    probabilities: Floats, truth: Bools, *, thresholds: tuple[float, ...] = THRESHOLDS, clusters: Ints | None = None
) -> tuple[NetBenefit, ...]:
    """Net benefit of probabilities (n,), NaN where missing, at thresholds: a case is positive at p >= threshold.

    Interval: the normal one of a mean over cases, or over clusters (n,). Raises StatsError for thresholds outside 0
    to 1; none without probabilities.
    """
    if not all(0 < t < 1 for t in thresholds):
        raise StatsError("Thresholds of net benefit lie between 0 and 1.")
    known = ~np.isnan(probabilities)
    p, y = probabilities[known], truth[known].astype(np.float64)
    if not p.size:
        return ()
    inside = None if clusters is None else np.unique(clusters[known], return_inverse=True)[1].ravel()
    found = []
    for t in thresholds:
        odds = t / (1 - t)
        own = (p >= t) * (y - (1 - y) * odds)
        value = float(own.mean())
        parts = own - value if inside is None else np.bincount(inside, own - value)
        k = parts.size
        se = math.sqrt(k / (k - 1) * float(parts @ parts)) / p.size if k > 1 else 0.0
        bounds = (-odds * float((1 - y).mean()), float(y.mean()))
        ci: Interval | None = None
        why: str | None = "every case counts alike: there is no interval"
        if se > 1e-15:
            ci = within((value - 1.959963984540054 * se, value + 1.959963984540054 * se), bounds)[0]
            why = None if ci else NO_INFORMATION
        method = "mean over cases, normal" if inside is None else "mean over clusters, normal"
        found.append(NetBenefit(t, Estimate(value, se or None, ci, int(p.size), method, why),
                                float((y - (1 - y) * odds).mean())))  # fmt: skip
    return tuple(found)


def partial_area_cells(scores: Floats, truth: Bools, *, most: float = 0.2) -> Cells:
    """Areas of scores (m, n) from a false-positive fraction of 0 to `most`, standardised by McClish 1989 (.5 is chance,
    1 perfect; as pROC's corrected partial area), with their jackknife covariance.

    Cases that a reader did not read are left out for that reader. Raises StatsError for `most` outside 0 to 1 or a
    reader without a case of a kind.
    """
    if not 0 < most <= 1:
        raise StatsError("The largest false-positive fraction must be above 0 and at most 1.")
    whole, without = np.empty(len(scores)), np.empty(scores.shape)
    for i, row in enumerate(scores):
        known = ~np.isnan(row)
        x, y = row[truth & known], row[~truth & known]
        if not x.size or not y.size:
            raise StatsError("A reader has no positive or no negative case with a score; there is no area.")
        above, tied = (y[None, :] > x[:, None]).sum(axis=1), (y[None, :] == x[:, None]).sum(axis=1)
        each = _under(above, tied, most * y.size) / y.size
        whole[i] = _standardised(float(each.mean()), most)
        without[i] = whole[i]
        if x.size > 1:
            without[i, truth & known] = _standardised((each.sum() - each) / (x.size - 1), most)
        else:
            without[i, truth & known] = np.nan
        if y.size > 1:
            less, same = above[:, None] - (y > x[:, None]), tied[:, None] - (y == x[:, None])
            one = _under(less, same, most * (y.size - 1)) / (y.size - 1)
            without[i, ~truth & known] = _standardised(one.mean(axis=0), most)
        else:
            without[i, ~truth & known] = np.nan
    return jackknifed_cells(whole, without, bounds=_standard_bounds(most))


def _without_clusters(whole: Cells, scores: Floats, truth: Bools, most: float, clusters: Ints) -> Cells:
    without = []
    for cluster in np.unique(clusters):
        left = clusters != cluster
        try:
            without.append(float(partial_area_cells(scores[None, left], truth[left], most=most).theta[0]))
        except StatsError:
            without.append(math.nan)
    return jackknifed_cells(whole.theta, np.array([without]), bounds=whole.bounds)


def _under(above: Ints, tied: Ints, count: float) -> Floats:
    """Area, in negative cases, under the curve of each positive case up to `count` of them: half of ties counts."""
    inside = np.clip(count - above, 0.0, None)
    within_ties = np.minimum(inside, tied)
    ramp = np.where(tied > 0, within_ties**2 / (2 * np.maximum(tied, 1)), 0.0)
    return np.asarray(ramp + np.clip(inside - tied, 0.0, None))


def _standardised(area: Floats | float, most: float) -> Floats | float:
    least = most**2 / 2
    return (1 + (area - least) / (most - least)) / 2


def _standard_bounds(most: float) -> Interval:
    return (float(_standardised(0.0, most)), 1.0)


def partial_area(scores: Floats, truth: Bools, *, most: float = 0.2, clusters: Ints | None = None) -> Estimate:
    """The standardised partial area of one reader, scores (n,), with the normal interval of the jackknife.

    With `clusters` (n,) a cluster is left out whole.
    """
    n, method = int((~np.isnan(scores)).sum()), f"partial area to FPR {most:g}, McClish 1989, jackknife"
    try:
        cells = partial_area_cells(scores[None], truth, most=most)
        if clusters is not None:
            cells, method = _without_clusters(cells, scores, truth, most, clusters), f"{method} of clusters"
    except StatsError as error:
        return Estimate(None, n=n, method=method, reason=str(error))
    value = float(cells.theta[0])
    if cells.cov is None or cells.cov[0, 0] <= 1e-20:
        why = cells.reason or "leaving out any case changes nothing: the variance is 0"
        return Estimate(value, None, None, n, method, why)
    se = math.sqrt(float(cells.cov[0, 0]))
    ci, _ = within((value - 1.959963984540054 * se, value + 1.959963984540054 * se), cells.bounds)
    return Estimate(value, se, ci, n, f"{method}, normal", None if ci else NO_INFORMATION)
