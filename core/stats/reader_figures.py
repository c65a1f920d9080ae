"""Figures of every reader, of the AI and of every group, in each arm of a study."""

from dataclasses import dataclass, replace

import numpy as np

from core.stats.choices import Factor
from core.stats.confusion import (
    FAILURE,
    FIGURES,
    INDETERMINATE,
    MISSING,
    ClassFigures,
    Codes,
    class_cells,
    class_figures,
    counts,
    figure_bounds,
    figure_cells,
    leave_one_out,
)
from core.stats.estimate import NO_INFORMATION, Bools, Estimate, Floats, Interval, StatsError, within
from core.stats.figures import Cells, auc_cells, jackknifed_cells
from core.stats.intervals import clopper_pearson, proportions
from core.stats.obuchowski_rockette import TreatmentMean, single_test
from core.stats.reads import ReadTable
from core.stats.roc import Calibration, Roc, auc_estimates, calibration, hand_till, roc_curve
from core.stats.small_samples import METHOD, flag, proportion_mean
from core.stats.table import AI
from core.stats.times import TimeSummary, time_summary

ALL = "all readers"


@dataclass(frozen=True, slots=True)
class Set:
    """The reads of one arm: the AIs first, `ais` of them, then the readers who read in it."""

    arm: str
    names: tuple[str, ...]
    groups: tuple[str, ...]
    prediction: Codes  # (m, n)
    scores: Floats  # (m, n, C)
    probabilities: Floats  # (m, n, C)
    seconds: Floats  # (m, n)
    ais: int

    @property
    def has_ai(self) -> bool:
        """Whether its first row is an AI's."""
        return self.ais > 0


@dataclass(frozen=True, slots=True)
class ClassScores:
    """Area, curve and calibration of one class against the rest; `roc` None without scores, `calibration` without
    probabilities.
    """

    label: str
    auc: Estimate
    roc: Roc | None
    calibration: Calibration | None


@dataclass(frozen=True, slots=True)
class ReaderFigures:
    """One reader, or the AI, in one arm. `confusion`: rows truth; columns the classes, indeterminate, failure."""

    reader: str
    group: str
    arm: str
    n: int
    missing: int
    indeterminate: int
    failures: int
    confusion: tuple[tuple[int, ...], ...]
    accuracy: Estimate
    accuracy_exact: Interval | None  # Clopper-Pearson
    figures: tuple[tuple[str, Estimate], ...]  # balanced accuracy, macro F1, kappas: jackknife, normal
    classes: tuple[ClassFigures, ...]
    scores: tuple[ClassScores, ...]
    hand_till: Estimate
    times: TimeSummary


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


def sets_of(table: ReadTable) -> tuple[Set, ...]:
    """One Set an arm; readers without any read in an arm are not in it."""
    found = []
    for a, arm in enumerate(table.arms):
        present = (table.prediction[a] != MISSING).any(axis=1)
        names = tuple(n for n, p in zip(table.readers, present.tolist(), strict=True) if p)
        groups = tuple(g for g, p in zip(table.groups, present.tolist(), strict=True) if p)
        prediction, scores = table.prediction[a][present], table.scores[a][present]
        probabilities, seconds = table.probabilities[a][present], table.seconds[a][present]
        if table.ais:
            prediction = np.concatenate([np.stack([one.prediction for one in table.ais]), prediction])
            scores = np.concatenate([np.stack([one.scores for one in table.ais]), scores])
            probabilities = np.concatenate([np.stack([one.probabilities for one in table.ais]), probabilities])
            seconds = np.concatenate([np.stack([one.seconds for one in table.ais]), seconds])
            names, groups = (*(one.name for one in table.ais), *names), (*(AI for _ in table.ais), *groups)
        found.append(Set(arm, names, groups, prediction, scores, probabilities, seconds, len(table.ais)))
    return tuple(found)


def rows_of(reads: Set, at: list[int]) -> Set:
    """The rows of a set at some places, in ascending order."""
    return replace(
        reads,
        names=tuple(reads.names[i] for i in at),
        groups=tuple(reads.groups[i] for i in at),
        prediction=reads.prediction[at],
        scores=reads.scores[at],
        probabilities=reads.probabilities[at],
        seconds=reads.seconds[at],
        ais=sum(i < reads.ais for i in at),
    )


