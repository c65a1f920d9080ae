"""Secondary figures of a study by two-way bootstrap: accuracy of the AI minus readers, and of arms."""

from dataclasses import dataclass

import numpy as np

from core.stats.bootstrap import Bootstrap, Indices, two_way_bootstrap
from core.stats.comparisons import arm_order
from core.stats.confusion import MISSING
from core.stats.estimate import Floats, StatsError
from core.stats.reader_figures import Set
from core.stats.reads import ReadTable


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
        if reads.has_ai and len(reads.names) > 1:
            right = _right(reads, table)
            found.append(
                _difference("AI", "readers", reads.arm, right[:1], right[1:], reads.groups[1:], table, repeats, seed)
            )
    ordered = arm_order(sets)
    for k, first in enumerate(ordered):
        for second in ordered[k + 1 :]:
            people = [n for n in table.readers if n in first.names and n in second.names]
            a, b = (_right(s, table)[[s.names.index(n) for n in people]] for s in (first, second))
            groups = tuple(table.groups[table.readers.index(n)] for n in people)
            found.append(_difference(first.arm, second.arm, "", a, b, groups, table, repeats, seed))
    return tuple(found)


def _right(reads: Set, table: ReadTable) -> Floats:
    """Correct reads (m, n) as 0 and 1, NaN where missing."""
    return np.where(reads.prediction == MISSING, np.nan, (reads.prediction == table.truth).astype(np.float64))


def _difference(
    a: str, b: str, arm: str, first: Floats, second: Floats, groups: tuple[str, ...], table: ReadTable, repeats: int,
    seed: int,
) -> Secondary:  # fmt: skip
    paired = len(first) == len(second) and a != "AI"

    def statistic(readers: Indices, cases: Indices) -> float:
        one = first[np.ix_(readers, cases)] if paired else first[:, cases]
        return _mean_accuracy(one) - _mean_accuracy(second[np.ix_(readers, cases)])

    try:
        result = two_way_bootstrap(
            statistic, reader_strata=np.array(groups), case_strata=table.truth, repeats=repeats, seed=seed
        )
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
