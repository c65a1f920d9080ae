"""Comparison, confusion, metrics, ROC and MRMC: every number is the statistics command's.

`python -m core analyse` gets the study's own long export; see tests.results.commanded.py.
"""

from typing import Any

import numpy as np
import pytest

from core.results.bench import PAGE
from core.results.blocks import Beside
from core.results.draw.dots import comparison_chart
from core.results.draw.text import number, p_text, percent, points, span, starred, with_interval
from core.results.grids import confusion, places_of
from core.results.panels import confusion as confusion_panel
from core.results.panels.comparison import comparison_table, difference_chart, difference_table, time_table
from core.results.panels.metrics import ablation_table, class_table, pair_table, whole_table
from core.results.panels.mrmc import arm_table, group_difference_table, mrmc_tables
from core.results.panels.roc import area_table, curves_of, roc_chart
from core.results.panels.times import time_chart
from core.stats.confusion import MISSING
from core.stats.estimate import Estimate
from tests.results.commanded import Case, arm_of, estimate, minus, pair, plain, point


def test_comparison_page(case: Case) -> None:
    shown = case.results.comparison
    singles, groups = 0, 0
    for dot in shown.dots:
        for column, figure in dot.figures.items():
            kind, _, code = column.partition(" ")
            if dot.level == "group":
                group = case.one("groups", group=dot.group, arm=case.arm)
                (said,) = [one for one in group["figures"] if one["figure"] == column]
                mean = said["mean"]
                assert (figure.value, figure.se, figure.ci) == (mean["estimate"], mean["se"], pair(mean["ci"]))
                groups += 1
                continue
            one = case.reader(dot.name)
            own = one["accuracy"] if not code else next(c for c in one["classes"] if c["label"] == code)[kind]
            assert figure == estimate(own)
            singles += 1
    assert singles == 7 * len(case.reader_names())
    assert (groups > 0) == (len(case.reader_names()) > 1)
    for gap in shown.differences:
        said = case.one("ai_with_groups", figure=gap.figure, group=gap.group, arm=case.arm)["result"]
        assert gap.estimate.value == said["difference"]
        assert gap.estimate.ci == pair(said["ci"])
    assert bool(shown.differences) == case.said["study"]["ai"]
    missing = int((case.results.reads.prediction == MISSING).sum())
    assert missing == sum(one["missing"] for one in case.said["readers"] if one["arm"] in ("", case.arm))
    # what is drawn and what is tabled are those figures
    labels = {column: shown.label(column) for column in shown.columns}
    drawn = comparison_chart(case.rows.study, shown.dots, labels, title="", key="")
    assert [(row["value"], row["low"], row["high"]) for row in drawn.data] == [
        (figure.value, *(figure.ci or (None, None))) for dot in shown.dots for figure in dot.figures.values()
    ]
    for row, dot in zip(comparison_table(shown), shown.dots, strict=True):
        assert list(row.values())[1:] == [starred(dot.figures[column]) for column in shown.columns]
    for row, gap in zip(difference_table(shown), shown.differences, strict=True):
        said = case.one("ai_with_groups", figure=gap.figure, group=gap.group, arm=case.arm)["result"]
        assert (row["AI"], row["readers"]) == (percent(said["ai"]), percent(said["readers"]))
        assert (row["difference"], row["p"]) == (points(said["difference"]), p_text(said["p"]))
    for row, gap in zip(difference_chart(case.rows.study, shown.differences).data, shown.differences, strict=True):
        assert row["ai_minus_group"] == gap.estimate.value


def test_times_beside_the_comparison(case: Case) -> None:
    shown = case.results.comparison
    for row in time_table(shown.times):
        said = case.reader(str(row[""]))["times"]
        assert row["cases with a time"] == said["n"]
        if said["n"]:
            assert row["total, min"] == round(said["total"] / 60, 1)
            assert row["median, s"] == round(said["median"], 1)
            assert row["geometric mean, s"] == round(said["geometric_mean"]["value"], 1)
    drawn = {row["reader"]: row for row in time_chart(case.rows.study, shown.times).data}
    for name, row in drawn.items():
        said = case.reader(name)["times"]
        assert (row["cases"], row["median_seconds"]) == (said["n"], said["median"])
        assert row["total_minutes"] == pytest.approx(said["total"] / 60, rel=1e-12)
        assert row["geometric_mean_seconds"] == pytest.approx(said["geometric_mean"]["value"], rel=1e-12)
    beside = comparison_chart(case.rows.study, shown.dots, {}, title="", key="", times=shown.times).data
    medians = {row["name"]: row["value"] for row in beside if row["level"] != "group"}
    assert medians == {name: row["median_seconds"] for name, row in drawn.items()}


