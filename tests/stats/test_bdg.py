"""BDG variances agree with iMRMC in crossed, split-plot and incomplete designs; centred ones with a plain script."""

from typing import Any

import numpy as np
import pytest

from core.stats.bdg import BdgArea, bdg
from core.stats.mrmc import mrmc
from tests.stats.goldens import close, reference, study

DATA = ("crossed", "splitplot", "missing", "lacking", "lacking_negative", "many")


def analysed(data: str, estimator: Any) -> Any:
    table = study(f"imrmc2_{data}")
    return bdg(table.values, table.truth, estimator=estimator, treatment_names=table.treatments,
               reader_names=table.readers)  # fmt: skip


def same(found: BdgArea, row: dict[str, Any]) -> None:
    close(found.estimate, row["estimate"])
    close(found.variance, row["variance"])
    close(found.se, row["se"])
    close(found.df, row["df_bdg"])
    tested = row.get("t_unrounded_df", row) or {}
    close(found.p, tested.get("p"))
    close((found.uncut or found.ci or (None,))[0], tested.get("low"))
    close((found.uncut or found.ci or (None, None))[1], tested.get("high"))
    if row["se"] is None:
        assert found.se is None
        assert "negative" in str(found.reason)


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("kind", ["Ustat", "MLE", "centred"])
def test_every_figure_is_the_programs(data: str, kind: str):
    expected = reference(f"centred2__{data}") if kind == "centred" else reference(f"imrmc2__{data}")[kind]
    found = analysed(data, kind.lower())
    for treatment, row in zip(found.treatments, expected["modalities"], strict=True):
        assert treatment.a == str(row["modality"])
        same(treatment, row)
        for got, key in (
            (treatment.readers, "n_readers"),
            (treatment.positives, "n_positive"),
            (treatment.negatives, "n_negative"),
        ):
            assert got == row.get(key, got)
    for difference, row in zip(found.differences, expected["differences"], strict=True):
        assert (difference.a, difference.b) == (str(row["a"]), str(row["b"]))
        same(difference, row)


@pytest.mark.parametrize("data", DATA)
def test_each_reader_alone_is_imrmcs(data: str):
    found = {(who, one.a, one.b): one for who, one in analysed(data, "ustat").readers}
    for row in reference(f"imrmc2__{data}")["readers_Ustat"]:
        one = found[str(row["reader"]), str(row["a"]), None if row["b"] is None else str(row["b"])]
        close(one.estimate, row["auc_a"] if row["b"] is None else row["difference"])
        close(one.variance, row["variance_a"] if row["b"] is None else row["variance"])


def test_centring_changes_nothing_where_every_case_was_read():
    plain, centred = analysed("crossed", "ustat"), analysed("crossed", "centred")
    for treatment, other in zip(
        (*plain.treatments, *plain.differences), (*centred.treatments, *centred.differences), strict=True
    ):
        close(treatment.variance, other.variance)


def test_order_of_readers_and_cases_does_not_matter():
    table, rng = study("imrmc2_missing"), np.random.default_rng(1)
    one = bdg(table.values, table.truth).differences[0]
    j, k = rng.permutation(len(table.readers)), rng.permutation(len(table.cases))
    other = bdg(table.values[:, j][:, :, k], table.truth[k]).differences[0]
    close(other.variance, one.variance)
    close(other.df, one.df)


def test_a_crossed_study_has_the_variance_of_unbiased_covariances():
    table = study("imrmc2_crossed")
    found, other = bdg(table.values, table.truth).differences[0], mrmc(table.values, table.truth, covariance="unbiased")
    close(found.se, other.differences[0].se)
