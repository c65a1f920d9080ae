"""Truth tables as people have them: Excel, other encodings and separators, their own columns and class names."""

import io
from collections.abc import Sequence

import openpyxl
import pytest

from core.errors import InvalidInput
from core.study.tables import read_table
from core.study.truth_csv import TruthRow, guess_columns, read_truth, read_truth_csv

CLASSES = {"normal": "Normal", "covid": "COVID-19"}
NUMBERS = {2679, 2680}


def workbook(rows: Sequence[Sequence[object]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(list(row))
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def codes(data: bytes) -> list[tuple[int, str]]:
    sheet = read_truth_csv(data, classes=CLASSES, case_numbers=NUMBERS, source="PCR")
    assert sheet.faults == ()
    return [(row.case_number, row.class_code) for row in sheet.rows]


ROWS = [("case", "diagnosis"), (2679, "covid"), (2680, "Normal")]
TEXT = "\n".join(f"{case};{diagnosis}" for case, diagnosis in ROWS)


@pytest.mark.parametrize(
    "data",
    [
        workbook(ROWS),
        workbook([("Case", "Diagnosis"), (2679.0, "covid"), (2680.0, "normal")]),
        workbook([("case", "diagnosis", None), ("2679", "covid", None), (None, None, None), (2680, "normal", None)]),
        TEXT.encode(),
        f"sep=;\n{TEXT}".encode(),
        f'"sep=;"\r\n{TEXT}'.replace("\n", "\r\n").encode(),
        f"sep=;\n{TEXT}".encode("utf-16"),
        TEXT.encode("utf-8-sig"),
        TEXT.replace(";", "\t").encode(),
        TEXT.replace(";", "|").encode(),
        TEXT.replace("2679", "2679.0").replace("2680", "2680.00").encode(),
        TEXT.replace("2679", "2679,0").encode(),
        TEXT.replace("case", "Case No.").replace("diagnosis", "Ground truth").encode(),
        TEXT.replace("case", "Fallnummer").replace("diagnosis", "Befund").encode("latin-1"),
        (TEXT.replace("case;diagnosis", "case;diagnosis;Größe") + ";3").encode("latin-1"),
    ],
)
def test_tables_of_many_makes_say_the_same(data: bytes):
    assert codes(data) == [(2679, "covid"), (2680, "normal")]


def test_latin_1_is_read_by_its_letters():
    data = "case;diagnosis;source\n2679;covid;Röntgen später geprüft\n".encode("latin-1")
    sheet = read_truth_csv(data, classes=CLASSES, case_numbers=NUMBERS, source="")
    assert sheet.rows == (TruthRow(2, 2679, "covid", "Röntgen später geprüft", ""),)


def test_own_columns_and_class_names_are_mapped():
    table = read_table(b"Nummer;Ergebnis;Name\n2679;positiv;x\n2680;negativ;y\n")
    assert "case" not in guess_columns(table.header)
    with pytest.raises(InvalidInput, match="case and diagnosis not found"):
        read_truth(table, classes=CLASSES, case_numbers=NUMBERS, source="PCR")
    columns = {"case": "Nummer", "diagnosis": "Ergebnis"}
    first = read_truth(table, classes=CLASSES, case_numbers=NUMBERS, source="PCR", columns=columns)
    assert first.unknown == ("positiv", "negativ")
    assert first.ignored == ("Name",)
    names = {"positiv": "covid", "NEGATIV ": "normal"}
    sheet = read_truth(table, classes=CLASSES, case_numbers=NUMBERS, source="PCR", columns=columns, names=names)
    assert [(row.case_number, row.class_code) for row in sheet.rows] == [(2679, "covid"), (2680, "normal")]
    assert sheet.faults == ()


@pytest.mark.parametrize("number", ["2679.5", "2.679", "1e3", "-2679", "2679.0.0", "=2679", "0x10"])
def test_a_number_that_is_no_case_number_is_a_fault(number: str):
    sheet = read_truth_csv(
        f"case,diagnosis\n{number},covid\n".encode(), classes=CLASSES, case_numbers=NUMBERS, source="P"
    )
    assert [fault.column for fault in sheet.faults] == ["case"]


def test_a_workbook_that_unpacks_to_far_more_is_refused():
    rows = [ROWS[0], *[(2679, "x" * 30_000 + str(place)) for place in range(2500)]]
    with pytest.raises(InvalidInput, match="too large"):
        read_table(workbook(rows))
