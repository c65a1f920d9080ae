"""Power of a planned study by simulation: the drawn studies are what was assumed, and answers move the right way."""

from dataclasses import replace

import numpy as np
import pytest

from core.results.draw.planned_power import answer, planned_chart
from core.stats.estimate import StatsError
from core.stats.power_by_simulation import Test as FormulaTest
from core.stats.power_by_simulation import simulated_power
from core.stats.prospective import PlannedStudy, _drawn, apportioned, p_value, planned_power
from core.stats.roe_metz import STRUCTURES
from core.stats.simulation import Plan

PLAN = PlannedStudy("accuracy", (30, 30, 40), 4, 0.8, 0.05, target=1)


@pytest.mark.parametrize("endpoint", ["accuracy", "sensitivity", "specificity", "AUC"])
@pytest.mark.parametrize("arms", [False, True])
def test_drawn_studies_have_the_expected_figures(endpoint, arms):
    plan = replace(PLAN, endpoint=endpoint, arms=arms)
    rng = np.random.default_rng(3)
    drawn = np.array([_drawn(plan, rng).theta for _ in range(250)])
    first = drawn[:, :4].mean(axis=1) if arms else drawn[:, 0]
    second = drawn[:, 4:].mean(axis=1) if arms else drawn[:, 1:].mean(axis=1)
    for figures, expected in ((first, 0.85), (second, 0.8)):
        assert abs(figures.mean() - expected) < 4.5 * figures.std() / np.sqrt(250)


def test_areas_of_two_arms_have_the_power_that_simulated_studies_of_two_treatments_have():
    plan = PlannedStudy("AUC", (40, 40), 5, 0.8, 0.08, arms=True)
    rng = np.random.default_rng(1)
    shown = [(p_value(plan, rng) or 1.0) <= 0.05 for _ in range(300)]
    other = simulated_power(Plan((0.88, 0.8), 5, 40, 40, STRUCTURES["HL"]), FormulaTest(covariance="jackknife"),
                            repeats=300, seed=2).rate  # fmt: skip
    assert other.value is not None
    spread = np.sqrt(2 * other.value * (1 - other.value) / 300)
    assert abs(np.mean(shown) - other.value) < 3.5 * spread


def test_power_grows_with_cases_readers_and_difference():
    small = planned_power(PLAN, repeats=60)
    large = planned_power(replace(PLAN, difference=0.15), repeats=60)
    values = [rate.rate.value or 0.0 for _, rate in large.at]
    assert values[-1] > values[0]
    assert (large.planned.rate.value or 0) > (small.planned.rate.value or 0)
    assert [n for n, _ in small.at] == [50, 100, 150, 200, 300]
    assert large.enough is not None
    assert planned_power(PLAN, repeats=60).at == small.at


def test_without_a_true_loss_non_inferiority_is_shown_seldom_only_at_the_margin():
    """At a true loss of nearly the margin a test at alpha .05, one-sided .025, shows it in about that share."""
    plan = replace(PLAN, readers=8, margin=0.1, difference=-0.0999, readers_as="fixed")
    rng = np.random.default_rng(5)
    shown = np.mean([(p_value(plan, rng) or 1.0) <= 0.05 for _ in range(400)])
    assert shown < 0.065


def test_progress_counts_every_study():
    seen: list[tuple[int, int]] = []
    planned_power(PLAN, repeats=10, on_progress=lambda done, everything: seen.append((done, everything)))
    assert seen == [(n + 1, 100) for n in range(100)]


def test_cases_are_split_as_the_classes_with_two_of_each():
    assert apportioned((1, 1, 1), 100) == (34, 33, 33)
    assert sum(apportioned((2, 3, 5), 97)) == 97
    assert apportioned((1, 99), 10) == (2, 10)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"figure": 0.0}, "between 0 and 100"),
        ({"figure": 0.98}, "add up to 103%"),
        ({"readers": 0}, "one reader"),
        ({"of_class": (1, 30)}, "two cases"),
        ({"target": 3}, "class of the endpoint"),
        ({"difference": 0.0}, "what difference"),
        ({"margin": 0.05, "difference": -0.05}, "non-inferiority would be false"),
        ({"margin": -0.1}, "margin"),
        ({"alpha": 2.0}, "Alpha"),
    ],
)
def test_what_cannot_be_planned_is_refused_in_a_sentence(change, words):
    with pytest.raises(StatsError, match=words):
        planned_power(replace(PLAN, **change), repeats=5)


def test_the_answer_is_a_sentence_and_the_chart_has_its_figures():
    plan = replace(PLAN, difference=0.15)
    found = planned_power(plan, repeats=40)
    said = answer(plan, found, of="accuracy")
    assert said.startswith("With 4 readers and 100 cases this study has a power of ")
    assert "a true difference of +15 points in accuracy" in said
    assert f"about {found.enough} cases" in said
    never = planned_power(replace(PLAN, difference=0.01), repeats=20)
    assert "too few" in answer(replace(PLAN, difference=0.01), never, of="accuracy")
    margin = replace(PLAN, margin=0.1, difference=0.0)
    assert "non-inferiority at a margin of 10 points" in answer(margin, planned_power(margin, repeats=20), of="x")
    chart = planned_chart(plan, found)
    assert len(chart.data) == 10
    assert [trace.name for trace in chart.figure.data] == ["4 readers", "8 readers"]
