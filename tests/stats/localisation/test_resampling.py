"""The bootstrap of patients beside the jackknife: its resamples are the studies they stand for, its spread is near."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.stats.estimate import StatsError
from core.stats.localisation.analysis import compare
from core.stats.localisation.figures import FIGURES, compute
from core.stats.localisation.lroc import lroc_figure
from core.stats.localisation.resampling import drawn_marks, marks_bootstrap
from tests.stats.goldens import FOLDER, close
from tests.stats.localisation.test_goldens import marks_of
from tests.stats.localisation.test_marks_properties import Study, quick, studies
from tests.stats.test_commands import program

__all__ = ["program"]


@quick
@given(st.booleans().flatmap(lambda forced: st.tuples(st.just(forced), studies(forced=forced))), st.data())
def test_a_resample_is_the_study_with_its_cases_written_out(drawn: tuple[bool, Study], data: st.DataObject):
    forced, study = drawn
    names = list(study.lesions)
    times = data.draw(st.lists(st.integers(0, 2), min_size=len(names), max_size=len(names)).filter(any))
    copies = [(f"{case}x{k}", case) for case, often in zip(names, times, strict=True) for k in range(often)]
    written = Study(
        {new: study.lesions[old] for new, old in copies},
        {name: {new: cell[old] for new, old in copies} for name, cell in study.cells.items()},
    ).marks(forced=forced)
    resample = drawn_marks(study.marks(forced=forced), np.array(times))
    for figure in (*FIGURES.values(), *([lroc_figure("alroc", 0.5), lroc_figure("pcl", 0.2)] if forced else [])):
        try:
            expected = compute(figure, written).whole
        except StatsError:
            with pytest.raises(StatsError):
                compute(figure, resample)
            continue
        np.testing.assert_allclose(compute(figure, resample).whole, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["wafroc", "hrauc", "maxllf", "maxnlf"])
def test_its_spread_is_near_the_jackknife_of_fixed_readers(name):
    marks = marks_of("froc_2x4")
    expected = compare(marks, FIGURES[name], readers="fixed").differences[0]
    found = marks_bootstrap(marks, FIGURES[name], repeats=400, seed=3)[0]
    close(found.estimate, expected.estimate)
    assert expected.se is not None
    assert 0.85 < found.se / expected.se < 1.15


def test_the_commands_print_it_with_its_clusters(program, tmp_path):
    paths = FOLDER / "lroc_2x4.csv", "--truth", FOLDER / "lroc_2x4_truth.csv"
    options = ("--fom", "alroc", "--at", 1, "--bootstrap", 200, "--seed", 4)
    code, out, _ = program("lroc", *paths, *options, "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["clusters"]["column"], found["clusters"]["n"]) == (None, 70)
    beside = found["clusters"]["bootstrap"][0]
    assert (beside["a"], beside["b"], beside["repeats"]) == ("1", "2", 200)
    close(beside["estimate"], found["differences"][0]["estimate"])
    assert program("lroc", *paths, *options, "--json")[1] == out
    assert "Bootstrap of cases, 200 resamples, seed 4" in program("lroc", *paths, *options)[1]
    for wrong in (("--bootstrap", 5), ("--bootstrap", -1), ("--bootstrap", 200, "--seed", -1)):
        code, out, err = program("lroc", *paths, *wrong, "--json")
        assert (code, out, len(err.splitlines())) == (2, "", 1)


def test_patients_are_drawn_whole_and_an_ai_is_compared(program, tmp_path):
    truth = (FOLDER / "froc_ai_truth.csv").read_text().splitlines()
    patients = [truth[0] + ",patient", *(f"{row},{int(row.split(',')[0]) // 2}" for row in truth[1:])]
    path = tmp_path / "truth.csv"
    path.write_text("\n".join(patients) + "\n")
    options = ("--ai", "AI", "--cluster", "patient", "--bootstrap", 200, "--json")
    code, out, err = program("froc", FOLDER / "froc_ai.csv", "--truth", path, *options)
    found = json.loads(out)
    assert code == 0
    assert found["clusters"]["column"] == "patient"
    assert f"in {found['clusters']['n']} clusters" in err
    beside = found["clusters"]["bootstrap"][0]
    assert (beside["a"], beside["b"]) == ("readers", "AI")
    close(beside["estimate"], found["difference"])
