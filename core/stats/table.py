"""Reading a CSV of readings; whatever is wrong with it is said by row, column and remedy."""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.stats.estimate import Bools, Floats, StatsError

RATING_COLUMNS = ("reader", "treatment", "case", "truth", "rating")
AI = "AI"  # the reader of this name is the AI


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a CSV: values by column name, and the line each row began on (the header is row 1)."""

    columns: tuple[str, ...]
    lines: tuple[int, ...]
    values: tuple[tuple[str, ...], ...]

    def column(self, name: str) -> list[str]:
        """All values of one column, stripped of blanks at both ends."""
        at = self.columns.index(name)
        return [row[at] for row in self.values]


@dataclass(frozen=True, slots=True)
class Readings:
    """values (t, r, n), NaN where a reader did not read a case in a treatment; truth (n,), True for positive."""

    values: Floats
    truth: Bools
    treatments: tuple[str, ...]
    readers: tuple[str, ...]
    cases: tuple[str, ...]


def read_rows(path: Path, *, needed: Sequence[str]) -> Rows:
    """Rows of a comma-separated UTF-8 file (with or without byte order mark) whose header has the needed columns.

    Raises StatsError naming the row, the column and the remedy for a file that cannot be used.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError:
        raise StatsError(f"{path} cannot be read; check that the file is there and may be read.") from None
    except UnicodeDecodeError:
        raise StatsError(f"{path.name} is not UTF-8 text; save it as 'CSV UTF-8' and try again.") from None
    return parse_rows(text, needed=needed)


def parse_rows(text: str, *, needed: Sequence[str]) -> Rows:
    """The same from text already decoded."""
    if not text.strip():
        raise StatsError(f"Row 1: the file is empty; its first row must name the columns {', '.join(needed)}.")
    if "\x00" in text:
        raise StatsError("Row 1: the file holds bytes that are not text; save it as 'CSV UTF-8' and try again.")
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        header = tuple(name.strip() for name in next(reader))
        for name in needed:
            if name not in header:
                raise StatsError(_missing(name, header, needed))
        for name in header:
            if name and header.count(name) > 1:
                raise StatsError(f"Row 1, column {name}: named {header.count(name)} times; keep one of them.")
        lines, values = [], []
        end = reader.line_num
        for row in reader:
            start, end = end + 1, reader.line_num
            if not row or not "".join(row).strip():
                continue
            if len(row) != len(header):
                raise StatsError(
                    f"Row {start}, column {header[min(len(row), len(header)) - 1]}: {len(row)} values for "
                    f"{len(header)} columns; add or remove values (put texts with commas in double quotes)."
                )
            lines.append(start)
            values.append(tuple(map(str.strip, row)))
    except csv.Error as error:
        raise StatsError(f"Row {reader.line_num}: {error}; check the quotes and line ends of this row.") from None
    if not values:
        raise StatsError("Row 2: there are no rows below the header; add one row a reading.")
    return Rows(header, tuple(lines), tuple(values))


def _missing(name: str, header: tuple[str, ...], needed: Sequence[str]) -> str:
    joined = ",".join(header)
    for sign, word in ((";", "semicolons"), ("\t", "tabs")):
        if sign in joined and len(joined.split(sign)) >= len(needed):
            return f"Row 1, column {name}: columns are separated by {word}; save the file with commas between columns."
    near = [column for column in header if column.casefold() == name.casefold()]
    if near:
        return f"Row 1, column {name}: found '{near[0]}'; rename it to '{name}'."
    return f"Row 1, column {name}: missing; the first row must name the columns {', '.join(needed)}."


