"""Designs are recognised, incomplete ones handled by the stated rule, and the rest refused in words."""

from typing import Any

import numpy as np
import pytest

from core.stats.bootstrap import two_way_bootstrap
from core.stats.designs import nested_readers, study_of
from core.stats.estimate import StatsError
from core.stats.figures import auc_cells
from core.stats.mrmc import analyse_cells, mrmc
from core.stats.roe_metz import STRUCTURES, Variances, rejection_rate, separation, simulate
from core.stats.simulation import Plan, benchmark, rejections, study_csv
from core.stats.standalone import standalone
from core.stats.table import RATING_COLUMNS, parse_rows, readings


def made(t: int = 2, r: int = 4, n: int = 40, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    found = simulate(areas=(0.8,) * t, readers=r, positives=n // 2, negatives=n // 2, seed=seed)
    return found.ratings, found.truth


def test_cases_nested_in_readers_leave_no_covariance_between_readers():
    ratings, truth = made(n=80)
    for j in range(4):
        other = np.arange(80) % 4 != j
        ratings[:, j, other] = np.nan
    found = mrmc(ratings, truth)
    assert found.design == "cases nested in readers"
    assert (found.components.cov2, found.components.cov3) == (0, 0)
    assert found.test.df2 == pytest.approx(3)
    assert found.notes == ()


def test_cases_nested_in_treatments_leave_no_covariance_between_treatments():
    ratings, truth = made(n=80)
    ratings[0, :, ::2] = np.nan
    ratings[1, :, 1::2] = np.nan
    found = mrmc(ratings, truth)
    assert found.design == "cases nested in treatments"
    assert (found.components.cov1, found.components.cov3) == (0, 0)
    assert found.components.cov2 > 0


def test_missing_readings_are_noted_and_each_figure_uses_its_own_cases():
    ratings, truth = made()
    ratings[0, 1, [3, 30]] = np.nan
    found = mrmc(ratings, truth)
    assert found.design == "factorial"
    assert "2 of 320 readings are missing" in found.notes[0]
    kept = ~np.isnan(ratings[0, 1])
    alone = auc_cells(ratings[0, 1, kept][None], truth[kept]).theta[0]
    assert dict(((t, r), v) for t, r, v in found.theta)["1", "2"] == alone


def test_a_reader_without_one_treatment_is_left_out_by_name():
    ratings, truth = made()
    ratings[1, 2] = np.nan
    found = mrmc(ratings, truth, reader_names=("Ann", "Bob", "Cy", "Di"))
    assert found.n_readers == 3
    assert "Cy" in found.notes[0]
    whole = mrmc(ratings[:, [0, 1, 3]], truth)
    assert found.test.p == pytest.approx(whole.test.p)


def test_what_cannot_be_estimated_is_refused_in_words():
    ratings, truth = made()
    change: dict[str, Any]
    for change, words in (
        ({"readers": "fixed", "cases": "fixed"}, "both fixed"),
        ({"readers": "some"}, "random or fixed"),
        ({"metric": "dice"}, "Choose a metric"),
        ({"metric": "accuracy"}, "threshold"),
    ):
        with pytest.raises(StatsError, match=words):
            mrmc(ratings, truth, **dict[str, Any](change))
    with pytest.raises(StatsError, match="only one treatment"):
        mrmc(ratings[:1], truth)
    with pytest.raises(StatsError, match="no case is negative"):
        mrmc(ratings, np.ones_like(truth))
    with pytest.raises(StatsError, match="use fixed readers"):
        mrmc(ratings[:, :1], truth)
    apart = np.full((3, 3, 40), np.nan)  # each treatment pair shares no reader, one reader has two treatments
    apart[0, 0] = apart[1, 0] = ratings[0, 0]
    apart[1, 1] = apart[2, 2] = ratings[0, 1]
    with pytest.raises(StatsError, match="No reader has readings to use in every treatment"):
        mrmc(apart, truth)
    with pytest.raises(StatsError, match="one truth a case"):
        study_of(ratings, truth[:-1])


def test_one_reader_fixed_is_delongs_test():
    from core.stats.pairs import paired_areas

    ratings, truth = made(r=1)
    found = mrmc(ratings, truth, covariance="delong", readers="fixed")
    pair = paired_areas(ratings[0, 0], ratings[1, 0], truth)
    assert found.differences[0].p == pytest.approx(pair.p, rel=1e-9)
    assert found.components.ms_tr is None


def test_any_figure_of_merit_goes_through_the_same_analysis():
    ratings, truth = made()
    cells = auc_cells(ratings.reshape(8, 40), truth)
    found = analyse_cells(cells, metric="mine", treatments=("1", "2"), readers=("1", "2", "3", "4"), n_cases=40)
    assert found.test == mrmc(ratings, truth).test


@pytest.mark.parametrize("metric", ["auc", "sensitivity", "specificity", "accuracy"])
def test_two_readers_are_fixed_and_one_is_tangos_or_delongs(metric: Any):
    ratings, truth = made(r=3)
    ai, readers = ratings[0, 0], ratings[1]
    with pytest.raises(StatsError, match="cannot stand for readers at large"):
        standalone(ai, readers[:2], truth, metric=metric, threshold=0.5, readers_as="random")
    two = standalone(ai, readers[:2], truth, metric=metric, threshold=0.5)
    assert (two.readers_as, two.df) == ("fixed", None)
    assert "nothing is said of readers at large" in two.notes[-1]
    one = standalone(ai, readers[:1], truth, metric=metric, threshold=0.5, margin=0.1)
    assert one.p_noninferior is not None
    assert ("Tango" in one.method) == (metric != "auc")
    assert standalone(ai, readers, truth, metric=metric, threshold=0.5).readers_as == "random"


def test_readers_who_are_all_alike_leave_the_variance_over_cases():
    ratings, truth = made(r=2)
    found = standalone(ratings[0, 0], np.repeat(ratings[1, :1], 3, axis=0), truth, margin=0.05)
    assert (found.ms, found.df) == (0, None)
    assert found.p is not None
    fixed = standalone(ratings[0, 0], ratings[1, :1], truth, covariance="jackknife")
    assert found.p == pytest.approx(fixed.p, rel=1e-9)
    same = standalone(ratings[0, 0], np.repeat(ratings[0, :1], 3, axis=0), truth, margin=0.05)
    assert (same.p, same.p_noninferior) == (None, None)
    assert same.reason is not None


def nested_p(rng: np.random.Generator) -> float | None:
    """Three novices against five experts of equal skill, readers varying much."""
    found = simulate(areas=(0.8,), readers=8, positives=40, negatives=60, variances=STRUCTURES["HH"], seed=rng)
    cells = auc_cells(found.ratings[0], found.truth)
    groups = np.repeat([0, 1], [3, 5])
    return nested_readers(cells.theta, groups, cells.cov, group_names=("novice", "expert")).test.p


def test_nested_readers_do_not_reject_too_often():
    found = rejection_rate(nested_p, repeats=150, seed=11)
    assert found.failed == 0
    assert found.rate.value < 0.12  # the wrong multiplier gives 27 %


@pytest.mark.slow
def test_nested_readers_have_the_size_they_should():
    found = rejection_rate(nested_p, repeats=4000, seed=12)
    assert found.failed == 0
    low, high = found.rate.ci
    assert low < 0.065
    assert high > 0.035


@pytest.mark.slow
@pytest.mark.parametrize("readers_as", ["random", "fixed"])
def test_mrmc_has_the_size_it_should(readers_as: Any):
    variances = STRUCTURES["HL"] if readers_as == "random" else Variances(0, 0, 0.3, 0.3, 0.2, 0.2)
    plan = Plan((0.855, 0.855), 5, 50, 50, variances)
    found = rejections(plan, repeats=2000, readers_as=readers_as, seed=13)
    assert 0.03 < found.rate.value < 0.07


def test_simulated_studies_have_the_areas_asked_for_and_repeat_by_seed():
    big = simulate(areas=(0.7, 0.9), readers=40, positives=400, negatives=400, seed=3)
    theta = auc_cells(big.ratings.reshape(80, 800), big.truth).theta.reshape(2, 40)
    assert theta.mean(axis=1) == pytest.approx([0.7, 0.9], abs=0.03)
    again = simulate(areas=(0.7, 0.9), readers=40, positives=400, negatives=400, seed=3)
    assert np.array_equal(big.ratings, again.ratings)
    five = simulate(areas=(0.7,), readers=2, positives=9, negatives=9, levels=5, seed=3)
    assert set(np.unique(five.ratings)) <= {1.0, 2.0, 3.0, 4.0, 5.0}
    assert separation(0.5, STRUCTURES["LL"]) == pytest.approx(0)
    for wrong in ({"areas": (1.2,)}, {"readers": 0}, {"levels": 1}, {"variances": Variances(-1, 0, 0, 0, 0, 1)}):
        given: dict[str, Any] = {"areas": (0.7,), "readers": 2, "positives": 9, "negatives": 9, "seed": 3} | wrong
        with pytest.raises(StatsError):
            simulate(**given)


def test_a_simulated_study_can_be_read_back_and_timed(tmp_path):
    plan = Plan((0.8, 0.8), 3, 12, 12, STRUCTURES["HL"])
    text = study_csv(plan, seed=4)
    table = readings(parse_rows(text, needed=RATING_COLUMNS))
    whole = simulate(areas=plan.areas, readers=3, positives=12, negatives=12, seed=4)
    assert np.allclose(table.values, whole.ratings, rtol=1e-5)
    assert np.array_equal(table.truth, whole.truth)
    assert rejections(plan, repeats=5, seed=4).repeats == 5
    (tmp_path / "study.csv").write_text(text)
    rows = benchmark(tmp_path / "study.csv", large=False)
    assert [row.covariance for row in rows][:3] == ["delong", "jackknife", "unbiased"]


def test_the_bootstrap_agrees_with_the_analysis_and_refuses_two_readers():
    found = simulate(areas=(0.85,), readers=6, positives=40, negatives=40, seed=6)
    scores, truth = found.ratings[0], found.truth

    def mean_area(readers: np.ndarray, cases: np.ndarray) -> float:
        return float(auc_cells(scores[np.ix_(readers, cases)], truth[cases], covariance="delong").theta.mean())

    groups = np.zeros(6)
    boot = two_way_bootstrap(mean_area, reader_strata=groups, case_strata=truth, repeats=200, seed=1)
    again = two_way_bootstrap(mean_area, reader_strata=groups, case_strata=truth, repeats=200, seed=1)
    assert boot == again
    assert boot.ci[0] < boot.estimate < boot.ci[1]
    with pytest.raises(StatsError, match="too few to resample"):
        two_way_bootstrap(mean_area, reader_strata=groups[:2], case_strata=truth, seed=1)


@pytest.mark.slow
def test_a_hundred_readers_and_ten_thousand_cases_fit_in_time_and_memory():
    mrmc_row, analysis = benchmark(None, large=True)[-2:]
    assert mrmc_row.cpu_s < 5
    assert mrmc_row.peak_mb < 1024
    assert analysis.cpu_s < 4  # processor seconds with the first imports; by the clock of an idle machine under 2
