"""What must hold for every data: invariances, brute force, and a number or a reason, never NaN."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.cli.show import as_json, mrmc_json, standalone_json
from core.stats import auc_covariance as covariances
from core.stats.estimate import StatsError, to_plain
from core.stats.figures import METRICS
from core.stats.mrmc import mrmc
from core.stats.roc import auc_estimate
from core.stats.standalone import standalone

quick = settings(max_examples=60, deadline=None)


@st.composite
def studies(draw: st.DrawFn, *, most: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Ratings (t, r, n) of 0..4 with many ties, truth (n,), any of them degenerate."""
    t, r, n = draw(st.integers(1, 3)), draw(st.integers(1, 4)), draw(st.integers(2, most))
    top = draw(st.sampled_from([0, 1, 4]))
    ratings = draw(hnp.arrays(np.float64, (t, r, n), elements=st.integers(0, top).map(float)))
    if draw(st.booleans()):
        ratings[:, draw(st.integers(0, r - 1))] = ratings[:, 0]  # a duplicated reader
    truth = draw(hnp.arrays(np.bool_, n))
    if draw(st.booleans()):
        ratings = ratings + 10.0 * truth  # perfect separation
    if draw(st.booleans()):
        ratings[draw(hnp.arrays(np.bool_, (t, r, n)))] = np.nan
    return ratings, truth


def scores_and_truth() -> st.SearchStrategy[tuple[np.ndarray, np.ndarray]]:
    return st.integers(2, 30).flatmap(
        lambda n: st.tuples(
            hnp.arrays(np.float64, (3, n), elements=st.integers(-50, 50).map(float)),
            hnp.arrays(np.bool_, n).filter(lambda t: 2 <= t.sum() <= len(t) - 2)
            if n > 3
            else st.just(np.arange(n) < 1),
        )
    )


@quick
@given(scores_and_truth())
def test_an_area_is_the_share_of_pairs_in_order(data):
    scores, truth = data
    x, y = scores[0, truth], scores[0, ~truth]
    pairs = (x[:, None] > y[None, :]) + 0.5 * (x[:, None] == y[None, :])
    assert covariances.auc(scores[0], truth) == pytest.approx(pairs.mean(), abs=1e-12)


@quick
@given(scores_and_truth())
def test_monotone_transforms_change_no_area_and_flipped_labels_turn_it_over(data):
    scores, truth = data
    if truth.sum() < 2 or (~truth).sum() < 2:
        return
    area, cov = covariances.delong(scores, truth)
    again, same = covariances.delong(np.exp(scores / 10) * 3 - 7, truth)
    assert np.allclose(area, again, atol=1e-12)
    assert np.allclose(cov, same, atol=1e-12)
    flipped, turned = covariances.delong(scores, ~truth)
    assert np.allclose(area, 1 - flipped, atol=1e-12)
    assert np.allclose(cov, turned, atol=1e-12)
    for method in (covariances.jackknife, covariances.unbiased):
        assert np.allclose(method(scores, truth)[1], method(scores, ~truth)[1], atol=1e-12)


