"""`analyse --cluster`: regions of a patient count as one, whatever figure is asked for."""

import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.stats.analyse import Analysis, Options, analyse
from core.stats.estimate import StatsError
from core.stats.reads import table_from_text
from tests.stats.test_commands import program  # noqa: F401 - a fixture

COUNTS = {"n", "n_positive", "n_negative", "reads", "cases", "rows", "method", "notes", "only_a", "only_b", "both",
          "neither", "confusion", "missing", "indeterminate", "failures", "positives", "cases_by_class", "study",
          "right_to_wrong", "wrong_to_right", "wrong_to_other_wrong", "drifts", "too_fast", "total", "read", "right",
          "fatigue", "n_cases", "rule", "alpha"}  # fmt: skip


def study(*, regions: tuple[int, ...], times: int = 1, readers: int = 4, seed: int = 1, gap: bool = False) -> str:
    """Patients with so many regions; each region written `times` times under names of its own."""
    rng = np.random.default_rng(seed)
    lines = ["reader,group,case,truth,prediction,prob_A,prob_B,prob_C,seconds,position,arm,patient"]
    names = "ABC"
    for patient, m in enumerate(regions):
        tendency = rng.normal()
        for region in range(m):
            truth = int(rng.integers(3))
            rows = []
            for reader in ["AI", *(f"R{j}" for j in range(readers))]:
                for arm in ("unaided", "aided") if reader != "AI" else ("",):
                    if gap and reader == "R1" and rng.random() < 0.1:
                        continue
                    score = rng.normal(size=3) + 1.2 * (np.arange(3) == truth) * (1 + 0.5 * tendency)
                    shares = np.exp(score) / np.exp(score).sum()
                    call = names[int(score.argmax())] if rng.random() > 0.03 else "indeterminate"
                    group = "AI" if reader == "AI" else ("novice", "expert")[int(reader[1]) % 2]
                    seconds = math.exp(3 + 0.4 * rng.normal() + 0.3 * tendency)
                    rows.append((reader, group, call, *np.floor(shares * 1e4) / 1e4, seconds, arm))
            for copy in range(times):
                for reader, group, call, a, b, c, seconds, arm in rows:
                    case = f"P{patient}r{region}x{copy}"
                    lines.append(
                        f"{reader},{group},{case},{names[truth]},{call},{a},{b},{c},{seconds},1,{arm},{patient}"
                    )
    return "\n".join(lines)


