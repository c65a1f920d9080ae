"""Agreement between readers: Cohen, Fleiss, Gwet's AC1, Krippendorff's alpha, Cochran's Q.

Predictions are codes (m, n), m readers and n cases (see confusion.py). Undecided reads are a category of their own; a
missing read is left out.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from core.stats.confusion import MISSING, Codes, columns_of
from core.stats.estimate import NO_INFORMATION, Bools, Estimate, Floats, StatsError, finite, within

MOST_INTERVALS = 66  # pairs of 12 readers; beyond that pairwise intervals are not computed


@dataclass(frozen=True, slots=True)
class PairKappa:
    """Cohen's kappa of two readers."""

    a: str
    b: str
    kappa: Estimate


@dataclass(frozen=True, slots=True)
class CochranQ:
    """Test that all readers are right equally often, on the n cases all of them read."""

    q: float | None
    df: int
    p: float | None
    n: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement within one set of readers. `light` is the mean of the pairwise kappas."""

    readers: tuple[str, ...]
    n: int
    fleiss: Estimate
    ac1: Estimate
    alpha: Estimate
    light: float | None
    observed: float | None  # mean share of agreeing pairs of readers a case
    cochran_q: CochranQ
    pairs: tuple[PairKappa, ...]
    weighted: tuple[PairKappa, ...] = ()  # quadratic weights, where classes are ordered; undecided reads left out


def category_counts(prediction: Codes, classes: int) -> Floats:
    """How many readers chose each category for each case (n, q): the classes, and undecided ones that occur."""
    columns = columns_of(prediction, classes)
    table = np.stack([(columns == k).sum(axis=0) for k in range(classes + 2)], axis=1).astype(np.float64)
    used = [*range(classes), *(k for k in (classes, classes + 1) if table[:, k].any())]
    return np.asarray(table[:, used])


def cohen_kappa(table: Floats, *, weights: str | None = None) -> Estimate:
    """Cohen's kappa of a square table (q, q) of counts with its 95 % interval (statsmodels `cohens_kappa`).

    `weights` "linear" or "quadratic" only for ordered classes (Cohen 1960, 1968; Fleiss, Cohen & Everitt 1969).
    """
    from statsmodels.stats.inter_rater import cohens_kappa

    n, method = int(table.sum()), "Cohen's kappa" + (f", {weights} weights" if weights else "")
    if n == 0:
        return Estimate(None, n=0, method=method, reason="no case was read by both")
    used = (table.sum(axis=0) > 0) | (table.sum(axis=1) > 0)
    if used.sum() < 2:
        return Estimate(None, n=n, method=method, reason="both always chose the same one category")
    with np.errstate(invalid="ignore", divide="ignore"):
        found = cohens_kappa(table, wt=None if weights is None else {"quadratic": "fc"}.get(weights, weights))
    value, se = float(found.kappa), float(found.std_kappa)
    if not np.isfinite(value):
        return Estimate(None, n=n, method=method, reason="agreement by chance is complete")
    if not np.isfinite(se) or se <= 0:
        why = (
            "the standard error is 0 at complete agreement" if value == 1 else "its standard error cannot be estimated"
        )
        return Estimate(value, None, None, n, method, why)
    ci, _ = within((float(found.kappa_low), float(found.kappa_upp)), (-1.0, 1.0))
    return Estimate(value, se, ci, n, method, None if ci else NO_INFORMATION)


def gwet_ac1(table: Floats) -> Estimate:
    """Gwet's AC1 from category counts (n, q) with his linearised variance, Student's t with n - 1 df (Gwet 2008,
    2014).
    """
    return _chance_corrected(table, kind="Gwet's AC1")


def fleiss_kappa(table: Floats) -> Estimate:
    """Fleiss' kappa from category counts (n, q) (Fleiss 1971, statsmodels), interval by Gwet's linearised variance.

    Cases read by some of the readers only are used as far as they go (Gwet 2014); statsmodels does the complete case.
    """
    from statsmodels.stats.inter_rater import fleiss_kappa as complete

    found = _chance_corrected(table, kind="Fleiss' kappa")
    read = table.sum(axis=1)
    if found.value is None or read.min() != read.max():
        return found
    return Estimate(float(complete(table)), found.se, found.ci, found.n, found.method, found.reason)


def _chance_corrected(table: Floats, *, kind: str) -> Estimate:
    from scipy.special import stdtrit

    table = table[table.sum(axis=1) > 0]
    read = table.sum(axis=1)
    n, q = table.shape
    twice = read >= 2
    if not twice.any():
        return Estimate(None, n=0, method=kind, reason="no case was read by two readers")
    share = table / read[:, None]
    chosen = share.mean(axis=0)
    agree = np.zeros(n)
    agree[twice] = ((table * (table - 1)).sum(axis=1)[twice]) / (read * (read - 1))[twice]
    observed = float(agree[twice].mean())
    if kind == "Gwet's AC1":
        chance = float((chosen * (1 - chosen)).sum() / max(q - 1, 1))
        own = (share * (1 - chosen)).sum(axis=1) / max(q - 1, 1)
    else:
        chance = float((chosen**2).sum())
        own = (share * chosen).sum(axis=1)
    if 1 - chance < 1e-12:
        return Estimate(None, n=n, method=kind, reason="every read chose the same category")
    value = (observed - chance) / (1 - chance)
    if n < 2:
        return Estimate(value, None, None, n, kind, "an interval needs two cases")
    single = np.where(twice, (agree - chance) * (n / twice.sum()), 0.0) / (1 - chance)
    single = single - 2 * (1 - value) * (own - chance) / (1 - chance)
    se = float(np.sqrt(np.sum((single - value) ** 2) / (n * (n - 1))))
    if se <= 1e-12:
        return Estimate(value, None, None, n, kind, "the agreement is the same in every case: its variance is 0")
    half = float(stdtrit(n - 1, 0.975)) * se
    ci, _ = within((value - half, value + half), (-1.0, 1.0))
    return Estimate(value, se, ci, n, f"{kind}, linearised variance", None if ci else NO_INFORMATION)


def krippendorff_alpha(table: Floats) -> Estimate:
    """Krippendorff's nominal alpha from category counts (n, q) by its formula (Krippendorff 2011); no interval.

    1 - (N - 1) sum of coincidences that differ / sum of n_c n_k over c != k, N the reads of cases read at least twice.
    The R package irr counts N once for every pair of readers and differs in the fourth decimal with more than two
    readers.
    """
    method = "Krippendorff's alpha, nominal"
    table = table[table.sum(axis=1) >= 2]
    if not len(table):
        return Estimate(None, n=0, method=method, reason="no case was read by two readers")
    read = table.sum(axis=1)
    differ = float(((read**2 - (table**2).sum(axis=1)) / (read - 1)).sum())
    chosen = table.sum(axis=0)
    expected = float(chosen.sum() ** 2 - (chosen**2).sum())
    if expected == 0:
        return Estimate(None, n=len(table), method=method, reason="every read chose the same category")
    return Estimate(1 - (float(read.sum()) - 1) * differ / expected, None, None, len(table), method,
                    "no interval belongs to the formula")  # fmt: skip


def cochran_q(correct: Bools) -> CochranQ:
    """Cochran's Q of correct reads (m, n), every case read by every reader (Cochran 1950, statsmodels)."""
    from statsmodels.stats.contingency_tables import cochrans_q

    m, n = correct.shape
    if m < 2 or n < 1:
        return CochranQ(None, max(m - 1, 0), None, n, "needs two readers or more who read the same cases")
    if (correct.all(axis=0) | ~correct.any(axis=0)).all():
        return CochranQ(None, m - 1, None, n, "the readers were right and wrong on the same cases")
    found = cochrans_q(correct.T.astype(np.int64))
    return CochranQ(float(found.statistic), m - 1, float(found.pvalue), n)


