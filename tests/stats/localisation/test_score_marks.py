"""Marks in mm become the files that froc reads, through the command line."""

import json
from pathlib import Path

import pytest

from tests.stats.localisation.test_bad_marks import refused
from tests.stats.test_commands import program

__all__ = ["program"]

LESIONS = (
    "case,lesion,shape,x,y,z,x2,y2,z2,radius\n"
    "a,0,none,,,,,,,\n"
    "b,1,sphere,10,10,10,,,,4\n"
    "b,2,box,30,10,10,36,16,16,\n"
    "c,1,point,0,0,0,,,,\n"
)
MARKS = "reader,treatment,case,rating,shape,x,y,z,x2,y2,z2,radius\n" + "".join(
    f"{reader},{treatment},{rest}\n"
    for reader in (1, 2)
    for treatment in ("A", "B")
    for rest in (
        "a,3,point,1,1,1,,,,", "b,5,point,11,10,10,,,,", "b,7,point,10,10,12,,,,", "b,2,length,30,13,13,36,13,13,",
        "b,4,point,90,90,90,,,,", "c,,none,,,,,,,",
    )
)  # fmt: skip


@pytest.fixture
def run(program, tmp_path):
    def command(marks, lesions, *options):
        (tmp_path / "drawn.csv").write_text(marks)
        (tmp_path / "lesions.csv").write_text(lesions)
        files = ("--out", tmp_path / "marks.csv", "--truth-out", tmp_path / "truth.csv")
        return program("score-marks", tmp_path / "drawn.csv", "--lesions", tmp_path / "lesions.csv", *files, *options)

    return command


def test_scored_marks_are_the_files_that_froc_reads(run, program, tmp_path):
    code, out, _ = run(MARKS, LESIONS, "--radius", "5", "--json")
    assert code == 0
    assert json.loads(out)["counts"][0] == {
        "treatment": "A", "reader": "1", "hit": 2, "repeat": 1, "false": 2, "missed": 1,
    }  # fmt: skip
    rows = (tmp_path / "marks.csv").read_text().splitlines()
    assert rows[1:6] == [
        "1,A,a,nonlesion,,3.0", "1,A,b,lesion,1,7.0", "1,A,b,lesion,2,2.0", "1,A,b,nonlesion,,4.0", "1,A,c,none,,",
    ]  # fmt: skip
    assert (tmp_path / "truth.csv").read_text() == (
        "case,truth,lesion,weight\na,0,0,0\nb,1,1,0.5\nb,1,2,0.5\nc,1,1,1.0\n"
    )
    code, out, _ = program(
        "froc", tmp_path / "marks.csv", "--truth", tmp_path / "truth.csv", "--fom", "maxllf", "--readers", "fixed",
        "--json",
    )  # fmt: skip
    assert code == 0
    assert json.loads(out)["theta"][0]["estimate"] == pytest.approx(2 / 3)
    code, out, _ = run(MARKS, LESIONS, "--radius", "5")
    assert "lesions hit" in out


def test_weights_of_lesions_are_kept(run, tmp_path):
    lines = LESIONS.splitlines()
    weights = ["weight", "", "0.25", "0.75", "1"]
    text = "".join(f"{line},{w}\n" for line, w in zip(lines, weights, strict=True))
    assert run(MARKS, text, "--radius", "5")[0] == 0
    assert "b,1,2,0.75" in (tmp_path / "truth.csv").read_text()
    refused(run(MARKS, text.replace("0.75", ""), "--radius", "5"), ("lesions.csv", "lesion 2 of case b"))
    refused(run(MARKS, text.replace("0.75", "0.7"), "--radius", "5"), ("lesions.csv", "case b sum to 0.95"))


@pytest.mark.parametrize(
    ("marks", "lesions", "options", "words"),
    [
        (MARKS, LESIONS, (), ("--radius", "--overlap")),
        (MARKS, LESIONS, ("--radius", "5", "--overlap", "0.5"), ("either",)),
        (MARKS, LESIONS, ("--radius", "-1"), ("accepts nothing",)),
        (MARKS, LESIONS, ("--radius", "nan"), ("accepts nothing",)),
        (MARKS, LESIONS, ("--overlap", "2"), ("at most 1",)),
        (MARKS, LESIONS, ("--overlap", "0.5"), ("point has no extent", "acceptance radius")),
        (MARKS + "1,A,x,5,point,1,1,1,,,,\n", LESIONS, ("--radius", "5"), ("drawn.csv", "row 26", "lesions.csv")),
        (MARKS + "1,A,a,5,star,1,1,1,,,,\n", LESIONS, ("--radius", "5"), ("row 26", "'star'", "sphere")),
        (MARKS + "1,A,a,5,sphere,1,1,1,,,,\n", LESIONS, ("--radius", "5"), ("row 26", "sphere needs", "radius")),
        (MARKS + "1,A,a,5,box,1,1,1,,,,\n", LESIONS, ("--radius", "5"), ("row 26", "box needs", "x2, y2 and z2")),
        (MARKS + "1,A,a,5,box,1,1,1,1,1,9,\n", LESIONS, ("--radius", "5"), ("row 26", "no area")),
        (MARKS + "1,A,a,,point,1,1,1,,,,\n", LESIONS, ("--radius", "5"), ("row 26", "column rating", "empty")),
        (MARKS + "1,A,a,5,point,1,1,nan,,,,\n", LESIONS, ("--radius", "5"), ("row 26", "column z", "'nan'")),
        (MARKS + "1,A,a,,none,,,,,,,\n", LESIONS, ("--radius", "5"), ("row 26", "shape none", "delete")),
        (MARKS + "1,A,c,5,point,1,1,1,,,,\n", LESIONS, ("--radius", "5"), ("row 26", "shape none")),
        (MARKS, LESIONS + "c,1,point,0,0,0,,,,\n", ("--radius", "5"), ("lesions.csv", "row 6", "row 5")),
        (MARKS, LESIONS + "a,1,point,0,0,0,,,,\n", ("--radius", "5"), ("lesions.csv", "row 6", "column lesion")),
        (MARKS, LESIONS + "d,1,none,,,,,,,\n", ("--radius", "5"), ("row 6", "column lesion", "shape none")),
        (MARKS, LESIONS.replace("radius", "r", 1), ("--radius", "5"), ("row 3", "sphere needs", "radius")),
        (MARKS, "", ("--radius", "5"), ("lesions.csv", "row 1", "empty")),
    ],
)  # fmt: skip
def test_what_cannot_be_scored_gets_a_sentence_and_writes_no_file(run, tmp_path, marks, lesions, options, words):
    refused(run(marks, lesions, *options), words)
    assert not (tmp_path / "marks.csv").exists()


def test_files_to_read_are_never_written_over(program, tmp_path):
    for name, text in (("drawn.csv", MARKS), ("lesions.csv", LESIONS)):
        (tmp_path / name).write_text(text)
    drawn, lesions = tmp_path / "drawn.csv", tmp_path / "lesions.csv"
    other = Path(tmp_path / "x.csv")
    result = program("score-marks", drawn, "--lesions", lesions, "--radius", "5", "--out", drawn, "--truth-out", other)
    refused(result, ("same",))
    result = program("score-marks", drawn, "--lesions", lesions, "--radius", "5", "--out", tmp_path / "no" / "x.csv",
                     "--truth-out", other)  # fmt: skip
    refused(result, ("cannot be written",))
    assert drawn.read_text() == MARKS
