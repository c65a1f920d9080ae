"""A CSV of another algorithm's calls as columns of texts, whatever program wrote it. Imports no torch."""

import csv
import io
import re
from dataclasses import dataclass

from core.errors import InvalidInput

MOST_BYTES = 50 * 10**6
DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas"}
CASE = ("case", "casenumber", "caseno", "caseid", "number")
CALL = ("call", "prediction", "predicted", "predictedclass", "diagnosis", "label", "class", "result", "finding")
PROBABILITY = re.compile(r"^(?:prob|probability|p|score|conf|confidence)[ _.(\[-]+(.+?)[)\]]?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sheet:
    """The columns and rows of a file; `lines` has the line each row begins on, `notes` what was assumed of it."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    def column(self, name: str) -> tuple[str, ...]:
        """Return the texts of a column."""
        at = self.columns.index(name)
        return tuple(row[at] for row in self.rows)


@dataclass(frozen=True, slots=True)
class Columns:
    """What the columns of a sheet are: the case number, the call if any, and probabilities by class."""

    case: str | None
    call: str | None
    probabilities: dict[str, str]  # column: class

    def unused(self, sheet: Sheet) -> tuple[str, ...]:
        """Return the columns that are not taken."""
        used = {self.case, self.call, *self.probabilities}
        return tuple(name for name in sheet.columns if name not in used)


def read_sheet(data: bytes) -> Sheet:
    """Read a CSV in UTF-8, UTF-16 or Windows-1252, between commas, semicolons, tabs or bars.

    A row with too few or too many values is a problem that names it. Raises InvalidInput for what is no table.
    """
    if len(data) > MOST_BYTES:
        raise InvalidInput(f"The file is larger than {MOST_BYTES // 10**6} MB; export the calls alone.")
    text, notes = _decoded(data)
    if "\0" in text:
        raise InvalidInput("The file is no text; save the table as CSV.")
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(DELIMITERS, key=first.count)
    if delimiter not in first:
        raise InvalidInput("The first line names one column only; a row needs a case number and a call or probability.")
    if delimiter != ",":
        notes.append(f"Columns stand between {DELIMITERS[delimiter]}.")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header: tuple[str, ...] = ()
    rows, lines, problems = [], [], []
    try:
        for row in reader:
            cells = tuple(cell.strip() for cell in row)
            if not any(cells):
                continue
            if not header:
                header = cells
            elif len(cells) != len(header):
                problems.append(f"row {reader.line_num}: {len(cells)} values for {len(header)} columns")
            else:
                rows.append(cells)
                lines.append(reader.line_num)
    except csv.Error as error:
        raise InvalidInput(f"Row {reader.line_num}: {error}; check the quotes of this row.") from None
    if twice := sorted({name for name in header if header.count(name) > 1}):
        raise InvalidInput(f"Two columns are named “{twice[0]}”; rename one.")
    if "" in header:
        raise InvalidInput(f"Column {header.index('') + 1} has no name; give it one, or delete it.")
    if not rows and not problems:
        raise InvalidInput("The file has no rows below its column names.")
    return Sheet(header, tuple(rows), tuple(lines), tuple(notes), tuple(problems))


def guess(sheet: Sheet) -> Columns:
    """Return what the columns most likely are, by their names; a class's own name is its probability if all numbers."""
    plain = {name: re.sub(r"[^a-z0-9]+", "", name.casefold()) for name in sheet.columns}
    case = next((name for word in CASE for name in sheet.columns if plain[name] == word), None)
    call = next((name for word in CALL for name in sheet.columns if plain[name] == word and name != case), None)
    called = {text.casefold() for text in sheet.column(call)} if call else set()
    found = {}
    for name in sheet.columns:
        if name in (case, call):
            continue
        match = PROBABILITY.match(name)
        if match:
            found[name] = match.group(1).strip()
        elif name.casefold() in called and all(_numeric(text) for text in sheet.column(name)):
            found[name] = name
    return Columns(case, call, found)


def _decoded(data: bytes) -> tuple[str, list[str]]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16"), ["The file was read as UTF-16."]
        except UnicodeDecodeError:
            raise InvalidInput("The file begins as UTF-16 and is damaged; save it as CSV (UTF-8).") from None
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        note = "The file is not UTF-8: it was read as Windows-1252. Check names with accents."
        return data.decode("cp1252", errors="replace"), [note]


def _numeric(text: str) -> bool:
    try:
        float(text.rstrip("% ").replace(",", ".") or "0")
    except ValueError:
        return False
    return True
