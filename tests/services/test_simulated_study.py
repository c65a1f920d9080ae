"""The chest CT crossover of 2024 from its protocol file: 40 readers, each 20 of 200 cases without, then with an AI."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from core.__main__ import build_app
from core.errors import InvalidInput
from core.stats.analyse import analyse
from core.stats.reads import read_table

PROTOCOL = Path(__file__).parents[2] / ".github" / "docs" / "protocols" / "crossover-2024.json"
Found = tuple[dict[str, Any], Path]


def run(*arguments: str) -> str:
    done = CliRunner().invoke(
        build_app(), ["simulate-study", *arguments], catch_exceptions=False, standalone_mode=False
    )
    if done.exception is not None:
        raise done.exception
    return done.stdout


@pytest.fixture(scope="module")
def crossover(tmp_path_factory: pytest.TempPathFactory) -> Found:
    out = tmp_path_factory.mktemp("crossover") / "reads.csv"
    shares = "none=0.7,finding=0.3"
    return json.loads(run(str(PROTOCOL), "--shares", shares, "--seed", "4", "--out", str(out), "--json")), out


def test_forty_readers_read_twenty_of_two_hundred_cases_twice(crossover: Found):
    found, _ = crossover
    assert (found["reads"], found["missing"]) == (40 * 20 * 2 + 200, 0)  # the AI's reads too
    balance = found["balance"]
    assert balance["reads_per_reader_and_session"] == [20, 20]
    assert balance["readers_per_case"] == [4, 4]
    assert balance["mean_position_off_by"] <= 1.5
    assert "20 of 200 cases a reader, 4 readers a case" in found["design"]


@pytest.mark.parametrize("method", ["arms_compared", "incomplete_arms"])
def test_both_methods_show_that_readers_gain_by_the_ai(crossover: Found, method: str):
    found, _ = crossover
    shares = next(row for row in found[method] if row["figure"] == "accuracy")
    assert shares["readers"] == 40
    assert shares["ci"][0] < shares["difference"] < shares["ci"][1]
    assert 0.02 < shares["difference"] < 0.1  # right in 75 % alone, the AI in 85 %, and half of what differs is taken
    assert shares["p"] < 0.05


def test_its_export_is_analysed_to_the_same_figures(crossover: Found):
    found, out = crossover
    again = analyse(read_table(out))
    assert (again.study.reads, again.study.missing) == (found["reads"], 0)
    theirs = {one.figure: one.result.differences[0].estimate for one in again.arms_compared if one.result is not None}
    assert theirs == pytest.approx({row["figure"]: row["difference"] for row in found["arms_compared"]})


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--shares", "pe=0.3"), "pe is no class of the protocol; it has none, finding."),
        (("--shares", "none"), "write none=0.7,pe=0.3"),
        (("--cases", "10"), "Each reader is to read 20 cases, but the study has 10"),
        (("--readers", "0"), "Simulate one reader and one case or more."),
        (("--accuracy", "1.5"), "Accuracies lie between 0 and 1."),
    ],
)
def test_numbers_that_cannot_be_are_refused_in_a_sentence(more: tuple[str, ...], said: str):
    with pytest.raises(InvalidInput, match=said):
        run(str(PROTOCOL), "--readers", "4", *more)


def test_a_file_that_is_no_protocol_is_refused(tmp_path: Path):
    with pytest.raises(InvalidInput, match="cannot be read"):
        run(str(tmp_path / "none.json"))
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(InvalidInput, match="not a study protocol"):
        run(str(tmp_path / "other.json"))
