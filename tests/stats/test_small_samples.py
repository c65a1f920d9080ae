"""Intervals of proportions over readers hold in small samples: 93 to 97 %, or the figure is flagged."""

import numpy as np
import pytest

from core.stats.analyse import analyse
from core.stats.coverage import coverage
from core.stats.intervals import wilson
from core.stats.obuchowski_rockette import single_test
from core.stats.reads import table_from_text
from core.stats.small_samples import NARROW, WIDE, difference_flag, flag, proportion_mean, share_flag
from tests.stats.goldens import long_table

NOISE = 0.012  # 3 standard errors of a share of .95 in 3,000 draws


@pytest.mark.parametrize(("readers", "cases"), [((2, 5, 10), (20, 50)), ((3,), (30, 200))])
def test_coverage_is_93_to_97_percent_or_the_cell_is_flagged(readers, cases):
    rows = list(coverage(readers=readers, cases=cases, shares=(0.5, 0.8, 0.95), draws=3000, seed=7))
    assert {row.what for row in rows} == {"fixed", "random", "switches", "ai fixed", "ai random"}
    for row in rows:
        assert (row.flag and row.what.startswith("ai")) or row.coverage > 0.93 - NOISE, row
        assert row.flag or row.coverage < 0.97 + NOISE, row


def test_a_normal_interval_covers_far_less_where_few_are_wrong():
    """What the small-sample interval replaced: 19 cases at a proportion of .95."""
    rng, held, plain = np.random.default_rng(1), 0, 0
    for _ in range(1500):
        right = (rng.normal(size=(2, 19)) + rng.normal(0, 0.7, 19) < 1.645 * np.sqrt(1.49)).astype(float)
        theta, cov = right.mean(axis=1), np.cov(right) / 19
        new = proportion_mean(theta, cov, n=19, readers="fixed", treatment="")
        old = single_test(theta, cov, readers="fixed").ci
        held += new.ci is not None and new.ci[0] <= 0.95 <= new.ci[1]
        plain += old is not None and old[0] <= 0.95 <= old[1]
    assert held / 1500 > 0.93
    assert plain / 1500 < 0.85


def test_one_reader_alone_has_wilsons_interval():
    right = np.arange(30) < 24
    cov = np.array([[right.var(ddof=1) / 30]])
    found = proportion_mean(np.array([0.8]), cov, n=30, readers="fixed", treatment="")
    low, high = wilson(np.array([24.0]), np.array([30.0]))
    assert found.ci == pytest.approx((low[0], high[0]), abs=1e-12)


def test_all_right_has_an_interval_as_wide_as_the_cases_allow():
    found = proportion_mean(np.ones(3), np.zeros((3, 3)), n=20, readers="fixed", treatment="")
    assert found.reason is None
    assert found.ci is not None
    assert found.ci[1] == 1.0
    assert 0.75 < found.ci[0] < 0.9


def test_means_of_groups_name_their_method_and_flag_few_reads():
    found = analyse(table_from_text(long_table()))
    figures = {figure.figure: figure for figure in found.groups[0].figures}
    assert "Wilson" in figures["accuracy"].method
    assert "single test" in figures["AUC 1"].method
    assert flag(readers="fixed", r=2, n=20, p=0.95) == WIDE
    assert flag(readers="fixed", r=5, n=100, p=0.9) == ""
    assert difference_flag(50, 0.9, readers="fixed", r=5) == NARROW
    assert difference_flag(200, 0.9, readers="random", r=3) == NARROW
    assert difference_flag(200, 0.9, readers="random", r=5) == share_flag(200, 0.9) == ""
    contests = [contest for contest in found.ai_with_groups if contest.figure == "accuracy" and contest.readers == 2]
    assert all(
        (each.flag == NARROW) == (each.cases * min(each.result.ai, 1 - each.result.ai) < 12) for each in contests
    )
