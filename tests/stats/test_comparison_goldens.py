"""AI against readers, pairs, agreement, power and times agree with RJafroc and R."""

from typing import Any

import numpy as np
import pytest

from core.stats.agreement import agreement, cochran_q, cohen_kappa, gwet_ac1, krippendorff_alpha
from core.stats.confusion import class_figures, counts, figure_cells
from core.stats.figures import Cells, auc_cells
from core.stats.intervals import clopper_pearson, wilson
from core.stats.mrmc import mrmc
from core.stats.obuchowski_rockette import single_test
from core.stats.pairs import holm, paired_areas, paired_proportions
from core.stats.power import PowerInputs, cases_needed, inputs_of, power
from core.stats.roc import auc_estimates, hand_till
from core.stats.standalone import ai_against_readers, standalone
from core.stats.times import group_ratio, paired_times
from tests.stats.goldens import NAMES, close, reference, study, three_classes

READERS = {"all": [1, 2, 3, 4, 5, 6], "novices": [1, 2, 3], "experts": [4, 5, 6]}
OPTIONS: dict[str, Any] = {"RRRC": ("random", "random"), "FRRC": ("fixed", "random"), "RRFC": ("random", "fixed")}


@pytest.mark.parametrize("who", READERS)
@pytest.mark.parametrize("cases", ["random", "fixed"])
def test_the_ai_against_readers_is_rjafrocs_single_treatment_analysis(who: str, cases: Any):
    _, scores, truth, _ = three_classes()
    expected = reference(f"rjafroc__syn_ai_{who}__CadVsRad__1T-RR{'RC' if cases == 'random' else 'FC'}")
    at = READERS[who]
    found = standalone(scores[0, :, 2], scores[at, :, 2], truth == 2, cases_as=cases)
    assert found.se is not None
    close(found.ai, expected["fomCAD"])
    close(found.readers, expected["avgRadFom"])
    close(-found.difference, expected["avgDiffFom"])
    close(found.ms, expected["varR"])
    close(found.var, expected.get("varError"))
    close(found.cov2, expected.get("cov2"))
    close(-found.difference / found.se, expected["Tstat"])
    close(found.df, expected["df"])
    close(found.p, expected["pval"])
    close(-found.ci[1], expected["CIAvgDiffFom"][0])
    close(-found.ci[0], expected["CIAvgDiffFom"][1])


@pytest.mark.parametrize("who", READERS)
def test_two_treatments_with_the_ai_as_one_give_the_same(who: str):
    _, scores, truth, _ = three_classes()
    expected = reference(f"rjafroc__syn_ai_{who}__CadVsRad__2T-RRRC")
    at = READERS[who]
    found = standalone(scores[0, :, 2], scores[at, :, 2], truth == 2)
    row = expected["ciDiffFom"][0]
    close(found.se, row["StdErr"])
    close(found.df, expected["df"])
    close(found.p, expected["pval"])
    cells = auc_cells(scores[[0, *at], :, 2], truth == 2)
    readers = single_test(cells.theta[1:], cells.cov[1:, 1:], readers="random")
    close(readers.se, expected["ciAvgRdrEachTrt"][1]["StdErr"])
    close(readers.df, expected["ciAvgRdrEachTrt"][1]["DF"])
    close(np.sqrt(cells.cov[0, 0]), expected["ciAvgRdrEachTrt"][0]["StdErr"])


@pytest.mark.parametrize("name", ["accuracy", "balanced_accuracy", "macro_f1", "kappa", "kappa_quadratic"])
def test_any_figure_of_merit_by_jackknife(name: str):
    prediction, _, truth, _ = three_classes()
    expected = reference("googlehealth__syn_ai__multiclass_foms")[name]
    cells = figure_cells(truth, prediction, {"macro_f1": "macro F1"}.get(name, name.replace("_", " ")), classes=3)
    for value, wanted in zip(cells.theta, expected["theta"], strict=True):
        close(value, wanted)
    for value, wanted in zip(cells.cov.ravel(), np.ravel(expected["cov"]), strict=True):
        close(value, float(wanted))
    found = ai_against_readers(Cells(cells.theta, cells.cov, None, cells.bounds), margin=0.05)
    for value, key in (
        (found.difference, "effect"), (found.se, "se"), (found.df, "df"), (found.p, "p"), (found.ci[0], "ci"),
        (found.p_noninferior, "p_ni_margin05"),
    ):  # fmt: skip
        close(value, expected[key] if key != "ci" else expected[key][0])


