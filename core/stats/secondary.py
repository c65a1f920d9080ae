"""Secondary figures of a study by two-way bootstrap: accuracy of the AI minus readers, and of arms."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.stats.bootstrap import Bootstrap, Indices, two_way_bootstrap
from core.stats.comparisons import arm_order
from core.stats.confusion import MISSING
from core.stats.estimate import Floats, StatsError
from core.stats.reader_figures import Set
from core.stats.reads import ReadTable

CLUSTERED = "two-way bootstrap of readers within groups and of whole clusters, percentile; secondary analysis"


@dataclass(frozen=True, slots=True)
class Secondary:
    """A bootstrapped difference of mean accuracies a - b over all readers, or the reason why there is none."""

    figure: str
    a: str
    b: str
    arm: str
    result: Bootstrap | None
    reason: str | None = None


def secondary(sets: tuple[Set, ...], table: ReadTable, *, repeats: int, seed: int) -> tuple[Secondary, ...]:
    """Two-way bootstrap (readers within groups, cases within truth) of accuracy; none where repeats is 0.

    Missing reads are left out, undecided ones incorrect, as in the primary analysis. Secondary: the prespecified tests
    are those of Obuchowski and Rockette.
    """
    if not repeats:
        return ()
    found = []
    for reads in sets:
        right, people = _right(reads, table), slice(reads.ais, None)
        for k in range(reads.ais if len(reads.names) > reads.ais else 0):
            ai, groups = (reads.names[k], right[k : k + 1]), reads.groups[people]
            found.append(_difference(ai, ("readers", right[people]), reads.arm, groups, table, repeats, seed))
    ordered = arm_order(sets)
    for k, first in enumerate(ordered):
        for second in ordered[k + 1 :]:
            both = [n for n in table.readers if n in first.names and n in second.names]
            a, b = (_right(s, table)[[s.names.index(n) for n in both]] for s in (first, second))
            groups = tuple(table.groups[table.readers.index(n)] for n in both)
            found.append(_difference((first.arm, a), (second.arm, b), "", groups, table, repeats, seed, paired=True))
    return tuple(found)


def _right(reads: Set, table: ReadTable) -> Floats:
    """Correct reads (m, n) as 0 and 1, NaN where missing."""
    return np.where(reads.prediction == MISSING, np.nan, (reads.prediction == table.truth).astype(np.float64))


def _difference(
    one: tuple[str, Floats], other: tuple[str, Floats], arm: str, groups: tuple[str, ...], table: ReadTable,
    repeats: int, seed: int, *, paired: bool = False,
) -> Secondary:  # fmt: skip
    (a, first), (b, second) = one, other
    strata: NDArray[np.generic] = table.truth
    inside: list[Indices] = []
    if table.clusters is not None:  # whole clusters are drawn, each with all its cases
        inside = [np.flatnonzero(table.clusters == k) for k in np.unique(table.clusters)]
        strata = np.zeros(len(inside), np.int64)

    def statistic(readers: Indices, drawn: Indices) -> float:
        cases = np.concatenate([inside[k] for k in drawn]) if inside else drawn
        left = first[np.ix_(readers, cases)] if paired else first[:, cases]
        return _mean_accuracy(left) - _mean_accuracy(second[np.ix_(readers, cases)])

    try:
        result = two_way_bootstrap(
            statistic, reader_strata=np.array(groups), case_strata=strata, repeats=repeats, seed=seed
        )
        if inside:
            result = replace(result, method=CLUSTERED)
    except StatsError as error:
        return Secondary("accuracy", a, b, arm, None, str(error))
    return Secondary("accuracy", a, b, arm, result)


def _mean_accuracy(right: Floats) -> float:
    """Mean over readers of the share of correct reads (m, n); NaN where a reader has none."""
    read = ~np.isnan(right)
    n = read.sum(axis=1)
    if not n.all():
        return float("nan")
    return float((np.where(read, right, 0.0).sum(axis=1) / n).mean())
