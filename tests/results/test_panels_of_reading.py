"""Agreement, automation bias, time, cases and the single case: every number is the statistics command's.

`python -m core analyse` gets the study's own long export; see tests.results.commanded.py.
"""

import numpy as np

from core.results.case_reads import case_reads
from core.results.draw.text import number, p_text, percent, points, starred
from core.results.panels.agreement import agreement_table, kappa_matrix, largest_set, pair_table
from core.results.panels.bias import switch_chart, switch_rows, switch_table
from core.results.panels.cases import STATES, case_map
from core.results.panels.times import drift_chart, fast_rows, fatigue_table, time_ratio_table
from core.study.words import Design
from tests.results.commanded import Case, estimate, plain


def test_agreement_page(case: Case) -> None:
    for row, said in zip(agreement_table(case.found), case.said["agreement"], strict=True):
        result = said["result"]
        assert (row["group"], row["readers"], row["cases"]) == (said["group"], len(result["readers"]), result["n"])
        assert row["Fleiss' kappa"] == number(estimate(result["fleiss"]))
        assert row["Gwet's AC1"] == number(estimate(result["ac1"]))
        assert row["Krippendorff's alpha"] == number(estimate(result["alpha"]))
        assert row["mean pairwise kappa"] == plain(result["light"])
        assert row["share agreeing"] == percent(result["observed"])
        q = result["cochran_q"]
        assert row["Cochran's Q"] == ("–" if q["q"] is None else f"{q['q']:.2f}")
    for arm in case.said["study"]["arms"]:
        names, kappas, counted = kappa_matrix(case.found, arm)
        result = next(
            one["result"]
            for one in case.said["agreement"]
            if (one["group"], one["arm"]) == (largest_set(case.found, arm).group, arm)
        )
        shown = pair_table(largest_set(case.found, arm))
        assert counted == max(one["kappa"]["n"] for one in result["pairs"])
        for one in result["pairs"]:
            value = kappas[names.index(one["a"]), names.index(one["b"])]
            (row,) = [row for row in shown if (row["reader"], row["and"]) == (one["a"], one["b"])]
            assert (row["kappa"], row["cases"]) == (number(estimate(one["kappa"])), one["kappa"]["n"])
            assert value == one["kappa"]["value"] or (np.isnan(value) and one["kappa"]["value"] is None)


def test_automation_bias_page(case: Case) -> None:
    for key, shown in (("group_switches", case.found.group_switches), ("switches", case.found.switches)):
        for row, said in zip(switch_table(shown), case.said[key], strict=True):
            assert (row[""], row["reads in both arms"]) == (said["name"], said["reads"])
            assert (row["right to wrong"], row["wrong to right"]) == (said["right_to_wrong"], said["wrong_to_right"])
            assert row["AI wrong, reader was right: followed it"] == starred(estimate(said["automation_bias"]))
            assert row["AI right, reader was wrong: followed it"] == starred(estimate(said["good_advice"]))
            assert (row["AI wrong, reader was right (n)"], row["AI right, reader was wrong (n)"]) == (
                said["automation_bias"]["n"],
                said["good_advice"]["n"],
            )
            assert row["p (McNemar, exact)"] == p_text(said["p_exact"])
    rows = switch_rows(case.rows.study, case.found)
    said = [*case.said["group_switches"], *case.said["switches"]]
    assert [(harm, help_) for _, _, harm, help_ in rows] == [
        (estimate(one["automation_bias"]), estimate(one["good_advice"])) for one in said
    ]
    drawn = switch_chart(case.rows.study, rows).data
    assert [row["share"] for row in drawn] == [
        one[name]["value"] for one in said for name in ("automation_bias", "good_advice")
    ]


