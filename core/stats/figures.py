"""Figures of merit of many reader x treatment cells at once, with their covariance over cases."""

from dataclasses import dataclass

import numpy as np

from core.stats import auc_covariance
from core.stats.choices import Covariance, Metric
from core.stats.clustered import clustered_areas, clustered_proportions
from core.stats.estimate import Bools, Floats, Interval, Ints, StatsError

METRICS: tuple[Metric, ...] = ("auc", "sensitivity", "specificity", "accuracy")
COVARIANCES: tuple[Covariance, ...] = ("delong", "jackknife", "unbiased")


@dataclass(frozen=True, slots=True)
class Cells:
    """theta (m,), one figure of merit a cell, and its covariance over cases (m, m), None with the `reason` why."""

    theta: Floats
    cov: Floats | None
    reason: str | None = None
    bounds: Interval = (0.0, 1.0)


def auc_cells(
    scores: Floats, truth: Bools, *, covariance: Covariance = "jackknife", clusters: Ints | None = None
) -> Cells:
    """Areas of scores (m, n), NaN where not read, against truth (n,); see auc_covariance for the three methods.

    With `clusters` (n,), the cluster of each case, the covariance is that of Obuchowski 1997. Raises StatsError where a
    cell has no positive or no negative case; with just one of a kind the covariance is None.
    """
    if clusters is not None:
        areas = auc_covariance.placements(scores, truth)[0]
        try:
            return Cells(areas, clustered_areas(scores, truth, clusters).cov)
        except StatsError as error:
            return Cells(areas, None, str(error))
    method = {"delong": auc_covariance.delong, "jackknife": auc_covariance.jackknife}.get(
        covariance, auc_covariance.unbiased
    )
    try:
        return Cells(*method(scores, truth))
    except StatsError as error:  # one case of a kind still has an area; with none, placements says so
        return Cells(auc_covariance.placements(scores, truth)[0], None, str(error))


def proportion_cells(correct: Floats, *, covariance: Covariance = "jackknife", clusters: Ints | None = None) -> Cells:
    """Shares of correct reads, correct (m, n) of 0, 1 and NaN where not read, over the cases that count for the figure.

    With every case read, the three methods agree: sample covariance / n (Obuchowski & Rockette 1995; DeLong's and the
    unbiased estimator of a mean are the same). With reads missing, the jackknife leaves out one of the N distinct
    cases. With `clusters` (n,) the covariance is that of ratios over clusters (Rao & Scott 1992). Raises StatsError
    where a cell has no case.
    """
    read, common = auc_covariance.read_counts(correct)
    if not read.size or read.min() < 1:
        raise StatsError(
            "A reader has no case that counts for this figure; leave the reader out or choose another figure."
        )
    theta = np.nansum(correct, axis=1) / read
    if clusters is not None:
        try:
            return Cells(*clustered_proportions(correct, clusters))
        except StatsError as error:
            return Cells(theta, None, str(error))
    if read.min() < 2:
        return Cells(theta, None, "A reader has only one case that counts: a covariance over cases needs two.")
    deviations = np.where(np.isnan(correct), 0.0, correct - theta[:, None])
    if covariance == "jackknife" and (common.min() < read.max()):
        n = np.count_nonzero(~np.isnan(correct).all(axis=0))
        moved = deviations / (read - 1)[:, None]
        return Cells(theta, (n - 1) / n * (moved @ moved.T))
    return Cells(theta, auc_covariance.sample_covariance(deviations, read, common))


def jackknifed_cells(whole: Floats, without: Floats, *, bounds: Interval = (0.0, 1.0)) -> Cells:
    """Any figure of merit: whole (m,) on all cases and without (m, n), the same figure with case k left out.

    Covariance (N - 1)/N sum of products of deviations from their mean (Hillis 2007, section 2; as RJafroc). A figure
    that does not exist without some case gives covariance None and the reason.
    """
    n = without.shape[1]
    if n < 2:
        return Cells(whole, None, "A jackknife needs at least two cases.", bounds)
    if not np.isfinite(without).all():
        reason = "The figure does not exist once some case is left out; there are too few cases of a class."
        return Cells(whole, None, reason, bounds)
    deviations = without - without.mean(axis=1, keepdims=True)
    return Cells(whole, (n - 1) / n * (deviations @ deviations.T), None, bounds)


def metric_cells(
    scores: Floats,
    truth: Bools,
    *,
    metric: Metric,
    covariance: Covariance = "jackknife",
    threshold: float | None = None,
    clusters: Ints | None = None,
) -> Cells:
    """Cells of one of METRICS from scores (m, n), NaN where not read, and truth (n,), True for positive.

    Sensitivity, specificity and accuracy call a case positive where score >= threshold. Raises StatsError for an
    unknown name, a missing threshold or cells without cases of a needed kind.
    """
    if metric not in METRICS or covariance not in COVARIANCES:
        raise StatsError(
            f"Choose a metric of {', '.join(METRICS)} and a covariance of {', '.join(COVARIANCES)}, "
            f"not {metric} and {covariance}."
        )
    if metric == "auc":
        return auc_cells(scores, truth, covariance=covariance, clusters=clusters)
    if threshold is not None and not np.isfinite(threshold):
        raise StatsError("The threshold must be a number: a case is called positive at rating >= threshold.")
    if threshold is None:
        raise StatsError(f"{metric.capitalize()} needs a threshold: a case is called positive at rating >= threshold.")
    correct = np.where(np.isnan(scores), np.nan, ((scores >= threshold) == truth).astype(np.float64))
    counted = {"sensitivity": truth, "specificity": ~truth, "accuracy": np.ones_like(truth)}[metric]
    inside = None if clusters is None else clusters[counted]
    return proportion_cells(correct[:, counted], covariance=covariance, clusters=inside)