def test_confusion_page(case: Case) -> None:
    table, reads = case.results.listed, case.results.reads
    assert len(reads.names) == len(case.reader_names())
    for at, name in enumerate(reads.names):
        assert confusion(table, reads, [at]).tolist() == case.reader(name)["confusion"]
    for group in case.rows.study.groups:
        pooled = confusion(table, reads, places_of(reads, group))
        assert pooled.tolist() == case.one("groups", group=group, arm=case.arm)["confusion"]


def test_metrics_page(case: Case) -> None:
    names = ("sensitivity", "specificity", "fpr", "fnr", "fdr", "ppv", "npv", "f1")
    whole = whole_table(case.found)
    assert len(whole) == len(case.said["readers"])
    for row, reader, said in zip(whole, case.found.readers, case.said["readers"], strict=True):
        assert (row["reader"], row["reads"], row["missing"]) == (said["reader"], said["n"], said["missing"])
        assert (row["indeterminate"], row["failures"]) == (said["indeterminate"], said["failures"])
        assert row["accuracy"] == with_interval(estimate(said["accuracy"]))
        assert row["AUC, Hand-Till"] == number(estimate(said["hand_till"]))
        for name, figure in said["figures"]:
            assert row[name] == number(estimate(figure))
        for line, its in zip(class_table(case.rows.study, reader), said["classes"], strict=True):
            assert line["cases"] == its["positives"]
            for name in names:
                head = name.upper() if name not in ("sensitivity", "specificity") else name
                assert line[head] == with_interval(estimate(its[name]))


def test_ai_against_each_reader(case: Case) -> None:
    table = pair_table(case.rows.study, case.found)
    assert len(table) == len(case.said["ai_with_each_reader"])
    said: dict[Any, Any] = {
        (case.rows.study.figure_label(one["figure"]), one["reader"], one["arm"]): one
        for one in case.said["ai_with_each_reader"]
    }
    for row in table:
        one = said[row["figure"], row["reader"], arm_of(row)]
        its = one["pair"]
        assert (row["cases"], row["only the AI right"], row["only the reader right"]) == (
            its["n"], its["only_a"], its["only_b"],
        )  # fmt: skip
        low, high = its["ci"]
        assert row["AI minus reader"] == points(its["difference"])
        assert row["95 % interval"] == f"{points(low)} to {points(high)}"
        assert (row["p (exact)"], row["p (mid-p)"]) == (p_text(its["p_exact"]), p_text(its["p_midp"]))
        assert row["p (Holm)"] == p_text(one["p_holm"])


def test_table_2(case: Case) -> None:
    shown = ablation_table(case.runs)
    assert len(shown) == int(case.said["study"]["ai"])
    for row in shown:
        said = case.reader("AI")
        assert row["accuracy"] == with_interval(estimate(said["accuracy"]))
        for one in said["classes"]:
            label = case.rows.study.label(one["label"])
            assert row[f"sensitivity {label}"] == with_interval(estimate(one["sensitivity"]))


def test_roc_page(case: Case) -> None:
    study = case.rows.study
    for code in study.codes:
        curves = curves_of(study, case.found, code)
        for one in curves:
            if one.level == "group":
                said = case.of("group_curves", group=one.group, arm=one.arm, label=code)
                assert (one.fpr is None) == (not said)
                if said:
                    curve = said[0]["curve"]
                    assert (list(one.fpr), list(one.tpr), one.area) == (curve["fpr"], curve["tpr"], curve["area"])
                members = case.of("readers", group=one.group, arm=one.arm)
                assert one.point == pytest.approx(tuple(np.mean([point(each, code) for each in members], axis=0)))
                continue
            name = one.name.split(",")[0]
            own = case.one("readers", reader=name, arm=one.arm)
            score = next(each for each in own["scores"] if each["label"] == code)
            assert one.point == point(own, code)
            assert (one.area, one.cases) == (score["auc"]["value"], score["auc"]["n"])
            assert (one.fpr is None) == (score["roc"] is None)
            if one.fpr is not None:
                assert (list(one.fpr), list(one.tpr)) == (score["roc"]["fpr"], score["roc"]["tpr"])
        chart = roc_chart(study, curves, label=code, key="")
        assert len(chart.data) == sum(len(one.fpr or ()) + (one.point is not None) for one in curves)
        for row in area_table(case.found, code):
            if str(row["reader"]).startswith("mean of"):
                its = case.one("groups", group=row["group"], arm=arm_of(row))
                (mean,) = [each["mean"] for each in its["figures"] if each["figure"] == f"AUC {code}"]
                assert row["AUC"] == number(Estimate(mean["estimate"], ci=pair(mean["ci"])))
                test = case.of("ai_with_groups", group=row["group"], arm=arm_of(row), figure=f"AUC {code}")
                assert row["p"] == p_text(test[0]["result"]["p"] if test and test[0]["result"] else None)
                continue
            own = case.one("readers", reader=row["reader"], arm=arm_of(row))
            assert row["AUC"] == number(estimate(next(s for s in own["scores"] if s["label"] == code)["auc"]))
            pairs = case.of("ai_areas_with_each_reader", reader=row["reader"], arm=arm_of(row), figure=f"AUC {code}")
            assert row["p (Holm)"] == p_text(pairs[0]["p_holm"] if pairs else None)
            assert row["p"] == p_text(pairs[0]["pair"]["p"] if pairs and pairs[0]["pair"] else None)


