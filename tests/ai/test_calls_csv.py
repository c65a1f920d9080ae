"""Calls of any algorithm from whatever CSV a program wrote: nothing is dropped silently, every bad row is named."""

import pytest

from core.ai.calls_csv import Calls, calls_of
from core.ai.calls_sheet import Columns, guess, read_sheet
from core.errors import InvalidInput


def read(data: bytes | str, **how: object) -> Calls:
    sheet = read_sheet(data.encode() if isinstance(data, str) else data)
    return calls_of(sheet, guess(sheet), **how)  # type: ignore[arg-type]


def test_any_classes_are_read_with_and_without_probabilities():
    found = read("case,call,prob_no_pe,prob_pe\n1,pe,0.1,0.9\n2,,,\n3,no_pe,,\n")
    assert (found.classes, found.problems) == (("no_pe", "pe"), ())
    assert [(row.case_number, row.call) for row in found.rows] == [(1, "pe"), (2, None), (3, "no_pe")]
    assert found.rows[0].probabilities == {"no_pe": 0.1, "pe": 0.9}
    assert found.rows[1].failure
    assert found.rows[2].probabilities == {}


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbfcase;call;prob_a;prob_b\n1;a;0,7;0,3\n",  # what a German Excel writes
        "case\tcall\tprob_a\tprob_b\n1\ta\t0.7\t0.3\n".encode("utf-16"),
        b"Case Number,Prediction,P(a),P(b)\r\n1.0,A,70 %,30 %\r\n",
        b"case|class|p_a|p_b\n1|a|70|30\n",
        b'"case","call","probability a","probability b"\n"1","a",".7",".3"\n',
        b"case;call;a;b\n1;a;0,7;0,3\n2;b;0;1\n",  # columns named by the classes themselves
    ],
)
def test_what_programs_write_is_understood(data: bytes):
    found = read(data)
    assert found.problems == ()
    assert found.classes == ("a", "b")
    assert found.rows[0].call == "a"
    assert found.rows[0].probabilities == pytest.approx({"a": 0.7, "b": 0.3})


def test_letters_that_are_not_utf_8_are_read_and_said():
    found = read("case,call\n1,Lungenödem\n2,frei\n".encode("cp1252"))
    assert found.classes == ("Lungenödem", "frei")
    assert any("Windows-1252" in note for note in found.notes)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("case,call\nx,a\n2,b\n", "row 2: column case needs a case number"),
        ("case,call\n1,a\n1,b\n", "row 3: case 1 stands in row 2 already"),
        ("case,call,prob_a,prob_b\n1,flu,.5,.5\n2,a,.5,.5\n", "row 2: the call “flu” is none of the classes a, b"),
        ("case,call,prob_a,prob_b\n1,a,.5,.6\n2,a,.5,.5\n", "row 2: the probabilities add up to 1.1, not to 1"),
        ("case,call,prob_a,prob_b\n1,a,.5,\n2,a,.5,.5\n", "row 2: the probability of b is missing"),
        ("case,call,prob_a,prob_b\n1,a,1.5,-.5\n2,a,1,0\n3,a,1,0\n", "row 2: column prob_a: 1.5 is no probability"),
        ("case,call,prob_a,prob_b\n1,a,high,0\n2,a,1,0\n", "row 2: column prob_a: “high” is no number"),
        ("case,call,prob_a,prob_b\n1,a,nan,0\n2,b,0,1\n", "row 2: column prob_a: “nan” is no number"),
        ("case,call\n1,a,b\n2,a\n3,b\n", "row 2: 3 values for 2 columns"),
        ("case,prob_a,prob_b\n1,.5,.5\n2,.4,.6\n", "row 2: a and b are equally probable"),
    ],
)
def test_every_row_that_does_not_fit_is_named(text: str, said: str):
    found = read(text)
    assert any(said in problem for problem in found.problems), found.problems


def test_all_bad_rows_are_named_and_not_the_first_ten():
    text = "case,call\n" + "".join(f"x{n},a\n" for n in range(30)) + "31,b\n"
    assert len(read(text).problems) == 30


def test_a_column_that_is_not_taken_is_named():
    found = read("case,call,prob_a,prob_b,site,comment\n1,a,1,0,x,y\n")
    assert "Not used: site, comment." in found.notes


def test_one_probability_tells_two_classes_and_a_threshold_makes_the_call():
    found = read("case,p_pe\n1,0.3\n2,0.8\n3,\n", threshold=0.25)
    assert found.classes == ("no pe", "pe")
    assert [row.call for row in found.rows] == ["pe", "pe", None]
    assert found.rows[0].probabilities == pytest.approx({"no pe": 0.7, "pe": 0.3})
    named = read("case,call,p_pe\n1,clear,0.3\n2,PE,0.8\n")
    assert named.classes == ("clear", "pe")
    assert named.rows[1].call == "pe"


def test_findings_may_add_up_to_more_than_one():
    text = "case,prob_nodule,prob_effusion\n1,0.9,0.8\n2,0.1,0.2\n3,0.4,0.6\n"
    assert len(read(text).problems) == 2
    assert any("findings" in note for note in read(text).notes)
    found = read(text, findings=True)
    assert (found.classes, found.problems) == (("nodule", "effusion", "none"), ())
    assert [row.call for row in found.rows] == ["nodule", "none", "effusion"]
    assert found.rows[1].probabilities == pytest.approx({"nodule": 0.1, "effusion": 0.2, "none": 0.8})


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "one column only"),
        (b"case\n1\n", "one column only"),
        (b"case,call\n", "no rows"),
        (b"case,case\n1,2\n", "named “case”"),
        (b"case,\n1,2\n", "Column 2 has no name"),
        (b"\xff\xfe\x00", "UTF-16"),
        (b"\x00\x01,\x02\n", "no text"),
        (b"a,b\n1,2\n", "Choose the column that has the case numbers"),
        (b"case,site\n1,x\n", "Choose the column of the calls"),
        (b"case,call\n1,a\n2,a\n", "has 1 classes"),
        (b"case,call\n1," + b"a" * 60 + b"\n2,b\n", "longer than 40"),
    ],
)
def test_what_is_no_table_of_calls_is_refused_in_one_sentence(data: bytes, said: str):
    with pytest.raises(InvalidInput, match=said):
        read(data)


def test_two_columns_of_one_class_are_refused():
    sheet = read_sheet(b"case,x,y\n1,0.5,0.5\n")
    with pytest.raises(InvalidInput, match="Two columns are the probability of “a”"):
        calls_of(sheet, Columns("case", None, {"x": "a", "y": "a"}))