def numbers(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Every estimate and interval of an analysis by its path, counts (and alpha, which counts reads) left out."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key not in COUNTS:
                yield from numbers(item, f"{path}.{key}")
    elif isinstance(value, list):
        for k, item in enumerate(value):
            yield from numbers(item, f"{path}[{k}]")
    else:
        yield path, value


def same(analysis: Analysis, other: Analysis) -> int:
    a, b = (json.loads(json.dumps(found.to_dict())) for found in (analysis, other))
    for part in (a, b):
        part.pop("cases"), part.pop("study")
    compared = 0
    for (path, x), (where, y) in zip(numbers(a), numbers(b), strict=True):
        assert path == where
        if isinstance(x, float | int) and not isinstance(x, bool):
            assert y == pytest.approx(x, rel=1e-9, abs=1e-11), path
            compared += 1
        else:
            assert x == y, path
    return compared


@pytest.mark.parametrize("gap", [False, True])
def test_writing_every_region_three_times_changes_no_estimate_and_no_interval(gap: bool):
    regions = tuple(int(m) for m in np.random.default_rng(3).integers(1, 5, 15))
    options = Options(margin=0.1, ordered=True)
    once, thrice = (
        analyse(table_from_text(study(regions=regions, times=k, gap=gap), cluster="patient"), options=options)
        for k in (1, 3)
    )
    assert same(once, thrice) > 1000


def test_one_region_a_patient_is_the_analysis_without_clusters():
    text = study(regions=(1,) * 30)
    clustered, plain = analyse(table_from_text(text, cluster="patient")), analyse(table_from_text(text))
    assert same(clustered, plain) > 1000
    assert any("Each patient has one case" in note for note in clustered.notes)


def test_intervals_widen_where_regions_of_a_patient_are_alike():
    text = study(regions=(1,) * 25, times=4)
    clustered, plain = analyse(table_from_text(text, cluster="patient")), analyse(table_from_text(text))
    for reader, other in zip(clustered.readers, plain.readers, strict=True):
        assert reader.accuracy.value == pytest.approx(other.accuracy.value)
        assert reader.accuracy.ci[1] - reader.accuracy.ci[0] > 1.4 * (other.accuracy.ci[1] - other.accuracy.ci[0])
        assert reader.accuracy_exact is None
    pair = clustered.ai_with_each_reader[0].pair
    assert pair.p_exact is None
    assert pair.p == pair.p_clustered


def test_the_bootstrap_draws_whole_patients():
    regions = tuple(int(m) for m in np.random.default_rng(4).integers(1, 4, 30))
    one, three = (
        analyse(table_from_text(study(regions=regions, times=k), cluster="patient"), options=Options(bootstrap=200))
        for k in (1, 3)
    )
    for a, b in zip(one.secondary, three.secondary, strict=True):
        assert "whole clusters" in a.result.method
        assert b.result.ci == pytest.approx(a.result.ci)


@pytest.mark.parametrize(("change", "words"), [
    (lambda text: text.replace(",0\n", ",\n"), "column patient: empty"),
    (lambda text: "\n".join(f"{line[:line.rindex(',')]},{'patient' if k == 0 else '7'}"
                            for k, line in enumerate(text.split("\n"))), "clusters need two or more"),
])  # fmt: skip
def test_a_bad_cluster_column_gets_one_sentence(change, words: str):
    with pytest.raises(StatsError, match=words):
        table_from_text(change(study(regions=(2, 2, 3))), cluster="patient")


def test_the_command_takes_the_column_and_names_those_there_are(program, tmp_path: Path):  # noqa: F811
    path = tmp_path / "reads.csv"
    path.write_text(study(regions=(2, 1, 3) * 8))
    plain = json.loads(program("analyse", path, "--json")[1])
    found = json.loads(program("analyse", path, "--cluster", "patient", "--json")[1])
    assert found["readers"][0]["accuracy"]["value"] == plain["readers"][0]["accuracy"]["value"]
    assert found["readers"][0]["accuracy"]["ci"] != plain["readers"][0]["accuracy"]["ci"]
    code, _, said = program("analyse", path, "--cluster", "person")
    assert (code, "no column 'person'" in said) == (2, True)


def test_a_region_number_used_again_in_another_patient_is_another_case():
    lines = study(regions=(2,) * 20).split("\n")
    again = [",".join([*(p := line.split(","))[:2], p[2][p[2].index("r") :], *p[3:]]) for line in lines[1:]]
    found = analyse(table_from_text("\n".join([lines[0], *again]), cluster="patient"))
    assert found.study.cases == 40


def measurements(times: int) -> str:
    rng = np.random.default_rng(7)
    lines = ["reader,case,rating,repeat,patient"]
    for patient in range(15):
        for region in range(int(rng.integers(1, 4))):
            size = rng.normal(20, 5)
            drawn = [(reader, repeat, round(size + rng.normal(), 2)) for reader in "ab" for repeat in (1, 2)]
            for copy in range(times):
                lines += [f"{r},{patient}-{region}-{copy},{value},{k},{patient}" for r, k, value in drawn]
    return "\n".join(lines)


def test_measurements_of_a_patients_regions_have_intervals_over_patients(program, tmp_path: Path):  # noqa: F811
    path = tmp_path / "sizes.csv"
    path.write_text(measurements(1))
    plain = json.loads(program("agreement", path, "--json")[1])
    found = json.loads(program("agreement", path, "--cluster", "patient", "--json")[1])
    assert found["icc_agreement"]["value"] == plain["icc_agreement"]["value"]
    assert "jackknife of clusters" in found["icc_agreement"]["method"]
    path.write_text(measurements(3))
    again = json.loads(program("agreement", path, "--cluster", "patient", "--json")[1])
    assert again["limits"][0]["bias"]["ci"] == pytest.approx(found["limits"][0]["bias"]["ci"])


def test_the_ai_against_readers_has_a_bootstrap_of_patients_beside(program, tmp_path: Path):  # noqa: F811
    rng = np.random.default_rng(8)
    lines = ["reader,treatment,case,truth,rating,patient"]
    for case in range(90):
        truth = int(rng.integers(2))
        lines += [f"{r},1,{case},{truth},{rng.normal() + truth:.3f},{case // 3}" for r in ("AI", "b", "c")]
    path = tmp_path / "ai.csv"
    path.write_text("\n".join(lines))
    found = json.loads(program("standalone", path, "--cluster", "patient", "--bootstrap", 500, "--json")[1])
    beside = found["clusters"]["bootstrap"][0]
    assert beside["estimate"] == pytest.approx(found["difference"])
    assert beside["se"] == pytest.approx(found["se"], rel=0.25)
    code, _, said = program("standalone", path, "--bootstrap", 500)
    assert (code, "--cluster" in said) == (2, True)
