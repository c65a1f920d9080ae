"""Several AIs on the same cases: each against each, and each against groups of readers, with Holm over all of it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from core.stats.ai_failures import AiFailures, failed, worst_ranked
from core.stats.comparisons import AiComparison, ai_with_groups
from core.stats.estimate import StatsError
from core.stats.figures import Cells, auc_cells
from core.stats.pairs import holm
from core.stats.reader_figures import Set, cells_or_error, rows_of
from core.stats.reads import ReadTable


@dataclass(frozen=True, slots=True)
class AiContest:
    """One AI minus another AI (`arm` and `readers` empty), or minus a group of readers, on one figure.

    `p_holm` adjusts over every comparison of that figure: all pairs of AIs, and every AI with every group in every arm.
    """

    comparison: AiComparison
    with_ai: bool
    p_holm: float | None = None


def ais_compared(
    reads: Set,
    table: ReadTable,
    names: tuple[str, ...],
    against: Iterable[AiComparison],
    *,
    rule: AiFailures,
    margin: float | None,
) -> tuple[AiContest, ...]:
    """Compare the AIs of a set on every figure, later minus earlier as listed; nothing where there is one AI.

    McNemar's and Tango's methods for proportions, DeLong for areas, else the jackknife over cases. An area rests on the
    cases that both scored, or ranks a failure worst, as `rule` says. `against` are the AIs' comparisons with readers.
    """
    if reads.ais < 2:
        return ()
    found = [
        AiContest(comparison, with_ai=True)
        for a in range(reads.ais)
        for b in range(a + 1, reads.ais)
        for comparison in _pair(_ruled(reads, table, b, a, rule), table, names, margin)
    ]
    found += [AiContest(comparison, with_ai=False) for comparison in against]
    adjusted: dict[int, float | None] = {}
    for name in names:
        places = [at for at, contest in enumerate(found) if contest.comparison.figure == name]
        ps = [one.result.p if (one := found[at].comparison).result else None for at in places]
        adjusted |= dict(zip(places, holm(ps), strict=True))
    return tuple(replace(contest, p_holm=adjusted.get(at)) for at, contest in enumerate(found))


def _ruled(reads: Set, table: ReadTable, a: int, b: int, rule: AiFailures) -> Set:
    """The reads of AI `a` above those of AI `b`, who stands as a reader of a group by its own name."""
    lost = np.array([failed(rows_of(reads, [k])) for k in (a, b)])
    scores = reads.scores[[a, b]]
    if rule == "common" and lost.any():
        scores[:, np.flatnonzero(lost.any(axis=0))] = np.nan
    elif rule == "worst" and lost.any():
        scores = worst_ranked(scores, lost, table.truth)
    at = [a, b]
    return Set("", (reads.names[a], reads.names[b]), (reads.groups[a], reads.names[b]), reads.prediction[at], scores,
               reads.probabilities[at], reads.seconds[at], ais=1)  # fmt: skip


def _pair(both: Set, table: ReadTable, names: tuple[str, ...], margin: float | None) -> tuple[AiComparison, ...]:
    cells: dict[str, Cells | StatsError] = {
        name: _areas(both, table, name) if name.startswith("AUC ") else cells_or_error(both, table, name)
        for name in names
    }
    return ai_with_groups(both, table, cells, readers_as="fixed", margin=margin)


def _areas(both: Set, table: ReadTable, name: str) -> Cells | StatsError:
    target = table.classes.index(name.removeprefix("AUC "))
    scores = both.scores[:, :, target]
    lacking = [name for name, own in zip(both.names, scores, strict=True) if not np.isfinite(own).any()]
    if lacking:
        return StatsError(
            f"{' and '.join(lacking)} gave no probabilities of {table.classes[target]}: there is no area."
        )
    try:
        return auc_cells(scores, table.truth == target, covariance="delong", clusters=table.clusters)
    except StatsError as error:
        return error
