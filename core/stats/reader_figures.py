"""Figures of every reader, of the AI and of every group, in each arm of a study."""

from dataclasses import dataclass, replace

import numpy as np

from core.stats.clustered_reads import clustered_accuracy, clustered_class_figures
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
    figure_cells,
)
from core.stats.estimate import Bools, Estimate, Floats, Interval, Ints, StatsError
from core.stats.figures import Cells, auc_cells
from core.stats.intervals import clopper_pearson, proportions
from core.stats.reader_estimates import areas_of, jackknifed
from core.stats.reads import ReadTable, lacking
from core.stats.roc import Calibration, Roc, calibration, hand_till, roc_curve
from core.stats.table import AI
from core.stats.times import TimeSummary, time_summary

ALL = "all readers"


@dataclass(frozen=True, slots=True)
class Set:
    """The reads of one arm: the AIs first, `ais` of them, then the readers who read in it.

    `assigned` says which reads the design asks for, None for all.
    """

    arm: str
    names: tuple[str, ...]
    groups: tuple[str, ...]
    prediction: Codes  # (m, n)
    scores: Floats  # (m, n, C)
    probabilities: Floats  # (m, n, C)
    seconds: Floats  # (m, n)
    ais: int
    assigned: Bools | None = None  # (m, n)

    @property
    def missing(self) -> Bools:
        """Which reads of the design were not made (m, n)."""
        return lacking(self.prediction, self.assigned)

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


def sets_of(table: ReadTable) -> tuple[Set, ...]:
    """One Set an arm; readers without any read in an arm are not in it."""
    found = []
    for a, arm in enumerate(table.arms):
        present = (table.prediction[a] != MISSING).any(axis=1)
        names = tuple(n for n, p in zip(table.readers, present.tolist(), strict=True) if p)
        groups = tuple(g for g, p in zip(table.groups, present.tolist(), strict=True) if p)
        prediction, scores = table.prediction[a][present], table.scores[a][present]
        probabilities, seconds = table.probabilities[a][present], table.seconds[a][present]
        assigned = None if table.assigned is None else table.assigned[a][present]
        if table.ais:
            prediction = np.concatenate([np.stack([ai.prediction for ai in table.ais]), prediction])
            scores = np.concatenate([np.stack([ai.scores for ai in table.ais]), scores])
            probabilities = np.concatenate([np.stack([ai.probabilities for ai in table.ais]), probabilities])
            seconds = np.concatenate([np.stack([ai.seconds for ai in table.ais]), seconds])
            if assigned is not None:
                assigned = np.concatenate([np.ones((len(table.ais), len(table.cases)), bool), assigned])
            names, groups = (*(ai.name for ai in table.ais), *names), (*(AI for _ in table.ais), *groups)
        found.append(Set(arm, names, groups, prediction, scores, probabilities, seconds, len(table.ais), assigned))
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
        assigned=None if reads.assigned is None else reads.assigned[at],
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
        return figure_cells(table.truth, reads.prediction, name, classes=len(table.classes), clusters=table.clusters)
    kind, label = name.split(" ", 1)
    target = table.classes.index(label)
    if kind == "AUC":
        scores = reads.scores[:, :, target]
        if np.isnan(scores).all(axis=1).any():
            raise StatsError("Ratings or probabilities are missing for some reader; without them there is no area.")
        return auc_cells(scores, table.truth == target, clusters=table.clusters)
    return class_cells(table.truth, reads.prediction, kind, target=target, clusters=table.clusters)


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
    return int(_counted(table, name).sum())


def units_for(table: ReadTable, name: str) -> int:
    """How many independent units a figure rests on: its cases, or the clusters that have such cases."""
    counted = _counted(table, name)
    return int(counted.sum()) if table.clusters is None else int(np.unique(table.clusters[counted]).size)


