"""Truth from a table keyed by case number: everything is checked before anything is taken."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from core.errors import InvalidInput
from core.study.identifiers import identifying
from core.study.tables import Table, read_table

COLUMNS = ("case", "diagnosis", "source", "reason")
NEEDED = ("case", "diagnosis")
NOTES = ("series", "files")  # for people: the upload's table of case numbers has them; they are not read
WHOLE = re.compile(r"^(\d+)[.,]0*$")
USUAL = {
    "case": {"case number", "case no", "case id", "caseid", "case nr", "number", "no", "nr", "fall", "fallnummer"},
    "diagnosis": {
        "truth",
        "label",
        "class",
        "reference",
        "reference standard",
        "ground truth",
        "dx",
        "diagnose",
        "befund",
        "diagnostic",
        "diagnosi",
        "diagnóstico",
    },
    "source": {"rests on", "basis", "quelle", "fuente"},
    "reason": {"reason for correction", "grund", "motivo"},
}


@dataclass(frozen=True, slots=True)
class TruthRow:
    """One row to be taken: the truth of a case by number, what it rests on, and why it corrects an earlier one.

    In a study of findings `findings` has the level of each.
    """

    line: int
    case_number: int
    class_code: str
    source: str
    reason: str
    findings: Mapping[str, str] | None = None


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
    unknown: tuple[str, ...] = ()  # diagnoses that are no class, each once
    ignored: tuple[str, ...] = ()  # columns that are not read


def template(case_numbers: Collection[int]) -> str:
    """Return an empty CSV to fill in, one row a case."""
    lines = [",".join(COLUMNS), *(f"{number},,," for number in sorted(case_numbers))]
    return "\n".join(lines) + "\n"


def guess_columns(header: Sequence[str]) -> dict[str, str]:
    """Return which column of a table is which of ours, by their usual names; ours that are not found are absent."""
    found: dict[str, str] = {}
    for name in header:
        plain = " ".join(name.lower().replace("_", " ").replace(".", " ").split())
        for ours, usual in USUAL.items():
            if (plain == ours or plain in usual) and ours not in found:
                found[ours] = name
    return found | {name.lower(): name for name in header if name.lower() in COLUMNS}


def read_truth_csv(
    data: bytes, *, classes: Mapping[str, str], case_numbers: Collection[int], source: str
) -> TruthSheet:
    """Return the rows and every fault of a CSV or xlsx file whose columns have usual names; see read_truth."""
    return read_truth(read_table(data), classes=classes, case_numbers=case_numbers, source=source)


def read_truth(
    table: Table,
    *,
    classes: Mapping[str, str],
    case_numbers: Collection[int],
    source: str,
    columns: Mapping[str, str] | None = None,
    names: Mapping[str, str] | None = None,
) -> TruthSheet:
    """Return the rows and every fault of a table.

    `classes` maps codes to labels; either may stand in the column diagnosis, and so may what `names` maps to a code.
    `columns` maps our columns to those of the table; without it they go by their usual names. Other columns are not
    read. `source` is for rows without one. Raises InvalidInput when the table has no such columns at all.
    """
    header = table.header
    if len({name.lower() for name in header if name}) != len([name for name in header if name]):
        raise InvalidInput(f"The columns need different names; found {', '.join(header)}.")
    which = guess_columns(header) if columns is None else dict(columns)
    missing = [name for name in NEEDED if which.get(name) not in header]
    if missing:
        raise InvalidInput(f"The first row must name the columns; {' and '.join(missing)} not found there.")
    places = {ours: header.index(theirs) for ours, theirs in which.items() if theirs in header}
    known = _names(classes) | {text.strip().lower(): code for text, code in (names or {}).items()}
    rows: list[TruthRow] = []
    faults: list[Fault] = []
    unknown: dict[str, None] = {}
    seen: dict[int, int] = {}
    for line, cells in table.rows:
        given = {ours: cells[place].strip() if place < len(cells) else "" for ours, place in places.items()}
        wrong = (
            [Fault(line, "row", f"has {len(cells)} cells, the header {len(header)}.")]
            if len(cells) > len(header)
            else []
        )
        number, fault = case_number(given.get("case", ""), line, case_numbers, seen)
        wrong += fault
        code = known.get(given.get("diagnosis", "").lower())
        if code is None:
            wrong.append(Fault(line, "diagnosis", _diagnosis_message(given.get("diagnosis", ""), classes)))
            unknown[given.get("diagnosis", "")] = None
        row_source = given.get("source", "") or source.strip()
        wrong += text_faults(line, row_source, given.get("reason", ""))
        faults += wrong
        if not wrong and number is not None and code is not None:
            rows.append(TruthRow(line, number, code, row_source, given.get("reason", "")))
    if not rows and not faults:
        raise InvalidInput("The file has a header but no rows.")
    ignored = tuple(name for name in header if name and name not in which.values() and name.lower() not in NOTES)
    return TruthSheet(tuple(rows), tuple(faults), tuple(name for name in unknown if name), ignored)


def _names(classes: Mapping[str, str]) -> dict[str, str]:
    return {label.lower(): code for code, label in classes.items()} | {code.lower(): code for code in classes}


def text_faults(line: int, source: str, reason: str) -> list[Fault]:
    """Return what is wrong with what a truth rests on, and with the reason of a correction."""
    found = []
    if not 1 <= len(source) <= 200:
        found.append(Fault(line, "source", "is empty or over 200 characters; say what the truth rests on."))
    if len(reason) > 500:
        found.append(Fault(line, "reason", "is over 500 characters."))
    for column, text in (("source", source), ("reason", reason)):
        if what := identifying(text, names=False):
            found.append(Fault(line, column, f"looks as if it held {what}; it would be kept for good."))
    return found


def case_number(
    text: str, line: int, case_numbers: Collection[int], seen: dict[int, int]
) -> tuple[int | None, list[Fault]]:
    """Return the case number in a cell, or what is wrong with it; `seen` remembers the rows by number."""
    text = WHOLE.sub(r"\1", text)  # spreadsheets write 2679.0
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
