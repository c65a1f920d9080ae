"""Tables of clinical information: usual columns and values are understood, everything else is named by its row."""

import pytest

from core.errors import InvalidInput
from core.study.clinical import ClinicalNote, read_clinical, template
from core.study.tables import read_table

CASES = {101, 102, 103}


def read(text: str):
    return read_clinical(read_table(text.encode()), case_numbers=CASES)


def test_a_table_as_people_have_it_is_read():
    found = read(
        "Case No;Alter;Geschlecht;Indication;Vorbefund;Ward\n101;067Y;w;Cough for a week;;A1\n102.0;92;M;;No nodule;"
    )
    assert [(row.case_number, row.note) for row in found.rows] == [
        (101, ClinicalNote(67, "F", "Cough for a week", "")),
        (102, ClinicalNote(89, "M", "", "No nodule")),  # ages above 89 are kept as 89
    ]
    assert (found.faults, found.ignored) == ((), ("Ward",))


@pytest.mark.parametrize(
    ("row", "column", "said"),
    [
        ("104,60,F,,", "case", "104 is not a case of this study."),
        ("x,60,F,,", "case", "“x” is not a case number."),
        ("101,150,F,,", "age", "“150” is no age in years"),
        ("101,-3,F,,", "age", "“-3” is no age in years"),
        ("101,old,F,,", "age", "“old” is no age in years"),
        ("101,60,X,,", "sex", "“X” is none of F, M and O."),
        ("101,60,F,seen on 03.04.2021,", "text", "looks as if it held a date"),
        ("101,60,F,,report 12345678", "prior", "looks as if it held a number long enough"),
        (f"101,60,F,{'a ' * 1500},", "text", "has 2999 characters; 2000 are the most."),
    ],
)
def test_every_cell_that_cannot_be_is_named(row: str, column: str, said: str):
    found = read(f"case,age,sex,text,prior\n102,50,M,,\n{row}\n")
    assert [(fault.row, fault.column) for fault in found.faults] == [(3, column)]
    assert said in found.faults[0].message


def test_a_case_given_twice_is_named_and_empty_rows_are_passed_over():
    found = read("case,age\n101,60\n102,\n101,61\n")
    assert [row.case_number for row in found.rows] == [101]
    assert found.faults[0].message == "101 stands in row 2 already."


@pytest.mark.parametrize("text", ["age,sex\n60,F\n", "case,colour\n101,red\n", "case\n101\n"])
def test_a_table_without_the_columns_is_refused(text: str):
    with pytest.raises(InvalidInput, match="The first row must name the columns"):
        read(text)


def test_the_empty_table_comes_back_as_nothing_to_import():
    with pytest.raises(InvalidInput, match="Every row of the table is empty"):
        read(template(CASES))
