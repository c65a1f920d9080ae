"""Figures and comparisons of single readers whose cases come in clusters, such as several regions of a patient.

Shares: ratios over clusters (Rao & Scott 1992) with Wilson's interval at the effective number of reads. Areas:
Obuchowski 1997. Pairs of readers: the same covariances, so that what both rated in one patient counts once.
"""

import math

import numpy as np

from core.stats.auc_covariance import auc
from core.stats.clustered import clustered_areas, clustered_proportions
from core.stats.confusion import MISSING, ClassFigures, Codes
from core.stats.estimate import NO_INFORMATION, Bools, Estimate, Floats, Ints, StatsError, within
from core.stats.obuchowski_rockette import two_sided
from core.stats.pairs import PairedAreas, PairedProportions
from core.stats.ratios import rest_of, share

AREA = "empirical, Obuchowski 1997 (clusters)"
PAIR = "Rao & Scott 1992 over clusters, Student's t"


def clustered_area(scores: Floats, truth: Bools, clusters: Ints) -> Estimate:
    """Area under one curve, scores (n,) NaN where missing, cluster of each case (n,); or the reason."""
    known = ~np.isnan(scores)
    n = int(known.sum())
    if not n:
        return Estimate(None, n=0, method=AREA, reason="no ratings or probabilities were given")
    if not (truth & known).any() or not (~truth & known).any():
        return Estimate(None, n=n, method=AREA, reason="cases of one kind only")
    try:
        found = clustered_areas(scores[None, known], truth[known], clusters[known])
    except StatsError as error:
        return Estimate(auc(scores[known], truth[known]), None, None, n, AREA, str(error))
    value, variance = float(found.areas[0]), float(found.cov[0, 0])
    if variance <= 1e-20:
        why = "negative" if variance < -1e-20 else "0"
        return Estimate(value, None, None, n, AREA, f"the variance over clusters is {why}: there is no interval")
    se = math.sqrt(variance)
    ci, _ = within(two_sided(value, se, None)[0], (0.0, 1.0))
    return Estimate(value, se, ci, n, AREA, None if ci else NO_INFORMATION)


def clustered_accuracy(right: Bools, read: Bools, clusters: Ints) -> Estimate:
    """Share of right reads (n,) among those made (n,)."""
    return share(right, read, clusters, what="cases")


def clustered_class_figures(
    truth: Codes, prediction: Codes, labels: tuple[str, ...], clusters: Ints
) -> tuple[ClassFigures, ...]:
    """The figures of every class of one reader, prediction (n,), truth (n,); see `confusion.class_figures`."""
    read, decided = prediction != MISSING, prediction >= 0
    found = []
    for c, label in enumerate(labels):
        positive, negative = read & (truth == c), read & (truth != c)
        called, other = prediction == c, decided & (prediction != c)
        sensitivity = share(called, positive, clusters, what="cases of this class")
        specificity = share(other, negative, clusters, what="cases of other classes")
        ppv = share(positive, called, clusters, what="calls of this class")
        npv = share(negative, other, clusters, what="calls of other classes")
        overlap = share(positive & called, positive | called, clusters, what="cases or calls of this class")
        prevalence = float(positive.sum() / read.sum()) if read.any() else None
        found.append(
            ClassFigures(label, int(positive.sum()), prevalence, sensitivity, specificity, ppv, npv,
                         rest_of(specificity), rest_of(sensitivity), rest_of(ppv), _f1(overlap))
        )  # fmt: skip
    return tuple(found)


def _f1(j: Estimate) -> Estimate:
    """F1 from TP / (TP + FP + FN), whose interval is carried over."""
    if j.value is None:
        return j
    ci = None if j.ci is None else (2 * j.ci[0] / (1 + j.ci[0]), 2 * j.ci[1] / (1 + j.ci[1]))
    return Estimate(2 * j.value / (1 + j.value), None, ci, j.n, f"{j.method}, carried over", j.reason)


def clustered_pair(a: Bools, b: Bools, clusters: Ints) -> PairedProportions:
    """Correct reads a and b (n,) of the same cases in clusters (n,): difference, interval and test over clusters.

    Student's t with one df less than clusters. McNemar's and Tango's answers take cases as independent, so they are
    None. Raises StatsError without cases.
    """
    a, b = np.asarray(a, bool), np.asarray(b, bool)
    if a.shape != b.shape or not a.size:
        raise StatsError("A paired comparison needs cases that both have read; there are none in common.")
    n10, n01 = int((a & ~b).sum()), int((~a & b).sum())
    ci, p, reason = None, None, None
    try:
        cov = clustered_proportions(np.stack([a, b]).astype(np.float64), clusters)[1]
        variance = float(cov[0, 0] + cov[1, 1] - 2 * cov[0, 1])
        if variance > 1e-15:
            whole, p = two_sided((n10 - n01) / a.size, math.sqrt(variance), np.unique(clusters).size - 1)
            ci, _ = within(whole, (-1.0, 1.0))
            reason = None if ci else NO_INFORMATION
        else:
            reason = "the difference is the same in every cluster: there is no interval"
    except StatsError as error:
        reason = str(error)
    return PairedProportions(
        n=int(a.size), both=int((a & b).sum()), only_a=n10, only_b=n01, neither=int((~a & ~b).sum()),
        difference=(n10 - n01) / a.size, ci=ci, p_exact=None, p_midp=None, p_score=None, method=PAIR, p_clustered=p,
        reason=reason,
    )  # fmt: skip


def clustered_area_pair(a: Floats, b: Floats, truth: Bools, clusters: Ints) -> PairedAreas:
    """Two areas of the same cases, scores a and b (n,) without missing ones, in clusters (n,) (Obuchowski 1997)."""
    found = clustered_areas(np.stack([a, b]), truth, clusters)
    areas, cov = found.areas, found.cov
    gap, variance = float(areas[0] - areas[1]), float(cov[0, 0] + cov[1, 1] - 2 * cov[0, 1])
    counts = int(truth.sum()), int((~truth).sum())
    if variance <= 1e-10 * max(float(cov[0, 0] + cov[1, 1]), 1e-10):
        return PairedAreas(float(areas[0]), float(areas[1]), gap, None, None, None, None, *counts,
                           "the difference of the two areas does not vary over clusters", method=AREA)  # fmt: skip
    se = math.sqrt(variance)
    whole, p = two_sided(gap, se, None)
    ci, uncut = within(whole, (-1.0, 1.0))
    return PairedAreas(float(areas[0]), float(areas[1]), gap, se, ci, gap / se, p, *counts,
                       None if ci else NO_INFORMATION, f"{AREA}, normal", uncut)  # fmt: skip
