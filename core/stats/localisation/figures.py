"""FROC figures of merit of every cell, whole and with each case left out in turn, in closed form.

Chakraborty & Zhai 2016 (weighted AFROC); Chakraborty 2017, *Observer Performance Methods for Diagnostic Imaging*;
names as in RJafroc. psi(x, y) is 1 where x > y, one half for a tie; an unmarked case or lesion is rated UNMARKED.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.stats.columns import Ints
from core.stats.estimate import Bools, Floats, StatsError
from core.stats.localisation.marks import UNMARKED, Marks

Needs = Literal["both", "diseased", "nondiseased", "any"]


@dataclass(frozen=True, slots=True)
class Jackknife:
    """A figure of m cells: `whole` (m,), and `without` (m, k) with each of k clusters of cases left out in turn, NaN
    where the figure does not exist without it. `without` is None for a figure that has no test.
    """

    whole: Floats
    without: Floats | None


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of merit: its printed name, what it says, which cases it needs, and how it is computed."""

    name: str
    says: str
    needs: Needs
    of: Callable[[Marks], Jackknife]
    low_is_good: bool = False


def compute(figure: Figure, marks: Marks) -> Jackknife:
    """The figure of every cell; StatsError where the cases it needs are missing."""
    diseased = marks.truth.diseased
    for kind, there, other in (
        ("diseased", bool(diseased.any()), "choose a figure of non-diseased cases such as hrsp"),
        ("nondiseased", not diseased.all(), "choose wafroc1 or afroc1, which do without"),
    ):
        if figure.needs in ("both", kind) and not there:
            word = "diseased" if kind == "diseased" else "non-diseased"
            raise StatsError(f"{figure.name} needs {word} cases and there is none; add some, or {other}.")
    return figure.of(marks)


def areas(
    z: Floats, owner: Ints, weight: Floats, units: Floats, rival: Floats, *, pool: Bools, cluster: Ints
) -> Jackknife:
    """Weighted share of pairs of a target and a rival case in which the target is rated higher.

    Targets z (m, L) of cases `owner` (L,) with weights (L,); `units` (n,) is what each case adds to the weights' total;
    rival ratings (m, n), of which the cases in `pool` (n,) count. Leaving out a cluster of cases takes away its ratings
    as rivals and its targets; pairs within the cluster are taken away once.
    """
    groups = int(cluster.max()) + 1
    in_pool = pool.astype(np.float64)
    rivals, total_units = in_pool.sum(), units.sum()
    pairs = (rivals - np.bincount(cluster, in_pool, groups)) * (total_units - np.bincount(cluster, units, groups))
    target, case = _within(cluster, owner, pool)
    whole, without = np.empty(len(z)), np.empty((len(z), groups))
    for i in range(len(z)):
        against = np.sort(rival[i, pool])
        beaten = (against.searchsorted(z[i], "left") + against.searchsorted(z[i], "right")) / 2
        as_target = np.bincount(cluster[owner], weight * beaten, groups)
        order = np.argsort(z[i])
        ranked, sums = z[i, order], np.concatenate([[0.0], np.cumsum(weight[order])])
        under = (sums[ranked.searchsorted(rival[i], "left")] + sums[ranked.searchsorted(rival[i], "right")]) / 2
        as_rival = np.bincount(cluster, (sums[-1] - under) * in_pool, groups)
        x, y = z[i, target], rival[i, case]
        both = np.bincount(cluster[case], weight[target] * ((x > y) + 0.5 * (x == y)), groups)
        total = as_target.sum()
        whole[i] = total / (rivals * total_units)
        without[i] = np.where(pairs > 0, (total - as_target - as_rival + both) / np.where(pairs > 0, pairs, 1), np.nan)
    return Jackknife(whole, without)


def _within(cluster: Ints, owner: Ints, pool: Bools) -> tuple[Ints, Ints]:
    """Every pair of a target and a rival case of the same cluster: indices of targets and of cases."""
    cases = np.flatnonzero(pool)[np.argsort(cluster[pool], kind="stable")]
    of_case = cluster[cases]
    start, end = of_case.searchsorted(cluster[owner], "left"), of_case.searchsorted(cluster[owner], "right")
    target = np.repeat(np.arange(owner.size), end - start)
    first = np.repeat(np.cumsum(end - start) - (end - start), end - start)
    return target, cases[np.arange(target.size) - first + np.repeat(start, end - start)]


