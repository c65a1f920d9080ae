"""MRMC agrees with MRMCaov, RJafroc and iMRMC."""

from typing import Any

import numpy as np
import pytest

from core.stats.auc_covariance import unbiased
from core.stats.designs import study_of
from core.stats.figures import metric_cells
from core.stats.mrmc import Mrmc, mrmc
from tests.stats.goldens import close, reference, reference_names, study

METRICS: dict[str, Any] = {"binary_sens_ge3": "sensitivity", "binary_spec_ge3": "specificity"}
COVARIANCES: dict[str, Any] = {"DeLong": "delong", "none": "delong"}
FACTORS: dict[str, Any] = {"rrrc": ("random", "random"), "frrc": ("fixed", "random"), "rrfc": ("random", "fixed")}


def analysed(data: str, metric: Any, covariance: Any, factors: str) -> Mrmc:
    table = study(data)
    readers, cases = FACTORS[factors]
    return mrmc(
        table.values,
        table.truth,
        metric=METRICS.get(metric, "auc"),
        covariance=COVARIANCES.get(covariance, covariance),
        readers=readers,
        cases=cases,
        threshold=3,
        treatment_names=table.treatments,
        reader_names=table.readers,
    )


@pytest.mark.parametrize("name", reference_names("mrmcaov"))
def test_every_figure_of_mrmcaov_is_matched(name: str):
    expected = reference(name)
    found = analysed(*name.split("__")[1:])
    test = expected["test_equality"][0]
    close(found.test.value, test.get("F", test.get("X2")))
    close(found.test.df1, test.get("df1", test.get("df")))
    close(found.test.df2, test.get("df2"))
    close(found.test.p, test["p-value"])
    assert found.test.statistic == ("F" if "F" in test else "chi2")
    for d, row in zip(found.differences, expected["test_diffs"], strict=True):
        assert f"{d.a} - {d.b}" == row["Comparison"]
        same_interval(d, row)
        close(d.p, row["p-value"])
    for m, row in zip(found.treatments, expected["test_means"], strict=True):
        assert m.treatment == row["test"]
        same_interval(m, row)
        close(m.df, row.get("df"))
    c = found.components
    close(c.var, expected["var_error"])
    for value, wanted in zip((c.cov1, c.cov2, c.cov3), expected["cov123"], strict=True):
        close(value, wanted)
    for value, row in zip((c.ms_t, c.ms_r, c.ms_tr), expected["anova"], strict=True):
        close(value, row["MS"])
    for value, row in zip((c.var_r, c.var_tr), expected["vcov_comps"] or (), strict=False):
        close(value, row["Estimate"])
    figures = {(t, r): v for t, r, v in found.theta}
    for row in expected["reader_metrics"]:
        close(figures[row["treatment"], row["reader"]], row.get("empirical_auc", row.get(expected["metric"])))


def same_interval(found: Any, row: dict[str, Any]) -> None:
    close(found.estimate, row["Estimate"])
    close(found.se, row["StdErr"])
    close(found.ci[0], row["CI.Lower"])
    close(found.ci[1], row["CI.Upper"])


@pytest.mark.parametrize("name", [n for n in reference_names("mrmcaov") if n.endswith(("frrc", "rrrc"))])
def test_the_whole_covariance_matrix_of_mrmcaov_is_matched(name: str):
    expected = reference(name)
    data: str
    metric: Any
    covariance: Any
    _, data, metric, covariance, _ = name.split("__")
    table = study(data)
    t, r, n = table.values.shape
    cells = metric_cells(
        table.values.reshape(t * r, n), table.truth, threshold=3,
        metric=METRICS.get(metric, "auc"),
        covariance=COVARIANCES.get(covariance, covariance),
    )  # fmt: skip
    assert cells.cov is not None
    wanted = np.array(expected["cov_matrix"])
    assert np.all(np.abs(cells.cov - wanted) <= np.maximum(1e-12, 1e-9 * np.abs(wanted)))


@pytest.mark.parametrize("name", [n for n in reference_names("mrmcaov") if n.endswith("frrc")])
def test_differences_of_single_readers_have_mrmcaovs_standard_errors(name: str):
    """MRMCaov repeats the standard errors reader by reader under rows that run test by test: right only for two
    tests.
    """
    rows = reference(name)["reader_test_diffs"]
    found = analysed(*name.split("__")[1:]).reader_differences
    readers = list(dict.fromkeys(who for who, _ in found))
    se = {who: d.se for who, d in found}
    for k, ((who, d), row) in enumerate(zip(found, rows, strict=True)):
        assert (who, f"{d.a} - {d.b}") == (row["Reader"], row["Comparison"])
        close(d.estimate, row["Estimate"])
        close(se[readers[k % len(readers)]], row["StdErr"])