@quick
@given(scores_and_truth())
def test_the_closed_jackknife_is_the_one_that_leaves_cases_out(data):
    scores, truth = data
    if truth.sum() < 2 or (~truth).sum() < 2:
        return
    n = truth.size
    without = np.array([[covariances.auc(np.delete(s, k), np.delete(truth, k)) for k in range(n)] for s in scores])
    centred = without - without.mean(axis=1, keepdims=True)
    expected = (n - 1) / n * centred @ centred.T
    assert np.allclose(covariances.jackknife(scores, truth)[1], expected, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_with_cases_missing_the_jackknife_still_leaves_cases_out(seed):
    rng = np.random.default_rng(seed)
    truth = np.arange(14) < 6
    scores = rng.integers(0, 6, (3, 14)).astype(float)
    scores[1, [0, 7]] = scores[2, [0, 1, 9]] = np.nan

    def without(s, k):
        keep = (np.arange(14) != k) & ~np.isnan(s)
        return covariances.auc(s[keep], truth[keep])

    left = np.array([[without(s, k) for k in range(14)] for s in scores])
    centred = left - left.mean(axis=1, keepdims=True)
    assert np.allclose(covariances.jackknife(scores, truth)[1], 13 / 14 * centred @ centred.T, atol=1e-12)


def test_covariances_with_cases_missing_are_right_on_average():
    """The mean of the estimates over many studies is the covariance of the areas, all three methods, cases missing."""
    rng = np.random.default_rng(3)
    truth = np.arange(24) < 12
    missing = np.zeros((2, 24), bool)
    missing[0, [0, 1, 12]] = missing[1, [1, 2, 3, 13, 14]] = True
    areas: list[Any] = []
    found: dict[str, list[Any]] = {name: [] for name in ("delong", "jackknife", "unbiased")}
    for _ in range(1500):
        common = rng.normal(0, 1, 24) + truth
        scores = common + rng.normal(0, 0.7, (2, 24))
        scores[missing] = np.nan
        for name, kept in found.items():
            area, cov = getattr(covariances, name)(scores, truth)
            kept.append(cov)
        areas.append(area)
    true = np.cov(np.array(areas).T)
    assert np.allclose(np.mean(found["unbiased"], axis=0), true, rtol=0.1)
    assert np.allclose(np.mean(found["delong"], axis=0), true, rtol=0.15)
    assert np.allclose(np.mean(found["jackknife"], axis=0), true, rtol=0.2)


@quick
@given(
    studies(),
    st.sampled_from(METRICS),
    st.sampled_from(["delong", "jackknife", "unbiased"]),
    st.sampled_from([("random", "random"), ("fixed", "random"), ("random", "fixed"), ("fixed", "fixed")]),
)
def test_mrmc_gives_numbers_or_reasons(data, metric, covariance, factors):
    ratings, truth = data
    try:
        found = mrmc(
            ratings, truth, metric=metric, covariance=covariance, readers=factors[0], cases=factors[1], threshold=2
        )
    except StatsError as error:
        sentence(error)
        return
    plain = json.loads(as_json(mrmc_json(found)))
    for item in (*plain["treatments"], *plain["differences"]):
        assert item["se"] is not None or item["reason"]
    assert plain["test"]["p"] is not None or plain["test"]["reason"]
    check_numbers(to_plain(found))


@quick
@given(
    studies(),
    st.sampled_from(METRICS),
    st.sampled_from([None, "random", "fixed"]),
    st.sampled_from([None, 0.0, 0.1, 2.0]),
)
def test_the_ai_against_readers_gives_numbers_or_reasons(data, metric, readers, margin):
    ratings, truth = data
    try:
        found = standalone(
            ratings[0, 0], ratings[-1], truth, metric=metric, threshold=2, readers_as=readers, margin=margin
        )
    except StatsError as error:
        sentence(error)
        return
    plain = json.loads(as_json(standalone_json(found)))
    assert plain["p"] is not None or plain["reason"]
    if margin is not None and plain["p"] is not None:
        assert 0 <= plain["p_noninferior"] <= 1
    check_numbers(to_plain(found))


def sentence(error: StatsError) -> None:
    assert str(error).endswith(".")
    assert "nan" not in str(error).lower()


def check_numbers(value: object) -> None:
    """No NaN or infinity anywhere."""
    json.dumps(value, allow_nan=False)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(METRICS))
def test_the_order_of_readers_and_cases_never_matters(seed, metric):
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.arange(30) < 12)
    ratings = rng.integers(0, 8, (2, 4, 30)) + 2.0 * truth
    whole = mrmc(ratings, truth, metric=metric, threshold=5)
    readers, cases = rng.permutation(4), rng.permutation(30)
    other = mrmc(ratings[:, readers][:, :, cases], truth[cases], metric=metric, threshold=5)
    for a, b in zip(numbers(to_plain(whole.test)), numbers(to_plain(other.test)), strict=True):
        assert a == pytest.approx(b, rel=1e-8, abs=1e-12)
    for a, b in zip(numbers(to_plain(whole.components)), numbers(to_plain(other.components)), strict=True):
        assert a == pytest.approx(b, rel=1e-8, abs=1e-12)
    turned = mrmc(ratings[::-1], truth, metric=metric, threshold=5)
    assert turned.differences[0].estimate == pytest.approx(-whole.differences[0].estimate, abs=1e-12)


def numbers(value: object) -> list[float]:
    if isinstance(value, dict):
        return [x for item in value.values() for x in numbers(item)]
    return [float(value)] if isinstance(value, int | float) else []


@pytest.mark.parametrize("covariance", ["delong", "jackknife", "unbiased"])
def test_a_duplicated_reader_makes_no_trouble(covariance):
    rng = np.random.default_rng(5)
    truth = np.arange(40) < 20
    one = rng.integers(0, 10, (2, 1, 40)) + 3.0 * truth
    found = mrmc(np.repeat(one, 3, axis=1), truth, covariance=covariance)
    assert found.test.df2 is None
    assert found.test.p is not None
    assert found.test.reason is not None
    fixed = mrmc(np.repeat(one, 3, axis=1), truth, covariance=covariance, readers="fixed")
    single = mrmc(one, truth, covariance=covariance, readers="fixed")
    assert fixed.test.p == pytest.approx(single.test.p, rel=1e-9)
    assert found.differences[0].p == pytest.approx(found.test.p, rel=1e-9)


def test_one_positive_case_has_areas_but_no_interval():
    rng = np.random.default_rng(5)
    truth = np.arange(20) < 1
    ratings = rng.normal(0, 1, (2, 3, 20))
    with pytest.raises(StatsError, match="only one positive case"):
        mrmc(ratings, truth)
    fixed_cases = mrmc(ratings, truth, cases="fixed")
    assert fixed_cases.test.p is not None
    assert fixed_cases.components.var is None
    assert auc_estimate(ratings[0, 0], truth).reason is not None


def test_perfect_separation_has_a_reason_instead_of_a_test():
    truth = np.arange(20) < 10
    ratings = np.broadcast_to(truth * 5.0, (2, 3, 20)).copy()
    found = mrmc(ratings, truth)
    assert found.test.p is None
    assert found.test.reason is not None
    assert found.treatments[0].estimate == 1
    assert found.treatments[0].reason is not None
