"""The statistics as a package: frames in and out, nothing of the dashboard loaded, references matched by a command."""

import json
import subprocess
import sys
from typing import Any

import pandas as pd
import pytest

from core.cli.distribution import LOADED, assemble, quick_start
from core.stats.estimate import StatsError
from core.stats.frames import from_long
from core.stats.mrmc import mrmc
from core.stats.standalone import Standalone
from core.stats.validation import validate
from tests.stats.goldens import FOLDER, close, study
from tests.stats.test_commands import program  # noqa: F401 - a fixture

FRAME = pd.read_csv(FOLDER / "syn_2x5_ordinal.csv")


def test_the_quick_start_runs_without_the_dashboard(tmp_path):
    assemble(tmp_path)
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{quick_start()}{LOADED}"
    done = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Obuchowski-Rockette" in done.stdout


def test_no_module_of_the_package_names_the_dashboard(tmp_path):
    for path in assemble(tmp_path).rglob("*.py"):
        text = path.read_text()
        assert "from core" not in text, path
        assert "import core" not in text, path


def test_a_frame_gives_what_arrays_give():
    found, table = from_long(FRAME).mrmc(), study("syn_2x5_ordinal")
    frame = found.to_frame()
    wanted = mrmc(table.values, table.truth)
    row = frame[frame.kind == "difference"].iloc[0]
    close(float(row.estimate), wanted.differences[0].estimate)
    close(float(row.p), wanted.differences[0].p)
    assert set(frame.kind) == {"treatment", "difference", "test", "component", "reader"}
    assert "Obuchowski-Rockette" in found.summary()
    assert str(found) == found.summary()
    assert "<table>" in found._repr_html_()
    assert json.dumps(found.to_dict())


def test_a_result_is_drawn_with_its_intervals():
    found = from_long(FRAME).mrmc()
    (points,) = found.plot().data
    ends = {name: x + gap for name, x, gap in zip(points.y, points.x, points.error_x.array, strict=True)}
    result: Any = found.found
    first = result.differences[0]
    assert ends[f"difference {first.a} - {first.b}"] == pytest.approx(first.ci[1])


def test_api_pages_come_from_the_docstrings(program, tmp_path):  # noqa: F811
    code, _, _ = program("build-stats", "--api", tmp_path / "api")
    page = (tmp_path / "api" / "bdg.md").read_text()
    assert code == 0
    assert "## bdg" in page
    assert "Compare areas of ratings (t, r, n)" in page
    assert "core." not in page
    assert "[readerstats.localisation.figures]" in (tmp_path / "api" / "index.md").read_text()


def test_columns_may_have_other_names_and_truth_may_be_a_boolean():
    other = FRAME.rename(columns={"reader": "who", "rating": "score"}).assign(truth=FRAME.truth == 1)
    one, two = from_long(other, reader="who", rating="score").bdg(), from_long(FRAME).bdg()
    assert one.found == two.found
    assert len(one.to_frame()) == 3


def test_one_ai_against_readers_from_a_mapping():
    data = {name: FRAME[name].tolist() for name in FRAME.columns}
    data["reader"] = ["AI" if name == 1 else str(name) for name in data["reader"]]
    keep = [k for k, t in enumerate(data["treatment"]) if t == 1]
    found = from_long({name: [values[k] for k in keep] for name, values in data.items()}).standalone(margin=0.1)
    assert isinstance(found.found, Standalone)
    assert found.found.readers_as == "random"
    assert "not worse by the margin" in set(found.to_frame().kind)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rating": float("inf")}, "'inf' is not a number"),
        ({"rating": None}, "column rating: empty"),
        ({"truth": 2}, "neither 0 nor 1"),
        ({"truth": 0.5}, "neither 0 nor 1"),
        ({"case": None}, "column case: empty"),
    ],
)
def test_a_frame_that_cannot_be_used_is_refused_by_row(change, words):
    frame = FRAME.astype(object).copy()
    for name, value in change.items():
        frame.loc[3, name] = value
    with pytest.raises(StatsError, match="Row 3") as caught:
        from_long(frame)
    assert words in str(caught.value)


@pytest.mark.parametrize("thing", [None, [1, 2], 3.5, "readings.csv"])
def test_what_is_no_frame_is_refused_in_words(thing):
    with pytest.raises(StatsError, match="pandas or polars"):
        from_long(thing)


def test_bdg_of_clustered_cases_is_refused_and_never_too_narrow():
    study = from_long(FRAME.assign(patient=FRAME["case"]), cluster="patient")
    with pytest.raises(StatsError, match="no variance for clustered cases"):
        study.bdg()
    assert any(row["kind"] == "difference" and row["se"] for row in study.mrmc(readers="fixed").rows)


def test_the_ai_against_readers_says_that_cases_are_clustered():
    first = FRAME[FRAME["treatment"] == FRAME["treatment"].iloc[0]]
    one = first.assign(
        treatment="1", patient=first["case"], reader=first["reader"].replace(first["reader"].iloc[0], "AI")
    )
    assert "clustered" in from_long(one, cluster="patient").standalone().title
    assert "clustered" not in from_long(one).standalone().title


def test_a_missing_column_is_named():
    with pytest.raises(StatsError, match="no column 'grader'"):
        from_long(FRAME, reader="grader")


def test_every_reference_of_the_report_is_within_the_bound(program):  # noqa: F811
    rows = validate(FOLDER)
    assert {row.program for row in rows} == {"mrmcaov", "rjafroc", "imrmc2", "centred2", "clustered2"}
    assert all(row.passed and row.figures for row in rows), [row for row in rows if not row.passed]
    code, out, _ = program("validate-stats", FOLDER, "--json")
    assert code == 0
    assert json.loads(out)["failed"] == 0


def test_a_wrong_answer_fails_the_report(program, tmp_path):  # noqa: F811
    (tmp_path / "reference").mkdir()
    path = FOLDER / "reference" / "imrmc2__many.json"
    wanted = json.loads(path.read_text())
    wanted["Ustat"]["differences"][0]["variance"] *= 1.000001
    (tmp_path / "reference" / path.name).write_text(json.dumps(wanted))
    (tmp_path / "imrmc2_many.csv").write_text((FOLDER / "imrmc2_many.csv").read_text())
    code, out, _ = program("validate-stats", tmp_path)
    assert code == 1
    assert "1 of 2 analyses beyond" in out
    assert program("validate-stats", tmp_path / "nothing")[0] == 2