@pytest.mark.parametrize("figure", ["accuracy", "sens_covid", "spec_covid", "sens_cap"])
def test_mcnemar_is_rs(figure: str):
    prediction, _, truth, _ = three_classes()
    target = {"sens_covid": 2, "spec_covid": 2, "sens_cap": 1}.get(figure)
    counted = {"accuracy": truth >= 0, "spec_covid": truth != 2}.get(figure, truth == target)
    right = prediction == truth if target is None else (prediction == target) == (truth == target)
    for i, name in enumerate(NAMES[1:], 1):
        expected = reference("simple_tests")["mcnemar"][figure][name]
        found = paired_proportions(right[0, counted], right[i, counted])
        assert (found.n, found.both, found.only_a, found.only_b, found.neither) == tuple(
            expected[key] for key in ("n", "both", "ai_only", "reader_only", "neither")
        )
        close(found.p_exact, expected["p_exact"])
        close(found.p_midp, expected["p_midp"])
        close(found.p_score, expected["p_chi2"])


def test_intervals_are_rs():
    for row in reference("simple_tests")["binom_ci"]:
        for method, key in ((wilson, "wilson"), (clopper_pearson, "cp")):
            low, high = method(np.array([row["x"]]), np.array([row["n"]]))
            close(low[0], row[key][0])
            close(high[0], row[key][1])


@pytest.mark.parametrize("target", [0, 1, 2])
def test_delong_is_procs(target: int):
    _, scores, truth, _ = three_classes()
    expected = reference("simple_tests")["delong"][f"class{target}"]
    for found, a, v, ci in zip(
        auc_estimates(scores[:, :, target], truth == target),
        expected["auc"],
        expected["var"],
        expected["ci"],
        strict=True,
    ):
        close(found.value, a)
        close(found.se**2, v)
        close(found.ci[0], ci[0])
        close(found.ci[1], ci[2])
    for i, name in enumerate(NAMES[1:], 1):
        pair, wanted = (
            paired_areas(scores[0, :, target], scores[i, :, target], truth == target),
            expected["tests"][name],
        )
        close(pair.z, wanted["z"])
        close(pair.p, wanted["p"])
        close(pair.ci[0], wanted["ci"][0])
        close(pair.ci[1], wanted["ci"][1])


def test_hand_and_till_is_rs_and_scikit_learns():
    from sklearn.metrics import roc_auc_score

    _, scores, truth, _ = three_classes()
    for i, wanted in enumerate(reference("simple_tests")["hand_till_auc"]):
        close(hand_till(scores[i], truth).value, wanted)
    whole = scores[0] / scores[0].sum(axis=1, keepdims=True)
    assert hand_till(whole, truth).value == pytest.approx(
        roc_auc_score(truth, whole, multi_class="ovo", average="macro"), rel=1e-12
    )


def test_kappas_with_the_truth_are_rs():
    prediction, _, truth, _ = three_classes()
    for i, name in enumerate(NAMES):
        expected = reference("simple_tests")["kappa_truth_v_reader"][name]
        table = counts(truth, prediction[i : i + 1], 3)[0, :, :3]
        assert table.tolist() == expected["table"]
        for weights, key in ((None, "unweighted"), ("linear", "linear"), ("quadratic", "quadratic")):
            found = cohen_kappa(table, weights=weights)
            close(found.value, expected[f"vcd_{key}"][0])
            close(found.se, expected[f"vcd_{key}"][1])


def test_agreement_of_many_readers_is_rs():
    prediction, _, truth, _ = three_classes()
    expected = reference("simple_tests")
    found, wanted = agreement(prediction[1:], truth, classes=3, readers=NAMES[1:]), expected["multi_rater"]
    close(found.fleiss.value, wanted["fleiss"])
    close(found.light, wanted["light"])
    ac1 = wanted["gwet_ac1"][0]
    close(found.observed, ac1["pa"])
    close(found.ac1.value, (ac1["pa"] - ac1["pe"]) / (1 - ac1["pe"]))
    assert found.ac1.se == pytest.approx(ac1["coeff.se"], abs=5e-6)
    assert found.fleiss.se == pytest.approx(wanted["fleiss_cac"][0]["coeff.se"], abs=5e-6)
    # irrCAC's alpha; irr's .550874 counts the reads once for every pair of readers
    assert found.alpha.value == pytest.approx(wanted["kripp_cac"][0]["coeff.val"], abs=5e-6)
    close(found.cochran_q.q, expected["cochran_q"]["readers"]["Q"])
    close(found.cochran_q.p, expected["cochran_q"]["readers"]["p"])
    close(cochran_q(prediction == truth).q, expected["cochran_q"]["with_ai"]["Q"])
    close(cochran_q(prediction == truth).p, expected["cochran_q"]["with_ai"]["p"])


