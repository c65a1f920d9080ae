"""The command line: the keys it promises, the numbers of the reference, and a sentence for every bad file."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.__main__ import main
from tests.stats.goldens import FOLDER, close, long_table, reference, three_classes

HEADER = "reader,treatment,case,truth,rating\n"
GOOD = HEADER + "".join(
    f"{r},{t},{c},{int(c > 5)},{(r * c * 7 + t * c) % 5 + 2 * (c > 5)}\n"
    for r in (1, 2, 3)
    for t in (1, 2)
    for c in range(1, 11)
)


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """The whole program: exit code, stdout, stderr."""
    monkeypatch.setattr("sys.argv", ["python -m core", *arguments])
    with pytest.raises(SystemExit) as stop:
        main()
    printed = capsys.readouterr()
    return int(stop.value.code or 0), printed.out, printed.err


@pytest.fixture
def program(monkeypatch, capsys):
    return lambda *arguments: run(monkeypatch, capsys, *(str(a) for a in arguments))


def test_mrmc_prints_the_reference_under_the_keys_it_promises(program):
    code, out, _ = program(
        "mrmc", FOLDER / "syn_3x4_cont.csv", "--metric", "auc", "--covariance", "unbiased", "--readers", "random",
        "--cases", "random", "--json",
    )  # fmt: skip
    expected = reference("mrmcaov__syn_3x4_cont__auc__unbiased__rrrc")
    found = json.loads(out)
    assert code == 0
    assert list(found)[:4] == ["treatments", "differences", "test", "components"]
    assert list(found["treatments"][0]) == ["treatment", "estimate", "se", "ci", "df"]
    assert list(found["differences"][0]) == ["a", "b", "estimate", "se", "ci", "p", "df"]
    assert list(found["test"]) == ["statistic", "value", "df1", "df2", "p"]
    assert list(found["components"]) == ["var", "cov1", "cov2", "cov3", "ms_t", "ms_r", "ms_tr", "var_r", "var_tr"]
    assert (found["metric"], found["covariance"], found["design"]) == ("auc", "unbiased", "factorial")
    assert found["n_readers"] * 3 == len(found["theta"])
    assert found["n_positive"] + found["n_negative"] == found["n_cases"]
    assert len(found["reader_differences"]) == 3 * found["n_readers"]
    close(found["test"]["p"], expected["test_equality"][0]["p-value"])
    close(found["components"]["cov2"], expected["cov123"][1])
    for row, wanted in zip(found["differences"], expected["test_diffs"], strict=True):
        close(row["p"], wanted["p-value"])
        close(row["ci"][1], wanted["CI.Upper"])


def rating_csv(tmp_path: Path, readers: list[int]) -> Path:
    """AI and some readers of the three-class study, COVID-19 against the rest, as a table of ratings."""
    _, scores, truth, _ = three_classes()
    names = ("AI", "N1", "N2", "N3", "E1", "E2", "E3")
    lines = [
        f"{names[i]},{'algorithm' if i == 0 else 'reading'},{k + 1},{int(truth[k] == 2)},{scores[i, k, 2]}"
        for i in (0, *readers)
        for k in range(98)
    ]
    path = tmp_path / "ratings.csv"
    path.write_text(HEADER + "\n".join(lines) + "\n")
    return path


def test_standalone_prints_the_reference_under_the_keys_it_promises(program, tmp_path):
    path = rating_csv(tmp_path, [1, 2, 3])
    code, out, _ = program("standalone", path, "--metric", "auc", "--covariance", "jackknife", "--json")
    expected = reference("rjafroc__syn_ai_novices__CadVsRad__1T-RRRC")
    found = json.loads(out)
    assert code == 0
    assert list(found)[:8] == ["ai", "readers", "difference", "se", "df", "ci", "p", "p_noninferior"]
    assert [row["reader"] for row in found["theta"]] == ["AI", "N1", "N2", "N3"]
    assert (found["metric"], found["covariance"], found["n_cases"], found["readers_as"]) == (
        "auc", "jackknife", 98, "random")  # fmt: skip
    close(found["components"]["ms"], expected["varR"])
    close(found["ai"], expected["fomCAD"])
    close(found["readers"], expected["avgRadFom"])
    close(found["df"], expected["df"])
    close(found["p"], expected["pval"])
    close(found["ci"][0], -expected["CIAvgDiffFom"][1])
    assert found["p_noninferior"] is None
    code, out, _ = program("standalone", path, "--readers", "fixed", "--margin", "0.05", "--json")
    fixed = json.loads(out)
    assert fixed["df"] is None
    assert fixed["p_noninferior"] < 0.025


def test_standalone_with_one_reader_and_with_two(program, tmp_path):
    one = rating_csv(tmp_path, [1])
    _, out, _ = program("standalone", one, "--json")
    close(json.loads(out)["p"], reference("simple_tests")["delong"]["class2"]["tests"]["N1"]["p"])
    _, out, _ = program("standalone", one, "--metric", "accuracy", "--threshold", "0.5", "--json")
    assert json.loads(out)["df"] is None
    code, _, err = program("standalone", rating_csv(tmp_path, [1, 2]), "--readers", "random")
    assert code == 2
    assert "2 readers cannot stand for readers at large" in err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ("Row 1", "empty", "columns")),
        ("  \n", ("Row 1", "empty")),
        (HEADER, ("Row 2", "no rows")),
        ("reader,treatment,case,truth\n1,1,1,0\n", ("Row 1", "column rating", "missing")),
        ("reader,treatment,case,truth,Rating\n1,1,1,0,1\n", ("column rating", "found 'Rating'", "rename")),
        (GOOD.replace(",", ";") + "4;1;1;0,5;0;3\n", ("Row 62", "6 values for 5 columns", "semicolons")),
        (GOOD.replace(",", ";") + "4;1;1;0;1.234,5\n", ("Row 62", "'1.234,5' is not a number", "decimal point")),
        (GOOD.replace(",", ";") + "4;1;1;0;1.5\n4;1;2;0;1,5\n", ("Row 63", "'1,5' is not a number")),
        (GOOD + '4,1,1,0,"1,5"\n', ("Row 62", "'1,5' is not a number", "decimal point")),
        (GOOD + "4,1,1,0,high\n", ("Row 62", "column rating", "'high'", "number")),
        (GOOD + "4,1,1,0,nan\n", ("Row 62", "column rating")),
        (GOOD + "4,1,1,0,\n", ("Row 62", "column rating", "empty", "delete")),
        (GOOD + "4,1,1,2,3\n", ("Row 62", "column truth", "'2'", "1 for positive")),
        (GOOD + "4,1,1,yes,3\n", ("Row 62", "column truth", "'yes'")),
        (GOOD + "4,1,1,1,3\n", ("Row 62", "column truth", "case 1", "row 2")),
        (GOOD + "1,1,1,0,3\n", ("Row 62", "same reader", "row 2", "keep one")),
        (GOOD + ",1,1,0,3\n", ("Row 62", "column reader", "empty")),
        (GOOD + "4,1,1,0\n", ("Row 62", "4 values for 5 columns")),
        (GOOD + "4,1,1,0,1,5\n", ("Row 62", "6 values for 5 columns")),
        (HEADER + "1,1,1,1,3\n2,1,1,1,3\n1,2,1,1,4\n2,2,1,1,4\n", ("column truth", "no case is negative", "add")),
        ("".join(line for line in GOOD.splitlines(True) if ",2," not in line[1:4]), ("column treatment", "only one")),
        (HEADER.replace("case", "rating") + "1,1,1,0,1\n", ("column case", "missing")),
        (HEADER.replace("\n", ",rating\n") + "1,1,1,0,1,1\n", ("column rating", "2 times")),
    ],
)
def test_a_bad_file_gets_a_sentence_with_row_column_and_remedy(program, tmp_path, text, words):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    code, out, err = program("mrmc", path, "--json")
    assert code == 2
    assert out == ""
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) == 1
    for word in words:
        assert word.casefold() in err.casefold()


def test_marks_and_line_ends_of_other_systems_are_read(program, tmp_path):
    path = tmp_path / "good.csv"
    path.write_text(GOOD)
    _, plain, _ = program("mrmc", path, "--json")
    for data in (b"\xef\xbb\xbf" + GOOD.encode(), GOOD.replace("\n", "\r\n").encode(), GOOD.encode() + b"\n\n"):
        path.write_bytes(data)
        assert program("mrmc", path, "--json")[1] == plain
    assert "cannot be read" in program("mrmc", tmp_path / "none.csv")[2]


def test_an_incomplete_table_is_analysed_and_says_so_on_stderr(program, tmp_path):
    path = tmp_path / "incomplete.csv"
    path.write_text("\n".join(GOOD.splitlines()[:-1]) + "\n")
    code, out, err = program("mrmc", path, "--json")
    assert code == 0
    assert "1 of 60 readings are missing" in err
    assert json.loads(out)["test"]["p"] is not None


def test_what_does_not_exist_is_null_with_a_reason(program, tmp_path):
    path = tmp_path / "separated.csv"
    path.write_text(
        HEADER
        + "".join(f"{r},{t},{c},{int(c > 5)},{9 * (c > 5)}\n" for r in (1, 2) for t in (1, 2) for c in range(1, 11))
    )
    code, out, _ = program("mrmc", path, "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["test"]["p"], found["treatments"][0]["se"]) == (None, None)
    assert found["test"]["reason"]
    assert found["treatments"][0]["reason"]


def test_the_ai_must_be_there_and_readers_in_one_treatment(program, tmp_path):
    path = tmp_path / "good.csv"
    path.write_text(GOOD)
    assert "no row has the reader AI" in program("standalone", path)[2]
    path.write_text(GOOD.replace("\n1,", "\nAI,"))
    code, _, err = program("standalone", path)
    assert code == 2
    assert "column treatment" in err.casefold()


def test_tables_for_people(program, tmp_path):
    code, out, _ = program("mrmc", FOLDER / "syn_2x5_ordinal.csv", "--metric", "sensitivity", "--threshold", "3")
    assert code == 0
    assert "Obuchowski-Rockette, sensitivity" in out
    assert "0.7840" in out
    code, out, _ = program("standalone", rating_csv(tmp_path, [1, 2]), "--margin", "0.1")
    assert "These readers only" in out
    assert "one-sided p" in out
    path = tmp_path / "long.csv"
    path.write_text(long_table())
    code, out, _ = program("analyse", path, "--ordered")
    assert code == 0
    for title in ("Readers", "Groups", "AI minus readers", "Agreement", "Times"):
        assert f"\n{title}" in out


def test_planning_from_the_command_line(program):
    code, out, _ = program(
        "power", "--effect", "0.05", "--readers", "3,6", "--cases", "120", "--pilot", FOLDER / "syn_2x5_ordinal.csv",
        "--json",
    )  # fmt: skip
    found = json.loads(out)
    assert code == 0
    assert [row["cases_needed"] for row in found["plans"]] == [274, 181]
    code, out, _ = program(
        "power", "--effect", "0.05", "--readers", "8", "--cases", "200", "--var-tr", "0.0002", "--var", "0.0008",
        "--cov1", "0.00035", "--cov2", "0.00034", "--cov3", "0.00024", "--cases-star", "114",
    )  # fmt: skip
    assert "0.9123" in out
    assert "components were estimated" in program("power", "--effect", "0.05")[2]
    assert (
        "--readers" in program("power", "--effect", "0.05", "--readers", "many", "--var", "1", "--cases-star", "9")[2]
    )


def test_planning_of_one_ai_against_readers_from_a_pilot(program, tmp_path):
    path = rating_csv(tmp_path, [1, 2, 3])
    code, out, _ = program("power", "--effect", "0.08", "--readers", "3", "--cases", "98", "--pilot", path,
                           "--standalone", "--json")  # fmt: skip
    plan = json.loads(out)["plans"][0]
    assert code == 0
    # with the pilot's own readers and cases the plan has the pilot's degrees of freedom
    close(plan["df2"], reference("rjafroc__syn_ai_novices__CadVsRad__1T-RRRC")["df"])


def test_simulation_from_the_command_line(program, tmp_path):
    code, out, _ = program("simulate", "--repeats", "20", "--positives", "20", "--negatives", "20", "--json")
    assert code == 0
    assert json.loads(out)["result"]["repeats"] == 20
    path = tmp_path / "one.csv"
    program("simulate", "--csv", path, "--levels", "5", "--areas", "0.8,0.9")
    assert program("mrmc", path, "--json")[0] == 0
    assert "between 0 and 1" in program("simulate", "--areas", "1.5")[2]


def test_help_names_every_command():
    from core.__main__ import build_app

    shown = CliRunner().invoke(build_app(), ["--help"]).output
    for name in ("mrmc", "standalone", "analyse", "power", "simulate"):
        assert name in shown


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("mrmc", "a.csv", "--method", "bdg", "--estimator", "umle"), ("--estimator", "'umle'", "'centred'")),
        (("froc", "a.csv", "--fom", "xyz"), ("'xyz'", "wafroc")),
        (("froc", "a.csv", "--readers", "maybe"), ("--readers", "'maybe'", "'fixed'")),
        (("lroc", "a.csv", "--cases", "Random"), ("--cases", "'Random'", "'random'")),
        (("standalone", "a.csv", "--margin", "small"), ("--margin", "number")),
        (("analyse", "a.csv", "--seed", "1.5"), ("--seed", "whole number")),
        (("analyse",), ("CSV",)),
        (("mrmc", "a.csv", "--treshold", "3"), ("--treshold", "--threshold")),
        (("mrmc", "a.csv", "--metric"), ("--metric", "argument")),
        (("mrmc", "a.csv", "b.csv"), ("b.csv",)),
        (("mrmcs", "a.csv"), ("'mrmcs'", "'mrmc'")),
    ],
)
def test_a_wrong_choice_gets_one_sentence(program, command, words):
    code, out, err = program(*command)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert "Usage" not in err
    for word in words:
        assert word in err
