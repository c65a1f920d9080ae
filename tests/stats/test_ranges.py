"""No interval leaves the range its figure can take, whatever the study; a missing one has its true reason."""

import math
from typing import Any

import numpy as np
import pytest

from core.stats.analyse import Options, analyse
from core.stats.confusion import MISSING
from core.stats.estimate import NO_INFORMATION, within
from core.stats.figures import Cells
from core.stats.mrmc import mrmc
from core.stats.reads import AiReads, ReadTable, table_from_text
from core.stats.standalone import ai_against_readers, standalone
from core.stats.subgroups import difference_between, subgroup_figures
from core.stats.times import arm_ratio, fatigue, group_ratio, paired_times, time_summary


def simulated(rng: np.random.Generator) -> ReadTable:
    """Reads of 2 to 200 cases by 1 to 6 readers in two arms with an AI, some missing, with times."""
    n, r, classes = int(rng.choice([2, 3, 5, 9, 20, 60, 200])), int(rng.integers(1, 7)), int(rng.integers(2, 4))
    truth = np.arange(n) % classes
    right = rng.choice([0.0, 0.3, 0.5, 0.8, 0.95, 1.0])

    def calls(shape: tuple[int, ...]) -> np.ndarray:
        wrong = (truth + rng.integers(1, classes, shape)) % classes
        made = np.where(rng.random(shape) < right, truth, wrong)
        return np.where(rng.random(shape) < rng.choice([0.0, 0.1]), MISSING, made)

    def scores(shape: tuple[int, ...]) -> np.ndarray:
        return np.round(
            50 + 15 * (rng.normal(0, 1, (*shape, classes)) + rng.choice([0, 1, 5]) * np.eye(classes)[truth])
        )

    nothing = np.full((2, r, n, classes), np.nan)
    people = tuple(f"r{j}" for j in range(r))
    return ReadTable(
        classes=("a", "b", "c")[:classes], cases=tuple(map(str, range(n))), truth=truth, readers=people,
        groups=tuple("expert" if j % 2 else "novice" for j in range(r)), arms=("unaided", "aided"),
        prediction=calls((2, r, n)), scores=scores((2, r, n)), probabilities=nothing,
        seconds=np.exp(rng.normal(3, rng.choice([0.0, 0.5, 2.0]), (2, r, n))),
        position=np.broadcast_to(np.arange(n, dtype=float), (2, r, n)),
        ais=(AiReads("AI", calls((n,)), scores((n,)), nothing[0, 0], np.ones(n)),),
    )  # fmt: skip


def outside(found: object, path: str = "", figure: str = "") -> list[str]:
    """Paths of intervals in plain results beyond the range of their figure, and of numbers that are not finite."""
    if isinstance(found, list):
        return [bad for k, item in enumerate(found) for bad in outside(item, f"{path}[{k}]", figure)]
    if isinstance(found, float):
        return [] if math.isfinite(found) else [path]
    if not isinstance(found, dict):
        return []
    figure = str(found.get("figure", figure))
    bad = [one for key, value in found.items() if key != "uncut" for one in outside(value, f"{path}.{key}", figure)]
    ci = found.get("ci")
    if ci is None:
        return bad
    low, high = ci
    least, most = -1.0, 1.0
    if path.startswith((".times", ".fatigue", ".readers")) and path.endswith((".ratio", "_per_10", "geometric_mean")):
        least, most = 0.0, math.inf
    elif "kappa" in figure and path.startswith((".ai_with", ".groups_compared", ".arms_compared", ".sensitivity")):
        least, most = -2.0, 2.0
    return bad if least <= low <= high <= most and (low, high) != (least, most) else [*bad, f"{path} {low} {high}"]


@pytest.mark.parametrize("seed", range(60))
def test_no_interval_of_a_study_leaves_its_range(seed: int):
    table = simulated(np.random.default_rng(seed))
    found = analyse(table, options=Options(margin=0.05))
    assert outside(found.to_dict()) == []
    for reader in found.readers:
        for estimate in (reader.accuracy, *(e for c in reader.classes for e in (c.sensitivity, c.specificity, c.f1))):
            assert estimate.ci is None or 0 <= estimate.ci[0] <= estimate.ci[1] <= 1
    half = np.arange(len(table.cases)) % 4 < 2
    for figure in ("accuracy", "AUC b", "kappa"):
        span = 2.0 if figure == "kappa" else 1.0
        part = subgroup_figures(table, figure, np.flatnonzero(half))
        for estimate in (*(e for _, e in part.figures), *(effect.estimate for effect in part.effects)):
            assert estimate.ci is None or -span <= estimate.ci[0] <= estimate.ci[1] <= span, (figure, estimate)
        for effect in difference_between(table, figure, np.flatnonzero(half), np.flatnonzero(~half)):
            assert effect.estimate.ci is None or -2 * span <= effect.estimate.ci[0] <= effect.estimate.ci[1] <= 2 * span


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("metric", ["auc", "accuracy"])
def test_no_interval_of_the_commands_leaves_its_range(seed: int, metric: Any):
    rng = np.random.default_rng(seed)
    n, r = int(rng.choice([4, 6, 20, 200])), int(rng.integers(2, 5))
    truth = np.arange(n) % 2 == 0
    ratings = rng.integers(0, 4, (2, r, n)) + rng.integers(0, 4) * truth * rng.integers(0, 2, (2, 1, 1)) * 1.0
    readers: Any
    for readers in ("random", "fixed"):
        found = mrmc(ratings, truth, metric=metric, readers=readers, threshold=2)
        one: Any
        for one in (*found.treatments, *found.differences, *(d for _, d in found.reader_differences)):
            assert one.ci is None or -1 <= one.ci[0] <= one.ci[1] <= 1
            assert (one.ci is None) == (one.reason is not None)
            if one.uncut is not None:
                assert one.uncut != one.ci
    alone = standalone(ratings[0, 0], ratings[1], truth, metric=metric, threshold=2)
    assert alone.ci is None or -1 <= alone.ci[0] <= alone.ci[1] <= 1


