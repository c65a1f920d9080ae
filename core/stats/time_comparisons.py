"""What the times of a study say: arms, groups, and position in the list. The AI is not compared with people."""

from dataclasses import dataclass

import numpy as np

from core.stats.comparisons import arm_order
from core.stats.confusion import MISSING
from core.stats.estimate import Floats
from core.stats.reader_figures import ALL, Set, members
from core.stats.reads import ReadTable
from core.stats.times import Fatigue, TimeRatio, arm_ratio, fatigue, group_ratio, paired_times


@dataclass(frozen=True, slots=True)
class TimeComparison:
    """Ratio of reading times a / b: of arms for one reader (`who`) or over readers, or of two groups in an arm."""

    who: str
    a: str
    b: str
    arm: str
    ratio: TimeRatio


def times_compared(sets: tuple[Set, ...], table: ReadTable) -> tuple[TimeComparison, ...]:
    """Time ratios of arms, reader by reader and over readers, and of groups within an arm. The AI is not compared.

    What the AI needs is a machine's time; no test sets it against people's.
    """
    found = []
    ordered = arm_order(sets)
    for k, first in enumerate(ordered):
        for second in ordered[k + 1 :]:
            people = [n for n in table.readers if n in first.names and n in second.names]
            if not people:
                continue
            a, b = (s.seconds[[s.names.index(n) for n in people]] for s in (first, second))
            pair = (first.arm, second.arm)
            found += [
                TimeComparison(n, *pair, "", paired_times(a[i], b[i], clusters=table.clusters))
                for i, n in enumerate(people)
            ]
            found.append(TimeComparison(ALL, *pair, "", arm_ratio(a, b)))
    for reads in sets:
        groups = [g for g in members(reads) if g[0] != ALL]
        for k, (name, at) in enumerate(groups):
            for later, others in groups[k + 1 :]:
                ratio = group_ratio(reads.seconds[others], reads.seconds[at])
                found.append(TimeComparison("groups", later, name, reads.arm, ratio))
    known = [f for f in found if f.ratio.n]
    return tuple(known)


def fatigue_of(table: ReadTable, arm: int) -> Fatigue | None:
    """Effect of position in the list in one arm; None where no position was recorded."""
    if np.isnan(table.position[arm]).all():
        return None
    prediction = table.prediction[arm]
    correct: Floats = np.where(prediction == MISSING, np.nan, (prediction == table.truth).astype(np.float64))
    return fatigue(table.seconds[arm], correct, table.position[arm])
