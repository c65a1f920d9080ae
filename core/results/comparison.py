"""The comparison in numbers: AI, readers and groups, and AI minus groups.

Made of the very functions that `core.stats.analyse` is made of, on the same table, but only those the page needs: a
filter then changes the page at once, also with 100 readers.
"""

from dataclasses import dataclass

import numpy as np

from core.results.grids import arm_shown, read_table
from core.results.panels.comparison import Dot, Gap
from core.results.panels.times import Times
from core.results.rows import AI, ARMS, StudyFacts, StudyRows
from core.results.verdict import Verdict, prespecified, verdict
from core.stats.comparisons import ai_with_groups
from core.stats.confusion import class_figures, counts
from core.stats.estimate import Estimate, StatsError
from core.stats.figures import Cells
from core.stats.intervals import proportions
from core.stats.reader_figures import GroupFigures, Set, cells_of, group_figures, sets_of
from core.stats.reads import ReadTable
from core.stats.standalone import Standalone
from core.stats.threads import one_thread

ACCURACY = "accuracy"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything the comparison page shows. `columns` are accuracy, then sensitivity and specificity a class.

    Names of figures are as the analysis has them, with codes; `label` turns them into words.
    """

    study: StudyFacts
    arm: str
    dots: list[Dot]
    columns: list[str]
    gaps: list[Gap]
    tests: dict[tuple[str, str], Standalone]
    times: list[Times]
    missing: int
    has_ai: bool
    verdict: Verdict | None

    def label(self, column: str) -> str:
        """Return a figure's name with the class by its label."""
        return label_of(self.study, column)


def label_of(study: StudyFacts, figure: str) -> str:
    """Return a figure's name with the class by its label: "sensitivity covid" as "sensitivity COVID-19"."""
    kind, _, code = figure.partition(" ")
    return f"{kind} {study.label(code)}" if code in study.codes else figure


def compare(rows: StudyRows, *, whole: StudyRows | None = None) -> Comparison:
    """Compute the comparison of the rows a filter left; the verdict is given on the `whole` study only.

    One arm is compared: the unaided one if it is there. Without `whole` there is no verdict.
    """
    with one_thread():
        return _compared(rows, whole)


def _compared(rows: StudyRows, whole: StudyRows | None) -> Comparison:
    study, arm = rows.study, arm_shown(rows)
    table = read_table(rows.take((rows.arm == ARMS.index(arm)) | rows.is_ai))
    reads = sets_of(table)[0]
    columns = [ACCURACY]
    columns += [f"{kind} {code}" for kind in ("sensitivity", "specificity") for code in study.codes]
    cells = {column: _cells(reads, table, column) for column in columns}
    against = [
        (one.figure, one.group, one.readers, one.result)
        for one in ai_with_groups(reads, table, cells, readers_as=None, margin=None)
        if one.result is not None
    ]
    told = prespecified(study, [one[1] for one in against]) if whole is not None and len(whole) == len(rows) else set()
    dots = _singles(study, reads, table, columns) + [
        _group(one, columns, cells) for one in group_figures(reads, table, cells)
    ]
    return Comparison(
        study=study,
        arm=arm,
        dots=_ordered(study.groups, dots),
        columns=columns,
        gaps=[_gap(study, *one, told=one[:2] in told) for one in against],
        tests={(figure, group): test for figure, group, _, test in against},
        times=_times(study, reads),
        missing=int((reads.prediction == -1).sum()),
        has_ai=reads.has_ai,
        verdict=verdict(whole) if whole is not None else None,
    )


def _cells(reads: Set, table: ReadTable, column: str) -> Cells | StatsError:
    try:
        return cells_of(reads, table, column)
    except StatsError as error:
        return error


def _singles(study: StudyFacts, reads: Set, table: ReadTable, columns: list[str]) -> list[Dot]:
    classes = len(study.codes)
    matrices = counts(table.truth, reads.prediction, classes)
    right = np.einsum("mii->m", matrices[:, :, :classes])
    accuracy = proportions(right, matrices.sum(axis=(1, 2)), what="cases")
    perclass = class_figures(matrices, study.codes)
    made = []
    for name, group, whole, single in zip(reads.names, reads.groups, accuracy, perclass, strict=True):
        values = [whole, *(one.sensitivity for one in single), *(one.specificity for one in single)]
        made.append(Dot(name, group, "ai" if group == AI else "reader", dict(zip(columns, values, strict=True))))
    return made


def _group(found: GroupFigures, columns: list[str], cells: dict[str, Cells | StatsError]) -> Dot:
    count = len(found.readers)
    figures = {
        column: Estimate(None, reason=str(cells[column])) for column in columns if isinstance(cells[column], StatsError)
    }
    for one in found.figures:
        kind = "random readers" if one.readers_as == "random" else "these readers only"
        method = f"Obuchowski-Rockette single test, {kind}"
        mean = one.mean
        figures[one.figure] = Estimate(mean.estimate, mean.se, mean.ci, count, method, mean.reason)
    return Dot(f"{found.group} (mean of {count})", found.group, "group", figures)


def _ordered(groups: tuple[str, ...], dots: list[Dot]) -> list[Dot]:
    """AI first, then each group's mean followed by its readers, then the mean of all."""
    order = {AI: -1, **{group: place for place, group in enumerate(groups)}}
    return sorted(dots, key=lambda dot: (order.get(dot.group, len(order)), dot.level != "group"))


def _gap(study: StudyFacts, figure: str, group: str, readers: int, test: Standalone, *, told: bool) -> Gap:
    estimate = Estimate(test.difference, test.se, test.ci, readers, test.method, test.reason)
    kind = "prespecified, its verdict stands apart" if told else "exploratory"
    return Gap(figure, group, label_of(study, figure), estimate, f"{kind}: {in_words(test)}")


def in_words(test: Standalone) -> str:
    """Say where the interval of AI minus readers lies; no verdict."""
    if test.ci is None:
        return test.reason or "no interval"
    where = "interval includes 0"
    if test.ci[0] > 0:
        where = "interval above 0"
    elif test.ci[1] < 0:
        where = "interval below 0"
    return where + ("; these readers only" if test.readers_as == "fixed" else "")


def _times(study: StudyFacts, reads: Set) -> list[Times]:
    device = study.ai.device if study.ai else None
    made = []
    for name, group, seconds in zip(reads.names, reads.groups, reads.seconds, strict=True):
        known = seconds[~np.isnan(seconds) & (seconds > 0)]
        where = (device or "a device that was not recorded") if group == AI else None
        made.append(Times(name, group, known, where))
    return made