def shares(amount: Floats, of: Floats, counted: Bools, cluster: Ints) -> Jackknife:
    """Sum of amounts (m, n) over the sum of `of` (n,), among the cases `counted` (n,); their clusters are left out."""
    present, group = np.unique(cluster[counted], return_inverse=True)
    part = np.stack([np.bincount(group, row, present.size) for row in amount[:, counted]])
    base = np.bincount(group, of[counted], present.size)
    rest = base.sum() - base
    with np.errstate(invalid="ignore", divide="ignore"):
        without = np.where(rest > 0, (part.sum(axis=1, keepdims=True) - part) / rest, np.nan)
    return Jackknife(part.sum(axis=1) / base.sum(), without)


def _lesion_area(marks: Marks, *, weighted: bool, all_cases: bool) -> Jackknife:
    truth = marks.truth
    weight = truth.weight if weighted else np.ones_like(truth.weight)
    units = truth.diseased.astype(np.float64) if weighted else _lesions(marks)
    pool = np.ones_like(truth.diseased) if all_cases else ~truth.diseased
    return areas(marks.hits, truth.lesion_case, weight, units, marks.highest_false(), pool=pool, cluster=truth.cluster)


def case_area(marks: Marks) -> Jackknife:
    """Area of the highest rating of a case, lesion or not: diseased cases against the others."""
    diseased = marks.truth.diseased
    highest = np.maximum(marks.highest_false(), marks.highest_hit())
    owner = np.flatnonzero(diseased)
    units = diseased.astype(np.float64)
    return areas(
        highest[:, owner], owner, np.ones(owner.size), units, highest, pool=~diseased, cluster=marks.truth.cluster
    )


def _lesions(marks: Marks) -> Floats:
    return np.bincount(marks.truth.lesion_case, minlength=len(marks.truth.cases)).astype(np.float64)


def _marked(marks: Marks) -> Floats:
    return (np.isfinite(marks.highest_hit()) | (marks.false_counts() > 0)).astype(np.float64)


def _hr_se(marks: Marks) -> Jackknife:
    return shares(_marked(marks), np.ones(len(marks.truth.cases)), marks.truth.diseased, marks.truth.cluster)


def _hr_sp(marks: Marks) -> Jackknife:
    return shares(1 - _marked(marks), np.ones(len(marks.truth.cases)), ~marks.truth.diseased, marks.truth.cluster)


def _max_llf(marks: Marks) -> Jackknife:
    found = marks.truth.sums(np.isfinite(marks.hits).astype(np.float64))
    return shares(found, _lesions(marks), marks.truth.diseased, marks.truth.cluster)


def _max_nlf(marks: Marks, *, all_cases: bool) -> Jackknife:
    counted = np.ones_like(marks.truth.diseased) if all_cases else ~marks.truth.diseased
    return shares(marks.false_counts(), np.ones(counted.size), counted, marks.truth.cluster)


def _song_a1(marks: Marks) -> Jackknife:
    """AUC of cases by the larger of the mean nonlesion and the mean lesion rating, marked ones only in the means."""
    diseased, owner = marks.truth.diseased, np.flatnonzero(marks.truth.diseased)
    counts, found = marks.false_counts(), np.isfinite(marks.hits)
    false = np.zeros_like(counts)
    np.add.at(false, (marks.false_cell, marks.false_case), marks.false_rating)
    hit, hits = marks.truth.sums(np.where(found, marks.hits, 0.0)), marks.truth.sums(found.astype(np.float64))
    means = [
        np.where(count > 0, total / np.where(count > 0, count, 1), UNMARKED)
        for total, count in ((false, counts), (hit, hits))
    ]
    score = np.maximum(*means)
    units = diseased.astype(np.float64)
    return Jackknife(
        areas(
            score[:, owner], owner, np.ones(owner.size), units, score, pool=~diseased, cluster=marks.truth.cluster
        ).whole,
        None,
    )


