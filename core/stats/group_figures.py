"""Means over the readers of each group, and of all readers, with intervals that allow for reads of the same case."""

from dataclasses import dataclass

from core.stats.choices import Factor
from core.stats.confusion import counts
from core.stats.estimate import StatsError
from core.stats.figures import Cells
from core.stats.obuchowski_rockette import TreatmentMean, single_test
from core.stats.reader_figures import Set, as_counts, cases_for, members, sub_cells, units_for
from core.stats.reads import ReadTable
from core.stats.small_samples import METHOD, flag, proportion_mean


@dataclass(frozen=True, slots=True)
class GroupFigure:
    """Mean over a group's readers of one figure on `cases` cases; these readers only where readers are fixed.

    `flag` says where simulations speak against the interval.
    """

    figure: str
    cases: int
    mean: TreatmentMean
    readers_as: Factor
    method: str = "Obuchowski-Rockette single test"
    flag: str = ""


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """A group in one arm: its pooled confusion matrix, and means with single-test intervals (reads of a case
    correlate).
    """

    group: str
    arm: str
    readers: tuple[str, ...]
    missing: int
    confusion: tuple[tuple[int, ...], ...]
    figures: tuple[GroupFigure, ...]
    note: str


def _group_figure(own: Cells, name: str, table: ReadTable, factor: Factor, group: str) -> GroupFigure:
    """The mean of a figure over readers: a proportion by the small-sample method, others by the single test."""
    cases, n = cases_for(table, name), units_for(table, name)
    if name.split(" ")[0] not in ("accuracy", "sensitivity", "specificity"):
        mean = single_test(own.theta, own.cov, readers=factor, treatment=group, bounds=own.bounds)
        return GroupFigure(name, cases, mean, factor)
    mean = proportion_mean(
        own.theta, own.cov, n=n, readers=factor, treatment=group, clustered=table.clusters is not None
    )
    told = "" if mean.ci is None else flag(readers=factor, r=own.theta.size, n=n, p=mean.estimate)
    return GroupFigure(name, cases, mean, factor, METHOD, told)


def group_figures(
    reads: Set, table: ReadTable, cells: dict[str, Cells | StatsError], *, readers_as: Factor | None = None
) -> tuple[GroupFigures, ...]:
    """Means of every group and of all readers, from the cells of each figure (or the reason it does not exist).

    Readers are random from three on, fixed below, unless `readers_as` says fixed; fixed means these readers only.
    """
    matrix = counts(table.truth, reads.prediction, len(table.classes))
    found = []
    for group, at in members(reads):
        factor: Factor = readers_as if readers_as and (len(at) > 2 or readers_as == "fixed") else (
            "random" if len(at) > 2 else "fixed")  # fmt: skip
        means = []
        for name, figure in cells.items():
            if isinstance(figure, StatsError):
                continue
            own = sub_cells(figure, at)
            means.append(_group_figure(own, name, table, factor, group))
        note = "these readers only" if factor == "fixed" else "readers as a sample of readers"
        missing = int(reads.missing[at].sum())
        names = tuple(reads.names[i] for i in at)
        found.append(
            GroupFigures(group, reads.arm, names, missing, as_counts(matrix[at].sum(axis=0)), tuple(means), note)
        )
    return tuple(found)