def each_ai(reads: Set) -> tuple[Set, ...]:
    """For each AI of a set, that AI alone with all the readers."""
    people = list(range(reads.ais, len(reads.names)))
    return (reads,) if reads.ais == 1 else tuple(rows_of(reads, [k, *people]) for k in range(reads.ais))


def figure_names(table: ReadTable, *, ordered: bool) -> tuple[str, ...]:
    """Figures that comparisons are made on: of all classes together, then of each class (of two, the second one)."""
    whole = FIGURES[:4] + (FIGURES[4:] if ordered else ())
    labels = table.classes if len(table.classes) > 2 else table.classes[1:]
    each = [f"{name} {label}" for label in labels for name in ("sensitivity", "specificity", "AUC")]
    return (*whole, *each)


def cells_of(reads: Set, table: ReadTable, name: str) -> Cells:
    """The figure `name` for all m readers of a set with its jackknife covariance; StatsError where it does not
    exist.
    """
    if not reads.names:
        raise StatsError("No reader has reads of these cases in every arm.")
    if name in FIGURES:
        return figure_cells(table.truth, reads.prediction, name, classes=len(table.classes))
    kind, label = name.split(" ", 1)
    target = table.classes.index(label)
    if kind == "AUC":
        scores = reads.scores[:, :, target]
        if np.isnan(scores).all(axis=1).any():
            raise StatsError("Ratings or probabilities are missing for some reader; without them there is no area.")
        return auc_cells(scores, table.truth == target)
    return class_cells(table.truth, reads.prediction, kind, target=target)


def cells_or_error(reads: Set, table: ReadTable, name: str) -> Cells | StatsError:
    """The same, with the error as a value where the figure does not exist."""
    try:
        return cells_of(reads, table, name)
    except StatsError as error:
        return error


def cells_of_people(reads: Set, table: ReadTable, names: tuple[str, ...]) -> dict[str, Cells | StatsError]:
    """The cells of every figure; of an area that only the AI, first of the set, lacks scores for, with the AI's as
    NaN.

    What an AI did not say must not take a figure from the readers.
    """
    found: dict[str, Cells | StatsError] = {}
    for name in names:
        found[name] = cells_or_error(reads, table, name)
        if isinstance(found[name], StatsError) and 0 < reads.ais < len(reads.names):
            people = cells_or_error(rows_of(reads, list(range(reads.ais, len(reads.names)))), table, name)
            if isinstance(people, Cells):
                found[name] = _shifted(people, reads.ais)
    return found


def _shifted(cells: Cells, by: int) -> Cells:
    """The same cells with `by` unknown ones before them, so that places are those of the whole set."""
    cov = None if cells.cov is None else np.pad(cells.cov, ((by, 0), (by, 0)), constant_values=np.nan)
    return Cells(np.concatenate([np.full(by, np.nan), cells.theta]), cov, cells.reason, cells.bounds)


def cases_for(table: ReadTable, name: str) -> int:
    """How many cases a figure rests on: those of the class for its sensitivity, the others for specificity, else
    all.
    """
    kind, _, label = name.partition(" ")
    if kind not in ("sensitivity", "specificity"):
        return len(table.cases)
    own = int((table.truth == table.classes.index(label)).sum())
    return own if kind == "sensitivity" else len(table.cases) - own


def sub_cells(cells: Cells, at: list[int]) -> Cells:
    """The cells of some readers."""
    return Cells(cells.theta[at], None if cells.cov is None else cells.cov[np.ix_(at, at)], cells.reason, cells.bounds)


