"""The comparison in numbers: AI, readers and groups, and AI minus groups.

Made of the very functions that `core.stats.analyse` is made of, on the same table, but only those the page needs: a
filter then changes the page at once, also with 100 readers.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.results.rows import AI, StudyFacts
from core.results.verdict import prespecified
from core.stats.clustered_reads import clustered_accuracy, clustered_class_figures
from core.stats.comparisons import ai_with_groups
from core.stats.confusion import MISSING, class_figures, counts
from core.stats.estimate import Estimate, StatsError
from core.stats.figures import Cells
from core.stats.group_figures import GroupFigures, group_figures
from core.stats.intervals import proportions
from core.stats.reader_figures import Set, cells_or_error, each_ai, sets_of
from core.stats.reads import ReadTable
from core.stats.standalone import Standalone
from core.stats.threads import one_thread

ACCURACY = "accuracy"


@dataclass(frozen=True, slots=True)
class Dot:
    """One participant's, or one group's, figures by column name."""

    name: str
    group: str
    level: Literal["ai", "group", "reader"]
    figures: dict[str, Estimate]


@dataclass(frozen=True, slots=True)
class Difference:
    """An AI minus a group for one figure. `reading` says in words where its interval lies."""

    ai: str
    figure: str
    group: str
    label: str
    estimate: Estimate
    reading: str
    test: Standalone
    flag: str = ""  # what simulations say against the interval


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds a case of one participant, unknown ones left out; `device` is what the AI ran on."""

    name: str
    group: str
    seconds: NDArray[np.float64]
    device: str | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The AIs, the groups and the readers of one arm, and each AI minus each group.

    `columns` are accuracy, then sensitivity and specificity a class, named with codes as the analysis names them.
    """

    study: StudyFacts
    arm: str
    dots: list[Dot]
    columns: list[str]
    differences: list[Difference]
    times: list[Times]

    def label(self, column: str) -> str:
        """Return a figure's name with the class by its label."""
        return self.study.figure_label(column)


def compare(study: StudyFacts, table: ReadTable, *, whole: bool) -> Comparison:
    """Compute the comparison of the AI with the readers of a table of one arm.

    `whole` says that no filter left anything out: only then can a difference be the prespecified one.
    """
    with one_thread():
        return _compared(study, table, whole)


def _compared(study: StudyFacts, table: ReadTable, whole: bool) -> Comparison:
    reads = sets_of(table)[0]
    columns = [ACCURACY]
    columns += [f"{kind} {code}" for kind in ("sensitivity", "specificity") for code in study.codes]
    singles = each_ai(reads) or (reads,)
    every = [{column: cells_or_error(single, table, column) for column in columns} for single in singles]
    cells = every[0]
    against = [
        (contest.ai, contest.figure, contest.group, contest.readers, contest.result, contest.flag)
        for single, own in zip(singles, every, strict=True)
        for contest in ai_with_groups(single, table, own, readers_as=None, margin=None)
        if contest.result is not None
    ]
    planned = prespecified(study, [group for _, _, group, *_ in against]) if whole else set()
    first = reads.names[0] if reads.names else AI  # hypotheses are about the first AI
    dots = _singles(study, reads, table, columns) + [
        _group(group, columns, cells) for group in group_figures(singles[0], table, cells)
    ]
    return Comparison(
        study=study,
        arm=reads.arm,
        dots=_ordered(study.groups, dots),
        columns=columns,
        differences=[
            _difference(study, *contest, planned=contest[0] == first and contest[1:3] in planned) for contest in against
        ],
        times=_times(study, reads),
    )


def _singles(study: StudyFacts, reads: Set, table: ReadTable, columns: list[str]) -> list[Dot]:
    classes = len(study.codes)
    matrices = counts(table.truth, reads.prediction, classes)
    right = np.einsum("mii->m", matrices[:, :, :classes])
    accuracies = proportions(right, matrices.sum(axis=(1, 2)), what="cases")
    of_classes = class_figures(matrices, study.codes)
    dots = []
    if table.clusters is not None:
        hit, made = reads.prediction == table.truth, reads.prediction != MISSING
        accuracies = [clustered_accuracy(h, m, table.clusters) for h, m in zip(hit, made, strict=True)]
        of_classes = tuple(
            clustered_class_figures(table.truth, prediction, study.codes, table.clusters)
            for prediction in reads.prediction
        )
    for name, group, accuracy, single in zip(reads.names, reads.groups, accuracies, of_classes, strict=True):
        values = [accuracy, *(each.sensitivity for each in single), *(each.specificity for each in single)]
        dots.append(Dot(name, group, "ai" if group == AI else "reader", dict(zip(columns, values, strict=True))))
    return dots


def _group(group: GroupFigures, columns: list[str], cells: dict[str, Cells | StatsError]) -> Dot:
    count = len(group.readers)
    figures = {
        column: Estimate(None, reason=str(cells[column])) for column in columns if isinstance(cells[column], StatsError)
    }
    for figure in group.figures:
        kind = "random readers" if figure.readers_as == "random" else "these readers only"
        method = f"{figure.method}, {kind}" + (f"; {figure.flag}" if figure.flag else "")
        mean = figure.mean
        figures[figure.figure] = Estimate(mean.estimate, mean.se, mean.ci, count, method, mean.reason)
    return Dot(f"{group.group} (mean of {count})", group.group, "group", figures)


def _ordered(groups: tuple[str, ...], dots: list[Dot]) -> list[Dot]:
    """AI first, then each group's mean followed by its readers, then the mean of all."""
    order = {AI: -1, **{group: place for place, group in enumerate(groups)}}
    return sorted(dots, key=lambda dot: (order.get(dot.group, len(order)), dot.level != "group"))


def _difference(
    study: StudyFacts, ai: str, figure: str, group: str, readers: int, test: Standalone, flag: str, *, planned: bool
) -> Difference:
    method = f"{test.method}; {flag}" if flag else test.method
    estimate = Estimate(test.difference, test.se, test.ci, readers, method, test.reason)
    kind = "prespecified, its verdict stands apart" if planned else "exploratory"
    reading = f"{kind}: {in_words(test)}" + ("; the interval may be too narrow" if flag else "")
    return Difference(ai, figure, group, study.figure_label(figure), estimate, reading, test, flag)


def in_words(test: Standalone) -> str:
    """Return where the interval of AI minus readers lies; no verdict."""
    if test.ci is None:
        return test.reason or "no interval"
    where = "interval includes 0"
    if test.ci[0] > 0:
        where = "interval above 0"
    elif test.ci[1] < 0:
        where = "interval below 0"
    return where + ("; these readers only" if test.readers_as == "fixed" else "")


def _times(study: StudyFacts, reads: Set) -> list[Times]:
    devices = {ai.reader: ai.device for ai in study.ais}
    times = []
    for name, group, seconds in zip(reads.names, reads.groups, reads.seconds, strict=True):
        known = seconds[~np.isnan(seconds) & (seconds > 0)]
        where = (devices.get(name) or "a device that was not recorded") if group == AI else None
        times.append(Times(name, group, known, where))
    return times
