"""What the results pages cost a server: seconds of each panel on the rows of a study."""

import resource
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from statistics import median
from time import perf_counter, process_time

from core.results.comparison import compare
from core.results.draw.chart import Chart
from core.results.draw.matrices import case_chart, confusion_chart, kappa_chart
from core.results.draw.text import comparison_table, difference_table, time_table
from core.results.grids import confusion, grid_of, read_table
from core.results.panels import mrmc as tables
from core.results.panels.bias import drift_chart, switch_chart
from core.results.panels.cases import case_map, kappa_matrix, switch_rows
from core.results.panels.comparison import comparison_chart, difference_chart
from core.results.panels.roc import area_table, curves_of, roc_chart
from core.results.panels.subgroup_chart import effect_chart, figure_chart
from core.results.panels.subgroup_tables import contrast_table, effect_table, figure_table
from core.results.rows import AI, Filter, StudyRows
from core.results.subgroups import subgroups
from core.stats.analyse import Analysis, analyse


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of one step by the clock, and of processor time, which other work on the machine changes less."""

    step: str
    wall_s: float
    processor_s: float


@dataclass(frozen=True, slots=True)
class Costs:
    """The costs of all steps. `cold_s` and `filter_s`: processor seconds of the comparison page, first and filtered."""

    reads: int
    cold_s: float
    filter_s: float
    memory_mb: float
    steps: tuple[Cost, ...]


def panel_costs(read: Callable[[], StudyRows], stamp: Callable[[], str]) -> Costs:
    """Time the panels on the rows that `read` gets from the database; `stamp` is what every page asks first.

    Cold: stamp, rows, comparison with its charts and tables, in a process that has the libraries, as a running server
    has. Filtered: stamp and comparison anew, for each class and group; the median. The memory is the process's peak.
    """
    steps: list[Cost] = []

    def timed(step: str, work: Callable[[], object]) -> float:
        wall, used = perf_counter(), process_time()
        work()
        steps.append(Cost(step, round(perf_counter() - wall, 3), round(process_time() - used, 3)))
        return steps[-1].processor_s

    rows: list[StudyRows] = []
    timed("libraries, once a process", lambda: import_module("core.results.libraries"))
    cold = timed("rows", lambda: rows.append((stamp(), read())[1]))
    cold += timed("comparison, cold", lambda: _comparison(rows[0], rows[0]))
    study = rows[0].study
    chosen = [Filter(classes=(code,)) for code in study.codes] + [Filter(groups=(name,)) for name in study.groups]
    filtered = []
    for one in chosen:
        named = f"comparison, filtered: {', '.join(one.classes + one.groups)}"
        filtered.append(timed(named, partial(_filtered, rows[0], one, stamp)))
    found: list[Analysis] = []
    timed("analysis, shared by the panels below", lambda: found.append(analyse(read_table(rows[0]))))
    for name, panel in _panels(rows[0], found[0]):
        timed(name, panel)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Costs(len(rows[0]), round(cold, 3), median(filtered), round(peak), tuple(steps))


def _filtered(whole: StudyRows, chosen: Filter, stamp: Callable[[], str]) -> int:
    stamp()
    return _comparison(whole.where(chosen), whole)


def _comparison(rows: StudyRows, whole: StudyRows) -> int:
    found = compare(rows, whole=whole)
    labels = {column: found.label(column) for column in found.columns}
    first = {name: label for name, label in labels.items() if not name.startswith("specificity")}
    rest = {name: label for name, label in labels.items() if name not in first}
    comparison_table(found), difference_table(found), time_table(found.times)
    return _draw(
        comparison_chart(rows.study, found.dots, first, title="", key="", times=found.times),
        comparison_chart(rows.study, found.dots, rest, title="", key=""),
        difference_chart(rows.study, found.gaps),
    )


def _panels(rows: StudyRows, found: Analysis) -> Iterator[tuple[str, Callable[[], object]]]:
    study = rows.study
    yield "confusion", lambda: _confusion(rows)
    yield "metrics", lambda: (tables.whole_table(study, found), tables.class_table(study, found.readers[0]))
    code = study.codes[-1]
    yield (
        "ROC",
        lambda: (
            _draw(roc_chart(study, curves_of(study, found, code), label=code, key="")),
            area_table(study, found, code),
        ),
    )
    yield "MRMC", lambda: (tables.arm_table(study, found), tables.group_difference_table(study, found))
    if found.agreement:
        yield "agreement", lambda: _agreement(found)
    yield (
        "automation bias",
        lambda: (
            _draw(switch_chart(study, switch_rows(study, found))),
            tables.switch_table(found.switches),
        ),
    )
    yield "time and fatigue", lambda: (_draw(drift_chart(study, found.drifts)), tables.time_ratio_table(found))
    yield "cases and readers", lambda: _cases(rows)
    yield "subgroups", lambda: _subgroups(rows)


def _confusion(rows: StudyRows) -> None:
    grid, study = grid_of(rows), rows.study
    for group in (AI, *study.groups):
        if members := grid.members(group):
            counts = confusion(grid, members, classes=len(study.codes))
            _draw(confusion_chart(study, counts, name=group, reads="", key=group))


def _agreement(found: Analysis) -> None:
    names, kappas, counted = kappa_matrix(found, found.agreement[0].arm)
    _draw(kappa_chart(names, kappas, n=counted))
    tables.agreement_table(found)


def _cases(rows: StudyRows) -> None:
    found = case_map(rows, order="difficulty")
    _draw(case_chart(found.names, found.numbers, found.truths, found.states, found.texts))
    found.table()


def _subgroups(rows: StudyRows) -> None:
    found = subgroups(rows, figure="accuracy", whole=True)
    _draw(figure_chart(found, per_row=4), effect_chart(found, per_row=4))
    figure_table(found), effect_table(found), contrast_table(found)


def _draw(*charts: Chart) -> int:
    """Write charts as a page does; return their length."""
    return sum(len(chart.figure.to_json()) for chart in charts)