@pytest.mark.parametrize("name", reference_names("rjafroc__syn_2") + reference_names("rjafroc__syn_3"))
def test_rjafroc_is_matched(name: str):
    expected = reference(name)
    data = name.split("__")[1]
    for option, factors in (("RRRC", "rrrc"), ("FRRC", "frrc"), ("RRFC", "rrfc")):
        found, wanted = analysed(data, "auc", "jackknife", factors), expected[option][option]
        row, error = wanted["FTests"]
        close(found.test.value, row.get("FStat", row.get("F", row.get("Chisq"))))
        close(found.test.p, row["p"])
        close(found.test.df2, None if option == "FRRC" else error["DF"])
        for d, row in zip(found.differences, wanted["ciDiffTrt"], strict=True):
            close(d.estimate, row["Estimate"])
            close(d.se, row["StdErr"])
            close(d.p, row.get("PrGTt", row.get("PrGTz")))
            close(d.ci[0], row["CILower"])
        for m, row in zip(found.treatments, wanted["ciAvgRdrEachTrt"], strict=True):
            close(m.se, row["StdErr"])
            if option != "FRRC":  # RJafroc takes t with N - 1 df there, MRMCaov and we the normal
                close(m.df, row["DF"])
                close(m.ci[0], row["CILower"])
        components = {row["row"]: row["Estimates"] for row in expected[option]["ANOVA"]["VarCom"]}
        c = found.components
        for value, key in (
            (c.var_r, "VarR"), (c.var_tr, "VarTR"), (c.cov1, "Cov1"), (c.cov2, "Cov2"), (c.cov3, "Cov3"),
            (c.var, "Var"),
        ):  # fmt: skip
            close(value, components[key])
        single = expected["FRRC"]["FRRC"].get("ciDiffTrtEachRdr", ())
        if option == "FRRC":
            for (who, d), row in zip(found.reader_differences, single, strict=True):
                assert row["row"].startswith(f"rdr{who}::")
                close(d.se, row["StdErr"])
                close(d.p, row["PrGTz"])


@pytest.mark.parametrize("name", reference_names("imrmc__"))
def test_the_u_statistic_variances_of_imrmc_are_matched(name: str):
    expected = reference(name)
    table = study(name.split("__")[1])
    found = mrmc(table.values, table.truth, covariance="unbiased")
    a, b, difference = expected["Ustat"]
    for m, row in zip(found.treatments, (a, b), strict=True):
        assert m.se is not None
        close(m.estimate, row["AUCA"])
        close(m.se**2, row["varAUCA"])
    assert found.differences[0].se is not None
    close(found.differences[0].se ** 2, difference["varAUCAminusAUCB"])
    t, r, n = table.values.shape
    cov = unbiased(table.values.reshape(t * r, n), table.truth)[1]
    for row in expected["perReader"]:
        j = table.readers.index(row["readerID"])
        i = table.treatments.index(row["modalityA"])
        at = i * r + j
        close(cov[at, at], row["varAUCA"])
        if row["modalityB"] != "NO_MOD":
            other = table.treatments.index(row["modalityB"]) * r + j
            close(cov[at, at] + cov[other, other] - 2 * cov[at, other], row["varAUCAminusAUCB"])


def test_readers_in_other_groups_are_seen_as_nested():
    ratings, truth = nested_study("syn_nested_b")
    assert study_of(ratings, truth).design == "readers nested in treatments"
    fixed = mrmc(ratings, truth, readers="fixed", covariance="unbiased", treatment_names=("novice", "expert"))
    assert fixed.test.p == pytest.approx(0.325, abs=5e-4)  # not 4.9e-13, which the wrong multiplier gives
    random = mrmc(ratings, truth, covariance="unbiased", treatment_names=("novice", "expert"))
    assert random.test.df2 is not None
    assert random.differences[0].p == pytest.approx(random.test.p, rel=1e-12)
    assert fixed.differences[0].p == pytest.approx(fixed.test.p, rel=1e-12)


def nested_study(name: str) -> tuple[np.ndarray, np.ndarray]:
    import csv

    from tests.stats.goldens import FOLDER

    with (FOLDER / f"{name}.csv").open() as file:
        rows = list(csv.DictReader(file))
    readers = list(dict.fromkeys(row["reader"] for row in rows))
    ratings, truth = np.full((2, len(readers), 98), np.nan), np.zeros(98, bool)
    for row in rows:
        k = int(row["case"]) - 1
        ratings[int(row["group"] == "expert"), readers.index(row["reader"]), k] = float(row["rating"])
        truth[k] = row["truth"] == "1"
    return ratings, truth
