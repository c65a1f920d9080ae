"""A CSV as columns of numbered texts: small in memory, quick to check; whatever is wrong is said by row, column,
remedy.
"""

import csv
import io
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol, TextIO

import numpy as np
from numpy.typing import NDArray

from core.stats.csv_text import open_text, separator_of, with_points
from core.stats.estimate import Bools, Floats, StatsError
from core.stats.estimate import Ints as Ints

CHUNK = 1000  # rows held as Python lists at once; more is slower, for they leave the cache


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `codes` (rows,) number the distinct `texts`, which have no blanks at their ends."""

    name: str
    codes: Ints
    texts: tuple[str, ...]

    def values(self) -> list[str]:
        """The text of every row."""
        return [self.texts[code] for code in self.codes.tolist()]

    def each(self, of: Callable[[str], float | bool]) -> NDArray[np.generic]:
        """A function of the text for every row, called once for each distinct text."""
        return np.array([of(text) for text in self.texts])[self.codes]

    def present(self) -> tuple[str, ...]:
        """The distinct texts that occur, in the order of their first rows."""
        found, first = np.unique(self.codes, return_index=True)
        return tuple(self.texts[code] for code in found[np.argsort(first)].tolist())


@dataclass(frozen=True, slots=True)
class Rows:
    """Columns of equal length by name, and the line each row began on (the header is row 1)."""

    lines: Ints
    columns: dict[str, Column]

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]

    def take(self, keep: Bools) -> "Rows":
        """The rows marked True."""
        kept = {name: Column(name, c.codes[keep], c.texts) for name, c in self.columns.items()}
        return Rows(self.lines[keep], kept)

    def optional(self, name: str) -> Column:
        """A column, or one of empty texts where the table has none."""
        return self.columns.get(name) or Column(name, np.zeros(len(self.lines), np.int64), ("",))


class _Lines(Protocol):
    """What csv.reader returns."""

    @property
    def line_num(self) -> int: ...

    def __iter__(self) -> Iterator[list[str]]: ...


class _Numbers(dict[str, int]):
    """Numbers for texts in the order they come."""

    def __missing__(self, text: str) -> int:
        self[text] = len(self)
        return len(self) - 1


def read_rows(path: Path, *, needed: Sequence[str]) -> Rows:
    """Rows of a text file whose header has the needed columns: separated by commas, semicolons, tabs or bars.

    Where the sign is no comma, numbers may have decimal commas. Raises StatsError naming the row, the column and the
    remedy for a file that cannot be used.
    """
    try:
        with open_text(path) as file:
            return _rows(file, needed)
    except UnicodeDecodeError:
        raise StatsError(f"{path.name} is damaged text; save it again as 'CSV UTF-8' and try again.") from None


def parse_rows(text: str, *, needed: Sequence[str]) -> Rows:
    """The same from text already decoded."""
    return _rows(io.StringIO(text.removeprefix("\ufeff"), newline=""), needed)


def _rows(file: TextIO, needed: Sequence[str]) -> Rows:
    separator, is_named = separator_of(file, needed)
    reader = csv.reader(file, delimiter=separator)
    try:
        if is_named:
            next(reader)
        named = next((row for row in reader if any(cell.strip() for cell in row)), [])
        header = _header(named, needed, row=max(reader.line_num, 1) if named else 1)
        return _body(reader, header, separator)
    except csv.Error as error:
        raise StatsError(f"Row {reader.line_num}: {error}; check the quotes and line ends of this row.") from None


def _header(cells: list[str], needed: Sequence[str], *, row: int) -> tuple[str, ...]:
    header = tuple(name.strip() for name in cells)
    if not any(header):
        raise StatsError(f"Row 1: the file is empty; its first row must name the columns {', '.join(needed)}.")
    for name in needed:
        if name not in header:
            raise StatsError(_missing(name, header, needed, row=row))
    for name in header:
        if name and header.count(name) > 1:
            raise StatsError(f"Row {row}, column {name}: named {header.count(name)} times; keep one of them.")
    return header


def _missing(name: str, header: tuple[str, ...], needed: Sequence[str], *, row: int) -> str:
    near = [column for column in header if column.casefold() == name.casefold()]
    if near:
        return f"Row {row}, column {name}: found '{near[0]}'; rename it to '{name}'."
    return f"Row {row}, column {name}: missing; the first row must name the columns {', '.join(needed)}."


def _began(chunk: list[list[str]], before: int, after: int) -> Ints:
    """The line each row of a chunk began on; a row runs over several lines where its cells hold line ends."""
    if after - before == len(chunk):
        return np.arange(before + 1, after + 1, dtype=np.int64)
    spans = [1 + sum(cell.count("\n") for cell in row) for row in chunk]
    return np.asarray(before + 1 + np.concatenate([[0], np.cumsum(spans[:-1])]), np.int64)


def _body(reader: _Lines, header: tuple[str, ...], separator: str) -> Rows:
    numbers = [_Numbers() for _ in header]
    parts: list[list[Ints]] = [[] for _ in header]
    lines: list[Ints] = []
    rows, before = iter(reader), reader.line_num
    while chunk := list(islice(rows, CHUNK)):
        began, before = _began(chunk, before, reader.line_num), reader.line_num
        if set(map(len, chunk)) != {len(header)}:
            began, chunk = _of_full_width(chunk, began, header, separator)
        lines.append(began)
        for k, column in enumerate(zip(*chunk, strict=True)):
            parts[k].append(np.fromiter(map(numbers[k].__getitem__, column), np.int64, len(column)))
    if not any(part.size for part in lines):
        raise StatsError("Row 2: there are no rows below the header; add one row a reading.")
    columns = {
        name: _stripped(name, np.concatenate(part), numbered, commas=separator != ",")
        for name, part, numbered in zip(header, parts, numbers, strict=True)
        if name
    }
    empty = np.ones(sum(len(part) for part in lines), bool)
    for column_ in columns.values():
        empty &= column_.each(lambda text: not text).astype(bool)
    if empty.all():
        raise StatsError("Row 2: there are no rows below the header; add one row a reading.")
    return Rows(np.concatenate(lines), columns).take(~empty)


def _of_full_width(
    chunk: list[list[str]], began: Ints, header: tuple[str, ...], separator: str
) -> tuple[Ints, list[list[str]]]:
    """The chunk without empty lines; StatsError for the first row with too few or too many values."""
    keep = np.array([len(row) == len(header) for row in chunk])
    for k in np.flatnonzero(~keep).tolist():
        row = chunk[k]
        if any(cell.strip() for cell in row):
            at = header[min(len(row), len(header)) - 1]
            many = f"{len(row)} value{'s' * (len(row) > 1)} for {len(header)} columns"
            sign = {",": "commas", ";": "semicolons", "\t": "tabs"}.get(separator, f"'{separator}'")
            raise StatsError(
                f"Row {began[k]}, column {at}: {many}; add or remove values (put texts with {sign} in double quotes)."
            )
    return began[keep], [row for row, whole in zip(chunk, keep.tolist(), strict=True) if whole]


def _stripped(name: str, codes: Ints, numbers: _Numbers, *, commas: bool) -> Column:
    """The column without blanks at the ends of its texts and, with `commas`, without decimal commas."""
    again = _Numbers()
    texts = [text.strip() for text in numbers]
    change = np.array([again[text] for text in (with_points(texts) if commas else texts)], np.int64)
    return Column(name, change[codes], tuple(again))


def first(bad: NDArray[np.generic]) -> int | None:
    """Index of the first row marked True, None without one."""
    at = np.flatnonzero(bad)
    return int(at[0]) if at.size else None


def require(rows: Rows, names: Iterable[str]) -> None:
    """Raise StatsError for the first empty value in the named columns."""
    for name in names:
        at = first(rows[name].each(lambda text: not text))
        if at is not None:
            raise StatsError(f"Row {rows.lines[at]}, column {name}: empty; fill it in, or delete the row.")


def as_number(text: str) -> float:
    """The text as a finite number, NaN where it is none."""
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) and "_" not in text else math.nan


def numbers_of(
    rows: Rows, name: str, *, blank: bool, least: float = -math.inf, most: float = math.inf, remedy: str = "mend it"
) -> Floats:
    """A column as numbers (rows,), NaN where empty if `blank` allows that; StatsError naming the first bad row."""
    column = rows.optional(name)
    found = np.asarray(column.each(as_number), np.float64)
    given = np.asarray(column.each(bool), bool)
    at = first(np.isnan(found) & (given | (not blank)))
    if at is not None:
        text = column.texts[column.codes[at]]
        shown = f"'{text}' is not a number" if text else "empty"
        raise StatsError(f"Row {rows.lines[at]}, column {name}: {shown}; {remedy}.")
    at = first((found < least) | (found > most))
    if at is not None:
        text = column.texts[column.codes[at]]
        raise StatsError(f"Row {rows.lines[at]}, column {name}: {text} is outside {least:g} to {most:g}; mend it.")
    return found


def one_value(rows: Rows, key: str, value: str) -> dict[str, str]:
    """The one value that every row of a key has, such as the truth of a case; StatsError naming two rows that
    differ.
    """
    keys, values = rows[key], rows[value]
    found, start, where = np.unique(keys.codes, return_index=True, return_inverse=True)
    at = first(values.codes != values.codes[start][where])
    if at is not None:
        one, other = values.texts[values.codes[at]], values.texts[values.codes[start[where[at]]]]
        raise StatsError(
            f"Row {rows.lines[at]}, column {value}: {key} {keys.texts[keys.codes[at]]} has {value} '{one}' here but "
            f"'{other}' in row {rows.lines[start[where[at]]]}; a {key} has one {value}."
        )
    return {keys.texts[k]: values.texts[values.codes[i]] for k, i in zip(found, start, strict=True)}


def natural(names: Iterable[str]) -> tuple[str, ...]:
    """Distinct names in order: by number where all are numbers, else alphabetically."""
    distinct = set(names)
    if any(math.isnan(as_number(name)) for name in distinct):
        return tuple(sorted(distinct))
    return tuple(sorted(distinct, key=lambda name: (float(name), name)))


def places(column: Column, names: Sequence[str], *, other: int = 0) -> Ints:
    """Index of every row's text among names, `other` for a text that is none of them."""
    order = {name: k for k, name in enumerate(names)}
    return np.array([order.get(text, other) for text in column.texts], np.int64)[column.codes]


def refuse_twice(keys: Ints, lines: Ints, what: str) -> None:
    """Raise StatsError where two rows have the same key (rows,), naming both rows."""
    order = np.argsort(keys, kind="stable")
    same = np.flatnonzero(keys[order][1:] == keys[order][:-1])
    if same.size:
        again = int(order[same + 1].min())
        before = lines[int(np.flatnonzero(keys == keys[again])[0])]
        raise StatsError(f"Row {lines[again]}, column case: same {what} as row {before}; keep one of the two rows.")