def _song_a2(marks: Marks) -> Jackknife:
    """Share of pairs of cases in which most pairs of marks are in order; a case without marks loses, two tie."""
    return Jackknife(np.array([_song_a2_of(marks, cell) for cell in range(len(marks.hits))]), None)


def _song_a2_of(marks: Marks, cell: int) -> float:
    truth, mine = marks.truth, marks.false_cell == cell
    found = np.isfinite(marks.hits[cell])
    case = np.concatenate([marks.false_case[mine], truth.lesion_case[found]])
    rating = np.concatenate([marks.false_rating[mine], marks.hits[cell][found]])
    order = np.argsort(case, kind="stable")
    case, rating = case[order], rating[order]
    sick = truth.diseased[case]
    y = np.sort(rating[~sick])
    n_of = np.bincount(case, minlength=len(truth.cases))
    k1, k2 = n_of[~truth.diseased], n_of[truth.diseased]
    score = np.count_nonzero(k1 == 0) * (np.count_nonzero(k2 > 0) + 0.5 * np.count_nonzero(k2 == 0))
    if y.size and sick.any():
        starts = np.flatnonzero(np.diff(case[~sick], prepend=-1))
        sizes = np.diff(np.append(starts, y.size))
        for k in np.unique(case[sick]):
            x = rating[case == k][:, None]
            twice = (x > rating[~sick]).astype(np.int64) + (x >= rating[~sick])
            won, even = np.add.reduceat(twice.sum(axis=0), starts), x.size * sizes
            score += np.count_nonzero(won > even) + 0.5 * np.count_nonzero(won == even)
    return float(score / (k1.size * k2.size))


def _froc(marks: Marks) -> Jackknife:
    """Mean over cases of the nonlesion marks, all of them, that a lesion is rated above."""
    n, m = len(marks.truth.cases), len(marks.hits)
    found = np.empty(m)
    for cell in range(m):
        false = np.sort(marks.false_rating[marks.false_cell == cell])
        z = marks.hits[cell]
        found[cell] = (false.searchsorted(z, "left") + false.searchsorted(z, "right")).sum() / (2 * n * z.size)
    return Jackknife(found, None)


FIGURES: dict[str, Figure] = {
    figure.name.casefold(): figure
    for figure in (
        Figure(
            "wAFROC", "weighted AFROC area, each diseased case counts the same", "both",
            lambda marks: _lesion_area(marks, weighted=True, all_cases=False),
        ),
        Figure(
            "AFROC", "AFROC area, each lesion counts the same", "both",
            lambda marks: _lesion_area(marks, weighted=False, all_cases=False),
        ),
        Figure(
            "wAFROC1", "weighted AFROC area with false marks of all cases", "diseased",
            lambda marks: _lesion_area(marks, weighted=True, all_cases=True),
        ),
        Figure(
            "AFROC1", "AFROC area with false marks of all cases", "diseased",
            lambda marks: _lesion_area(marks, weighted=False, all_cases=True),
        ),
        Figure("HrAuc", "ROC area of the highest rating of a case", "both", case_area),
        Figure("HrSe", "diseased cases with any mark", "diseased", _hr_se),
        Figure("HrSp", "non-diseased cases without a mark", "nondiseased", _hr_sp),
        Figure("MaxLLF", "lesions marked", "diseased", _max_llf),
        Figure(
            "MaxNLF", "nonlesion marks a non-diseased case", "nondiseased",
            lambda marks: _max_nlf(marks, all_cases=False), low_is_good=True,
        ),
        Figure(
            "MaxNLFAllCases", "nonlesion marks a case", "any",
            lambda marks: _max_nlf(marks, all_cases=True), low_is_good=True,
        ),
        Figure("SongA1", "ROC area by mean ratings of marks (Song 2008)", "both", _song_a1),
        Figure("SongA2", "pairs of cases by pairs of marks (Song 2008)", "both", _song_a2),
        Figure("FROC", "lesions rated above nonlesion marks, by case", "diseased", _froc),
    )
}  # fmt: skip
