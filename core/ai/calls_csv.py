"""The calls of any other algorithm, from a CSV: so that it joins a study as an AI reader. Imports no torch."""

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from core.ai.calls_sheet import Columns, Sheet
from core.errors import InvalidInput

TOLERANCE = 0.01  # how far a row of probabilities may sum from 1, for rounding
MOST_CLASSES, LONGEST = 40, 40  # classes of a model, and characters of a class
FAILED = {"failure", "failed", "error", "na", "n/a", "nan", "none given"}
NONE_OF_THEM = "none"  # the call where no finding is present


@dataclass(frozen=True, slots=True)
class CallRow:
    """One case's call by another algorithm; probabilities by class, empty when the file has none."""

    case_number: int
    call: str | None
    failure: str | None
    probabilities: dict[str, float]


@dataclass(frozen=True, slots=True)
class Calls:
    """What a sheet comes to. `problems` name every row that does not fit: with one of them nothing can be taken."""

    classes: tuple[str, ...]
    rows: tuple[CallRow, ...]
    findings: bool
    problems: tuple[str, ...]
    notes: tuple[str, ...]


def fingerprint(data: bytes) -> str:
    """Return the SHA-256 of the file, which stands for the weights of an algorithm that came as a CSV."""
    return hashlib.sha256(data).hexdigest()


def calls_of(sheet: Sheet, columns: Columns, *, findings: bool = False, threshold: float = 0.5) -> Calls:
    """Return the calls of a sheet whose columns are known.

    One class a case: probabilities add up to 1, and without a column of calls the most probable class is the call. One
    probability alone tells two classes. `findings` can be present together: each has a probability of its own, and
    without a column of calls the most probable one from `threshold` on is the call. Numbers may have decimal commas or
    be percent. Raises InvalidInput where the columns cannot be calls at all.
    """
    if columns.case is None:
        raise InvalidInput("Choose the column that has the case numbers.")
    if columns.call is None and not columns.probabilities:
        raise InvalidInput("Choose the column of the calls, or at least one column of probabilities.")
    named = [name.strip() for name in columns.probabilities.values()]
    if twice := sorted({name for name in named if named.count(name) > 1}):
        raise InvalidInput(f"Two columns are the probability of “{twice[0]}”; leave one out.")
    percent = _percent(sheet, columns)
    notes = [*sheet.notes, *(["Probabilities are percent; they are divided by 100."] if percent else [])]
    if unused := columns.unused(sheet):
        notes.append(f"Not used: {', '.join(unused)}.")
    classes = _classes(sheet, columns, named, findings=findings)
    if long := [name for name in classes if len(name) > LONGEST]:
        raise InvalidInput(f"The class “{long[0][:60]}” is longer than {LONGEST} characters; shorten it.")
    if not 1 < len(classes) <= MOST_CLASSES:
        raise InvalidInput(f"The file has {len(classes)} classes; an algorithm needs 2 to {MOST_CLASSES}.")
    reader = _Reader(sheet, columns, classes, findings, threshold, percent)
    rows, problems = [], list(sheet.problems)
    seen: dict[int, int] = {}
    for line, cells in zip(sheet.lines, sheet.rows, strict=True):
        try:
            row = reader.row(dict(zip(sheet.columns, cells, strict=True)))
            if row.case_number in seen:
                raise InvalidInput(f"case {row.case_number} stands in row {seen[row.case_number]} already")
            seen[row.case_number] = line
            rows.append(row)
        except InvalidInput as error:
            problems.append(f"row {line}: {error}")
    if reader.off > len(sheet.rows) / 2 and not findings:
        notes.append("If the columns are findings that can be present together, say so above.")
    return Calls(classes, tuple(rows), findings, tuple(problems), tuple(notes))


