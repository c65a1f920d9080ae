"""CSV that people open in a spreadsheet, in which no text is run as a formula: every table that is handed out."""

import csv
import io
from collections.abc import Iterable
from typing import Any, TextIO

# a cell that begins so is a formula to some spreadsheet (OWASP, CSV injection); the last four are full-width forms
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def safe(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return "'" + text if text.startswith(FORMULA) else text


def write_rows(out: TextIO, rows: Iterable[Iterable[Any]]) -> None:
    """Write rows as CSV lines; numbers stay numbers, texts are made safe."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([safe(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)


def csv_text(rows: Iterable[Iterable[Any]]) -> str:
    """Return rows as CSV."""
    out = io.StringIO()
    write_rows(out, rows)
    return out.getvalue()
