"""Agreement of measurements: textbook numbers, brute force, and a number or a reason for any data."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.cli.show import as_json
from core.stats.estimate import StatsError, to_plain
from core.stats.measurements import bland_altman, icc, measured
from tests.stats.test_commands import program  # noqa: F401 - a fixture

# Shrout & Fleiss 1979, table 2: six targets, four judges
SHROUT_FLEISS = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float).T


def test_intraclass_correlations_are_those_of_the_paper():
    agreement, consistency = icc(SHROUT_FLEISS)
    assert agreement.value == pytest.approx(0.29, abs=0.005)
    assert consistency.value == pytest.approx(0.71, abs=0.005)
    assert agreement.ci == pytest.approx((0.019, 0.761), abs=0.001)  # McGraw & Wong 1996, as R's psych and irr
    assert consistency.ci == pytest.approx((0.342, 0.946), abs=0.001)


def test_the_interval_of_the_consistency_covers_95_percent():
    rng, held = np.random.default_rng(1), 0
    for _ in range(1000):
        values = rng.normal(0, 1, 25)[None, :] + rng.normal(0, 0.7, (3, 25)) + np.array([[0.0], [0.5], [1.0]])
        low, high = icc(values)[1].ci
        held += low <= 1 / 1.49 <= high
    assert 0.93 <= held / 1000 <= 0.97


def test_limits_of_agreement_by_hand():
    rng = np.random.default_rng(2)
    a, b = rng.normal(5, 2, (30, 1)), rng.normal(4, 2, (30, 1))
    found, gap = bland_altman(a, b, "a", "b"), (a - b)[:, 0]
    assert found.bias.value == pytest.approx(gap.mean())
    assert found.upper.value - found.lower.value == pytest.approx(2 * 1.959964 * gap.std(ddof=1), rel=1e-6)
    assert not found.repeats


def test_repeats_widen_the_limits_to_those_of_single_measurements():
    """Each limit is of single measurements: the variance of means of repeats is smaller and must be corrected."""
    rng = np.random.default_rng(3)
    true = rng.normal(0, 1, (4000, 1))
    a, b = true + rng.normal(0, 0.5, (4000, 3)), true + 1 + rng.normal(0, 0.8, (4000, 2))
    found = bland_altman(a, b, "a", "b")
    spread = (found.upper.value - found.lower.value) / (2 * 1.959964)
    assert found.repeats
    assert spread == pytest.approx(np.sqrt(0.25 + 0.64), rel=0.03)


def test_kappas_of_all_pairs_are_given_for_ordered_ratings_only():
    rng = np.random.default_rng(4)
    ratings = rng.integers(1, 6, (3, 40, 1)).astype(float)
    assert len(measured(ratings, ("a", "b", "c")).kappas) == 3
    assert measured(ratings + 0.5, ("a", "b", "c")).kappas is None


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(np.float64, st.tuples(st.integers(2, 4), st.integers(1, 8), st.integers(1, 3)),
               elements=st.one_of(st.just(np.nan), st.integers(0, 3).map(float)))
)  # fmt: skip
def test_any_measurements_give_numbers_or_reasons(values):
    found = measured(values, tuple(map(str, range(len(values)))))
    plain: Any = to_plain(found)
    assert json.loads(as_json(plain))
    estimates = [found.icc_agreement, found.icc_consistency, *(one for _, one in found.within_readers)]
    estimates += [one for pair in found.limits for one in (pair.bias, pair.lower, pair.upper)]
    for estimate in (*estimates, *(one for _, _, one in found.kappas or ())):
        assert estimate.ci is not None or estimate.reason
    for estimate in estimates[:2]:
        assert estimate.ci is None or -1 <= estimate.ci[0] <= estimate.value <= estimate.ci[1] <= 1


def test_the_command_reads_repeats_and_refuses_what_it_cannot_use(program, tmp_path):  # noqa: F811
    rng, path = np.random.default_rng(5), tmp_path / "sizes.csv"
    rows = [f"{who},{case},{again},{case + rng.normal():.3f}" for who in "ab" for case in range(12) for again in (1, 2)]
    path.write_text("reader,case,repeat,rating\n" + "\n".join(rows) + "\n")
    code, out, _ = program("agreement", path, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["limits"][0]["repeats"]
    assert found["icc_agreement"]["ci"][0] < found["icc_agreement"]["value"]
    assert "ICC(3,1)" in program("agreement", path)[1]
    path.write_text(path.read_text().replace("repeat,", "again,"))
    code, _, err = program("agreement", path)
    assert code == 2
    assert "same reader, case and repeat as row 2" in err
    path.write_text("reader,case,rating\na,1,2\na,2,3\n")
    assert "only one reader" in program("agreement", path)[2]


def test_one_reader_does_not_agree_with_anybody():
    with pytest.raises(StatsError):
        measured(np.zeros((1, 4, 1)), ("a",))
