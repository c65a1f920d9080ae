"""The comparison in numbers: AI, readers and groups, and AI minus groups, by the functions of core.stats."""

from dataclasses import dataclass

import numpy as np

from core.report.figures import Dot, Gap, Times
from core.report.grids import Grid, confusion, grid_of
from core.report.rows import AI, StudyRows
from core.report.verdict import Verdict, verdict
from core.stats.confusion import MISSING, ClassFigures, class_cells, class_figures, counts
from core.stats.estimate import Estimate, Floats, StatsError
from core.stats.figures import Cells, proportion_cells
from core.stats.intervals import proportions
from core.stats.obuchowski_rockette import Factor, single_test
from core.stats.standalone import Standalone, ai_against_readers

ACCURACY = "accuracy"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything the comparison page shows. `columns` are accuracy, then sensitivity and specificity a class."""

    grid: Grid
    dots: list[Dot]
    columns: list[str]
    gaps: list[Gap]
    tests: dict[tuple[str, str], Standalone]
    times: list[Times]
    missing: int
    verdict: Verdict | None


def sensitivity_of(label: str) -> str:
    """Return the name of a class's sensitivity as shown."""
    return f"sensitivity {label}"


def specificity_of(label: str) -> str:
    """Return the name of a class's specificity as shown."""
    return f"specificity {label}"


def compare(rows: StudyRows, *, whole: StudyRows | None = None) -> Comparison:
    """Compute the comparison of the rows a filter left; the verdict is given on the `whole` study only.

    Nothing but AI against groups is tested. Without `whole` there is no verdict.
    """
    study = rows.study
    grid = grid_of(rows)
    shown = [at for at in (*_ai(grid), *grid.readers)]
    columns = [ACCURACY]
    columns += [name(one.label) for name in (sensitivity_of, specificity_of) for one in study.classes]
    dots = _singles(rows, grid, shown, columns)
    dots += [_group(rows, grid, group, columns) for group in study.groups if grid.members(group)]
    tests = _tests(rows, grid, columns)
    return Comparison(
        grid=grid,
        dots=_ordered(study.groups, dots),
        columns=columns,
        gaps=[_gap(figure, group, test) for (figure, group), test in tests.items()],
        tests=tests,
        times=_times(rows, grid, shown),
        missing=int((grid.calls[shown] == MISSING).sum()) if shown else 0,
        verdict=verdict(whole) if whole is not None else None,
    )


def cells_of(rows: StudyRows, grid: Grid, members: list[int], column: str) -> Cells:
    """Return the figure `column` of some participants with its covariance over cases; StatsError without cases."""
    calls = grid.calls[members]
    if column == ACCURACY:
        correct = (calls == grid.truth[None, :]).astype(float)
        correct[calls == MISSING] = np.nan
        return proportion_cells(correct)
    for place, one in enumerate(rows.study.classes):
        for name, metric in ((sensitivity_of, "sensitivity"), (specificity_of, "specificity")):
            if column == name(one.label):
                return class_cells(grid.truth, calls, metric, target=place)
    raise StatsError(f"There is no figure {column}.")


def figures_of(rows: StudyRows, grid: Grid, members: list[int]) -> tuple[tuple[ClassFigures, ...], ...]:
    """Return every figure per class of each participant, with Wilson intervals (table 3 of the paper)."""
    labels = tuple(one.label for one in rows.study.classes)
    return class_figures(counts(grid.truth, grid.calls[members], len(labels)), labels)


def _ai(grid: Grid) -> list[int]:
    return [] if grid.ai is None or not (grid.calls[grid.ai] != MISSING).any() else [grid.ai]


def _singles(rows: StudyRows, grid: Grid, shown: list[int], columns: list[str]) -> list[Dot]:
    if not shown:
        return []
    classes = len(rows.study.codes)
    matrices = counts(grid.truth, grid.calls[shown], classes)
    right = np.einsum("mii->m", matrices[:, :, :classes])
    accuracy = proportions(right, matrices.sum(axis=(1, 2)), what="cases")
    perclass = figures_of(rows, grid, shown)
    made = []
    for at, whole, single in zip(shown, accuracy, perclass, strict=True):
        person = grid.people[at]
        values = [whole, *(one.sensitivity for one in single), *(one.specificity for one in single)]
        figures = dict(zip(columns, values, strict=True))
        made.append(Dot(person.name, person.group, "ai" if person.is_ai else "reader", figures))
    return made


def _group(rows: StudyRows, grid: Grid, group: str, columns: list[str]) -> Dot:
    members = grid.members(group)
    readers: Factor = "random" if len(members) >= 3 else "fixed"
    figures = {}
    for column in columns:
        try:
            cells = cells_of(rows, grid, members, column)
            mean = single_test(cells.theta, cells.cov, readers=readers)
        except StatsError as error:
            figures[column] = Estimate(None, reason=str(error))
            continue
        kind = f"{len(members)} readers, random" if readers == "random" else f"these {len(members)} readers only"
        method = f"mean of readers, Obuchowski-Rockette single test ({kind})"
        counted = int((grid.calls[members] != MISSING).any(axis=0).sum())
        figures[column] = Estimate(mean.estimate, mean.se, mean.ci, counted, method, mean.reason)
    return Dot(f"{group} (mean of {len(members)})", group, "group", figures)


def _ordered(groups: tuple[str, ...], dots: list[Dot]) -> list[Dot]:
    """AI first, then each group's mean followed by its readers."""
    order = {AI: -1, **{group: place for place, group in enumerate(groups)}}
    return sorted(dots, key=lambda dot: (order[dot.group], dot.level != "group"))


def _tests(rows: StudyRows, grid: Grid, columns: list[str]) -> dict[tuple[str, str], Standalone]:
    ai = _ai(grid)
    if not ai:
        return {}
    made = {}
    for column in columns:
        for group in rows.study.groups:
            members = grid.members(group)
            if not members:
                continue
            try:
                cells = cells_of(rows, grid, [*ai, *members], column)
                made[column, group] = ai_against_readers(cells)
            except StatsError:
                continue  # the dots of this figure carry the reason
    return made


def _gap(figure: str, group: str, test: Standalone) -> Gap:
    readers = f"{len(test.reader_figures)} {group}s" if len(test.reader_figures) > 1 else f"1 {group}"
    estimate = Estimate(test.difference, test.se, test.ci, len(test.reader_figures), test.method, test.reason)
    return Gap(figure, group, estimate, f"exploratory: {in_words(test)} ({readers})")


def in_words(test: Standalone) -> str:
    """Say where the interval of AI minus readers lies; no verdict."""
    where = "interval includes 0"
    if test.ci is None:
        return test.reason or "no interval"
    if test.ci[0] > 0:
        where = "interval above 0"
    elif test.ci[1] < 0:
        where = "interval below 0"
    return where + ("; these readers only" if test.readers_as == "fixed" else "")


def _times(rows: StudyRows, grid: Grid, shown: list[int]) -> list[Times]:
    device = rows.study.ai.device if rows.study.ai else None
    made = []
    for at in shown:
        person = grid.people[at]
        seconds: Floats = grid.seconds[at]
        known = seconds[~np.isnan(seconds) & (seconds > 0)]
        where = (device or "a device that was not recorded") if person.is_ai else None
        made.append(Times(person.name, person.group, known, where))
    return made


__all__ = ["Comparison", "cells_of", "compare", "confusion", "figures_of", "in_words"]
