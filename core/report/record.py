"""What a report was made from beside the rows of the reads, kept within it; and both together made results again."""

import csv
import hashlib
import io
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from core import __version__
from core.errors import InvalidInput
from core.results.rows import ARMS, StudyFacts, StudyRows
from core.results.story import AiRun, Story
from core.results.study_results import StudyResults
from core.spreadsheet import safe

NEEDED = ("reader", "case", "truth", "prediction", "seconds", "arm", "session", "attempt", "practice", "position")


@dataclass(frozen=True, slots=True)
class Made:
    """When and with what a report was made: the software, the head of the chain, the hash of its CSV export."""

    at: datetime
    head: str
    data_sha256: str
    software: str = __version__


@dataclass(frozen=True, slots=True)
class Run:
    """An AiRun in plain lists."""

    name: str
    rule: str
    parameters: str
    of_study: bool
    labels: tuple[str, ...]
    calls: tuple[int, ...]
    truth: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """Everything of a report that is in no row of its CSV export."""

    made: Made
    study: StudyFacts
    story: Story
    runs: tuple[Run, ...]


ADAPTER = TypeAdapter(Record)


def record_of(results: StudyResults, story: Story, made: Made) -> dict[str, Any]:
    """Return the record of a report, ready for JSON."""
    runs = tuple(
        Run(run.name, run.rule, run.parameters, run.of_study, run.labels, _ints(run.calls), _ints(run.truth))
        for run in results.runs()
    )
    found: dict[str, Any] = ADAPTER.dump_python(Record(made, results.study, story, runs), mode="json")
    return found


def record_from(text: str) -> Record:
    """Return the record in a report; raises InvalidInput."""
    try:
        return ADAPTER.validate_json(text)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise InvalidInput(
            f"The record in this report cannot be read (at {where}); it was changed, or made by another version."
        ) from None


def results_from(record: Record, data: bytes) -> StudyResults:
    """Return results of the record with the rows of a CSV export; raises InvalidInput where the file is no such export.

    The true class of a case is taken from the rows, which must agree on it.
    """
    try:
        lines = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    except (UnicodeDecodeError, csv.Error):
        raise InvalidInput("The data are no CSV text; give the file that the study was exported to as CSV.") from None
    missing = [name for name in NEEDED if not lines or name not in lines[0]]
    if missing:
        raise InvalidInput(
            f"The data have no column {missing[0]}; give the file that the study was exported to as CSV."
        )
    rows = _rows(record.study, lines)
    runs = [
        AiRun(run.name, run.rule, run.parameters, run.of_study, run.labels, np.array(run.calls, np.int64),
              np.array(run.truth, np.int64))
        for run in record.runs
    ]  # fmt: skip
    return StudyResults(rows, runs=lambda: runs)


def sha256(data: bytes) -> str:
    """Return the hash of a file as hexadecimal text."""
    return hashlib.sha256(data).hexdigest()


def _rows(study: StudyFacts, lines: list[dict[str, str]]) -> StudyRows:
    people = {safe(participant.name): at for at, participant in enumerate(study.participants)}
    cases = {str(row.number): at for at, row in enumerate(study.cases)}
    outcomes = {**{safe(outcome): at for at, outcome in enumerate(study.outcomes)}, "": -1}
    arms = {arm: at for at, arm in enumerate(ARMS)} | {"": ARMS.index("ai")}

    def places(name: str, known: dict[str, int]) -> list[int]:
        found = [known.get(line.get(name) or "") for line in lines]
        for at, place in enumerate(found):
            if place is None:
                raise InvalidInput(
                    f"Row {at + 2} of the data, column {name}: the report knows no '{lines[at].get(name)}'."
                )
        return [place for place in found if place is not None]

    case = places("case", cases)
    rows = StudyRows(
        study=_with_truth(study, case, [line["truth"] for line in lines]),
        participant=np.array(places("reader", people), np.int32),
        case=np.array(case, np.int32),
        arm=np.array(places("arm", arms), np.int8),
        session=np.array(_numbers(lines, "session"), np.int32),
        attempt=np.array(_numbers(lines, "attempt"), np.int32),
        position=np.array(_numbers(lines, "position"), np.int32),
        practice=np.array(_numbers(lines, "practice"), np.float64) == 1,
        call=np.array(places("prediction", outcomes), np.int16),
        ai_call=np.array(places("ai_call_shown", outcomes), np.int16),
        ratings=_by_class(lines, "rating", study),
        probabilities=_by_class(lines, "prob", study),
        seconds=np.array(_numbers(lines, "seconds"), np.float64),
        raw_seconds=np.array(_numbers(lines, "raw_seconds"), np.float64),
    )
    return rows.take(~rows.practice)


def _with_truth(study: StudyFacts, case: list[int], truths: list[str]) -> StudyFacts:
    codes = {safe(code): code for code in study.codes}
    given: dict[int, str] = {}
    for at, (place, truth) in enumerate(zip(case, truths, strict=True)):
        if truth not in codes:
            raise InvalidInput(f"Row {at + 2} of the data, column truth: the study has no class '{truth}'.")
        if given.setdefault(place, codes[truth]) != codes[truth]:
            raise InvalidInput(
                f"Row {at + 2} of the data: another row gives case {study.cases[place].number} another truth."
            )
    return replace(
        study, cases=tuple(replace(row, truth=given.get(at, row.truth)) for at, row in enumerate(study.cases))
    )


def _by_class(lines: list[dict[str, str]], kind: str, study: StudyFacts) -> np.ndarray[Any, np.dtype[np.float64]]:
    columns = [_numbers(lines, safe(f"{kind}_{code}")) for code in study.codes]
    return np.array(columns, np.float64).reshape(len(study.codes), len(lines)).T.copy()


def _numbers(lines: list[dict[str, str]], name: str) -> list[float]:
    found = []
    for at, line in enumerate(lines):
        text = line.get(name) or "nan"
        try:
            found.append(float(text))
        except ValueError:
            raise InvalidInput(f"Row {at + 2} of the data, column {name}: '{text}' is no number.") from None
    return found


def _ints(values: Any) -> tuple[int, ...]:
    return tuple(int(value) for value in values)
