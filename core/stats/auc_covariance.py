"""Areas under empirical ROC curves and their covariances: DeLong, jackknife and unbiased, for many readers at once.

All functions take scores (m, n): m curves (reader x treatment cells) over the same n cases, NaN where a cell did not
read a case, and truth (n,), True for positive cases. Higher scores mean more positive; ties count one half.
"""

import numpy as np

from core.stats.estimate import Bools, Floats, StatsError

BLOCK = 4_000_000  # elements of the pair matrix held at once (float32): 16 MB, exact sums below 2^24


def placements(scores: Floats, truth: Bools) -> tuple[Floats, Floats, Floats]:
    """Areas (m,) and placement deviations of positives (m, n1) and negatives (m, n0); 0 where a case was not read.

    The placement of a positive case is the share of negatives below it, of a negative the share of positives above it
    (DeLong, DeLong & Clarke-Pearson 1988); by sorting, so O(n log n) a curve (Sun & Xu 2014). Raises StatsError where a
    curve has no positive or no negative case.
    """
    m = len(scores)
    positive, negative = scores[:, truth], scores[:, ~truth]
    area = np.empty(m)
    v10, v01 = np.zeros(positive.shape), np.zeros(negative.shape)
    for i in range(m):
        read1, read0 = ~np.isnan(positive[i]), ~np.isnan(negative[i])
        x, y = positive[i, read1], negative[i, read0]
        if not x.size or not y.size:
            raise StatsError("An area under the curve needs positive and negative cases; a reader has only one kind.")
        xs, ys = np.sort(x), np.sort(y)
        above = (ys.searchsorted(x, "left") + ys.searchsorted(x, "right")) / (2 * y.size)
        below = 1 - (xs.searchsorted(y, "left") + xs.searchsorted(y, "right")) / (2 * x.size)
        area[i] = above.mean()
        v10[i, read1] = above - area[i]
        v01[i, read0] = below - area[i]
    return area, v10, v01


def auc(scores: Floats, truth: Bools) -> float:
    """Area under one empirical ROC curve, scores (n,) and truth (n,); Bamber 1975. StatsError with one class only."""
    return float(placements(np.asarray(scores, np.float64)[None, :], truth)[0][0])


def read_counts(scores: Floats) -> tuple[Floats, Floats]:
    """Cases read by each cell (m,) and in common by two (m, m), from scores (m, n) with NaN where not read."""
    read = (~np.isnan(scores)).astype(np.float64)
    common = read @ read.T
    return np.diag(common).copy(), common


def _at_least_two(scores: Floats, truth: Bools) -> None:
    read = ~np.isnan(scores)
    for kind, cases in (("positive", truth), ("negative", ~truth)):
        if read[:, cases].sum(axis=1).min() < 2:
            raise StatsError(f"A reader has only one {kind} case: a covariance over cases needs two of each kind.")


def sample_covariance(deviations: Floats, read: Floats, common: Floats) -> Floats:
    """Covariance (m, m) of m means from deviations (m, n), 0 where not read; counts `read` (m,) and `common` (m, m).

    With every case read this is the sample covariance over n. With cases missing, sums over common cases are divided by
    (n_a - 1)(n_b - 1) + n_ab - 1, which keeps the expectation right; no common case gives 0.
    """
    below = np.outer(read - 1, read - 1) + common - 1
    return np.asarray(np.where(common > 0, deviations @ deviations.T / np.where(common > 0, below, 1.0), 0.0))


def delong(scores: Floats, truth: Bools) -> tuple[Floats, Floats]:
    """Areas (m,), covariance (m, m) by DeLong, DeLong & Clarke-Pearson 1988. StatsError below two cases of a kind."""
    _at_least_two(scores, truth)
    area, v10, v01 = placements(scores, truth)
    cov = sample_covariance(v10, *read_counts(scores[:, truth]))
    return area, cov + sample_covariance(v01, *read_counts(scores[:, ~truth]))


def jackknife(scores: Floats, truth: Bools) -> tuple[Floats, Floats]:
    """Areas (m,) and covariance (m, m) by leaving out one case, in closed form: no area is computed again.

    Leaving out positive case k moves the area by (A - V10_k) / (n1 - 1). With N distinct cases the covariance is
    (N - 1)/N times the sum of products (Obuchowski & Rockette 1995; equal to MRMCaov and RJafroc). StatsError below two
    cases of a kind.
    """
    _at_least_two(scores, truth)
    area, v10, v01 = placements(scores, truth)
    moved1 = v10 / (read_counts(scores[:, truth])[0] - 1)[:, None]
    moved0 = v01 / (read_counts(scores[:, ~truth])[0] - 1)[:, None]
    n = np.count_nonzero(~np.isnan(scores).all(axis=0))
    return area, (n - 1) / n * (moved1 @ moved1.T + moved0 @ moved0.T)


def unbiased(scores: Floats, truth: Bools) -> tuple[Floats, Floats]:
    """Areas (m,) and unbiased covariance (m, m) by U-statistics (Gallas 2006; Gallas, Pennello & Myers 2007).

    Needs the product of the pair scores of every two cells, O(m^2 n1 n0) in blocks of bounded memory. StatsError below
    two cases of a kind.
    """
    _at_least_two(scores, truth)
    area, v10, v01 = placements(scores, truth)
    x, y = scores[:, truth], scores[:, ~truth]
    read1, n1 = read_counts(x)
    read0, n0 = read_counts(y)
    pairs = np.outer(read1 * read0, read1 * read0)
    rows = np.where(np.isnan(x), 0.0, v10 + area[:, None]) * read0[:, None]  # sums of pair scores a positive case
    columns = np.where(np.isnan(y), 0.0, v01 + area[:, None]) * read1[:, None]
    both = pair_products(x, y)
    total = area * read1 * read0
    # pairs of pairs that share no case: their mean estimates the squared expectation without bias
    apart = pairs - np.outer(read1, read1) * n0 - np.outer(read0, read0) * n1 + n1 * n0
    delta = pairs / apart
    shared = rows @ rows.T + columns @ columns.T - both
    return area, ((1 - delta) * np.outer(total, total) + delta * shared) / pairs


def pair_products(x: Floats, y: Floats) -> Floats:
    """Sums (m, m), over pairs of a positive (m, n1) and a negative (m, n0), of two cells' products of pair scores."""
    m, n1 = x.shape
    step = max(1, min(n1, BLOCK // max(1, y.shape[1]), 4 * BLOCK // max(1, m * y.shape[1])))
    both = np.zeros((m, m))
    for start in range(0, n1, step):
        block = x[:, start : start + step, None]
        above = np.greater(block, y[:, None, :]).view(np.int8)
        above += np.greater_equal(block, y[:, None, :]).view(np.int8)  # 0, 1 (tie) or 2; 0 where not read
        flat = above.reshape(m, -1).astype(np.float32)
        both += (flat @ flat.T).astype(np.float64)
    return both / 4