def agreement(
    prediction: Codes, truth: Codes, *, classes: int, readers: tuple[str, ...], ordered: bool = False
) -> Agreement:
    """Agreement of readers, predictions (m, n), truth (n,); `ordered` classes have weighted kappas of all pairs too.

    Raises StatsError for fewer than two readers.
    """
    if len(readers) < 2:
        raise StatsError("Agreement needs two readers or more.")
    table = category_counts(prediction, classes)
    column = columns_of(prediction, classes)
    complete = (prediction != MISSING).all(axis=0)
    right = prediction[:, complete] == truth[complete]
    pairs = tuple(_pairs(column, classes, readers))
    values = [pair.kappa.value for pair in pairs if pair.kappa.value is not None]
    read = table.sum(axis=1)
    twice = read >= 2
    shares = (table * (table - 1)).sum(axis=1)[twice] / (read * (read - 1))[twice]
    return Agreement(
        readers,
        int(twice.sum()),
        fleiss_kappa(table),
        gwet_ac1(table),
        krippendorff_alpha(table),
        float(np.mean(values)) if len(values) == len(pairs) else None,
        float(shares.mean()) if twice.any() else None,
        cochran_q(right),
        pairs,
        weighted_pairs(prediction, classes, readers) if ordered and len(pairs) <= MOST_INTERVALS else (),
    )


def weighted_pairs(prediction: Codes, classes: int, readers: tuple[str, ...]) -> tuple[PairKappa, ...]:
    """Quadratically weighted kappa of every two readers, predictions (m, n), on the cases both decided."""
    found = []
    for i, j in combinations(range(len(readers)), 2):
        table = np.zeros((classes, classes))
        both = (prediction[i] >= 0) & (prediction[j] >= 0)
        np.add.at(table, (prediction[i][both], prediction[j][both]), 1.0)
        found.append(PairKappa(readers[i], readers[j], cohen_kappa(table, weights="quadratic")))
    return tuple(found)


def _pairs(column: Codes, classes: int, readers: tuple[str, ...]) -> list[PairKappa]:
    """Kappa of every two readers; with more than 12 readers without intervals, all pairs by one product of matrices."""
    m = len(readers)
    width = classes + 3
    chosen = np.stack([(column == k) for k in range(width - 1)]).astype(np.float64)  # (q, m, n)
    found = []
    if m * (m - 1) // 2 <= MOST_INTERVALS:
        for i, j in combinations(range(m), 2):
            found.append(PairKappa(readers[i], readers[j], cohen_kappa(chosen[:, i] @ chosen[:, j].T)))
        return found
    read = chosen.sum(axis=0)
    both = read @ read.T
    same, chance = np.zeros((m, m)), np.zeros((m, m))
    for k in range(width - 1):
        same += chosen[k] @ chosen[k].T
        first = chosen[k] @ read.T  # how often i chose k among the cases j read too
        chance += first * first.T
    some = np.maximum(both, 1.0)
    expected = np.where(both > 0, chance / some**2, 1.0)
    exists = 1 - expected > 1e-12
    kappas = np.where(exists, (same / some - expected) / np.where(exists, 1 - expected, 1.0), np.nan).tolist()
    shared = both.astype(np.int64).tolist()
    for i, j in combinations(range(m), 2):
        n, value = shared[i][j], finite(kappas[i][j])
        why = "with more than 12 readers intervals of pairs are not computed"
        if value is None:
            why = "agreement by chance is complete" if n else "no case was read by both"
        found.append(PairKappa(readers[i], readers[j], Estimate(value, None, None, n, "Cohen's kappa", why)))
    return found
