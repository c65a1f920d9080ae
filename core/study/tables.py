"""Tables as people have them: CSV in any usual encoding and separator, and Excel workbooks."""

import csv
import io
import zipfile
from dataclasses import dataclass

from core.errors import InvalidInput
from core.stats.csv_text import encoding_of

MOST_BYTES = 5_000_000
MOST_UNPACKED = 50_000_000  # bytes of a workbook's parts
MOST_ROWS = 100_000
SEPARATORS = ",;\t|"
EXCEL = b"PK\x03\x04"
OLD_EXCEL = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True, slots=True)
class Table:
    """The header and the rows of a table as text, each row with its number as a spreadsheet shows it."""

    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]


def read_table(data: bytes) -> Table:
    """Return the first table of a CSV or xlsx file; raises InvalidInput where there is none."""
    if len(data) > MOST_BYTES:
        raise InvalidInput("The file is over 5 MB; a truth table has one short row a case.")
    if data.startswith(OLD_EXCEL):
        raise InvalidInput("This is an old Excel file (.xls); save it as .xlsx or as CSV.")
    lines = _workbook(data) if data.startswith(EXCEL) else _csv(_text(data))
    filled = [(number, cells) for number, cells in lines if any(cell.strip() for cell in cells)]
    if not filled:
        raise InvalidInput("The first row must name the columns; the file is empty.")
    _, header = filled[0]
    return Table(tuple(name.strip() for name in header), tuple((n, tuple(cells)) for n, cells in filled[1:]))


def _text(data: bytes) -> str:
    """Return the text of a CSV in the encoding that it appears to have."""
    return data.decode(encoding_of(data), errors="replace")


def _csv(text: str) -> list[tuple[int, list[str]]]:
    first, _, rest = text.partition("\n")
    skipped = 0
    if first.strip().strip('"').lower().startswith("sep=") and len(first.strip().strip('"')) == 5:  # as Excel writes it
        separator, text, skipped = first.strip().strip('"')[4], rest, 1
    else:
        separator = max(SEPARATORS, key=first.count)
    try:
        reader = csv.reader(io.StringIO(text, newline=None), delimiter=separator)
        return [(number + skipped, cells) for number, cells in enumerate(reader, start=1)]
    except csv.Error as error:
        raise InvalidInput(f"The file is not a CSV table: {error}.") from None


def _workbook(data: bytes) -> list[tuple[int, list[str]]]:
    from openpyxl import load_workbook  # takes a while, and most tables are CSV

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            if sum(part.file_size for part in parts.infolist()) > MOST_UNPACKED:
                raise InvalidInput("This workbook is too large; a truth table has one short row a case.")
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        lines = []
        for number, row in enumerate(sheet.iter_rows(values_only=True, max_row=MOST_ROWS), start=1):
            lines.append((number, [_cell(value) for value in row]))
        book.close()
        return [(number, _without_empty_end(cells)) for number, cells in lines]
    except InvalidInput:
        raise
    except Exception:  # noqa: BLE001 - a damaged workbook raises anything, and its message may quote a cell
        failure = InvalidInput("This workbook cannot be read; save it again as .xlsx, or as CSV.")
    raise failure


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _without_empty_end(cells: list[str]) -> list[str]:
    while cells and not cells[-1].strip():
        cells = cells[:-1]
    return cells
