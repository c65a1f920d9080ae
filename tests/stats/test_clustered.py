"""Clustered cases: Obuchowski 1997 to the digits of the reference, DeLong with one case a cluster, --cluster."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.stats.auc_covariance import delong
from core.stats.clustered import clustered_areas, clustered_proportions, treatment_bootstrap
from core.stats.estimate import StatsError
from core.stats.figures import metric_cells
from tests.stats.goldens import FOLDER, close, reference
from tests.stats.test_commands import program  # noqa: F401 - a fixture

SIX = {  # patient: regions as truth, test 1, test 2
    1: [(1, 7, 8), (1, 4, 6), (0, 3, 2)], 2: [(1, 8, 7), (0, 5, 5)], 3: [(1, 5, 6), (0, 2, 3), (0, 6, 4)],
    4: [(0, 1, 2)], 5: [(1, 9, 9), (1, 6, 4)], 6: [(0, 4, 5)],
}  # fmt: skip


def regions(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if name == "six patients":
        rows: list[Any] = [(p, *region) for p, inside in SIX.items() for region in inside]
    else:
        with (FOLDER / name).open() as file:
            rows = [tuple(int(row[k]) for k in ("patient", "truth", "test1", "test2")) for row in csv.DictReader(file)]
    found = np.array(rows, float)
    return found[:, 2:].T, found[:, 1] == 1, np.unique(found[:, 0], return_inverse=True)[1]


@pytest.mark.parametrize("name", ["six patients", "clustered_200.csv"])
def test_areas_of_clustered_regions_are_those_of_the_reference(name: str):
    expected, found = reference("clustered2")[name], clustered_areas(*regions(name))
    for key, value in (("areas", found.areas), ("covariance", found.cov), ("S10", found.s10), ("S01", found.s01),
                       ("S11", found.s11)):  # fmt: skip
        for got, wanted in zip(np.ravel(value), np.ravel(expected[key]), strict=True):
            close(got, wanted, what=key)


def test_one_region_a_patient_is_delong():
    scores, truth, _ = regions("clustered_200.csv")
    found, (area, cov) = clustered_areas(scores, truth, np.arange(truth.size)), delong(scores, truth)
    assert np.allclose(found.areas, area, atol=1e-15)
    assert np.allclose(found.cov, cov, atol=1e-15)


def test_one_case_a_cluster_is_the_sample_covariance_of_proportions():
    rng = np.random.default_rng(1)
    scores, truth = rng.normal(size=(3, 40)), np.arange(40) % 2 == 0
    one = metric_cells(scores, truth, metric="sensitivity", threshold=0.0)
    other = metric_cells(scores, truth, metric="sensitivity", threshold=0.0, clusters=np.arange(40))
    assert np.allclose(one.cov, other.cov, atol=1e-15)


def test_the_variance_of_clustered_proportions_is_right_on_average():
    rng, found, shares = np.random.default_rng(2), [], []
    clusters = np.repeat(np.arange(30), rng.integers(1, 6, 30))
    for _ in range(1500):
        right = (rng.random(30)[clusters] * 0.5 + rng.random(clusters.size) * 0.5 < 0.6).astype(float)
        theta, cov = clustered_proportions(right[None, :], clusters)
        shares.append(theta[0])
        found.append(cov[0, 0])
    assert np.mean(found) == pytest.approx(np.var(shares), rel=0.1)


def test_the_bootstrap_of_patients_agrees_with_the_formula():
    scores, truth, patients = regions("clustered_200.csv")
    expected = reference("clustered2")["clustered_200.csv"]
    found = treatment_bootstrap(scores[:, None, :], truth, patients, metric="auc", threshold=None, names=("1", "2"),
                                repeats=1000, seed=1)[0]  # fmt: skip
    close(found.estimate, expected["difference"])
    assert found.se == pytest.approx(expected["se"], rel=0.1)
    assert found.ci[0] < found.estimate < found.ci[1]


def clustered_csv(tmp_path: Path, *, unique: bool, ai: bool = False) -> Path:
    """clustered_200 as a table of ratings by one reader in two treatments; region numbers may start anew."""
    lines = ["reader,treatment,case,truth,rating,patient"]
    with (FOLDER / "clustered_200.csv").open() as file:
        for k, row in enumerate(csv.DictReader(file)):
            case = k if unique else row["region"]
            for who, test in (("AI", "test1"), ("1", "test2")) if ai else (("1", "test1"), ("1", "test2")):
                lines.append(f"{who},{test},{case},{row['truth']},{row[test]},{row['patient']}")
    path = tmp_path / "clustered.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("unique", [True, False])
def test_the_command_takes_a_cluster_column(program, tmp_path, unique):  # noqa: F811
    path = clustered_csv(tmp_path, unique=unique)
    code, out, _ = program("mrmc", path, "--cluster", "patient", "--readers", "fixed", "--bootstrap", "200", "--json")
    found, expected = json.loads(out), reference("clustered2")["clustered_200.csv"]
    assert code == 0
    close(found["differences"][0]["estimate"], expected["difference"])
    close(found["differences"][0]["se"], expected["se"])
    close(found["test"]["value"], expected["z"] ** 2)
    assert found["clusters"]["n"] == 200
    assert found["clusters"]["bootstrap"][0]["repeats"] == 200
    assert found["covariance"] == "clustered"
    alone = clustered_csv(tmp_path, unique=unique, ai=True)
    code, out, _ = program("standalone", alone, "--cluster", "patient", "--json")
    assert code == 0
    close(json.loads(out)["se"], expected["se"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--cluster", "ward"), "no column 'ward'"),
        (("--cluster", "reader"), "cannot be the cluster"),
        (("--bootstrap", "500"), "--cluster"),
        (("--cluster", "patient", "--method", "bdg"), "clustered cases"),
        (("--cluster", "patient", "--bootstrap", "5", "--readers", "fixed"), "at least 100"),
    ],
)
def test_a_cluster_that_cannot_be_is_refused_in_a_sentence(program, tmp_path, arguments, words):  # noqa: F811
    code, out, err = program("mrmc", clustered_csv(tmp_path, unique=True), *arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert len(err.strip().splitlines()) == 1


def test_too_few_clusters_have_no_covariance():
    with pytest.raises(StatsError, match="two clusters"):
        clustered_areas(np.array([[1.0, 2, 3, 4]]), np.array([False, False, True, True]), np.array([0, 0, 1, 1]))
