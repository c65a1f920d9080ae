"""What scores say beside areas: calibration line, net benefit and partial area of AIs and readers, class by class."""

from dataclasses import dataclass

import numpy as np

from core.stats.estimate import Estimate
from core.stats.probabilities import CalibrationLine, NetBenefit, calibration_line, net_benefit, partial_area
from core.stats.reader_figures import Set
from core.stats.reads import ReadTable

MOST = 12  # readers whose scores are examined one by one; with more, only the AIs'
MOST_FALSE = 0.2  # false-positive fraction to which a partial area runs


@dataclass(frozen=True, slots=True)
class ScoreFigures:
    """Scores of an AI or reader for one class; `line` None and no `net_benefit` where they are not probabilities."""

    reader: str
    arm: str
    label: str
    partial: Estimate
    line: CalibrationLine | None
    net_benefit: tuple[NetBenefit, ...]


def score_figures(sets: tuple[Set, ...], table: ReadTable) -> tuple[ScoreFigures, ...]:
    """Every AI once, and the readers of every arm where there are at most MOST; nobody without scores.

    Of two classes the second is the one asked for, as in every comparison.
    """
    found = []
    targets = range(len(table.classes)) if len(table.classes) > 2 else (1,)
    for k, reads in enumerate(sets):
        start, people = (0 if not k else reads.ais), len(reads.names) - reads.ais
        for i in range(start, len(reads.names) if people <= MOST else reads.ais):
            for c in targets:
                scores, truth = reads.scores[i, :, c], table.truth == c
                if not np.isfinite(scores).any():
                    continue
                share = reads.probabilities[i, :, c]
                some = bool(np.isfinite(share).any())
                found.append(
                    ScoreFigures(
                        reads.names[i],
                        reads.arm if i >= reads.ais else "",
                        table.classes[c],
                        partial_area(scores, truth, most=MOST_FALSE, clusters=table.clusters),
                        calibration_line(share, truth, clusters=table.clusters) if some else None,
                        net_benefit(share, truth, clusters=table.clusters) if some else (),
                    )
                )
    return tuple(found)
