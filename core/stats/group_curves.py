"""Mean ROC curves of groups of readers."""

from dataclasses import dataclass

from core.stats.reader_figures import ReaderFigures, Set, members
from core.stats.roc import MeanRoc, mean_curve


@dataclass(frozen=True, slots=True)
class GroupCurve:
    """The mean ROC curve of a group, or of all readers, in one arm, for one class against the rest."""

    group: str
    arm: str
    label: str
    curve: MeanRoc


def group_curves(reads: Set, figures: tuple[ReaderFigures, ...]) -> list[GroupCurve]:
    """Mean curves, class by class, of every group of a set of which somebody has a curve; figures as the set has them.

    A reader without ratings has no curve and is not among the readers of the mean.
    """
    found = []
    for group, at in members(reads):
        for place, score in enumerate(figures[at[0]].scores):
            curves = [roc for i in at if (roc := figures[i].scores[place].roc) is not None]
            if curves:
                found.append(GroupCurve(group, reads.arm, score.label, mean_curve(curves)))
    return found