def test_the_interval_before_the_cut_stays_to_be_compared_with_other_programs():
    rng = np.random.default_rng(3)
    ratings, truth = rng.integers(0, 5, (2, 2, 6)).astype(float), np.arange(6) < 3
    found = mrmc(ratings, truth).differences[0]
    assert found.uncut is not None
    assert found.uncut[1] - found.estimate == pytest.approx(found.estimate - found.uncut[0])
    assert found.ci is None or found.uncut[0] < found.ci[0] or found.uncut[1] > found.ci[1]
    assert found.ci is not None or found.reason == NO_INFORMATION


def test_an_interval_is_cut_or_dropped_but_never_widened():
    assert within((-0.2, 0.3), (-1.0, 1.0)) == ((-0.2, 0.3), None)
    assert within((-1.24, -0.26), (-1.0, 1.0)) == ((-1.0, -0.26), (-1.24, -0.26))
    assert within((-3.43, 2.93), (-1.0, 1.0)) == (None, (-3.43, 2.93))
    assert within((-3.0, 2.0), None) == ((-3.0, 2.0), None)


def test_two_readers_give_no_interval_over_readers():
    rng = np.random.default_rng(1)
    times = np.exp(rng.normal(3, 0.5, (2, 2, 12)))
    for found in (arm_ratio(times[0], times[1]), group_ratio(times[0, :1], times[1])):
        assert found.ci is None
        assert found.p is None
        assert "too few" in str(found.reason)
    right: Any = rng.integers(0, 2, (2, 12)) * 1.0
    drift = fatigue(times[0], right, np.tile(np.arange(12.0), (2, 1)))
    assert drift.accuracy_change.ci is None
    assert drift.accuracy_change.reason == "2 readers are too few for an interval; it needs 3"
    assert drift.time_ratio_per_10.ci is None
    assert time_summary(np.array([5.0, 50.0])).geometric_mean.ci is None
    assert paired_times(np.array([5.0, 50.0]), np.array([6.0, 20.0])).ci is None


@pytest.mark.parametrize(
    ("theta", "cov", "words"),
    [
        ([0.5, 0.0, 1.0], np.zeros((3, 3)), "no variation over cases within either reader"),
        ([0.5, 1.0], np.zeros((2, 2)), "no variation over cases within the reader"),
        ([0.5, 0.8, 0.8, 0.8], np.zeros((4, 4)), "neither over readers nor over cases"),
        ([0.5, 0.8, 0.8, 0.8], np.diag([0.0, 1.0, 1.0, 1.0]), "equal in all readers"),
        ([0.5, 0.4, 0.6], np.array([[0, 0, 0], [0, 1.0, -1.0], [0, -1.0, 1.0]]), "cancel out"),
        ([0.5, 0.4, 0.6], np.array([[0, 0, 0], [0, 1.0, -2.0], [0, -2.0, 1.0]]), "is negative"),
    ],
)
def test_the_reason_for_no_interval_of_ai_minus_readers_is_the_real_one(theta, cov, words):
    found = ai_against_readers(Cells(np.array(theta), cov / 100))
    assert found.ci is None
    assert words in str(found.reason)


def test_readers_of_0_and_100_percent_do_vary_over_readers():
    rows = [f"{who},{g},{k},{'ab'[k % 2]},{call}" for who, g, calls in (
        ("AI", "AI", "abab"), ("r1", "g", "baba"), ("r2", "g", "abab")) for k, call in enumerate(calls)]  # fmt: skip
    found = analyse(table_from_text("\n".join(["reader,group,case,truth,prediction", *rows])))
    accuracy = next(contest for contest in found.ai_with_groups if contest.figure == "accuracy")
    assert accuracy.result is not None
    assert accuracy.result.ci is None
    assert "no variation over cases within either reader" in str(accuracy.reason)


def test_a_curve_without_variance_says_what_its_ratings_are_like():
    from core.stats.roc import auc_estimates

    truth = np.array([True, True, False, False])
    scores = np.array([[2, 3, 0, 1], [0, 1, 2, 3], [1, 1, 1, 1]], float)
    above, below, tied = (str(e.reason) for e in auc_estimates(scores, truth))
    assert "above every negative" in above
    assert "below every negative" in below
    assert "same share" in tied