@dataclass(slots=True)
class _Reader:
    sheet: Sheet
    columns: Columns
    classes: tuple[str, ...]
    findings: bool
    threshold: float
    percent: bool
    off: int = 0  # rows whose probabilities do not add up to 1

    def row(self, cells: Mapping[str, str]) -> CallRow:
        number = re.fullmatch(r"(?:case\s*)?(\d+)(?:\.0+)?", cells[self.columns.case or ""], re.IGNORECASE)
        if number is None:
            raise InvalidInput(f"column {self.columns.case} needs a case number")
        given = {
            name.strip(): _number(cells[column], column, percent=self.percent)
            for column, name in self.columns.probabilities.items()
            if cells[column]
        }
        said = cells[self.columns.call] if self.columns.call else ""
        case = int(number.group(1))
        if (self.columns.call and not said) or said.casefold() in FAILED or (not self.columns.call and not given):
            return CallRow(case, None, "the algorithm gave no call", {})
        probabilities = self._whole(given) if given else {}
        call = self._named(said) if said else self._likeliest(probabilities)
        return CallRow(case, call, None, probabilities)

    def _whole(self, given: dict[str, float]) -> dict[str, float]:
        wanted = [name.strip() for name in self.columns.probabilities.values()]
        if missing := [name for name in wanted if name not in given]:
            raise InvalidInput(f"the probability of {', '.join(missing)} is missing; give all of them, or none")
        if self.findings:
            return {**given, NONE_OF_THEM: 1 - max(given.values())}
        if len(given) == 1:
            other = next(name for name in self.classes if name not in given)
            return {name: given.get(name, 1 - next(iter(given.values()))) for name in (other, *given)}
        total = sum(given.values())
        if abs(total - 1) > TOLERANCE:
            self.off += 1
            raise InvalidInput(f"the probabilities add up to {total:.3g}, not to 1")
        return given

    def _named(self, said: str) -> str:
        found = next((name for name in self.classes if name.casefold() == said.casefold()), None)
        if found is None:
            raise InvalidInput(f"the call “{said[:40]}” is none of the classes {', '.join(self.classes)}")
        return found

    def _likeliest(self, probabilities: dict[str, float]) -> str:
        if self.findings or len(self.columns.probabilities) == 1:
            present = {
                name.strip(): value
                for name in self.columns.probabilities.values()
                if (value := probabilities[name.strip()]) >= self.threshold
            }
            if not present:
                return NONE_OF_THEM if self.findings else self.classes[0]
            return max(present, key=lambda name: present[name])
        most = max(probabilities.values())
        best = [name for name, value in probabilities.items() if value == most]
        if len(best) > 1:
            raise InvalidInput(f"{' and '.join(best)} are equally probable; give the call in a column of its own")
        return best[0]


def _classes(sheet: Sheet, columns: Columns, named: list[str], *, findings: bool) -> tuple[str, ...]:
    said: dict[str, str] = {}
    for text in sheet.column(columns.call) if columns.call else ():
        if text and text.casefold() not in FAILED:
            said.setdefault(text.casefold(), text)
    if findings:
        return (*named, NONE_OF_THEM)
    if len(named) == 1:
        others = [text for text in said.values() if text.casefold() != named[0].casefold()]
        return (others[0] if len(others) == 1 else f"no {named[0]}", named[0])
    return tuple(named or said.values())


def _percent(sheet: Sheet, columns: Columns) -> bool:
    """Whether half of the rows or more have a value above 1, which only percent can be; fewer are slips of a row."""
    above, rows = 0, 0
    texts = list(zip(*(sheet.column(name) for name in columns.probabilities), strict=True))
    for row in texts:
        values = [value for text in row if "%" not in text and (value := _float(text)) is not None]
        rows += bool(values)
        above += any(1 + TOLERANCE < value <= 100 for value in values)
    return 2 * above >= rows > 0


def _float(text: str) -> float | None:
    plain = text.replace(" ", "")
    try:
        value = float(plain.replace(",", ".") if plain.count(",") == 1 and "." not in plain else plain)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in plain else None


def _number(text: str, column: str, *, percent: bool) -> float:
    value = _float(text.rstrip("% "))
    if value is None:
        raise InvalidInput(f"column {column}: “{text[:40]}” is no number")
    value /= 100 if percent or "%" in text else 1
    if not -1e-9 <= value <= 1 + 1e-9:
        raise InvalidInput(f"column {column}: {text[:40]} is no probability from 0 to 1, nor a percentage")
    return min(1.0, max(0.0, value))
