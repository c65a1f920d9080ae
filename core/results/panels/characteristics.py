"""Baseline characteristics: of the cases by true class, as kept at upload, and of the readers by group."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from core.results import gaps
from core.results.blocks import Block, Gap, Heading, Row, Surface, Table
from core.results.case_strata import UNKNOWN, joined, sexes
from core.results.draw.text import percent
from core.results.panels.panel import Panel
from core.results.rows import StudyFacts, StudyRows
from core.results.study_results import StudyResults
from core.results.subgroups import cases_of

FEW = 5  # values; of fewer neither median nor range is shown, for it would tell single patients' values
OLDEST = 89  # years: what an age of 89 and above is kept as
CASES_NOTE = (
    f"Counts of cases with percent of those recorded; median (quartiles) and range where at least {FEW} values are "
    f"known. An age of {OLDEST} stands for {OLDEST} and above. Kinds with fewer than ten cases are joined. Extent of "
    "disease is no part of the truth here."
)
READERS_NOTE = "Years of experience as entered by the coordinator: median and range."


def blocks(results: StudyResults, surface: Surface) -> Iterator[Block]:
    """Yield the table of the cases and that of the readers."""
    yield from characteristics_gaps(results)
    yield Heading("Cases")
    yield Table("case-characteristics", case_characteristics(results.rows), method=CASES_NOTE)
    yield Heading("Readers")
    yield Table("reader-characteristics", reader_characteristics(results.study), READERS_NOTE)


def characteristics_gaps(results: StudyResults) -> list[Gap]:
    """Return what the characteristics lack: attributes that no case has, years that no reader has."""
    found = [*gaps.few_people(results), *gaps.one_case(results), *gaps.unrecorded(results.study)]
    people = [reader for reader in results.study.participants if not reader.is_ai]
    if people and all(reader.years is None for reader in people):
        remedy = "Enter them on the step Readers before the next study opens."
        found.append(Gap("No reader's years of experience are recorded.", remedy))
    return found


def case_characteristics(rows: StudyRows) -> list[Row]:
    """Return a row a characteristic and a column for all analysed cases and each true class; no row is a patient."""
    study = rows.study
    cases = [study.cases[place] for place in cases_of(rows)]
    if not cases:
        return []
    columns = {"all cases": list(range(len(cases)))}
    for study_class in study.classes:
        columns[study_class.label] = [at for at, case in enumerate(cases) if case.truth == study_class.code]
    made = [
        _row("cases", "", columns, lambda at: str(len(at))),
        _row("patients", "", columns, lambda at: str(len({cases[place].patient for place in at}))),
    ]
    about = [case.about for case in cases]
    made += _numbers("age", "years", [case.age for case in about], columns)
    values, unknown = sexes(cases)
    made += _counts("sex", values, columns, unknown=unknown)
    made += _numbers("slice thickness", "mm", [case.thickness_mm for case in about], columns)
    made += _numbers("slices", "", [case.slices for case in about], columns)
    made += _counts("tube voltage", [None if case.kvp is None else f"{case.kvp:g} kV" for case in about], columns)
    scanner = [" ".join(part for part in (case.manufacturer, case.model) if part) or None for case in about]
    made += _counts("scanner", joined(scanner), columns)
    made += _counts("kernel", joined([case.kernel for case in about]), columns)
    return made + _counts("orientation", joined([case.orientation for case in about]), columns)


def reader_characteristics(study: StudyFacts) -> list[Row]:
    """Return a row a group of readers: how many, their years of experience, who withdrew."""
    made: list[Row] = []
    for group in study.groups:
        people = [
            participant for participant in study.participants if participant.group == group and not participant.is_ai
        ]
        years = [person.years for person in people if person.years is not None]
        made.append(
            {
                "group": group,
                "readers": len(people),
                "years of experience, median": f"{np.median(years):g}" if years else "–",
                "range": f"{min(years):g} to {max(years):g}" if years else "–",
                "years not recorded": len(people) - len(years),
                "withdrawn": sum(person.withdrawn for person in people),
            }
        )
    return made


def _row(name: str, what: str, columns: dict[str, list[int]], told: Callable[[list[int]], str]) -> Row:
    return {"characteristic": name, " ": what, **{column: told(at) for column, at in columns.items()}}


def _numbers(name: str, unit: str, values: Sequence[float | None], columns: dict[str, list[int]]) -> list[Row]:
    """Return median with quartiles, range, and how many are not recorded; nothing where none is."""
    if all(value is None for value in values):
        return []

    def known(at: list[int]) -> list[float]:
        return [value for place in at if (value := values[place]) is not None]

    def middle(at: list[int]) -> str:
        if len(known(at)) < FEW:
            return _few(len(known(at)))
        low, half, high = np.percentile(known(at), [25, 50, 75])
        return f"{_short(half)} ({_short(low)} to {_short(high)})"

    def ends(at: list[int]) -> str:
        return _few(len(known(at))) if len(known(at)) < FEW else f"{_short(min(known(at)))} to {_short(max(known(at)))}"

    label = f"{name}, {unit}" if unit else name
    made = [_row(label, "median (quartiles)", columns, middle), _row(label, "range", columns, ends)]
    if any(value is None for value in values):
        made.append(_row(label, UNKNOWN, columns, lambda at: str(len(at) - len(known(at)))))
    return made


def _counts(name: str, values: list[str | None], columns: dict[str, list[int]], *, unknown: str = UNKNOWN) -> list[Row]:
    """Return a row a text, the most frequent first, with percent of those recorded; nothing where none is."""
    texts = [value for value in values if value]

    def told(text: str) -> Callable[[list[int]], str]:
        def count(at: list[int]) -> str:
            known = [values[place] for place in at if values[place]]
            return f"{known.count(text)} ({percent(known.count(text) / len(known), 0)})" if known else "–"

        return count

    order = sorted(set(texts), key=lambda text: (text.startswith("other"), -texts.count(text), text))
    made = [_row(name, text, columns, told(text)) for text in order]
    if made and any(not value for value in values):
        made.append(_row(name, unknown, columns, lambda at: str(sum(not values[place] for place in at))))
    return made


def _few(count: int) -> str:
    return "–" if not count else f"too few ({count})"


def _short(value: float) -> str:
    return f"{round(value, 2):g}"


PANEL = Panel(
    address="characteristics",
    title="Characteristics",
    lead="Who was examined and how, by true class; and who read. Filters leave the readers as they are.",
    icon=":material/groups:",
    group="Cases",
    blocks=blocks,
    estimates=False,
)
