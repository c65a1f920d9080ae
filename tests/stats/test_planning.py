"""Planning: the formulas against the ones they extend, against simulation, and against counting."""

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from core.stats.components import hanley_mcneil, of_interval, of_proportions, published
from core.stats.estimate import StatsError
from core.stats.exact_planning import goal_power, mcnemar_power
from core.stats.mrmc import mrmc
from core.stats.pairs import mcnemar
from core.stats.planning import cases_for_power, co_primary, power_of
from core.stats.power import PowerInputs, power
from core.stats.power_by_simulation import Test as Planned
from core.stats.power_by_simulation import simulated_power
from core.stats.roe_metz import STRUCTURES
from core.stats.simulation import Plan, study
from tests.stats.test_commands import program  # noqa: F401 - a fixture

INPUTS = PowerInputs(114, 0.0002, 0.0008, 0.00035, 0.00034, 0.00024)


@pytest.mark.parametrize("readers_as", ["random", "fixed"])
def test_one_block_without_a_margin_is_the_plain_plan(readers_as):
    whole = power(INPUTS, effect=0.05, readers=8, cases=200, readers_as=readers_as)
    found = power_of(INPUTS, effect=0.05, readers=8, cases=200, readers_as=readers_as)
    assert found.power == pytest.approx(whole.power, abs=1e-9)
    assert found.df == (None if readers_as == "fixed" else pytest.approx(whole.df2))


@pytest.mark.parametrize(("test", "blocks"), [
    (Planned(margin=0.05), 1), (Planned(margin=0.05, blocks=2), 2), (Planned(margin=0.05, blocks=2, method="bdg"), 2),
])  # fmt: skip
def test_non_inferiority_and_split_plot_have_the_power_that_simulation_gives(test: Planned, blocks: int):
    plan, rng = Plan((0.855, 0.855), 6, 60, 60, STRUCTURES["HL"]), np.random.default_rng(1)
    parts = []
    for _ in range(40):
        drawn = study(plan, seed=rng)
        c = mrmc(drawn.ratings, drawn.truth, covariance="delong").components
        parts.append((c.var_tr, c.var, c.cov1, c.cov2, c.cov3))
    inputs = PowerInputs(120, *np.mean(parts, axis=0).tolist())
    expected = power_of(inputs, effect=0.0, margin=0.05, readers=6, cases=120, blocks=blocks).power
    found = simulated_power(plan, test, repeats=100, seed=3).rate
    assert found.ci[0] - 0.02 < expected < found.ci[1] + 0.02


def test_fewest_cases_reach_the_power_and_one_less_does_not():
    need = cases_for_power(INPUTS, effect=0.0, margin=0.05, readers=6)
    assert need.power >= 0.8 > power_of(INPUTS, effect=0.0, margin=0.05, readers=6, cases=need.cases - 1).power
    assert cases_for_power(INPUTS, effect=0.001, readers=4) is None


def test_mcnemars_power_is_the_sum_over_all_tables():
    n, a, b = 12, 0.4, 0.1
    total = 0.0
    for x, y in product(range(n + 1), repeat=2):
        if x + y <= n and mcnemar(x, y)[0] <= 0.05:
            ways = np.prod([*range(1, n + 1)]) / np.prod([*range(1, x + 1)]) / np.prod([*range(1, y + 1)])
            ways /= np.prod([*range(1, n - x - y + 1)])
            total += ways * a**x * b**y * (1 - a - b) ** (n - x - y)
    assert mcnemar_power(a, b, cases=n) == pytest.approx(total, rel=1e-9)
    assert mcnemar_power(0.2, 0.2, cases=200) < 0.05  # the size


def test_power_against_a_goal_is_the_binomial_tail():
    assert goal_power(0.95, 0.8, cases=59) == pytest.approx(0.9230, abs=0.06)
    assert goal_power(0.9, 0.8, cases=3) == 0.0  # three of three is not enough: .8 ** 3 > .025
    with pytest.raises(StatsError, match="goal must lie"):
        goal_power(0.7, 0.8, cases=50)


