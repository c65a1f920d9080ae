"""Empirical ROC curves, one class against the rest, Hand and Till's area, and calibration."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from core.stats.auc_covariance import auc, delong
from core.stats.confusion import Codes
from core.stats.estimate import NO_INFORMATION, Bools, Estimate, Floats, Ints, StatsError, within

MOST_POINTS = 1001  # of a mean curve; a picture shows no more
TOLERANCE = 0.011  # probabilities written with two decimals need not add up to 1 better than this


@dataclass(frozen=True, slots=True)
class Roc:
    """Corners of an empirical curve from (0, 0) to (1, 1): a case is called positive at score >= threshold (inf
    first).
    """

    fpr: tuple[float, ...]
    tpr: tuple[float, ...]
    thresholds: tuple[float | None, ...]
    n_positive: int
    n_negative: int


@dataclass(frozen=True, slots=True)
class MeanRoc:
    """The average of several readers' curves from (0, 0) to (1, 1), and the mean of the areas under them."""

    fpr: tuple[float, ...]
    tpr: tuple[float, ...]
    area: float
    readers: int


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Cases whose probability fell in a bin: how many, their mean probability, and the share that was positive."""

    low: float
    high: float
    n: int
    mean_probability: float
    observed: Estimate


@dataclass(frozen=True, slots=True)
class Calibration:
    """Of probabilities of one class: Brier score, expected calibration error, mean minus observed, and the bins."""

    n: int
    brier: float
    ece: float
    bias: float
    bins: tuple[CalibrationBin, ...]


def roc_curve(scores: Floats, truth: Bools) -> Roc:
    """Empirical curve of scores (n,), NaN where missing, truth (n,); ties move both ways at once; straight runs are
    joined.

    Raises StatsError with one class only.
    """
    known = ~np.isnan(scores)
    s, t = scores[known], truth[known]
    n1, n0 = int(t.sum()), int((~t).sum())
    if not n1 or not n0:
        raise StatsError("A ROC curve needs cases with and without the finding; there is only one kind.")
    order = np.argsort(-s, kind="stable")
    s, t = s[order], t[order]
    last = np.flatnonzero(np.append(s[1:] != s[:-1], True))
    tp = np.concatenate([[0], np.cumsum(t)[last]])
    fp = np.concatenate([[0], np.cumsum(~t)[last]])
    up, along = np.diff(tp), np.diff(fp)
    corner = np.concatenate([[True], up[1:] * along[:-1] != up[:-1] * along[1:], [True]])
    thresholds = [None, *(float(x) for x in s[last])]
    return Roc(
        tuple((fp[corner] / n0).tolist()),
        tuple((tp[corner] / n1).tolist()),
        tuple(x for x, keep in zip(thresholds, corner.tolist(), strict=True) if keep),
        n1,
        n0,
    )


def mean_curve(curves: Sequence[Roc]) -> MeanRoc:
    """Average empirical curves diagonally: mean sensitivity + specificity at every sensitivity - specificity.

    Non-parametric method of Chen & Samuelson 2014 (iMRMC's `doROCavg`, direction "SeSp"): unlike an average of
    sensitivities it has one value everywhere, and the area under it is the mean of the areas. Beyond MOST_POINTS
    corners it is drawn at so many even steps. Raises StatsError without a curve.
    """
    if not curves:
        raise StatsError("A mean curve needs at least one reader's curve.")
    along = [np.array(curve.tpr) + np.array(curve.fpr) for curve in curves]  # 1 + sensitivity - specificity, increasing
    above = [np.array(curve.tpr) - np.array(curve.fpr) for curve in curves]  # sensitivity + specificity - 1
    at = np.unique(np.concatenate(along))
    if at.size > MOST_POINTS:
        at = np.linspace(0.0, 2.0, MOST_POINTS)
    height = np.mean([np.interp(at, x, y) for x, y in zip(along, above, strict=True)], axis=0)
    area = float(np.mean([np.trapezoid(curve.tpr, curve.fpr) for curve in curves]))
    fpr, tpr = ((at - height) / 2).tolist(), ((at + height) / 2).tolist()
    return MeanRoc(tuple(fpr), tuple(tpr), area, len(curves))


def auc_estimate(scores: Floats, truth: Bools, *, level: float = 0.95) -> Estimate:
    """Area under one curve, scores (n,) NaN where missing, with DeLong's interval cut to 0..1 (as pROC); or the
    reason.
    """
    return auc_estimates(scores[None, :], truth, level=level)[0]


def auc_estimates(scores: Floats, truth: Bools, *, level: float = 0.95) -> list[Estimate]:
    """The same for scores (m, n) at once."""
    from scipy.special import ndtri

    z = float(ndtri((1 + level) / 2))
    read = ~np.isnan(scores)
    usable = (read[:, truth].sum(axis=1) >= 2) & (read[:, ~truth].sum(axis=1) >= 2)
    found = [_without_interval(scores[i], truth) for i in range(len(scores)) if not usable[i]]
    if usable.any():
        area, cov = delong(scores[usable], truth)
        spread = np.sqrt(np.maximum(np.diag(cov), 0.0))
    rest, done = iter(found), 0
    out = []
    for i in range(len(scores)):
        if not usable[i]:
            out.append(next(rest))
            continue
        a, se = float(area[done]), float(spread[done])
        done += 1
        n, method = int(read[i].sum()), "empirical, DeLong"
        if se <= 1e-12:
            why = {1.0: "every positive case is rated above every negative one",
                   0.0: "every positive case is rated below every negative one"}.get(
                       a, "every case has the same share of the other kind on its side")  # fmt: skip
            out.append(Estimate(a, None, None, n, method, f"{why}: DeLong's variance is 0"))
        else:
            ci, _ = within((a - z * se, a + z * se), (0.0, 1.0))
            out.append(Estimate(a, se, ci, n, method, None if ci else NO_INFORMATION))
    return out


def _without_interval(scores: Floats, truth: Bools) -> Estimate:
    known = ~np.isnan(scores)
    n, method = int(known.sum()), "empirical"
    if not known.any():
        return Estimate(None, n=0, method=method, reason="no ratings or probabilities were given")
    if not (truth & known).any() or not (~truth & known).any():
        return Estimate(None, n=n, method=method, reason="cases of one kind only")
    value = auc(scores[known], truth[known])
    return Estimate(value, None, None, n, method, "an interval needs two cases of each kind")


def hand_till(scores: Floats, truth: Codes) -> Estimate:
    """Mean over pairs of classes of the area that tells them apart: scores (n, C), truth (n,) codes (Hand & Till 2001).

    A case counts once all its scores are known; with a class absent there is no value but a reason. No interval.
    """
    known = ~np.isnan(scores).any(axis=1)
    n, method = int(known.sum()), "Hand-Till, classes weighted alike"
    if not n:
        return Estimate(None, n=0, method=method, reason="no ratings or probabilities were given")
    if scores.shape[1] < 2:
        return Estimate(None, n=n, method=method, reason="there is only one class")
    areas = []
    for a, b in combinations(range(scores.shape[1]), 2):
        pair = known & ((truth == a) | (truth == b))
        if not (truth[pair] == a).any() or not (truth[pair] == b).any():
            return Estimate(None, n=n, method=method, reason="a class has no case")
        areas.append((auc(scores[pair, a], truth[pair] == a) + auc(scores[pair, b], truth[pair] == b)) / 2)
    return Estimate(float(np.mean(areas)), None, None, n, method)


def calibration(probabilities: Floats, truth: Bools, *, bins: int = 10, clusters: Ints | None = None) -> Calibration:
    """Calibration of probabilities (n,) in 0..1, NaN where missing, against truth (n,), in bins of equal width.

    Brier 1950; expected calibration error weighted by bin (Naeini, Cooper & Hauskrecht 2015). Raises StatsError for
    values outside 0..1 or none at all. With `clusters` (n,) the bins' intervals are those of shares over clusters.
    """
    from core.stats.intervals import proportion
    from core.stats.ratios import share

    known = ~np.isnan(probabilities)
    p, t = probabilities[known], truth[known].astype(np.float64)
    if not p.size or p.min() < 0 or p.max() > 1:
        raise StatsError("Calibration needs probabilities from 0 to 1; divide percentages by 100.")
    which = np.minimum((p * bins).astype(np.int64), bins - 1)
    found, gap = [], 0.0
    for k in range(bins):
        inside = which == k
        n = int(inside.sum())
        if n:
            mean = float(p[inside].mean())
            if clusters is None:
                observed = proportion(int(t[inside].sum()), n)
            else:
                observed = share(t > 0, inside, clusters[known], what="cases")
            found.append(CalibrationBin(k / bins, (k + 1) / bins, n, mean, observed))
            gap += abs(float(t[inside].mean()) - mean) * n / p.size
    return Calibration(int(p.size), float(np.mean((p - t) ** 2)), gap, float(p.mean() - t.mean()), tuple(found))