def number(text: str, *, line: int, column: str) -> float:
    """A finite number, or StatsError naming row and column."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        shown = f"'{text}' is not a number" if text else "empty"
        remedy = "write a number with a decimal point, or delete the row if the case was not read"
        raise StatsError(f"Row {line}, column {column}: {shown}; {remedy}.")
    return value


def required(text: str, *, line: int, column: str) -> str:
    """A text that is not empty, or StatsError naming row and column."""
    if not text:
        raise StatsError(f"Row {line}, column {column}: empty; fill it in, or delete the row.")
    return text


def natural(names: Iterable[str]) -> tuple[str, ...]:
    """Distinct names in order: by number where all are numbers, else alphabetically."""
    distinct = set(names)
    try:
        return tuple(sorted(distinct, key=lambda name: (float(name), name)))
    except ValueError:
        return tuple(sorted(distinct))


def readings(rows: Rows) -> Readings:
    """Arrays of a table with RATING_COLUMNS; truth must be 0 or 1, and the same in every row of a case.

    Raises StatsError naming row, column and remedy for an empty or non-numeric value, a truth that is neither 0 nor 1
    or that contradicts an earlier row, and a reading given twice.
    """
    reader, treatment, case, truth, rating = (rows.column(name) for name in RATING_COLUMNS)
    values = np.empty(len(rows.lines))
    truths: dict[str, tuple[bool, int]] = {}
    for k, line in enumerate(rows.lines):
        for text, column in ((reader[k], "reader"), (treatment[k], "treatment"), (case[k], "case")):
            required(text, line=line, column=column)
        known = {"0": False, "1": True, "0.0": False, "1.0": True}.get(truth[k])
        if known is None:
            raise StatsError(
                f"Row {line}, column truth: '{truth[k]}' is neither 0 nor 1; write 1 for positive, 0 for not."
            )
        first = truths.setdefault(case[k], (known, line))
        if first[0] != known:
            raise StatsError(
                f"Row {line}, column truth: case {case[k]} has truth {int(known)} here but {int(first[0])} in row "
                f"{first[1]}; a case has one truth."
            )
        values[k] = number(rating[k], line=line, column="rating")
    names = natural(treatment), natural(reader), natural(case)
    at = [{name: i for i, name in enumerate(axis)} for axis in names]
    where = tuple(
        np.fromiter((index[name] for name in column), np.int64, len(column))
        for index, column in zip(at, (treatment, reader, case), strict=True)
    )
    flat = np.ravel_multi_index(where, tuple(len(axis) for axis in names))
    refuse_twice(flat, rows.lines, "reader, treatment and case")
    out = np.full(tuple(len(axis) for axis in names), np.nan)
    out.flat[flat] = values
    return Readings(out, np.array([truths[name][0] for name in names[2]]), *names)


def refuse_twice(keys: np.typing.NDArray[np.int64], lines: Sequence[int], what: str) -> None:
    """Raise StatsError where two rows have the same key, naming both rows."""
    order = np.argsort(keys, kind="stable")
    same = np.flatnonzero(keys[order][1:] == keys[order][:-1])
    if same.size:
        again = min(int(order[k + 1]) for k in same)
        first = lines[int(np.flatnonzero(keys == keys[again])[0])]
        raise StatsError(f"Row {lines[again]}, column case: same {what} as row {first}; keep one of the two rows.")


def split_ai(table: Readings) -> tuple[Floats, Floats, tuple[str, ...]]:
    """Ratings of the AI (n,) and of the readers (K, n), and the readers' names; one treatment a reader.

    The AI may have a treatment name of its own. Raises StatsError without the reader "AI", without other readers, or
    where the readers read in several treatments.
    """
    if AI not in table.readers:
        raise StatsError(f"Column reader: no row has the reader {AI}; name the AI's rows {AI}.")
    if len(table.readers) < 2:
        raise StatsError(f"Column reader: every row is of the reader {AI}; add the rows of the readers.")
    read = ~np.isnan(table.values)
    at = table.readers.index(AI)
    others = [j for j in range(len(table.readers)) if j != at]
    for who, members in ((f"the reader {AI}", [at]), ("the readers", others)):
        used = [table.treatments[i] for i in range(len(table.treatments)) if read[i, members].any()]
        if len(used) > 1:
            raise StatsError(
                f"Column treatment: {who} read in {len(used)} treatments ({', '.join(used)}); keep the rows of one."
            )
    merged = np.nansum(table.values, axis=0)
    merged[~read.any(axis=0)] = np.nan
    return merged[at], merged[others], tuple(table.readers[j] for j in others)
