"""Subgroups against numbers worked out another way: per-case means, Welch's statistic, formulas written out."""

import numpy as np
import pytest
from scipy import stats

from core.stats.estimate import StatsError
from core.stats.reads import ReadTable, table_from_text
from core.stats.subgroups import difference_between, subgroup_figures

CASES = 70
FIRST, SECOND = np.arange(0, 30), np.arange(30, CASES)


def made(readers: int, *, arms: tuple[str, ...] = ("unaided",)) -> tuple[ReadTable, dict[tuple[str, str], np.ndarray]]:
    """A table of two classes, and who was right on which case (CASES,) by reader and arm."""
    rng = np.random.default_rng(readers)
    truth = np.arange(CASES) % 2
    names = [("AI", "AI", ""), *((f"r{k}", "novice", arm) for arm in arms for k in range(readers))]
    right, lines = {}, ["reader,group,case,truth,prediction,arm"]
    for name, group, arm in names:
        chance = np.where(np.arange(CASES) < 30, 0.9, 0.6) if name == "AI" else 0.7 + 0.1 * (arm == "aided")
        hit = rng.random(CASES) < chance
        right[name, arm] = hit.astype(float)
        calls = np.where(hit, truth, 1 - truth)
        lines += [f"{name},{group},{at},{truth[at]},{calls[at]},{arm}" for at in range(CASES)]
    return table_from_text("\n".join(lines)), right


def gaps(right: dict[tuple[str, str], np.ndarray], readers: int) -> np.ndarray:
    return np.array([right["AI", ""] - right[f"r{k}", "unaided"] for k in range(readers)])


def test_figures_of_a_subgroup_are_those_of_its_cases_alone():
    table, right = made(2)
    found = subgroup_figures(table, "accuracy", FIRST)
    assert (found.cases, found.counted) == (30, 30)
    machine = dict(found.figures)["AI", ""]
    hits = int(right["AI", ""][:30].sum())
    interval = stats.binomtest(hits, 30).proportion_ci(method="wilson")
    assert machine.value == pytest.approx(hits / 30)
    assert machine.ci == pytest.approx((interval.low, interval.high))
    mean = dict(found.figures)["novice", "unaided"]
    per_case = np.mean([right[f"r{k}", "unaided"][:30] for k in range(2)], axis=0)
    assert mean.value == pytest.approx(per_case.mean())
    (effect,) = found.effects
    each = gaps(right, 2).mean(axis=0)[:30]
    assert effect.estimate.value == pytest.approx(each.mean())
    assert effect.estimate.se == pytest.approx(stats.sem(each))
    assert effect.p == pytest.approx(2 * stats.norm.sf(abs(each.mean()) / stats.sem(each)))


def test_a_class_counts_only_its_own_cases_and_an_area_the_fewer():
    table, right = made(1)
    sensitivity = subgroup_figures(table, "sensitivity 1", FIRST)
    assert sensitivity.counted == 15
    assert dict(sensitivity.figures)["AI", ""].value == pytest.approx(right["AI", ""][1:30:2].mean())
    assert subgroup_figures(table, "AUC 1", np.arange(9)).counted == 4


def test_with_fixed_readers_two_subgroups_differ_as_welch_has_it():
    table, right = made(2)
    (effect,) = difference_between(table, "accuracy", FIRST, SECOND)
    each = gaps(right, 2).mean(axis=0)
    welch = stats.ttest_ind(each[FIRST], each[SECOND], equal_var=False)
    assert effect.estimate.value == pytest.approx(each[FIRST].mean() - each[SECOND].mean())
    assert effect.estimate.value / effect.estimate.se == pytest.approx(welch.statistic)
    assert effect.p == pytest.approx(2 * stats.norm.sf(abs(welch.statistic)))
    assert "these readers only" in effect.estimate.method


