"""Arms compared where readers read some of the cases each: BDG in place of figures of single readers.

A sample of few cases may hold none of a class, so that a reader has no figure of it. The method of Gallas and others
pools the pairs of cases that were read, and needs no figure of anybody. A proportion is an area too: of the cases that
count, scored 1 or 0, over a constant of one half (Chen, Gong & Gallas 2018).
"""

from dataclasses import dataclass

import numpy as np

from core.stats.bdg import BdgArea, bdg
from core.stats.comparisons import arm_order, correct_for, stacked
from core.stats.confusion import MISSING
from core.stats.estimate import Bools, Floats, StatsError
from core.stats.reader_figures import ALL, Set
from core.stats.reads import ReadTable

CONSTANTS = 2  # negatives that everybody scored one half: a variance needs two of a kind


@dataclass(frozen=True, slots=True)
class IncompleteComparison:
    """One figure in every arm and the differences, aided minus unaided, of all readers or a group, by BDG."""

    figure: str
    group: str
    readers: int
    arms: tuple[BdgArea, ...]
    differences: tuple[BdgArea, ...]
    reason: str | None = None


def incomplete_arms(
    sets: tuple[Set, ...], table: ReadTable, names: tuple[str, ...]
) -> tuple[IncompleteComparison, ...]:
    """Every share and area, for all readers who read in every arm; () where the design is crossed."""
    ordered = arm_order(sets)
    people = [n for n in table.readers if all(n in s.names for s in ordered)]
    if table.assigned is None or len(ordered) < 2 or not people:
        return ()
    group_of = dict(zip(table.readers, table.groups, strict=True))
    groups = list(dict.fromkeys(group_of[n] for n in people))
    wanted = [(ALL, people)]
    wanted += [(g, [n for n in people if group_of[n] == g]) for g in groups] if len(groups) > 1 else []
    found = []
    for name in names:
        if name != "accuracy" and name.split(" ")[0] not in ("sensitivity", "specificity", "AUC"):
            continue
        for group, inside in wanted:
            ratings, truth = _ratings(stacked(ordered, inside), table, name)
            ratings = ratings.reshape(len(ordered), len(inside), -1)
            try:
                done = bdg(ratings, truth, estimator="centred", treatment_names=tuple(s.arm for s in ordered))
                found.append(IncompleteComparison(name, group, len(inside), done.treatments, done.differences))
            except StatsError as error:
                found.append(IncompleteComparison(name, group, len(inside), (), (), str(error)))
    return tuple(found)


def _ratings(reads: Set, table: ReadTable, name: str) -> tuple[Floats, Bools]:
    """Scores (m, n) and sides (n,) whose area is the figure."""
    kind, _, label = name.partition(" ")
    target = table.classes.index(label) if label else None
    if kind == "AUC" and target is not None:
        return reads.scores[:, :, target], table.truth == target
    counted = np.ones(table.truth.shape, bool) if target is None else (table.truth == target) == (kind == "sensitivity")
    right = correct_for(reads.prediction, table.truth, target).astype(np.float64)
    right[reads.prediction == MISSING] = np.nan
    scores = np.concatenate([right[:, counted], np.full((len(right), CONSTANTS), 0.5)], axis=1)
    return scores, np.arange(scores.shape[1]) < int(counted.sum())
