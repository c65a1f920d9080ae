"""Matrices, pairs, agreement, curves and times of any data: brute force, and a number or a reason, never NaN."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.stats import auc_covariance as covariances
from core.stats.agreement import agreement
from core.stats.confusion import FIGURES, class_figures, counts, figure, figure_cells
from core.stats.estimate import StatsError, to_plain
from core.stats.figures import metric_cells
from core.stats.pairs import mcnemar, paired_areas, paired_proportions, tango, tango_test
from core.stats.roc import auc_estimate, calibration, hand_till, roc_curve
from core.stats.switches import switches
from core.stats.times import arm_ratio, fatigue, group_ratio, paired_times, time_summary
from tests.stats.test_properties import check_numbers, quick, sentence, studies

codes = st.integers(-3, 2)


@quick
@given(hnp.arrays(np.int64, (3, 15), elements=codes), hnp.arrays(np.int64, 15, elements=st.integers(0, 2)))
def test_undecided_and_missing_reads_are_counted_and_never_right(prediction, truth):
    matrix = counts(truth, prediction, 3)
    assert matrix.sum() == (prediction != -1).sum()
    for i in range(3):
        right = int(np.trace(matrix[i, :, :3]))
        assert right == int((prediction[i] == truth).sum())
    for row in class_figures(matrix, ("a", "b", "c")):
        for one in row:
            for e in (one.sensitivity, one.specificity, one.ppv, one.npv, one.f1, one.fdr, one.fpr, one.fnr):
                assert (e.value is None) == (e.reason is not None)
                assert e.value is None or e.ci[0] - 1e-12 <= e.value <= e.ci[1] + 1e-12
            if one.sensitivity.value is not None:
                assert one.sensitivity.value + one.fnr.value == pytest.approx(1)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(FIGURES))
def test_the_jackknife_by_cells_is_the_one_by_cases(seed, name):
    rng = np.random.default_rng(seed)
    truth = np.arange(24) % 3
    prediction = np.where(rng.random((3, 24)) < 0.6, truth, rng.integers(-3, 3, (3, 24)))
    found = figure_cells(truth, prediction, name, classes=3)
    without = np.array(
        [figure(counts(np.delete(truth, k), np.delete(prediction, k, axis=1), 3), name) for k in range(24)]
    ).T
    centred = without - without.mean(axis=1, keepdims=True)
    assert np.allclose(found.cov, 23 / 24 * centred @ centred.T, atol=1e-12)


@quick
@given(hnp.arrays(np.int64, (3, 10), elements=codes), hnp.arrays(np.int64, 10, elements=st.integers(0, 2)))
def test_agreement_and_switches_give_numbers_or_reasons(prediction, truth):
    found = agreement(prediction, truth, classes=3, readers=("a", "b", "c"))
    for e in (found.fleiss, found.ac1, found.alpha, *(p.kappa for p in found.pairs)):
        assert (e.value is not None) or e.reason
    check_numbers(to_plain(found))
    single, group = switches(
        prediction[:2], prediction[1:], truth, prediction[0], readers=("a", "b"), groups=("g", "g")
    )
    check_numbers(to_plain((single, group)))
    for s in (*single, *group):
        for e in (s.harmed, s.helped, s.automation_bias, s.good_advice, s.net):
            assert (e.value is None) <= (e.reason is not None)
        assert group[0].right_to_wrong == sum(x.right_to_wrong for x in single)


@quick
@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 12))
def test_tangos_interval_holds_the_differences_its_test_does_not_reject(b, c, same):
    n = b + c + same
    if n == 0:
        return
    low, high = tango(b, c, n)
    assert -1 <= low <= (b - c) / n <= high <= 1
    for end, z in ((low, 1.959963984540054), (high, -1.959963984540054)):
        if -0.999999 < end < 0.999999:
            assert tango_test(b, c, n, difference=end) == pytest.approx(z, abs=1e-6)
    other = tango(c, b, n)
    assert (-other[1], -other[0]) == pytest.approx((low, high), abs=1e-9)
    exact, midp = mcnemar(b, c)
    assert 0 <= midp <= exact <= 1


def test_tangos_interval_in_closed_form():
    z2 = 1.959963984540054**2
    assert tango(0, 0, 10) == pytest.approx((-z2 / (10 + z2), z2 / (10 + z2)))
    assert tango(10, 0, 10) == pytest.approx(((1 - z2 / 10) / (1 + z2 / 10), 1.0))


@quick
@given(studies())
def test_curves_and_times_give_numbers_or_reasons(data):
    ratings, truth = data
    s = ratings[0, 0]
    for e in (auc_estimate(s, truth), hand_till(ratings[0].T[:, :2], truth.astype(int))):
        assert (e.value is not None) or e.reason
        check_numbers(to_plain(e))
    known = ~np.isnan(s)
    if truth[known].any() and (~truth[known]).any():
        curve = roc_curve(s, truth)
        area = np.trapezoid(curve.tpr, curve.fpr)
        assert area == pytest.approx(covariances.auc(s[known], truth[known]), abs=1e-12)
        check_numbers(to_plain(curve))
        try:
            check_numbers(to_plain(paired_areas(ratings[0, 0][known], ratings[0, 0][known] * -1, truth[known])))
        except StatsError as error:
            sentence(error)
    check_numbers(to_plain(time_summary(s)))
    check_numbers(to_plain(paired_times(s, ratings[-1, -1])))
    check_numbers(to_plain(arm_ratio(ratings[0], ratings[-1])))
    check_numbers(to_plain(group_ratio(ratings[0], ratings[-1])))
    position = np.broadcast_to(np.arange(s.size, dtype=float), ratings[0].shape)
    check_numbers(to_plain(fatigue(ratings[0], (ratings[0] > 1) * 1.0, position)))


def test_calibration_of_certain_and_right_probabilities_is_perfect():
    truth = np.arange(10) < 4
    found = calibration(truth.astype(float), truth)
    assert (found.brier, found.ece, found.bias) == (0, 0, 0)
    assert calibration(np.full(10, 0.4), truth).brier == pytest.approx(0.24)
    with pytest.raises(StatsError, match="0 to 1"):
        calibration(np.full(10, 40.0), truth)


def test_metric_cells_refuse_what_they_cannot_do():
    truth = np.arange(4) < 2
    with pytest.raises(StatsError, match="threshold"):
        metric_cells(np.zeros((1, 4)), truth, metric="accuracy")
    with pytest.raises(StatsError, match="Choose a metric"):
        metric_cells(np.zeros((1, 4)), truth, metric="dice")  # type: ignore[arg-type]
    with pytest.raises(StatsError, match="in common"):
        paired_proportions(np.zeros(0, bool), np.zeros(0, bool))
    assert math.isinf(tango_test(3, 0, 3, difference=-1.0))
