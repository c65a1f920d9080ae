"""LROC figures of merit: one forced mark on every case, one lesion in a diseased case (Swensson 1996).

FPF(c) is the share of non-diseased cases rated over c, PCL(c) the share of diseased cases rated over c and marked in
the right place; cuts c are the ratings of non-diseased and rightly marked cases. As RJafroc, the last point before the
lowest rating is joined to (1, the same PCL).
"""

import numpy as np

from core.stats.estimate import Floats, StatsError
from core.stats.localisation.figures import Figure, Jackknife, case_area
from core.stats.localisation.marks import Marks

LROC_FIGURES = ("alroc", "pcl", "wilcoxon")


def lroc_figure(name: str, at: float) -> Figure:
    """The figure of that name; ALROC and PCL up to, or at, the false-positive fraction `at`. StatsError otherwise."""
    if name == "wilcoxon":
        return Figure("Wilcoxon", "ROC area of the rating, place ignored", "both", case_area)
    if name not in LROC_FIGURES:
        raise StatsError(f"There is no LROC figure '{name}'; choose one of {', '.join(LROC_FIGURES)}.")
    if not 0 < at <= 1:
        raise StatsError(f"--at is a false-positive fraction above 0 and at most 1, not {at:g}; give such a number.")
    area = name == "alroc"
    says = f"area under the LROC curve up to a false-positive fraction of {at:g}" if area else (
        f"diseased cases marked in the right place at a false-positive fraction of {at:g}"
    )  # fmt: skip
    return Figure(f"{'ALROC' if area else 'PCL'}_{at:g}", says, "both", lambda marks: _jackknife(marks, at, area=area))


def _jackknife(marks: Marks, at: float, *, area: bool) -> Jackknife:
    """Leaving out a cluster of cases takes their ratings from the counts at each cut."""
    diseased, cluster = marks.truth.diseased, marks.truth.cluster
    n0, n1 = int((~diseased).sum()), int(diseased.sum())
    groups = int(cluster.max()) + 1
    gone0, gone1 = np.bincount(cluster[~diseased], minlength=groups), np.bincount(cluster[diseased], minlength=groups)
    hit, false = marks.highest_hit(), marks.highest_false()
    whole, without = np.empty(len(hit)), np.empty((len(hit), groups))
    for i in range(len(hit)):
        right = diseased & np.isfinite(hit[i])
        counted = np.flatnonzero(right | ~diseased)
        cuts, place = np.unique(-np.where(right, hit[i], false[i])[counted], return_inverse=True)
        kind, group = right[counted].astype(np.int64), cluster[counted]
        counts = np.zeros((2, cuts.size))
        np.add.at(counts, (kind, place), 1.0)
        whole[i] = _of_counts(counts, n0, n1, at, area=area)
        order = np.argsort(group, kind="stable")
        starts = group[order].searchsorted(np.arange(groups + 1))
        for g in range(groups):
            mine = order[starts[g] : starts[g + 1]]
            fewer = counts.copy()
            np.subtract.at(fewer, (kind[mine], place[mine]), 1.0)
            without[i, g] = _of_counts(fewer, n0 - int(gone0[g]), n1 - int(gone1[g]), at, area=area)
    return Jackknife(whole, without)


def curve(counts: Floats, n0: int, n1: int) -> tuple[Floats, Floats]:
    """FPF and PCL of the operating points, from (0, 0) to FPF 1; counts (2, cuts) of non-diseased and of rightly
    marked cases by falling rating.
    """
    there = np.flatnonzero(counts.sum(axis=0))
    over = np.cumsum(counts[:, there], axis=1)[:, :-1] if there.size else np.zeros((2, 0))
    pcl = np.concatenate([[0.0], over[1] / n1])
    return np.concatenate([[0.0], over[0] / n0, [1.0]]), np.concatenate([pcl, pcl[-1:]])


def _of_counts(counts: Floats, n0: int, n1: int, at: float, *, area: bool) -> float:
    if n0 < 1 or n1 < 1:
        return float("nan")
    fpf, pcl = curve(counts, n0, n1)
    first = int(np.searchsorted(fpf, at, "left"))  # the lowest point at FPF >= at
    a, b = fpf[first - 1], fpf[first]
    y = float(pcl[first - 1] + (pcl[first] - pcl[first - 1]) * (at - a) / (b - a))
    if not area:
        return y
    x, height = np.append(fpf[:first], at), np.append(pcl[:first], y)
    return float(np.sum(np.diff(x) * (height[1:] + height[:-1])) / 2)