def test_co_primary_power_is_bounded_by_its_endpoints():
    one = power_of(INPUTS, effect=0.05, readers=6, cases=200)
    other = power_of(INPUTS, effect=0.03, readers=6, cases=200)
    both = co_primary((("sensitivity", one), ("specificity", other)))
    assert both.at_least <= both.independent <= min(one.power, other.power)
    assert both.independent == pytest.approx(one.power * other.power)


def test_published_figures_give_back_what_they_were_made_from():
    theta = np.array([[0.80, 0.82, 0.85], [0.84, 0.83, 0.90]])
    found = published(theta, positives=50, negatives=60)
    assert found.var == pytest.approx(hanley_mcneil(theta, 50, 60).mean())
    interval = of_interval((-0.01, 0.07), readers=5, cases=100, df=20.0)
    again = power_of(interval, effect=0.03, readers=5, cases=100)
    assert again.df == pytest.approx(20.0)
    assert again.se * 2.0859634 == pytest.approx(0.04, rel=1e-6)
    assert of_proportions(0.8, 0.8, cases=100, correlations=(0.5, 0.3, 0.2)).cov1 == pytest.approx(0.0008)


def test_the_size_of_a_localisation_test_is_near_its_level():
    plan = Plan((0.8, 0.8), 4, 30, 30, STRUCTURES["HL"])
    found = simulated_power(plan, Planned("wafroc"), repeats=60, seed=5)
    assert found.failed < 3
    assert found.rate.ci[0] < 0.07
    assert simulated_power(Plan((0.7, 0.9), 4, 40, 40, STRUCTURES["HL"]), Planned("wafroc"), repeats=30,
                           seed=6).rate.value > 0.5  # fmt: skip


def test_the_commands_plan_and_refuse_in_one_sentence(program, tmp_path: Path):  # noqa: F811
    parts = ("--var-tr", 0.0002, "--var", 0.0008, "--cov1", 0.00035, "--cov2", 0.00034, "--cov3", 0.00024,
             "--cases-star", 114)  # fmt: skip
    code, out, _ = program("power", "--effect", 0, "--margin", 0.05, "--blocks", 2, "--readers", "6,8", "--cases", 200,
                           *parts, "--json")  # fmt: skip
    plans = json.loads(out)["plans"]
    assert (code, len(plans)) == (0, 2)
    assert plans[0]["now"]["reads"] == 100
    table = tmp_path / "published.csv"
    table.write_text("reader,treatment,estimate\n" + "\n".join(
        f"{r},{t},{0.8 + 0.02 * r + 0.03 * t}" for r in (1, 2, 3) for t in (0, 1)))  # fmt: skip
    code, out, _ = program("power", "--effect", 0.04, "--readers", "6", "--published", table, "--positives", 50,
                           "--negatives", 50, "--json")  # fmt: skip
    assert code == 0
    assert json.loads(out)["plans"][0]["cases_needed"] > 10
    code, out, _ = program("power", "--effect", 0.04, "--readers", "6", "--interval=-0.01,0.07", "--pilot-readers", 5,
                           "--cases-star", 100)  # fmt: skip
    assert code == 0
    code, out, _ = program("power-binary", "--sensitivity", "0.80,0.90", "--specificity", "0.85,0.85",
                           "--specificity-margin", 0.05, "--json")  # fmt: skip
    found = json.loads(out)
    assert (code, [one["endpoint"] for one in found["endpoints"]]) == (0, ["sensitivity", "specificity"])
    assert found["co_primary"]["at_least"] <= found["co_primary"]["independent"]
    for wrong, words in (
        (("power", "--effect", 0, "--margin", -1, *parts), "margin"),
        (("power", "--effect", -0.1, "--margin", 0.05, *parts), "as bad as the margin"),
        (("power", "--effect", 0.1, "--blocks", 4, "--readers", "6", *parts), "do not divide"),
        (("power", "--effect", 0.1, "--interval", "3"), "two numbers"),
        (("power-binary",), "--sensitivity OLD,NEW"),
        (("power-binary", "--sensitivity", "0.8,1.2"), "between 0 and 1"),
        (("simulate", "--figure", "wafro"), "Choose a figure"),
        (("simulate", "--figure", "sensitivity"), "threshold"),
        (("simulate", "--method", "bdg", "--figure", "wafroc"), "bdg compares areas"),
    ):
        code, _, said = program(*wrong)
        assert (code, words in said) == (2, True), (wrong, said)
