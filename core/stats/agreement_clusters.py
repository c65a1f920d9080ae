"""Agreement between readers where cases come in clusters: the same coefficients, with a jackknife of clusters."""

import math
from dataclasses import replace

import numpy as np

from core.stats.agreement import Agreement, CochranQ, PairKappa, category_counts
from core.stats.confusion import Codes, columns_of
from core.stats.estimate import NO_INFORMATION, Estimate, Floats, Ints, within

METHOD = "jackknife of clusters, Student's t"


def over_clusters(found: Agreement, prediction: Codes, *, classes: int, clusters: Ints) -> Agreement:
    """The agreement of predictions (m, n) with intervals over clusters (n,); Cochran's Q takes cases as independent.

    The pairwise kappas lose their interval where leaving out a cluster leaves no kappa.
    """
    table = category_counts(prediction, classes)
    inside = np.unique(clusters, return_inverse=True)[1].ravel()
    q = found.cochran_q
    column = columns_of(prediction, classes)
    pairs = []
    for pair in found.pairs:
        i, j = found.readers.index(pair.a), found.readers.index(pair.b)
        pairs.append(PairKappa(pair.a, pair.b, _of_pair(pair.kappa, column[i], column[j], classes + 3, inside)))
    return replace(
        found,
        fleiss=_jackknifed(found.fleiss, _chance_corrected(table, inside, gwet=False)),
        ac1=_jackknifed(found.ac1, _chance_corrected(table, inside, gwet=True)),
        cochran_q=CochranQ(None, q.df, None, q.n, q.reason or "cases of a cluster are not independent"),
        pairs=tuple(pairs),
        weighted=tuple(replace(kappa, kappa=_without_interval(kappa.kappa)) for kappa in found.weighted),
    )


def _without_interval(estimate: Estimate) -> Estimate:
    why = estimate.reason or "no interval is computed over clusters"
    return Estimate(estimate.value, None, None, estimate.n, estimate.method, why)


def _jackknifed(estimate: Estimate, without: Floats) -> Estimate:
    """The coefficient with the jackknife interval of `without` (I,), each with a cluster left out."""
    from scipy.special import stdtrit

    if estimate.value is None:
        return estimate
    n = without.size
    if n < 3 or not np.isfinite(without).all():
        why = "too few clusters: it does not exist once some cluster is left out" if n > 2 else "needs three clusters"
        return Estimate(estimate.value, None, None, estimate.n, METHOD, why)
    se = math.sqrt((n - 1) / n * float(((without - without.mean()) ** 2).sum()))
    if se <= 1e-12:
        return Estimate(estimate.value, None, None, estimate.n, METHOD, "leaving out any cluster changes nothing")
    half = float(stdtrit(n - 1, 0.975)) * se
    ci, _ = within((estimate.value - half, estimate.value + half), (-1.0, 1.0))
    return Estimate(
        estimate.value, se, ci, estimate.n, f"{estimate.method.split(',')[0]}, {METHOD}", None if ci else NO_INFORMATION
    )


def _less(values: Floats, clusters: Ints) -> Floats:
    """Sums over cases of values (n, ...) with each cluster left out (I, ...)."""
    size = int(clusters.max()) + 1
    flat = values.reshape(len(values), -1)
    own = np.stack([np.bincount(clusters, column, minlength=size) for column in flat.T], axis=1)
    return np.asarray((flat.sum(axis=0) - own).reshape(size, *values.shape[1:]))


def _chance_corrected(table: Floats, clusters: Ints, *, gwet: bool) -> Floats:
    """Fleiss' kappa or AC1 of category counts (n, q) with each cluster left out (I,); NaN where it fails."""
    read = table.sum(axis=1)
    some, twice = read > 0, read >= 2
    share = np.where(some[:, None], table / np.maximum(read, 1)[:, None], 0.0)
    agree = np.where(twice, (table * (table - 1)).sum(axis=1) / np.maximum(read * (read - 1), 1), 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        observed = _less(agree, clusters) / _less(twice.astype(np.float64), clusters)
        chosen = _less(share, clusters) / _less(some.astype(np.float64), clusters)[:, None]
        q = table.shape[1]
        chance = (chosen * (1 - chosen)).sum(axis=1) / max(q - 1, 1) if gwet else (chosen**2).sum(axis=1)
        return np.asarray(np.where(1 - chance > 1e-12, (observed - chance) / (1 - chance), np.nan))


def _of_pair(estimate: Estimate, a: Ints, b: Ints, width: int, clusters: Ints) -> Estimate:
    """Cohen's kappa of two readers' columns (n,), the last of which is a missing read."""
    both = (a < width - 1) & (b < width - 1)
    if estimate.value is None:
        return estimate
    used = np.unique(clusters[both], return_inverse=True)[1].ravel()
    size, q = int(used.max()) + 1, width - 1
    flat = np.bincount((used * q + a[both]) * q + b[both], minlength=size * q * q).reshape(size, q, q)
    left = (flat.sum(axis=0) - flat).astype(np.float64)
    n = left.sum(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        observed = np.einsum("iqq->i", left) / n
        expected = (left.sum(axis=1) * left.sum(axis=2)).sum(axis=1) / n**2
        return _jackknifed(estimate, np.asarray((observed - expected) / (1 - expected)))
