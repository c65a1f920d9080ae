"""Accuracy under other rules for reads that were undecided or not made."""

from dataclasses import dataclass

import numpy as np

from core.stats.clustered_reads import clustered_accuracy
from core.stats.confusion import INDETERMINATE, MISSING, Codes, figure_cells
from core.stats.estimate import Bools, Estimate, StatsError
from core.stats.intervals import proportion
from core.stats.reader_figures import Set
from core.stats.reads import ReadTable
from core.stats.standalone import Standalone, ai_against_readers
from core.stats.table import AI


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """Accuracy under another rule for reads that were undecided or not made; `difference` is AI minus all readers."""

    rule: str
    arm: str
    readers: tuple[tuple[str, Estimate], ...]
    difference: Standalone | None
    reason: str | None = None
    ai: str = AI


def other_rules(reads: Set, table: ReadTable) -> list[Sensitivity]:
    """Accuracy with undecided reads left out, on cases everybody decided, and with missing reads counted as
    incorrect.
    """
    p = reads.prediction
    settled = (p >= 0) | ((p == MISSING) & ~reads.missing)  # what the design does not ask for cannot be lacking
    if settled.all():
        return []
    complete: Bools = np.asarray(settled.all(axis=0))
    everything: Bools = np.ones(p.shape[1], bool)
    rules: list[tuple[str, Codes, Bools]] = [
        ("indeterminate reads and failures left out", np.where(p >= 0, p, MISSING), everything),
        (f"only the {int(complete.sum())} cases that everybody read and decided", p, complete),
        ("missing reads counted as incorrect", np.where(reads.missing, INDETERMINATE, p), everything),
    ]
    found = []
    for rule, changed, counted in rules:
        used, truth = changed[:, counted], table.truth[counted]
        right, n = (used == truth).sum(axis=1), (used != MISSING).sum(axis=1)
        inside = None if table.clusters is None else table.clusters[counted]
        each = tuple(
            (name, proportion(int(right[i]), int(n[i])))
            if inside is None
            else (name, clustered_accuracy(used[i] == truth, used[i] != MISSING, inside))
            for i, name in enumerate(reads.names)
        )
        result, reason = None, None
        if reads.has_ai and len(reads.names) > reads.ais:
            try:
                cells = figure_cells(truth, used, "accuracy", classes=len(table.classes), clusters=inside)
                result = ai_against_readers(cells)
            except StatsError as error:
                reason = str(error)
        found.append(Sensitivity(rule, reads.arm, each, result, reason, reads.names[0] if reads.has_ai else AI))
    return found
