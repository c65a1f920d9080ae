import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.study.truth_csv import Fault, TruthRow, read_truth_csv, template

CLASSES = {"normal": "Normal", "covid": "COVID-19"}


def read(text: str | bytes, *, source: str = "PCR"):
    data = text.encode() if isinstance(text, str) else text
    return read_truth_csv(data, classes=CLASSES, case_numbers={1, 2, 3}, source=source)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_codes_and_labels_are_taken_in_any_case_and_column_order(separator: str):
    lines = ["Diagnosis,Case,Source", "covid,1,", "NORMAL,2,clinical", "covid-19,3,", ""]
    sheet = read("﻿" + "\r\n".join(lines).replace(",", separator))
    assert sheet.faults == ()
    assert sheet.rows == (
        TruthRow(2, 1, "covid", "PCR", ""),
        TruthRow(3, 2, "normal", "clinical", ""),
        TruthRow(4, 3, "covid", "PCR", ""),
    )


def test_the_table_of_case_numbers_made_at_upload_is_a_truth_table_once_filled_in():
    sheet = read("case,diagnosis,series,files\n2,normal,1,a/1.dcm to a/9.dcm\n1,covid,2,b.nii\n")
    assert [(row.case_number, row.class_code) for row in sheet.rows] == [(2, "normal"), (1, "covid")]
    assert sheet.faults == ()


def test_every_bad_row_is_named_by_row_and_column():
    sheet = read("case,diagnosis,source\n1,covid,\n9,normal,\nx,flu,\n1,normal,\n2,normal,a,b\n3,,\n", source="")
    assert [(fault.row, fault.column) for fault in sheet.faults] == [
        (2, "source"),
        (3, "case"),
        (3, "source"),
        (4, "case"),
        (4, "diagnosis"),
        (4, "source"),
        (5, "case"),
        (5, "source"),
        (6, "row"),
        (7, "diagnosis"),
        (7, "source"),
    ]
    assert Fault(5, "case", "1 stands in row 2 already.") in sheet.faults


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "name the columns"),
        ("case;verdict\n1;covid\n", "diagnosis not found"),
        ("case,case,diagnosis\n1,1,covid\n", "different names"),
        ("case,diagnosis\n", "no rows"),
        (b"\xd0\xcf\x11\xe0 old", "save it as .xlsx"),
        (b"PK\x03\x04 no workbook", "cannot be read"),
    ],
)
def test_what_is_no_such_table_is_refused_in_words(text: str | bytes, says: str):
    with pytest.raises(InvalidInput, match=says):
        read(text)


@given(st.text(max_size=200))
def test_no_text_does_worse_than_an_error_in_words(text: str):
    try:
        sheet = read("case,diagnosis\n" + text)
    except InvalidInput:
        return
    assert all(row.case_number in {1, 2, 3} and row.class_code in CLASSES for row in sheet.rows)


def test_the_template_is_read_back_once_filled_in():
    assert template({2, 1}).splitlines() == ["case,diagnosis,source,reason", "1,,,", "2,,,"]
    filled = template({2, 1}).replace(",,,", ",normal,,")
    assert [row.case_number for row in read(filled).rows] == [1, 2]