def test_time_and_fatigue_page(case: Case) -> None:
    for row, said in zip(time_ratio_table(case.found), case.said["times"], strict=True):
        its = said["ratio"]
        spread = "" if its["ci"] is None else f" ({its['ci'][0]:.2f} to {its['ci'][1]:.2f})"
        assert row["ratio of geometric means"] == f"×{its['ratio']:.2f}{spread}"
        assert (row["p"], row["Wilcoxon p"], row["n"]) == (p_text(its["p"]), p_text(its["wilcoxon_p"]), its["n"])
    assert not any("AI" in (row["who"], *str(row["compared"]).split(" / ")) for row in time_ratio_table(case.found))
    for row, (arm, said) in zip(fatigue_table(case.found), case.said["fatigue"], strict=True):
        assert (row["arm"], row["readers"]) == (arm, said["readers"])
        assert row["time, per 10 cases further on"] == number(estimate(said["time_ratio_per_10"]), sign="×")
        change = said["accuracy_change"]
        assert str(row["accuracy, last minus first third"]).startswith(points(change["value"]))
    drawn = drift_chart(case.rows.study, case.found.drifts).data
    assert [(r["position"], r["median_seconds"], r["accuracy"], r["reads"]) for r in drawn] == [
        part
        for one in case.said["drifts"]
        for part in zip(one["position"], one["seconds"], one["accuracy"], one["reads"], strict=True)
    ]
    fast = fast_rows(case.found)
    assert [(r["reader"], r["too fast"], r["reads"]) for r in fast] == [
        (one["reader"], len(one["cases"]), one["reads"]) for one in case.said["too_fast"]
    ]
    assert fast or case.rows.study.design == Design.INDEPENDENT


def test_cases_and_readers_page(case: Case) -> None:
    found = case_map(case.results, order="difficulty")
    known = {int(one["case"]): one for one in case.said["cases"] if one["arm"] == case.arm}
    for row in found.table(links=True):
        said = known[int(str(row["case"]))]
        assert row["of readers"] == said["read"]
        assert row["readers right, %"] == (round(100 * said["right"] / said["read"], 1) if said["read"] else None)
        assert row["truth"] == case.rows.study.label(said["truth"])
    assert len(found.table(links=True)) == len(known)
    right = STATES.index("right")
    for name, states in zip(found.names, found.states, strict=True):
        matrix = case.reader(name)["confusion"]
        assert int((states == right).sum()) == sum(matrix[k][k] for k in range(3))
        assert int((states == STATES.index("not read")).sum()) == case.reader(name)["missing"]


def test_case_page(case: Case) -> None:
    """Every read of a case is its row in the file that the command was given."""
    labels = {study_class.code: study_class.label for study_class in case.rows.study.classes}
    for case_number in (1, 2, 7):
        own = {(row["reader"], row["arm"]): row for row in case.file if row["case"] == str(case_number)}
        shown = case_reads(case.rows, case_number)
        assert len(shown) == len(own)
        for row in shown:
            said = own[str(row["reader"]), str(row["arm"]).replace("–", "")]
            assert row["read as"] == labels.get(said["prediction"], said["prediction"].replace("failure", "AI failure"))
            assert row["right"] == ("yes" if said["prediction"] == said["truth"] else "no")
            assert row["active s"] == (round(float(said["seconds"]), 1) if said["seconds"] else None)
            for code, label in labels.items():
                text = said[f"rating_{code}"] or said[f"prob_{code}"]
                factor = 100 if said["prob_" + code] else 1
                assert row[f"{label}, 0-100"] == (round(factor * float(text), 1) if text else None)


def test_counts_at_the_head_of_the_report(case: Case) -> None:
    said = case.said["study"]
    assert said["reads"] == len(case.file)
    assert (said["missing"], said["indeterminate"], said["failures"]) == (
        case.found.study.missing, case.found.study.indeterminate, case.found.study.failures,
    )  # fmt: skip
    assert said["indeterminate"] == sum(row["prediction"] == "indeterminate" for row in case.file)
    assert said["failures"] == sum(row["prediction"] == "failure" for row in case.file)
