"""Figures of the AI and the readers on subgroups of cases, and how a difference differs between two of them."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.stats.choices import Factor
from core.stats.comparisons import ai_with_groups, arm_order, arms_compared, stacked
from core.stats.confusion import class_figures, counts
from core.stats.designs import Study
from core.stats.estimate import Estimate, Floats, StatsError, range_of_difference
from core.stats.figures import Cells
from core.stats.group_figures import group_figures
from core.stats.ids import clusters_among
from core.stats.intervals import proportions
from core.stats.mrmc import crossed_readers
from core.stats.obuchowski_rockette import Difference, single_test
from core.stats.reader_figures import (
    ALL,
    Set,
    cases_for,
    cells_or_error,
    members,
    reader_figures,
    rows_of,
    sets_of,
    sub_cells,
)
from core.stats.reads import ReadTable
from core.stats.roc import auc_estimates
from core.stats.small_samples import METHOD
from core.stats.table import AI

Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Effect:
    """A difference: an AI minus a group in `arm`, or, with arm "", aided minus unaided. estimate.n counts readers."""

    group: str
    arm: str
    estimate: Estimate
    p: float | None
    ai: str = AI


@dataclass(frozen=True, slots=True)
class SubgroupFigures:
    """One figure on some cases: `counted` of `cases` count for it. `figures` by (group, arm), an AI's by (name, "").

    The AI: Wilson, DeLong or jackknife; a group: the mean over its readers, single test. estimate.n counts cases of the
    AI, readers of a group.
    """

    cases: int
    counted: int
    figures: tuple[tuple[tuple[str, str], Estimate], ...]
    effects: tuple[Effect, ...]


def of_cases(table: ReadTable, at: Places) -> ReadTable:
    """Return the table of some cases, `at` (k,) their places."""

    return replace(
        table,
        cases=tuple(table.cases[place] for place in at.tolist()),
        truth=table.truth[at],
        clusters=None if table.clusters is None else clusters_among(table.clusters[at]),
        prediction=table.prediction[:, :, at],
        scores=table.scores[:, :, at],
        probabilities=table.probabilities[:, :, at],
        seconds=table.seconds[:, :, at],
        position=table.position[:, :, at],
        ais=tuple(ai.of_cases(at) for ai in table.ais),
    )


def cases_counted(table: ReadTable, figure: str) -> int:
    """How many cases a figure rests on; of an area, the fewer of those with and without the class."""
    kind, _, label = figure.partition(" ")
    if kind == "AUC":
        return min(cases_for(table, f"{side} {label}") for side in ("sensitivity", "specificity"))
    return cases_for(table, figure)


def subgroup_figures(table: ReadTable, figure: str, at: Places) -> SubgroupFigures:
    """The figure of the AI and every group in each arm on the cases `at` (k,), and the differences, on those alone.

    Readers are random from three on, fixed below, and fixed in a part of the cases where that is the wider interval of
    a group's mean. A figure or difference that does not exist has its reason.
    """
    part, cautious = of_cases(table, at), len(at) < len(table.cases)
    sets = sets_of(part)
    figures: list[tuple[tuple[str, str], Estimate]] = []
    effects: list[Effect] = []
    for reads in sets:
        if not figures:
            figures += [((reads.names[k], ""), _of_ai(rows_of(reads, [k]), part, figure)) for k in range(reads.ais)]
        for group, inside in members(reads):
            figures.append(
                ((group, reads.arm), _of_group(rows_of(reads, inside), part, figure, group, cautious=cautious))
            )
            effects += [_ai_minus(rows_of(reads, [k, *inside]), part, figure, group) for k in range(reads.ais)]
    for comparison in arms_compared(sets, part, (figure,), readers_as=None):
        result = comparison.result
        effects.append(_aided_minus(comparison.group, result.differences[0] if result else None,
                                    result.n_readers if result else 0, comparison.reason))  # fmt: skip
    return SubgroupFigures(len(at), cases_counted(part, figure), tuple(figures), tuple(effects))


def difference_between(table: ReadTable, figure: str, first: Places, second: Places) -> tuple[Effect, ...]:
    """How every difference on the cases `first` differs from that on the cases `second` (disjoint): first minus second.

    Obuchowski-Rockette with the two subgroups as treatments, each with cases of its own (Hillis 2014, cases nested in
    treatments), on each reader's difference. Readers are those who read in both; random from three on, fixed below.
    Raises StatsError where a case is in both.
    """
    if np.intersect1d(first, second).size:
        raise StatsError("A case is in both subgroups; compare subgroups that share no case.")
    parts = [of_cases(table, at) for at in (first, second)]
    halves = [sets_of(part) for part in parts]
    found: list[Effect] = []
    for reads, other in _same_arm(*halves):
        for ai in reads.names[: reads.ais]:
            for group, names in _groups(reads, other):
                sides = [
                    _gaps(half, part, figure, [ai], names) for half, part in zip((reads, other), parts, strict=True)
                ]
                found.append(replace(_between(sides, group, reads.arm, len(names)), ai=ai))
    if len(table.arms) > 1 and all(len(half) == len(table.arms) for half in halves):
        people = [name for name in table.readers if all(name in reads.names for half in halves for reads in half)]
        group_of = dict(zip(table.readers, table.groups, strict=True))
        for group in (ALL, *dict.fromkeys(group_of[name] for name in people)):
            names = [name for name in people if group in (ALL, group_of[name])]
            if len(names) < len(people) or group == ALL:
                sides = [_arm_gaps(half, part, figure, names) for half, part in zip(halves, parts, strict=True)]
                found.append(_between(sides, group, "", len(names)))
    return tuple(found)


def _of_ai(reads: Set, table: ReadTable, figure: str) -> Estimate:
    kind, _, label = figure.partition(" ")
    matrix = counts(table.truth, reads.prediction[:1], len(table.classes))
    if table.clusters is not None:
        return _of_ai_in_clusters(reads, table, figure)
    if figure == "accuracy":
        right = np.einsum("mii->m", matrix[:, :, : len(table.classes)])
        return proportions(right, matrix.sum(axis=(1, 2)), what="cases")[0]
    if kind in ("sensitivity", "specificity"):
        one = class_figures(matrix, table.classes)[0][table.classes.index(label)]
        return one.sensitivity if kind == "sensitivity" else one.specificity
    if kind == "AUC":
        target = table.classes.index(label)
        return auc_estimates(reads.scores[:1, :, target], table.truth == target)[0]
    return dict(reader_figures(reads, table, ordered=False)[0].figures)[figure]


def _of_ai_in_clusters(reads: Set, table: ReadTable, figure: str) -> Estimate:
    found = reader_figures(rows_of(reads, [0]), table, ordered=False)[0]
    label = figure.partition(" ")[2]
    at = table.classes.index(label) if label in table.classes else 0
    by_name = {
        "accuracy": found.accuracy,
        f"sensitivity {label}": found.classes[at].sensitivity,
        f"specificity {label}": found.classes[at].specificity,
        f"AUC {label}": found.scores[at].auc,
    }
    return by_name[figure] if figure in by_name else dict(found.figures)[figure]


def _of_group(reads: Set, table: ReadTable, figure: str, group: str, *, cautious: bool) -> Estimate:
    cells = cells_or_error(reads, table, figure)
    if isinstance(cells, StatsError):
        return Estimate(None, n=len(reads.names), reason=str(cells))
    found = next(
        group_figure for group_figure in group_figures(reads, table, {figure: cells}) if group_figure.group == group
    )
    mean, how, by = found.figures[0].mean, found.note, found.figures[0].method
    if cautious and by != METHOD:  # which is never surer than these readers by themselves
        # few cases and readers who happen to agree: random readers may come out surer than these readers by themselves
        fixed = single_test(cells.theta, cells.cov, readers="fixed", bounds=cells.bounds)
        if fixed.se is not None and (mean.se is None or mean.se < fixed.se):
            mean, how = fixed, "these readers only, who vary less than their cases"
    method = f"{by}, {how}"
    return Estimate(mean.estimate, mean.se, mean.ci, len(found.readers), method, mean.reason)


def _ai_minus(reads: Set, table: ReadTable, figure: str, group: str) -> Effect:
    cells = {figure: cells_or_error(reads, table, figure)}
    against = ai_with_groups(reads, table, cells, readers_as=None, margin=None)
    found = next(comparison for comparison in against if comparison.group == group)
    if found.result is None:
        return Effect(group, reads.arm, Estimate(None, n=found.readers, reason=found.reason), None, found.ai)
    one = found.result
    made = Estimate(one.difference, one.se, one.ci, found.readers, one.method, one.reason)
    return Effect(group, reads.arm, made, one.p, found.ai)


def _aided_minus(group: str, gap: Difference | None, readers: int, reason: str | None) -> Effect:
    if gap is None:
        return Effect(group, "", Estimate(None, n=readers, reason=reason), None)
    made = Estimate(gap.estimate, gap.se, gap.ci, readers, "Obuchowski-Rockette, jackknife covariance", gap.reason)
    return Effect(group, "", made, gap.p)


def _same_arm(first: tuple[Set, ...], second: tuple[Set, ...]) -> list[tuple[Set, Set]]:
    return [(before, other) for before in first for other in second if before.arm == other.arm]


def _groups(first: Set, second: Set) -> list[tuple[str, list[str]]]:
    """The groups of a set, and of their readers those who are in the other one too."""
    made = [(group, [first.names[i] for i in at if first.names[i] in second.names]) for group, at in members(first)]
    return [(group, names) for group, names in made if names]


def _gaps(reads: Set, table: ReadTable, figure: str, first: list[str], names: list[str]) -> Cells | StatsError:
    """The AI minus each of the readers, with the covariance of these differences over cases."""
    at = [reads.names.index(name) for name in (*first, *names)]
    cells = cells_or_error(rows_of(reads, at), table, figure)
    if isinstance(cells, StatsError):
        return cells
    weights = np.hstack([np.ones((len(names), 1)), -np.eye(len(names))])
    return _combined(cells, weights)


def _arm_gaps(half: tuple[Set, ...], table: ReadTable, figure: str, names: list[str]) -> Cells | StatsError:
    """Each reader's aided minus unaided figure, with the covariance of these differences over cases."""
    ordered = arm_order(half)
    cells = cells_or_error(stacked((ordered[0], ordered[-1]), names), table, figure)
    if isinstance(cells, StatsError):
        return cells
    one = np.eye(len(names))
    return _combined(sub_cells(cells, list(range(2 * len(names)))), np.hstack([one, -one]))


