"""Mean ROC curves: each point by geometry on scikit-learn's curves, and the area that must come out."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.metrics import roc_curve as sklearn_curve

from core.stats.analyse import analyse
from core.stats.estimate import StatsError
from core.stats.reads import table_from_text
from core.stats.roc import MOST_POINTS, mean_curve, roc_curve
from tests.stats.test_analyse import aided_study


def readers(*, count: int, cases: int, levels: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Ratings (count, cases) on a scale with many ties, and truth."""
    rng = np.random.default_rng(seed)
    truth = np.arange(cases) % 3 == 0
    raw = rng.normal(0, 1, (count, cases)) + truth * rng.uniform(0.3, 2.0, (count, 1))
    return np.round(raw * levels / 6), truth


def crossing(scores: np.ndarray, truth: np.ndarray, at: Fraction) -> tuple[Fraction, Fraction]:
    """Where scikit-learn's curve meets the line false positives + true positives = at, in exact numbers."""
    fpr, tpr, _ = sklearn_curve(truth, scores, drop_intermediate=False)
    n1, n0 = int(truth.sum()), int((~truth).sum())
    corners = [
        (Fraction(round(float(x) * n0), n0), Fraction(round(float(y) * n1), n1)) for x, y in zip(fpr, tpr, strict=True)
    ]
    for (x0, y0), (x1, y1) in pairwise(corners):
        if x0 + y0 <= at <= x1 + y1 and x1 + y1 > x0 + y0:
            part = (at - x0 - y0) / (x1 + y1 - x0 - y0)
            return x0 + part * (x1 - x0), y0 + part * (y1 - y0)
    raise AssertionError("the curve ends before the line")


@pytest.mark.parametrize(("count", "cases", "levels", "seed"), [(1, 30, 5, 1), (3, 40, 4, 2), (6, 61, 20, 3)])
def test_every_point_is_the_mean_of_where_the_readers_curves_cross_its_diagonal(count, cases, levels, seed):
    scores, truth = readers(count=count, cases=cases, levels=levels, seed=seed)
    found = mean_curve([roc_curve(score, truth) for score in scores])
    for x, y in zip(found.fpr, found.tpr, strict=True):
        at = Fraction(x + y).limit_denominator(10**6)
        points = [crossing(score, truth, at) for score in scores]
        assert x == pytest.approx(float(sum(p[0] for p in points) / count), abs=1e-12)
        assert y == pytest.approx(float(sum(p[1] for p in points) / count), abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_the_area_under_the_mean_curve_is_the_mean_of_the_areas(seed):
    scores, truth = readers(count=5, cases=80, levels=10, seed=seed)
    found = mean_curve([roc_curve(score, truth) for score in scores])
    expected = np.mean([roc_auc_score(truth, score) for score in scores])
    assert found.area == pytest.approx(expected, abs=1e-12)
    assert np.trapezoid(found.tpr, found.fpr) == pytest.approx(expected, abs=1e-12)
    assert (np.diff(found.fpr) >= -1e-15).all()
    assert (np.diff(found.tpr) >= -1e-15).all()
    assert (found.fpr[0], found.tpr[0], found.fpr[-1], found.tpr[-1]) == (0, 0, 1, 1)


def test_two_readers_by_hand():
    perfect = roc_curve(np.array([0.0, 1.0]), np.array([False, True]))
    guessing = roc_curve(np.array([1.0, 1.0]), np.array([False, True]))
    found = mean_curve([perfect, guessing])
    assert list(zip(found.fpr, found.tpr, strict=True)) == [(0, 0), (0.25, 0.75), (1, 1)]
    assert (found.area, found.readers) == (0.75, 2)


def test_many_corners_are_thinned_without_moving_the_curve():
    scores, truth = readers(count=20, cases=900, levels=3000, seed=9)
    found = mean_curve([roc_curve(score, truth) for score in scores])
    assert len(found.fpr) == MOST_POINTS
    assert np.trapezoid(found.tpr, found.fpr) == pytest.approx(found.area, abs=1e-5)


def test_no_curve_has_no_mean():
    with pytest.raises(StatsError, match="at least one reader"):
        mean_curve([])


def test_the_analysis_has_a_mean_curve_for_every_group_arm_and_class():
    found = analyse(table_from_text(aided_study()))
    groups = {group.group for group in found.groups}
    keys = {(group_curve.group, group_curve.arm, group_curve.label) for group_curve in found.group_curves}
    assert keys == {(g, arm, c) for g in groups for arm in ("unaided", "aided") for c in found.study.classes}
    means = {
        (group.group, group.arm, each.figure): each.mean.estimate for group in found.groups for each in group.figures
    }
    for group_curve in found.group_curves:
        if ("AUC " + group_curve.label) in {figure for _, _, figure in means}:
            assert group_curve.curve.area == pytest.approx(
                means[group_curve.group, group_curve.arm, f"AUC {group_curve.label}"], abs=1e-12
            )
