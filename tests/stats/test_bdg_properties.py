"""BDG and clustered analyses of any study, degenerate ones too: numbers or reasons, never NaN; no order matters."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.cli.show import as_json, bdg_json, mrmc_json
from core.stats.bdg import bdg
from core.stats.estimate import StatsError
from core.stats.mrmc import mrmc
from tests.stats.test_properties import studies

quick = settings(max_examples=60, deadline=None)


def numbers_or_reasons(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        if row["ci"] is None or row.get("se") is None:
            assert row["reason"], row
        if row["ci"] is not None:
            low, high = row["ci"]
            assert -1 <= low <= high <= 1, row


@quick
@given(studies(), st.sampled_from(["ustat", "mle", "centred"]))
def test_bdg_gives_numbers_or_reasons(data, estimator):
    ratings, truth = data
    try:
        found = bdg(ratings, truth, estimator=estimator)
    except StatsError:
        return
    plain = json.loads(as_json(bdg_json(found)))  # refuses NaN
    numbers_or_reasons(plain["treatments"] + plain["differences"] + plain["reader_figures"])


@quick
@given(studies(), st.integers(0, 1000))
def test_order_relabelling_and_monotone_ratings_change_nothing(data, seed):
    ratings, truth = data
    rng = np.random.default_rng(seed)
    j, k = rng.permutation(ratings.shape[1]), rng.permutation(truth.size)
    try:
        one = bdg(ratings, truth)
    except StatsError:
        return
    turned = bdg(ratings[:, j][:, :, k], truth[k]), bdg(np.exp(ratings / 9) - 3, truth), bdg(-ratings, ~truth)
    for other in turned:
        for a, b in zip((*one.treatments, *one.differences), (*other.treatments, *other.differences), strict=True):
            assert a.estimate == pytest.approx(b.estimate, abs=1e-12)
            assert (a.variance is None) == (b.variance is None)
            if a.variance is not None:
                assert a.variance == pytest.approx(b.variance, abs=1e-12)


@quick
@given(studies(), st.integers(1, 8), st.sampled_from(["auc", "accuracy"]), st.sampled_from(["random", "fixed"]))
def test_clustered_analyses_give_numbers_or_reasons(data, clusters, metric, readers):
    ratings, truth = data
    codes = np.arange(truth.size) % clusters
    try:
        found = mrmc(ratings, truth, metric=metric, readers=readers, threshold=2.0, clusters=codes)
    except StatsError:
        return
    plain = json.loads(as_json(mrmc_json(found)))
    numbers_or_reasons(plain["treatments"] + plain["differences"])