def _combined(cells: Cells, weights: Floats) -> Cells:
    cov = None if cells.cov is None else weights @ cells.cov @ weights.T
    return Cells(weights @ cells.theta, cov, cells.reason, range_of_difference(cells.bounds) or cells.bounds)


def _between(sides: list[Cells | StatsError], group: str, arm: str, readers: int) -> Effect:
    why = next((str(side) for side in sides if isinstance(side, StatsError)), None)
    if why is not None:
        return Effect(group, arm, Estimate(None, n=readers, reason=why), None)
    first, second = (side for side in sides if isinstance(side, Cells))
    factor: Factor = "random" if readers > 2 else "fixed"
    cov = None
    if first.cov is not None and second.cov is not None:
        cov = np.zeros((2 * readers, 2 * readers))
        cov[:readers, :readers], cov[readers:, readers:] = first.cov, second.cov
    both = Cells(np.concatenate([first.theta, second.theta]), cov, first.reason or second.reason, first.bounds)
    names = tuple(str(i) for i in range(readers))
    study = Study(np.zeros((2, readers, 0)), np.zeros(0, bool), ("first", "second"), names,
                  "cases nested in treatments")  # fmt: skip
    try:
        gap = crossed_readers(both, study, readers=factor, cases="random", level=0.95)[1][0]
    except StatsError as error:
        return Effect(group, arm, Estimate(None, n=readers, reason=str(error)), None)
    who = "readers as a sample of readers" if factor == "random" else "these readers only"
    method = f"Obuchowski-Rockette, cases nested in subgroups, {who}"
    return Effect(group, arm, Estimate(gap.estimate, gap.se, gap.ci, readers, method, gap.reason), gap.p)
