"""Calibration line, net benefit, partial areas, and the checks by models."""

import json
import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.stats.analyse import Options, analyse
from core.stats.auc_covariance import auc
from core.stats.estimate import StatsError
from core.stats.models import gee_difference, time_model
from core.stats.probabilities import calibration_line, net_benefit, partial_area, partial_area_cells
from core.stats.reads import table_from_text
from core.stats.times import arm_ratio
from tests.stats.test_clustered_studies import study
from tests.stats.test_commands import program  # noqa: F401 - a fixture


def drawn(n: int = 400, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    p = rng.uniform(0.02, 0.98, n)
    return p, rng.random(n) < p


def test_probabilities_that_are_right_have_slope_one_and_intercept_nought():
    p, y = drawn()
    line = calibration_line(p, y)
    assert line.slope.ci[0] < 1 < line.slope.ci[1]
    assert line.in_the_large.ci[0] < 0 < line.in_the_large.ci[1]
    logit = np.log(p / (1 - p))
    doubled = calibration_line(1 / (1 + np.exp(-2 * logit)), y)
    assert doubled.slope.value == pytest.approx(line.slope.value / 2, rel=1e-6)
    shifted = calibration_line(1 / (1 + np.exp(-logit - 1)), y)
    assert shifted.in_the_large.value == pytest.approx(line.in_the_large.value - 1, rel=1e-6)


@pytest.mark.parametrize(("p", "y", "words"), [
    ([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1], "completely"), ([0.5] * 4, [0, 1, 0, 1], "all probabilities are equal"),
    ([0.1, 0.9], [1, 1], "one kind only"), ([math.nan] * 2, [0, 1], "no probabilities"),
    ([0.0, 1.0, 0.0, 1.0], [0, 1, 0, 1], "completely"),
])  # fmt: skip
def test_a_calibration_line_that_does_not_exist_has_its_reason(p, y, words: str):
    line = calibration_line(np.array(p), np.array(y, bool))
    assert line.slope.value is None
    assert words in line.slope.reason


def test_net_benefit_is_true_less_weighted_false_positives():
    p, y = drawn(200)
    for one in net_benefit(p, y, thresholds=(0.2, 0.5)):
        odds = one.threshold / (1 - one.threshold)
        expected = ((p >= one.threshold) & y).mean() - odds * ((p >= one.threshold) & ~y).mean()
        assert one.net_benefit.value == pytest.approx(expected)
        assert one.treat_all == pytest.approx(y.mean() - odds * (1 - y.mean()))
        assert one.net_benefit.ci[0] < expected < one.net_benefit.ci[1]
    with pytest.raises(StatsError, match="between 0 and 1"):
        net_benefit(p, y, thresholds=(1.0,))


def partial_by_trapezoids(s: np.ndarray, y: np.ndarray, f: float) -> float:
    cuts = np.unique(s)[::-1]
    fp = [0.0, *((s[~y] >= c).mean() for c in cuts)]
    tp = [0.0, *((s[y] >= c).mean() for c in cuts)]
    area = 0.0
    for a, b, low, high in zip(fp, fp[1:], tp, tp[1:], strict=False):
        end = min(b, f)
        if a < f and b > a:
            area += (end - a) * (low + low + (high - low) * (end - a) / (b - a)) / 2
    return (1 + (area - f * f / 2) / (f - f * f / 2)) / 2


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=6, max_size=25), st.sampled_from([0.1, 0.35, 1.0])
)
def test_partial_areas_and_their_jackknife_are_trapezoids(cases: list[tuple[int, bool]], most: float):
    s, y = np.array([x for x, _ in cases], float), np.array([t for _, t in cases])
    if y.sum() < 2 or (~y).sum() < 2:
        return
    found = partial_area_cells(np.stack([s, -s]), y, most=most)
    assert found.theta[0] == pytest.approx(partial_by_trapezoids(s, y, most), abs=1e-12)
    without = np.array([[partial_by_trapezoids(np.delete(r, k), np.delete(y, k), most) for k in range(y.size)]
                        for r in (s, -s)])  # fmt: skip
    gap = without - without.mean(axis=1, keepdims=True)
    assert np.allclose(found.cov, (y.size - 1) / y.size * gap @ gap.T, atol=1e-12)
    if most == 1.0:
        assert found.theta[0] == pytest.approx(auc(s, y))


