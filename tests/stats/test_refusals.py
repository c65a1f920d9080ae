"""Tables and options that gave wrong answers or a traceback: refused in one sentence, or answered right."""

import json

import numpy as np
import pytest

from core.stats.estimate import StatsError
from core.stats.pairs import tango
from core.stats.reads import table_from_text
from core.stats.times import paired_times
from tests.stats.goldens import FOLDER, long_table
from tests.stats.test_commands import GOOD, HEADER, program  # noqa: F401 - a fixture

CASES = FOLDER / "cases"


@pytest.mark.parametrize("name", ["failure", "absent"])
def test_an_ai_failure_is_no_advice(program, name):  # noqa: F811
    code, out, _ = program("analyse", CASES / f"automation_ai_{name}.csv", "--json")
    assert code == 0
    for one in json.loads(out)["group_switches"]:
        assert (one["automation_bias"]["value"], one["automation_bias"]["n"]) == (1.0, 12)


def test_an_indeterminate_ai_result_is_no_advice():
    rows = "".join(f"r1,g,{k},b,{call},{arm}\n" for k in range(8) for arm, call in (("unaided", "b"), ("aided", "a")))
    ai = "".join(f"AI,AI,{k},b,{'a' if k < 3 else 'indeterminate' if k < 6 else ''},\n" for k in range(8))
    from core.stats.analyse import analyse

    found = analyse(table_from_text("reader,group,case,truth,prediction,arm\n" + ai + rows + "r1,g,9,a,a,aided\n"))
    assert found.switches[0].automation_bias.n == 3


@pytest.mark.parametrize(
    ("command", "name", "words"),
    [
        ("analyse", "an_ai_dup3.csv", ("Row", "AI", "row 5")),
        ("mrmc", "mixedids.csv", ("Row", "column case", "probably the same case")),
        ("standalone", "sa_nooverlap.csv", ("AI", "no case in common")),
    ],
)
def test_tables_that_gave_wrong_answers_are_refused(program, command, name, words):  # noqa: F811
    code, out, err = program(command, CASES / name, "--json")
    assert (code, out) == (2, "")
    assert len(err.strip().splitlines()) == 1
    for word in words:
        assert word in err


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ((",1,1,0,", ",1,1.0,0,"), "probably the same case"),
        (("\n3,1,", "\n01,1,"), "probably the same reader"),
        (("\n3,1,", "\n1.00,1,"), "probably the same reader"),
        ((",2,10,1,", ",002,10,1,"), "probably the same treatment"),
    ],
)
def test_ids_written_in_two_ways_are_reported(program, tmp_path, change, words):  # noqa: F811
    path = tmp_path / "ids.csv"
    assert change[0] in GOOD
    path.write_text(GOOD.replace(change[0], change[1], 1))
    code, _, err = program("mrmc", path)
    assert code == 2
    assert words in err


def test_ids_that_are_different_numbers_stay(program, tmp_path):  # noqa: F811
    path = tmp_path / "ids.csv"
    path.write_text(GOOD.replace(",1,0,", ",1.1,0,").replace(",10,1,", ",1.10,1,"))
    assert program("mrmc", path, "--json")[0] == 0


@pytest.mark.parametrize("blank", ["\n\n", ",,,,\n\n", "  \n\n\n"])
def test_blank_leading_lines_are_skipped_and_rows_still_counted(program, tmp_path, blank):  # noqa: F811
    path = tmp_path / "blank.csv"
    path.write_text(blank + GOOD)
    assert program("mrmc", path, "--json")[0] == 0
    path.write_text(blank + GOOD + "1,1,1,0,3\n")
    lines = blank.count("\n")
    assert (
        f"Row {62 + lines}, column case: same reader, treatment and case as row {2 + lines}"
        in (program("mrmc", path)[2])
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("standalone", "--margin", "nan"), ("standalone", "--margin", "inf"), ("standalone", "--margin", "-0.1"),
        ("standalone", "--metric", "accuracy", "--threshold", "nan"), ("mrmc", "--metric", "accuracy", "--threshold",
        "inf"), ("mrmc", "--bootstrap", "5"), ("mrmc", "--seed", "-1"), ("analyse", "--bootstrap", "5"),
        ("analyse", "--seed", "-3"), ("analyse", "--margin", "nan"), ("analyse", "--margin", "-1"),
        ("analyse", "--shortest", "nan"), ("analyse", "--shortest", "-2"), ("analyse", "--bootstrap", "-1"),
        ("power", "--effect", "nan"), ("power", "--alpha", "2"), ("power", "--alpha", "nan"), ("power", "--var", "nan"),
        ("power", "--cov1", "inf"), ("power", "--readers", "4.5"), ("power", "--readers", "inf"), ("power", "--readers",
        "0"), ("power", "--target", "nan"), ("power", "--tests", "0"), ("power", "--cases", "-4"),
        ("simulate", "--alpha", "2"), ("simulate", "--seed", "-1"), ("simulate", "--repeats", "0"),
        ("simulate", "--areas", "nan,0.8"), ("simulate", "--levels", "1"), ("simulate", "--readers", "-1"),
        ("simulate", "--csv", "/nowhere/at/all.csv"), ("simulate", "--alpha", "nan"),
        ("mrmc", "--method", "bdg", "--metric", "accuracy"), ("mrmc", "--method", "bdg", "--readers", "fixed"),
    ],
)  # fmt: skip
def test_an_option_that_cannot_be_gets_one_sentence(program, tmp_path, arguments):  # noqa: F811
    command, *rest = arguments
    path = tmp_path / "table.csv"
    path.write_text(GOOD)
    if command == "standalone":
        lines = [line for line in GOOD.splitlines() if ",1," in line[1:4] or line.startswith("reader")]
        path.write_text("\n".join(lines).replace("\n1,", "\nAI,") + "\n")
    if command == "analyse":
        path.write_text(long_table())
    table = [path] if command in ("mrmc", "standalone", "analyse") else []
    if command == "power":
        defaults = {"--effect": "0.05", "--var": "0.001", "--cov1": "0.0003", "--cases-star": "100"}
        given = dict(zip(rest[::2], rest[1::2], strict=True))
        rest = [part for pair in (defaults | given).items() for part in pair]
    code, out, err = program(command, *table, *rest)
    assert (code, out) == (2, ""), err
    assert len(err.strip().splitlines()) == 1, err
    assert "Traceback" not in err


