"""Truth from a CSV keyed by case number: everything is checked before anything is taken."""

import csv
import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from core.errors import InvalidInput
from core.study.identifiers import identifying

COLUMNS = ("case", "diagnosis", "source", "reason")
NEEDED = ("case", "diagnosis")
NOTES = ("series", "files")  # for people: the upload's table of case numbers has them; they are not read
MOST_BYTES = 5_000_000


@dataclass(frozen=True, slots=True)
class TruthRow:
    """One row to be taken: the truth of a case by number, what it rests on, and why it corrects an earlier one."""

    line: int
    case_number: int
    class_code: str
    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong, by row as a spreadsheet numbers it (the header is row 1) and by column."""

    row: int
    column: str
    message: str


@dataclass(frozen=True, slots=True)
class TruthSheet:
    """What a CSV says. It may be taken only when `faults` is empty."""

    rows: tuple[TruthRow, ...]
    faults: tuple[Fault, ...]


def template(case_numbers: Collection[int]) -> str:
    """Return an empty CSV to fill in, one row a case."""
    lines = [",".join(COLUMNS), *(f"{number},,," for number in sorted(case_numbers))]
    return "\n".join(lines) + "\n"


def read_truth_csv(
    data: bytes, *, classes: Mapping[str, str], case_numbers: Collection[int], source: str
) -> TruthSheet:
    """Return the rows and every fault of a CSV in UTF-8, separated by comma, semicolon or tab.

    `classes` maps codes to labels; either may stand in the column diagnosis. `source` is for rows without one.
    Raises InvalidInput when the file is no such table at all.
    """
    lines = _lines(_text(data))
    header = [name.strip().lower() for name in lines[0]] if lines else []
    missing = [name for name in NEEDED if name not in header]
    if missing:
        raise InvalidInput(f"The first row must name the columns; {' and '.join(missing)} not found there.")
    unknown = [name for name in header if name and name not in (*COLUMNS, *NOTES)]
    if unknown or len({name for name in header if name}) != len([name for name in header if name]):
        raise InvalidInput(f"The columns are {', '.join(COLUMNS)}, each once; found {', '.join(header)}.")
    names = _names(classes)
    rows: list[TruthRow] = []
    faults: list[Fault] = []
    seen: dict[int, int] = {}
    for line, cells in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        given = dict(zip(header, (cell.strip() for cell in cells), strict=False))
        wrong = (
            [Fault(line, "row", f"has {len(cells)} cells, the header {len(header)}.")]
            if len(cells) > len(header)
            else []
        )
        number, fault = _number(given.get("case", ""), line, case_numbers, seen)
        wrong += fault
        code = names.get(given.get("diagnosis", "").lower())
        if code is None:
            wrong.append(Fault(line, "diagnosis", _diagnosis_message(given.get("diagnosis", ""), classes)))
        row_source = given.get("source", "") or source.strip()
        if not 1 <= len(row_source) <= 200:
            wrong.append(Fault(line, "source", "is empty or over 200 characters; say what the truth rests on."))
        if len(given.get("reason", "")) > 500:
            wrong.append(Fault(line, "reason", "is over 500 characters."))
        for column, text in (("source", row_source), ("reason", given.get("reason", ""))):
            if what := identifying(text, names=False):
                wrong.append(Fault(line, column, f"looks as if it held {what}; it would be kept for good."))
        faults += wrong
        if not wrong and number is not None and code is not None:
            rows.append(TruthRow(line, number, code, row_source, given.get("reason", "")))
    if not rows and not faults:
        raise InvalidInput("The file has a header but no rows.")
    return TruthSheet(tuple(rows), tuple(faults))


def _text(data: bytes) -> str:
    if len(data) > MOST_BYTES:
        raise InvalidInput("The file is over 5 MB; a truth table has one short row a case.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput("The file is not UTF-8 text; save it as CSV UTF-8.") from None


def _lines(text: str) -> list[list[str]]:
    separator = max(",;\t", key=text.partition("\n")[0].count)
    try:
        return list(csv.reader(io.StringIO(text, newline=None), delimiter=separator))
    except csv.Error as error:
        raise InvalidInput(f"The file is not a CSV table: {error}.") from None


def _names(classes: Mapping[str, str]) -> dict[str, str]:
    return {label.lower(): code for code, label in classes.items()} | {code.lower(): code for code in classes}


def _number(
    text: str, line: int, case_numbers: Collection[int], seen: dict[int, int]
) -> tuple[int | None, list[Fault]]:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        return None, [Fault(line, "case", f"“{text}” is not a case number.")]
    number = int(text)
    if number not in case_numbers:
        return None, [Fault(line, "case", f"{number} is not a case of this study.")]
    if number in seen:
        return None, [Fault(line, "case", f"{number} stands in row {seen[number]} already.")]
    seen[number] = line
    return number, []


def _diagnosis_message(text: str, classes: Mapping[str, str]) -> str:
    return f"“{text}” is not a class of this study; use {', '.join(classes)}."
