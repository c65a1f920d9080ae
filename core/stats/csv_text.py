"""CSV files as programs write them: the encoding, the sign between columns and the decimal comma are recognised."""

import codecs
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TextIO

from core.stats.estimate import StatsError

SEPARATORS = ",;\t|"
MARKS = (  # the four bytes of UTF-32 begin as the two of UTF-16 do
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # xlsx and ods, xls
COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")
POINT = re.compile(r"[+-]?\d*\.\d+(?:[eE][+-]?\d+)?")


def open_text(path: Path) -> TextIO:
    """The file as text; StatsError where it is not there, a workbook, or no text at all."""
    try:
        data = path.read_bytes()
    except OSError:
        raise StatsError(f"{path} cannot be read; check that the file is there and may be read.") from None
    if data.startswith(WORKBOOKS):
        raise StatsError(f"{path.name} is a workbook; save its sheet as CSV and try again.")
    encoding = encoding_of(data)
    if b"\0" in data and not encoding.startswith(("utf-16", "utf-32")):
        raise StatsError(f"{path.name} is not a text file; save the table as CSV and try again.")
    return io.TextIOWrapper(io.BytesIO(data), encoding, newline="")


def encoding_of(data: bytes) -> str:
    """UTF-8, UTF-16 or UTF-32 by their marks or their zeros, else what Windows and old programs write."""
    for mark, name in MARKS:
        if data.startswith(mark):
            return name
    for start, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        half = data[:1000][start::2]
        if half and half.count(0) > len(half) / 2:
            return name
    for name in ("utf-8", "cp1252"):
        try:
            data.decode(name)
        except UnicodeDecodeError:
            continue
        return name
    return "latin-1"


def separator_of(file: TextIO, needed: Sequence[str]) -> tuple[str, bool]:
    """The sign between the columns of a file at its start, and whether a first line `sep=;`, as Excel's, names it.

    Else it is the sign by which the first line has the most of the needed columns; a comma where none has any.
    """
    line = next((line for line in file if line.strip(" \t\r\n,;|\"'")), "")
    file.seek(0)
    named = line.strip().strip('"').casefold()
    if named.startswith("sep=") and len(line.strip("\r\n").strip('"')) == 5:
        return line.strip("\r\n").strip('"')[4], True

    def columns(sign: str) -> int:
        cells = {cell.strip().strip('"').strip().casefold() for cell in line.split(sign)}
        return sum(name.casefold() in cells for name in needed)

    return max(SEPARATORS, key=columns), False


def with_points(texts: Iterable[str]) -> list[str]:
    """The texts of a column with decimal commas as points; as they are where some numbers have a point already."""
    column = list(texts)
    if any(POINT.fullmatch(text) for text in column):
        return column
    return [text.replace(",", ".") if COMMA.fullmatch(text) else text for text in column]
