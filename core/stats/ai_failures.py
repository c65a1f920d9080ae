"""Areas where the AI failed: on common cases, with the worst rank, or as they are.

A failed case has no score, so the AI's area would rest on fewer, often easier cases than the readers'.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from core.stats.choices import Factor
from core.stats.comparisons import AiComparison, ai_with_groups
from core.stats.confusion import FAILURE, INDETERMINATE, Codes
from core.stats.estimate import Bools, Floats
from core.stats.reader_figures import Set, cells_or_error
from core.stats.reads import ReadTable

AiFailures = Literal["worst", "common", "as-is"]
RULES: dict[AiFailures, str] = {
    "worst": "the AI's failed cases get the worst rank: a positive case the lowest score, a negative one the highest",
    "common": "only cases that the AI scored, for the AI and the readers",
    "as-is": "the AI on the cases it scored, the readers on all of theirs",
}


@dataclass(frozen=True, slots=True)
class FailedAreas:
    """The AI minus a group on an area under one rule; `chosen` marks the rule of the other figures."""

    rule: AiFailures
    meaning: str
    chosen: bool
    comparison: AiComparison


def worst_ranked(scores: Floats, where: Bools, truth: Codes) -> Floats:
    """Scores (m, n, C) with the worst rank where `where` (m, n): below all for the case's own class, else above all."""
    own = np.arange(scores.shape[-1]) == truth[:, None]  # (n, C)
    worst = np.where(own, -np.inf, np.inf)
    some: Bools = np.asarray(~np.isnan(scores).all(axis=(1, 2)))  # somebody who never gives scores gets no ranks either
    return np.where((where & some[:, None])[..., None], worst[None], scores)


def failed(reads: Set) -> Bools:
    """The cases (n,) for which the first AI of the set gave no score because it failed or could not decide."""
    if not reads.has_ai or np.isnan(reads.scores[0]).all():
        return np.zeros(reads.prediction.shape[1], bool)
    no_call = (reads.prediction[0] == FAILURE) | (reads.prediction[0] == INDETERMINATE)
    return np.asarray(no_call & np.isnan(reads.scores[0]).any(axis=1))


def under_rule(reads: Set, truth: Codes, rule: AiFailures) -> Set:
    """The set with the rule applied to its scores; calls stay as they are."""
    lost = failed(reads)
    if rule == "as-is" or not lost.any():
        return reads
    if rule == "common":
        return replace(reads, scores=np.where(lost[None, :, None], np.nan, reads.scores))
    where = np.zeros(reads.prediction.shape, bool)
    where[0] = lost
    return replace(reads, scores=worst_ranked(reads.scores, where, truth))


def failed_areas(
    reads: Set,
    table: ReadTable,
    names: tuple[str, ...],
    *,
    chosen: AiFailures,
    readers_as: Factor | None,
    margin: float | None,
) -> tuple[FailedAreas, ...]:
    """The AI against every group on the areas among `names` under each rule; nothing where the AI scored every case."""
    if not failed(reads).any():
        return ()
    found = []
    for rule, meaning in RULES.items():
        used = under_rule(reads, table.truth, rule)
        cells = {name: cells_or_error(used, table, name) for name in names if name.startswith("AUC ")}
        for contest in ai_with_groups(used, table, cells, readers_as=readers_as, margin=margin):
            found.append(FailedAreas(rule, meaning, rule == chosen, contest))
    return tuple(found)