def test_confusion_page_has_the_arms_of_a_group_side_by_side(case: Case) -> None:
    shown = [block for block in confusion_panel.PANEL.shown(case.results, PAGE) if isinstance(block, Beside)]
    arms = case.rows.arms
    if len(arms) < 2:
        assert not any(chart.title.endswith("aided") for block in shown for chart in block.charts)
        return
    for block, group in zip(shown[1:], case.rows.study.groups, strict=False):
        assert [chart.title.rsplit(" ", 1)[1] for chart in block.charts] == ["unaided", "aided"]
        for chart, arm in zip(block.charts, ("unaided", "aided"), strict=True):
            said = np.array(case.one("groups", group=group, arm=arm)["confusion"])
            assert sum(row["count"] for row in chart.data) == said.sum()
            assert [row["count"] for row in chart.data] == said.ravel().tolist()


def in_percent(figure: str) -> bool:
    """Whether a figure of the analysis is a share; areas, F1 and kappas are not."""
    return figure.startswith(("accuracy", "balanced", "sensitivity", "specificity"))


def gap_shown(figure: str, gap: dict) -> tuple[str, str, str]:
    """A difference, its interval and p as MRMC has to show them: points of shares, else plain numbers."""
    scale, digits = (100, 1) if in_percent(figure) else (1, 3)
    ci = pair(gap["ci"])
    shown = minus(f"{scale * gap['estimate']:+.{digits}f}")
    between = span(None, reason=gap["reason"]) if ci is None else minus(
        f"{scale * ci[0]:+.{digits}f} to {scale * ci[1]:+.{digits}f}"
    )  # fmt: skip
    return shown, between, p_text(gap["p"])


def test_mrmc_page(case: Case) -> None:
    study = case.rows.study
    wanted = [
        gap_shown(one["figure"], gap)
        for one in case.said["arms_compared"]
        if one["result"]
        for gap in one["result"]["differences"]
    ]
    assert [(row["estimate"], row["95 % interval"], row["p"]) for row in arm_table(study, case.found)] == wanted
    assert bool(wanted) == (len(case.said["study"]["arms"]) > 1)
    for one, said in zip(case.found.arms_compared, case.said["arms_compared"], strict=True):
        if one.result is None:
            assert said["result"] is None
            continue
        shown, its = mrmc_tables(one.result), said["result"]
        share = in_percent(one.figure)
        assert [row["mean"] for row in shown["Means"]] == [
            f"{100 * t['estimate']:.1f} %" if share else minus(f"{t['estimate']:.3f}") for t in its["treatments"]
        ]
        assert [row["SE"] for row in shown["Means"]] == [
            plain(100 * t["se"], 1) if share and t["se"] is not None else plain(t["se"]) for t in its["treatments"]
        ]
        assert [row["df"] for row in shown["Differences"]] == [
            "–" if d["df"] is None else f"{d['df']:.1f}" for d in its["differences"]
        ]
        test = shown["Test that all arms are equal"][0]
        assert (test["value"], test["p"]) == (plain(its["test"]["value"]), p_text(its["test"]["p"]))
        parts = its["components"]
        order = ("var", "cov1", "cov2", "cov3", "ms_t", "ms_r", "ms_tr", "var_r", "var_tr")
        assert [row["estimate"] for row in shown["Variance components"]] == [plain(parts[n], 6) for n in order]
    groups = [
        gap_shown(one["figure"], gap)
        for one in case.said["groups_compared"]
        if one["result"]
        for gap in one["result"]["differences"]
    ]
    shown_groups = group_difference_table(study, case.found)
    assert [(row["estimate"], row["95 % interval"], row["p"]) for row in shown_groups] == groups
