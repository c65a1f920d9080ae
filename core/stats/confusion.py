"""Confusion matrices with undecided reads, and every figure that follows from one.

Codes: a class is 0..C-1; INDETERMINATE and FAILURE count as incorrect and have columns of their own; MISSING is a read
that was not made: it is counted beside the matrix, never in it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.stats.choices import Covariance
from core.stats.estimate import Estimate, Floats, Interval, Ints, StatsError
from core.stats.figures import Cells, jackknifed_cells, proportion_cells
from core.stats.intervals import proportions

Codes = NDArray[np.int64]
MISSING, INDETERMINATE, FAILURE = -1, -2, -3
FIGURES = ("accuracy", "balanced accuracy", "macro F1", "kappa", "kappa linear", "kappa quadratic")


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """Figures of one class against the rest. PPV and NPV hold at the study's own prevalence.

    Undecided reads count as errors: of a positive case as a false negative, of a negative one against specificity. FPR
    and FNR are 1 - specificity and 1 - sensitivity. FDR = 1 - PPV, over calls of this class.
    """

    label: str
    positives: int
    prevalence: float | None
    sensitivity: Estimate
    specificity: Estimate
    ppv: Estimate
    npv: Estimate
    fpr: Estimate
    fnr: Estimate
    fdr: Estimate
    f1: Estimate


def counts(truth: Codes, prediction: Codes, classes: int) -> Floats:
    """Confusion matrices (m, C, C + 2) of predictions (m, n) against truth (n,): rows truth, columns the classes, then
    indeterminate and failure. Missing reads are left out. Raises StatsError for a code that is no class.
    """
    truth, prediction = np.asarray(truth, np.int64), np.atleast_2d(np.asarray(prediction, np.int64))
    if truth.size and (truth.min() < 0 or truth.max() >= classes):
        raise StatsError("Every case needs a truth that is one of the classes.")
    if prediction.size and (prediction.max() >= classes or prediction.min() < FAILURE):
        raise StatsError("Every prediction must be one of the classes, indeterminate, failure or missing.")
    column = columns_of(prediction, classes)
    width = classes + 3  # the last one collects missing reads
    keys = (np.arange(len(column))[:, None] * classes + truth[None, :]) * width + column
    flat = np.bincount(keys.ravel(), minlength=len(column) * classes * width)
    return flat.reshape(len(column), classes, width)[:, :, :-1].astype(np.float64)


def columns_of(prediction: Codes, classes: int) -> Codes:
    """Column of the confusion matrix for each prediction code: C indeterminate, C + 1 failure, C + 2 missing."""
    return np.where(prediction >= 0, prediction, classes + np.array([0, 2, 0, 1])[-prediction * (prediction < 0)])


def figure(matrix: Floats, name: str) -> Floats:
    """One of FIGURES from confusion matrices (..., C, C + 2); NaN where it does not exist.

    Balanced accuracy is the mean sensitivity over the classes (NaN if one has no case), macro F1 the mean F1. Kappa is
    Cohen's with the truth (Cohen 1960, 1968), weighted only for ordered classes; undecided reads agree with no class.
    Raises StatsError for another name.
    """
    classes = matrix.shape[-2]
    right = np.einsum("...ii->...i", matrix[..., :classes])
    rows, columns = matrix.sum(axis=-1), matrix.sum(axis=-2)
    total = rows.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        if name == "accuracy":
            return np.asarray(right.sum(axis=-1) / total)
        if name == "balanced accuracy":
            return np.asarray((right / rows).mean(axis=-1))
        if name == "macro F1":
            return np.asarray((2 * right / (rows + columns[..., :classes])).mean(axis=-1))
        weights = disagreement(name, classes)
        observed = (weights * matrix).sum(axis=(-2, -1)) / total
        expected = (weights * rows[..., :, None] * columns[..., None, :]).sum(axis=(-2, -1)) / total**2
        return np.asarray(1 - observed / expected)


def disagreement(name: str, classes: int) -> Floats:
    """Weights (C, C + 2) of disagreement for kappa: 0 on the diagonal, 1 at most, 1 for undecided reads."""
    gap = np.abs(np.subtract.outer(np.arange(classes), np.arange(classes))) / max(classes - 1, 1)
    shapes = {"kappa": (gap > 0).astype(np.float64), "kappa linear": gap, "kappa quadratic": gap**2}
    if name not in shapes:
        raise StatsError(f"There is no figure '{name}'; choose one of {', '.join(FIGURES)}.")
    return np.hstack([shapes[name], np.ones((classes, 2))])


def figure_cells(truth: Codes, prediction: Codes, name: str, *, classes: int, clusters: Ints | None = None) -> Cells:
    """One of FIGURES for each of m readers, predictions (m, n), with its jackknife covariance over the n cases (m, m).

    Leaving out a case only takes one off a cell of the matrix, so each figure is computed once a cell, not once a case.
    A missing read moves nothing when left out. With `clusters` (n,) a cluster is left out whole; accuracy then has the
    covariance of ratios over clusters (Rao & Scott 1992).
    """
    if clusters is not None and name == "accuracy":
        right = np.where(prediction == MISSING, np.nan, (prediction == truth).astype(np.float64))
        return proportion_cells(right, clusters=clusters)
    whole, without = leave_one_out(truth, prediction, name, classes=classes, clusters=clusters)
    if not np.isfinite(whole).all():
        raise StatsError(f"{name.capitalize()} does not exist for some reader: a class has no case that was read.")
    return jackknifed_cells(whole, without, bounds=figure_bounds(name))


def figure_bounds(name: str) -> Interval:
    """The range of a figure: kappas from -1, the others from 0, to 1."""
    return (-1.0, 1.0) if name.startswith("kappa") else (0.0, 1.0)


def leave_one_out(
    truth: Codes, prediction: Codes, name: str, *, classes: int, clusters: Ints | None = None
) -> tuple[Floats, Floats]:
    """One of FIGURES on all cases (m,) and with each case, or cluster, left out (m, n), predictions (m, n); NaN where
    it fails.
    """
    matrix = counts(truth, prediction, classes)
    m = len(prediction)
    whole = figure(matrix, name)
    if clusters is not None:
        inside = [counts(truth[clusters == k], prediction[:, clusters == k], classes) for k in np.unique(clusters)]
        return whole, np.stack([figure(matrix - own, name) for own in inside], axis=1)
    changed = np.full((m, classes, classes + 3), np.nan)
    changed[:, :, -1] = whole[:, None]
    for a in range(classes):
        for b in range(classes + 2):
            one_less = matrix.copy()
            one_less[:, a, b] -= 1
            changed[:, a, b] = figure(one_less, name)
    return whole, np.asarray(changed[np.arange(m)[:, None], truth[None, :], columns_of(prediction, classes)])


def class_cells(
    truth: Codes,
    prediction: Codes,
    name: str,
    *,
    target: int,
    covariance: Covariance = "jackknife",
    clusters: Ints | None = None,
) -> Cells:
    """Sensitivity or specificity for class `target` of m readers, predictions (m, n); undecided reads are errors."""
    positive = truth == target
    called = prediction == target
    correct = np.where(positive[None, :], called, ~called & (prediction >= 0)).astype(np.float64)
    correct[prediction == MISSING] = np.nan
    counted = positive if name == "sensitivity" else ~positive
    inside = None if clusters is None else clusters[counted]
    return proportion_cells(correct[:, counted], covariance=covariance, clusters=inside)


def class_figures(matrix: Floats, labels: tuple[str, ...]) -> tuple[tuple[ClassFigures, ...], ...]:
    """For each of m confusion matrices (m, C, C + 2), the figures of every class with Wilson intervals (Wilson 1927).

    F1 = 2J / (1 + J) with J = TP / (TP + FP + FN), a proportion: Wilson's ends are carried over. A figure over no cases
    has its reason.
    """
    m, classes, _ = matrix.shape
    right = np.einsum("mii->mi", matrix[:, :, :classes])
    positives = matrix.sum(axis=2)
    total = positives.sum(axis=1, keepdims=True)
    called = matrix.sum(axis=1)[:, :classes]
    decided = matrix[:, :, :classes].sum(axis=2)
    false_positive = called - right
    not_called = decided.sum(axis=1, keepdims=True) - called  # definite calls of another class
    true_negative = not_called - (decided - right)
    negatives = total - positives

    def flat(count: Floats, n: Floats, what: str, *, complement: bool = False) -> list[Estimate]:
        return proportions(count.ravel(), n.ravel(), what=what, complement=complement)

    columns = (
        flat(right, positives, "cases of this class"),
        flat(true_negative, negatives, "cases of other classes"),
        flat(right, called, "calls of this class"),
        flat(true_negative, not_called, "calls of other classes"),
        flat(true_negative, negatives, "cases of other classes", complement=True),
        flat(right, positives, "cases of this class", complement=True),
        flat(right, called, "calls of this class", complement=True),
        [_f1(e) for e in flat(right, positives + false_positive, "cases or calls of this class")],
    )
    return tuple(
        tuple(
            ClassFigures(
                labels[c],
                int(positives[i, c]),
                float(positives[i, c] / total[i, 0]) if total[i, 0] else None,
                *(column[i * classes + c] for column in columns),
            )
            for c in range(classes)
        )
        for i in range(m)
    )


def _f1(j: Estimate) -> Estimate:
    """F1 from J = TP / (TP + FP + FN)."""
    if j.value is None or j.ci is None:
        return j
    low, high = (2 * x / (1 + x) for x in j.ci)
    return Estimate(2 * j.value / (1 + j.value), None, (low, high), j.n, "wilson of TP/(TP+FP+FN), carried over")
