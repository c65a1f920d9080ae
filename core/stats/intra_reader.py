"""Agreement of each reader with themselves: the same cases read again in another arm."""

from dataclasses import dataclass

import numpy as np

from core.stats.agreement import Agreement, agreement
from core.stats.agreement_clusters import over_clusters
from core.stats.comparisons import arm_order
from core.stats.estimate import Estimate
from core.stats.reader_figures import Set
from core.stats.reads import ReadTable


@dataclass(frozen=True, slots=True)
class IntraReader:
    """Cohen's kappa of a reader's calls in arms a and b; what changed between the arms, such as an AI, counts too."""

    reader: str
    a: str
    b: str
    kappa: Estimate
    observed: float | None  # share of cases called alike


def intra_reader(sets: tuple[Set, ...], table: ReadTable) -> tuple[IntraReader, ...]:
    """Every reader who read in two arms, arm by arm."""
    found = []
    ordered = arm_order(sets)
    for k, first in enumerate(ordered):
        for second in ordered[k + 1 :]:
            for name in table.readers:
                if name in first.names and name in second.names:
                    rows = [s.prediction[s.names.index(name)] for s in (first, second)]
                    own = pair_agreement(np.stack(rows), table, (first.arm, second.arm))
                    found.append(IntraReader(name, first.arm, second.arm, own.pairs[0].kappa, own.observed))
    return tuple(found)


def pair_agreement(both: np.ndarray, table: ReadTable, names: tuple[str, str]) -> Agreement:
    """Agreement of two rows of calls (2, n) of the cases of a table, over its clusters where it has some."""
    classes = len(table.classes)
    own = agreement(both, table.truth, classes=classes, readers=names)
    return own if table.clusters is None else over_clusters(own, both, classes=classes, clusters=table.clusters)
