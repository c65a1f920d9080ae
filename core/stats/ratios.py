"""Shares of reads whose cases come in clusters: ratios of sums over cases, or over patients with several cases."""

import math

import numpy as np

from core.stats.estimate import NO_INFORMATION, Bools, Estimate, Floats, Ints, within
from core.stats.obuchowski_rockette import two_sided
from core.stats.small_samples import METHOD, effective_wilson, share_flag


def ratio_over_cases(
    part: Floats, whole: Floats, *, what: str, low: float = 0.0, clusters: Ints | None = None
) -> Estimate:
    """Ratio of sums of part and whole (r, n) with cases as clusters: variance n/(n-1) sum (y - R m)^2 / (sum m)^2.

    Cochran 1977, section 6.3; with `clusters` (n,), what each case belongs to, those are the clusters (Rao & Scott
    1992). A share has Wilson's interval at its effective number of reads, a change (`low` -1) that of Student's t, both
    with one df less than clusters.
    """
    y, m = part.sum(axis=0), whole.sum(axis=0)
    if clusters is not None:
        y, m = np.bincount(clusters, y), np.bincount(clusters, m)
    n = int(m.sum())
    if not n:
        return Estimate(None, n=0, method="ratio over cases", reason=f"no {what}")
    ratio, variance, k = (float(x[0]) for x in cluster_ratio(y[None, :], m[None, :]))
    method = f"ratio over {k:.0f} {'cases' if clusters is None else 'groups of cases'} as clusters"
    if k < 2:
        unit = "case counts" if clusters is None else "cluster has such cases"
        return Estimate(ratio, None, None, n, method, f"only one {unit}: there is no interval")
    se = math.sqrt(variance) if variance > 1e-15 else None
    if low == 0.0:
        most = float(n) if clusters is None else math.inf  # the same regions written twice must change nothing
        ends = effective_wilson(np.array(ratio), np.array(variance), np.array(k - 1), least=k, most=most)
        said = share_flag(n, ratio)
        how = f"{method}, {METHOD}{f'; {said}' if said else ''}"
        return Estimate(ratio, se, (float(ends[0]), float(ends[1])), n, how)
    if se is None:
        unit = "case" if clusters is None else "cluster"
        return Estimate(ratio, None, None, n, method, f"the change is the same in every {unit}: there is no interval")
    ci, _ = within(two_sided(ratio, se, k - 1)[0], (low, 1.0))
    return Estimate(ratio, se, ci, n, f"{method}, t", None if ci else NO_INFORMATION)


def cluster_ratio(y: Floats, m: Floats) -> tuple[Floats, Floats, Floats]:
    """Ratios sum y / sum m of (b, n), their variances over cases as clusters, and how many cases count (b,)."""
    total, used = m.sum(axis=1), m > 0
    ratio = y.sum(axis=1) / np.maximum(total, 1e-300)
    k = used.sum(axis=1).astype(np.float64)
    spread = np.where(used, (y - ratio[:, None] * m) ** 2, 0.0).sum(axis=1)
    return ratio, np.where(k > 1, k / np.maximum(k - 1, 1.0), 0.0) * spread / np.maximum(total, 1e-300) ** 2, k


def share(part: Bools, whole: Bools, clusters: Ints, *, what: str) -> Estimate:
    """The share of `whole` (n,) that is in `part` (n,), of one reader, cases in clusters (n,)."""
    one, all_of = (part & whole).astype(np.float64)[None, :], whole.astype(np.float64)[None, :]
    return ratio_over_cases(one, all_of, what=what, clusters=clusters)


def rest_of(estimate: Estimate) -> Estimate:
    """1 minus a share."""
    if estimate.value is None:
        return estimate
    ci = None if estimate.ci is None else (1 - estimate.ci[1], 1 - estimate.ci[0])
    return Estimate(1 - estimate.value, estimate.se, ci, estimate.n, estimate.method, estimate.reason)