def test_probabilities_that_sum_above_1_are_refused():
    head = "reader,group,case,truth,prediction,prob_a,prob_b\n"
    with pytest.raises(StatsError, match=r"Row 3, columns prob_a, prob_b: the probabilities add up to 1.3"):
        table_from_text(head + "r,g,1,a,a,0.9,0.1\nr,g,2,b,b,0.5,0.8\n")
    assert table_from_text(head + "r,g,1,a,a,0.9,0.11\nr,g,2,b,b,0.5,0.5\n").cases == ("1", "2")


def test_an_ai_row_twice_or_with_other_probabilities_is_refused():
    head = "reader,group,case,truth,prediction,prob_a,prob_b,arm\n"
    people = "r,g,1,a,a,.9,.1,unaided\nr,g,2,b,b,.1,.9,unaided\n"
    with pytest.raises(StatsError, match="same AI and case as row 4"):
        table_from_text(head + people + "AI,AI,1,a,a,.9,.1,\nAI,AI,1,a,a,.9,.1,\n")
    with pytest.raises(StatsError, match="other probabilities"):
        table_from_text(head + people + "AI,AI,1,a,a,.9,.1,unaided\nAI,AI,1,a,a,.8,.2,aided\n")
    assert table_from_text(
        head + people + "AI,AI,1,a,a,.9,.1,unaided\nAI,AI,1,a,a,.9,.1,aided\n"
    ).ai_prediction is not None  # fmt: skip


def test_tangos_interval_of_equal_reads_is_symmetric():
    z2 = 1.959963984540054**2
    for n in (1, 2, 5, 100):
        low, high = tango(0, 0, n)
        assert high == pytest.approx(z2 / (n + z2), abs=1e-9)
        assert low == pytest.approx(-high, abs=1e-9)
    for a, b, n in ((1, 0, 1), (3, 1, 7), (0, 4, 4)):
        one, other = tango(a, b, n), tango(b, a, n)
        assert one == pytest.approx((-other[1], -other[0]), abs=1e-12)


def test_wilcoxon_says_what_it_dropped():
    a, b = np.array([3.0, 4, 5, 6, 0, np.nan]), np.array([3.0, 5, 5, 9, 2, 1])
    found = paired_times(a, b)
    assert "2 cases with equal times dropped by Wilcoxon" in found.method
    assert "2 cases without two times above 0 left out" in found.method
    assert "dropped" not in paired_times(np.array([1.0, 2, 3]), np.array([2.0, 3, 5])).method


@pytest.mark.parametrize("estimator", ["ustat", "mle", "centred"])
def test_the_command_bdg_prints_what_it_promises(program, estimator):  # noqa: F811
    from tests.stats.goldens import close, reference

    for data in ("missing", "lacking_negative", "splitplot"):
        code, out, _ = program("mrmc", FOLDER / f"imrmc2_{data}.csv", "--method", "bdg", "--estimator", estimator,
                               "--json")  # fmt: skip
        assert code == 0
        row = json.loads(out)["differences"][0]
        whole = reference(f"centred2__{data}" if estimator == "centred" else f"imrmc2__{data}")
        kind = {"ustat": "Ustat", "mle": "MLE"}.get(estimator)
        wanted = (whole[kind] if kind else whole)["differences"][0]
        assert list(row)[:7] == ["a", "b", "estimate", "se", "df", "p", "ci"]
        close(row["estimate"], wanted["estimate"])
        assert (row["se"] is None) == (wanted["se"] is None)
        close(row["se"], wanted["se"])
        close(row["p"], (wanted.get("t_unrounded_df", wanted) or {}).get("p"))
    assert "Intervals are 95 %" in program("mrmc", FOLDER / "imrmc2_many.csv", "--method", "bdg")[1]


def test_the_json_of_bdg_says_what_it_rests_on(program):  # noqa: F811
    for data, design in (("splitplot", "incomplete"), ("many", "factorial")):
        found = json.loads(program("mrmc", FOLDER / f"imrmc2_{data}.csv", "--method", "bdg", "--json")[1])
        assert (found["metric"], found["covariance"], found["margin"]) == ("auc", "U-statistics, ustat", None)
        assert found["design"] == design
        areas = {
            (row["reader"], row["treatment"]): row["estimate"] for row in found["reader_figures"] if "a" not in row
        }
        assert {(row["reader"], row["treatment"]): row["estimate"] for row in found["theta"]} == areas
        assert len({reader for reader, _ in areas}) == found["n_readers"]


def test_a_table_of_one_reader_and_one_pair_of_cases_has_a_reason_not_nan(program, tmp_path):  # noqa: F811
    path = tmp_path / "small.csv"
    path.write_text(HEADER + "".join(f"1,{t},{c},{c % 2},{c + t}\n" for t in (1, 2) for c in (1, 2)))
    code, out, _ = program("mrmc", path, "--method", "bdg", "--json")
    row = json.loads(out)["differences"][0]
    assert code == 0
    assert row["se"] is None
    assert "two positive and two negative" in row["reason"]