def test_alpha_and_ac1_of_a_table_done_by_hand():
    table = np.array([[2.0, 0], [1, 1], [0, 2]])  # two readers, three cases
    assert krippendorff_alpha(table).value == pytest.approx(1 - 5 * 2 / 18)
    assert gwet_ac1(table).value == pytest.approx((2 / 3 - 0.5) / 0.5)


def test_holm_is_rs_and_statsmodels():
    from statsmodels.stats.multitest import multipletests

    expected = reference("simple_tests")["p_adjust"]
    for found, wanted in zip(holm(expected["p"]), expected["holm"], strict=True):
        close(found, wanted)
    assert holm(expected["p"]) == pytest.approx(tuple(multipletests(expected["p"], method="holm")[1]))
    assert holm([0.01, None, 0.04]) == (0.02, None, 0.04)


def test_figures_of_each_class_are_carets():
    prediction, _, truth, _ = three_classes()
    figures = class_figures(counts(truth, prediction, 3), ("0", "1", "2"))
    for i, name in enumerate(NAMES):
        for found, wanted in zip(figures[i], reference("simple_tests")["caret"][name]["byClass"], strict=True):
            close(found.sensitivity.value, wanted["Sensitivity"])
            close(found.specificity.value, wanted["Specificity"])
            close(found.ppv.value, wanted["Pos Pred Value"])
            close(found.npv.value, wanted["Neg Pred Value"])
            close(found.f1.value, wanted["F1"])
            close(found.prevalence, wanted["Prevalence"])


def test_times_are_rs():
    seconds = three_classes()[3]
    expected = reference("simple_tests")["time"]
    for i, name in enumerate(NAMES[1:], 1):
        found, logs = paired_times(seconds[0], seconds[i]), expected["t_log"][name]
        close(found.wilcoxon_v, expected["wilcoxon_paired"][name]["V"])
        close(found.wilcoxon_p, expected["wilcoxon_paired"][name]["p"])
        close(found.ratio, logs["ratio"])
        close(found.ci[0], logs["ratio_ci"][0])
        close(found.p, logs["p"])
    group = expected["lmm_log_group"]["coef"][1]
    found = group_ratio(seconds[4:], seconds[1:4])
    close(np.log(found.ratio), group["Estimate"])
    close(found.p, group["Pr(>|t|)"], relative=1e-6)  # R's degrees of freedom are 3.99999755 there, 4 by theory


def test_power_from_components_is_rjafrocs():
    expected = reference("rjafroc__samplesize")["from_varcomp"]
    v = expected["varcomp"]
    inputs = PowerInputs(v["KStar"], v["VarTR"], v["Var"], v["Cov1"], v["Cov2"], v["Cov3"])
    for option, (readers, cases) in OPTIONS.items():
        found = power(
            inputs,
            effect=expected["effect"],
            readers=expected["J"],
            cases=expected["K"],
            readers_as=readers,
            cases_as=cases,
        )
        wanted = expected[option][0]
        close(found.power, wanted[f"power{option}"])
        close(found.noncentrality, wanted[f"ncp{option}"])
        close(found.df2, wanted.get(f"df2{option}"))
        close(found.critical, wanted.get(f"f{option}", wanted.get(f"chsq{option}")))


def test_power_from_a_pilot_is_rjafrocs():
    """R sums the noncentral beta only to 1e-9, so power itself agrees to 3e-9 and not always to 1e-9."""
    table = study("syn_2x5_ordinal")
    inputs = inputs_of(mrmc(table.values, table.truth), cases=len(table.cases))
    rows = [row for row in reference("rjafroc__samplesize")["from_data"] if row["data"] == "syn_2x5_ordinal"]
    assert len(rows) == 18
    for row in rows:
        readers, cases = OPTIONS[row["option"]]
        plan = {"effect": row["effect"], "readers": row["J"], "readers_as": readers, "cases_as": cases}
        found = power(inputs, cases=120, **plan)
        close(found.noncentrality, row["ncp_K120"])
        close(found.df2, row["df2_K120"])
        close(found.power, row["power_at_J_K120"], relative=3e-9)
        needed = cases_needed(inputs, **plan)
        assert needed is not None
        assert needed.cases == row["K_for_80pct"]
        close(needed.power, row["power_at_K"], relative=3e-9)