def reader_figures(reads: Set, table: ReadTable, *, ordered: bool) -> tuple[ReaderFigures, ...]:
    """Figures of every reader of a set: Wilson and Clopper-Pearson for proportions, DeLong for areas, else
    jackknife.
    """
    labels = table.classes
    matrix = counts(table.truth, reads.prediction, len(labels))
    classes = class_figures(matrix, labels)
    whole = {name: _jackknifed(reads, table, name) for name in FIGURES[1 : 6 if ordered else 4]}
    areas = [auc_estimates(reads.scores[:, :, c], table.truth == c) for c in range(len(labels))]
    n, right = matrix.sum(axis=(1, 2)), np.einsum("mii->m", matrix[:, :, : len(labels)])
    accuracy = proportions(right, n, what="cases")
    low, high = clopper_pearson(right, n)
    found = []
    for i, name in enumerate(reads.names):
        prediction = reads.prediction[i]
        found.append(
            ReaderFigures(
                reader=name,
                group=reads.groups[i],
                arm=reads.arm,
                n=int(n[i]),
                missing=int((prediction == MISSING).sum()),
                indeterminate=int((prediction == INDETERMINATE).sum()),
                failures=int((prediction == FAILURE).sum()),
                confusion=as_counts(matrix[i]),
                accuracy=accuracy[i],
                accuracy_exact=(float(low[i]), float(high[i])) if n[i] else None,
                figures=tuple((key, values[i]) for key, values in whole.items()),
                classes=classes[i],
                scores=tuple(
                    _class_scores(reads, i, c, labels[c], table.truth == c, areas[c][i]) for c in range(len(labels))
                ),
                hand_till=hand_till(reads.scores[i], table.truth),
                times=time_summary(reads.seconds[i]),
            )
        )
    return tuple(found)


def as_counts(matrix: Floats) -> tuple[tuple[int, ...], ...]:
    """A confusion matrix as whole numbers."""
    return tuple(tuple(int(x) for x in row) for row in matrix)


def _jackknifed(reads: Set, table: ReadTable, name: str) -> list[Estimate]:
    """A figure for every reader by themselves, so that one reader's lack of cases does not take it from the others."""
    found = []
    whole, without = leave_one_out(table.truth, reads.prediction, name, classes=len(table.classes))
    for i, value in enumerate(whole.tolist()):
        n = int((reads.prediction[i] != MISSING).sum())
        if not np.isfinite(value):
            found.append(Estimate(None, n=n, method="jackknife", reason="a class has no case that was read"))
            continue
        cells = jackknifed_cells(whole[i : i + 1], without[i : i + 1], bounds=figure_bounds(name))
        if cells.cov is None or cells.cov[0, 0] <= 1e-20:
            reason = cells.reason or "leaving out any case changes nothing: the variance is 0"
            found.append(Estimate(value, None, None, n, "jackknife", reason))
            continue
        se = float(np.sqrt(cells.cov[0, 0]))
        half = 1.959963984540054 * se
        ci, _ = within((value - half, value + half), cells.bounds)
        found.append(Estimate(value, se, ci, n, "jackknife, normal", None if ci else NO_INFORMATION))
    return found


def _class_scores(reads: Set, i: int, c: int, label: str, truth: Bools, area: Estimate) -> ClassScores:
    scores, probabilities = reads.scores[i, :, c], reads.probabilities[i, :, c]
    curve = None if area.value is None else roc_curve(scores, truth)
    calibrated = None if np.isnan(probabilities).all() else calibration(probabilities, truth)
    return ClassScores(label, area, curve, calibrated)


def members(reads: Set) -> tuple[tuple[str, list[int]], ...]:
    """Indices of the readers of each group in order, AI left out, then of all readers where there are several
    groups.
    """
    people = [i for i, name in enumerate(reads.groups) if i >= reads.ais]
    names = list(dict.fromkeys(reads.groups[i] for i in people))
    found = [(name, [i for i in people if reads.groups[i] == name]) for name in names]
    return (*found, (ALL, people)) if len(found) > 1 else tuple(found)


def _group_figure(own: Cells, name: str, cases: int, factor: Factor, group: str) -> GroupFigure:
    """The mean of a figure over readers: a proportion by the small-sample method, others by the single test."""
    if name.split(" ")[0] not in ("accuracy", "sensitivity", "specificity"):
        mean = single_test(own.theta, own.cov, readers=factor, treatment=group, bounds=own.bounds)
        return GroupFigure(name, cases, mean, factor)
    mean = proportion_mean(own.theta, own.cov, n=cases, readers=factor, treatment=group)
    told = "" if mean.ci is None else flag(readers=factor, r=own.theta.size, n=cases, p=mean.estimate)
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
            means.append(_group_figure(own, name, cases_for(table, name), factor, group))
        note = "these readers only" if factor == "fixed" else "readers as a sample of readers"
        missing = int((reads.prediction[at] == MISSING).sum())
        names = tuple(reads.names[i] for i in at)
        found.append(
            GroupFigures(group, reads.arm, names, missing, as_counts(matrix[at].sum(axis=0)), tuple(means), note)
        )
    return tuple(found)
