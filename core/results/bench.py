"""What the results pages cost a server: seconds of each panel on the rows of a study."""

import resource
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from statistics import median
from time import perf_counter, process_time

from core.results.blocks import Beside, Block, Chart, Unattended
from core.results.panels.comparison import PANEL as COMPARISON
from core.results.panels.panel import Panel
from core.results.panels.registry import PANELS
from core.results.rows import Filter, StudyRows
from core.results.study_results import StudyResults

PAGE = Unattended(paper=False)


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

    Cold: stamp, rows and comparison, in a process that has the libraries, as a running server has. Filtered: stamp and
    comparison anew, for each class and group; the median. The memory is the process's peak.
    """
    steps: list[Cost] = []

    def timed(step: str, work: Callable[[], object]) -> float:
        wall, used = perf_counter(), process_time()
        work()
        steps.append(Cost(step, round(perf_counter() - wall, 3), round(process_time() - used, 3)))
        return steps[-1].processor_s

    known: list[StudyResults] = []
    timed("libraries, once a process", lambda: import_module("core.results.libraries"))
    cold = timed("rows", lambda: known.append(StudyResults((stamp(), read())[1])))
    (results,) = known
    cold += timed("comparison, cold", lambda: written(COMPARISON, results))
    study = results.study
    filters = [Filter(classes=(code,)) for code in study.codes] + [Filter(groups=(name,)) for name in study.groups]
    filtered = []
    for chosen in filters:
        named = f"comparison, filtered: {', '.join(chosen.classes + chosen.groups)}"
        filtered.append(timed(named, partial(_filtered, results, chosen, stamp)))
    timed("analysis, shared by the panels below", lambda: results.analysis)
    for panel in PANELS:
        if panel is not COMPARISON:
            timed(panel.title, partial(written, panel, results))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Costs(len(results.rows), round(cold, 3), median(filtered), round(peak), tuple(steps))


def written(panel: Panel, results: StudyResults) -> int:
    """Write a panel as its page does, with every control as it begins; return its length."""
    return sum(_length(block) for block in panel.blocks(results, PAGE))


def _filtered(results: StudyResults, chosen: Filter, stamp: Callable[[], str]) -> int:
    stamp()
    return written(COMPARISON, StudyResults(results.rows.where(chosen), whole=results))


def _length(block: Block) -> int:
    if isinstance(block, Beside):
        return sum(_length(chart) for chart in block.charts)
    if isinstance(block, Chart):
        return len(block.figure.to_json())
    return len(str(block))