def test_a_partial_area_leaves_out_whole_patients():
    p, y = drawn(60)
    once = partial_area(p, y, clusters=np.repeat(np.arange(20), 3))
    thrice = partial_area(np.tile(p, 3), np.tile(y, 3), clusters=np.tile(np.repeat(np.arange(20), 3), 3))
    assert thrice.value == pytest.approx(once.value)
    assert thrice.ci == pytest.approx(once.ci)


def test_the_mixed_model_agrees_with_the_ratio_of_geometric_means():
    rng = np.random.default_rng(1)
    b = np.exp(rng.normal(3, 0.3, (6, 40)) + rng.normal(0, 0.2, 40))
    a = b * np.exp(0.2 + rng.normal(0, 0.1, (6, 1)) + rng.normal(0, 0.1, 40) + rng.normal(0, 0.2, (6, 40)))
    estimate, p = time_model(a, b)
    assert estimate.value == pytest.approx(arm_ratio(a, b).ratio, rel=1e-6)
    assert estimate.ci[0] < estimate.value < estimate.ci[1]
    assert p < 0.05
    assert "three readers" in time_model(a[:2], b[:2])[0].reason


def test_gee_of_two_sets_is_the_paired_difference_over_cases():
    rng = np.random.default_rng(2)
    a: Any
    b: Any
    a, b = (rng.random((3, 80)) < 0.8) * 1.0, (rng.random((3, 80)) < 0.7) * 1.0
    estimate, _ = gee_difference(a, b, np.arange(80))
    gap = (a - b).mean(axis=0)
    assert estimate.value == pytest.approx(gap.mean())
    assert estimate.se == pytest.approx(gap.std() / math.sqrt(80), rel=1e-6)


def test_an_analysis_has_lines_partial_areas_and_models_where_asked(program, tmp_path: Path):  # noqa: F811
    text = study(regions=(1,) * 40, readers=3)
    found = analyse(table_from_text(text), options=Options(ordered=True, models=True))
    assert {score.reader for score in found.scores} == {"AI", "R0", "R1", "R2"}
    assert all(0 <= score.partial.value <= 1 for score in found.scores)
    assert {one.reader for one in found.intra_reader} == {"R0", "R1", "R2"}
    assert {model.what for model in found.models} >= {"time ratio", "accuracy", "sensitivity B"}
    assert all(row.result.weighted for row in found.agreement)
    path = tmp_path / "reads.csv"
    path.write_text(text)
    plain = json.loads(program("analyse", path, "--json")[1])
    assert plain["models"] == []
    assert plain["scores"][0]["line"]["slope"]["value"] == pytest.approx(found.scores[0].line.slope.value)
    shown = program("analyse", path, "--models", "--ordered")[1]
    for title in ("Probabilities and scores", "Readers with themselves", "Weighted kappas", "Checks by models"):
        assert title in shown


@pytest.mark.parametrize(("a", "b"), [(1, 1), (0, 0), (1, 0), (0, 1)])
@pytest.mark.parametrize("turned", [0, 1])
def test_gee_of_reads_that_are_all_alike_gives_a_number_or_a_reason(a, b, turned):
    """Perfect readers, and perfect but for one read: statsmodels raises, or warns of a root of a negative variance."""
    one, two = np.full((1, 12), float(a)), np.full((3, 12), float(b))
    two[0, :turned] = 1 - b
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        estimate, p = gee_difference(one, two, np.arange(12))
    assert estimate.value == pytest.approx(one.mean() - two.mean(), abs=1e-9)
    assert (estimate.ci is None) == (p is None) == (estimate.reason is not None)