def _counted(table: ReadTable, name: str) -> Bools:
    kind, _, label = name.partition(" ")
    if kind not in ("sensitivity", "specificity"):
        return np.ones(len(table.cases), bool)
    return np.asarray((table.truth == table.classes.index(label)) == (kind == "sensitivity"))


def sub_cells(cells: Cells, at: list[int]) -> Cells:
    """The cells of some readers."""
    return Cells(cells.theta[at], None if cells.cov is None else cells.cov[np.ix_(at, at)], cells.reason, cells.bounds)


def reader_figures(reads: Set, table: ReadTable, *, ordered: bool) -> tuple[ReaderFigures, ...]:
    """Figures of every reader of a set: Wilson and Clopper-Pearson for proportions, DeLong for areas, else
    jackknife. Where cases come in clusters: Rao & Scott, Obuchowski 1997, and a jackknife of clusters.
    """
    labels = table.classes
    matrix = counts(table.truth, reads.prediction, len(labels))
    classes = class_figures(matrix, labels)
    whole = {name: jackknifed(reads.prediction, table, name) for name in FIGURES[1 : 6 if ordered else 4]}
    inside = table.clusters
    areas = [areas_of(reads.scores[:, :, c], table.truth == c, inside) for c in range(len(labels))]
    n, right = matrix.sum(axis=(1, 2)), np.einsum("mii->m", matrix[:, :, : len(labels)])
    accuracy = proportions(right, n, what="cases")
    low, high = clopper_pearson(right, n)
    if inside is not None:
        made, hit = reads.prediction != MISSING, reads.prediction == table.truth
        accuracy = [clustered_accuracy(h, m, inside) for h, m in zip(hit, made, strict=True)]
        classes = tuple(clustered_class_figures(table.truth, p, labels, inside) for p in reads.prediction)
    found = []
    missing = reads.missing.sum(axis=1).tolist()
    for i, name in enumerate(reads.names):
        prediction = reads.prediction[i]
        found.append(
            ReaderFigures(
                reader=name,
                group=reads.groups[i],
                arm=reads.arm,
                n=int(n[i]),
                missing=missing[i],
                indeterminate=int((prediction == INDETERMINATE).sum()),
                failures=int((prediction == FAILURE).sum()),
                confusion=as_counts(matrix[i]),
                accuracy=accuracy[i],
                accuracy_exact=(float(low[i]), float(high[i])) if n[i] and inside is None else None,
                figures=tuple((key, values[i]) for key, values in whole.items()),
                classes=classes[i],
                scores=tuple(
                    _class_scores(reads, i, c, labels[c], table.truth == c, areas[c][i], inside)
                    for c in range(len(labels))
                ),
                hand_till=hand_till(reads.scores[i], table.truth),
                times=time_summary(reads.seconds[i], clusters=inside),
            )
        )
    return tuple(found)


def as_counts(matrix: Floats) -> tuple[tuple[int, ...], ...]:
    """A confusion matrix as whole numbers."""
    return tuple(tuple(int(x) for x in row) for row in matrix)


def _class_scores(
    reads: Set, i: int, c: int, label: str, truth: Bools, area: Estimate, clusters: Ints | None
) -> ClassScores:
    scores, probabilities = reads.scores[i, :, c], reads.probabilities[i, :, c]
    curve = None if area.value is None else roc_curve(scores, truth)
    calibrated = None if np.isnan(probabilities).all() else calibration(probabilities, truth, clusters=clusters)
    return ClassScores(label, area, curve, calibrated)


def members(reads: Set) -> tuple[tuple[str, list[int]], ...]:
    """Indices of the readers of each group in order, AI left out, then of all readers where there are several
    groups.
    """
    people = [i for i, name in enumerate(reads.groups) if i >= reads.ais]
    names = list(dict.fromkeys(reads.groups[i] for i in people))
    found = [(name, [i for i in people if reads.groups[i] == name]) for name in names]
    return (*found, (ALL, people)) if len(found) > 1 else tuple(found)