def test_with_random_readers_two_subgroups_differ_by_the_formula_of_nested_cases():
    table, right = made(4)
    (effect,) = difference_between(table, "accuracy", FIRST, SECOND)
    psi = gaps(right, 4)
    theta = np.array([psi[:, FIRST].mean(axis=1), psi[:, SECOND].mean(axis=1)])
    apart = theta[0] - theta[1]
    ms = np.var(apart, ddof=1) / 2  # of treatment x reader with two treatments
    off = ~np.eye(4, dtype=bool)
    cov2 = np.mean([np.cov(psi[:, at])[off].mean() / len(at) for at in (FIRST, SECOND)])
    d = ms + 4 * max(cov2, 0.0)
    se, df = np.sqrt(2 * d / 4), d**2 * 3 / ms**2
    assert effect.estimate.value == pytest.approx(apart.mean())
    assert effect.estimate.se == pytest.approx(se)
    assert effect.estimate.ci == pytest.approx(tuple(apart.mean() + stats.t.ppf([0.025, 0.975], df) * se))
    assert effect.p == pytest.approx(2 * stats.t.sf(abs(apart.mean()) / se, df))


def test_aided_minus_unaided_is_compared_between_subgroups_too():
    table, right = made(2, arms=("unaided", "aided"))
    found = subgroup_figures(table, "accuracy", SECOND)
    each = np.mean([right[f"r{k}", "aided"] - right[f"r{k}", "unaided"] for k in range(2)], axis=0)
    (aided,) = [effect for effect in found.effects if not effect.arm]
    assert aided.estimate.value == pytest.approx(each[SECOND].mean())
    (apart,) = [one for one in difference_between(table, "accuracy", FIRST, SECOND) if not one.arm]
    welch = stats.ttest_ind(each[FIRST], each[SECOND], equal_var=False)
    assert apart.estimate.value / apart.estimate.se == pytest.approx(welch.statistic)


def test_readers_who_agree_in_a_subgroup_do_not_make_its_interval_narrower_than_its_cases_do():
    """Three readers, each wrong on other cases: alike, and negatively correlated; random readers would be too sure."""
    lines = ["reader,group,case,truth,prediction"]
    wrong = {name: {k, k + 3} for k, name in enumerate(("a", "b", "c"))}
    lines += [f"{name},g,{at},{at % 2},{at % 2 if at not in wrong[name] else 1 - at % 2}" for at in range(20)
              for name in wrong]  # fmt: skip
    table = table_from_text("\n".join(lines))
    (_, part), = subgroup_figures(table, "accuracy", np.arange(12)).figures  # fmt: skip
    assert part.value == pytest.approx(10 / 12)
    one = np.var([0, 0] + [1] * 10, ddof=1) / 12  # each reader's variance over cases; the covariances are negative
    assert part.se == pytest.approx(np.sqrt(one / 3))
    assert "effective number of reads" in part.method


def test_a_true_difference_is_found_and_none_is_not_made_up():
    """The AI is 30 points better in the first subgroup: seen; with the halves mixed, p is flat over many draws."""
    table, _ = made(6)
    (effect,) = difference_between(table, "accuracy", FIRST, SECOND)
    assert effect.estimate.value > 0.1
    rng = np.random.default_rng(1)
    low = 0
    for _ in range(200):
        mixed = rng.permutation(CASES)
        (one,) = difference_between(table, "accuracy", np.sort(mixed[:30]), np.sort(mixed[30:]))
        low += one.p is not None and one.p < 0.05
    assert low <= 20  # 10 expected; 21 or more has a chance of 1 in 1000


def test_subgroups_that_share_a_case_are_not_compared_and_none_that_lack_a_figure():
    table, _ = made(2)
    with pytest.raises(StatsError, match="in both subgroups"):
        difference_between(table, "accuracy", FIRST, np.arange(20, 60))
    odd, even = np.arange(1, 30, 2), np.arange(30, 60, 2)
    (effect,) = difference_between(table, "sensitivity 1", odd, even)
    assert effect.estimate.value is None
    assert effect.estimate.reason
