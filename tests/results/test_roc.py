"""The ROC panel: curves, points and areas are the analysis's, and a crowd of readers stays legible."""

from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy.orm import Session

from core.results.draw.text import plural
from core.results.grids import read_table
from core.results.panels.roc import METHOD, area_table, curves_of, roc_chart
from core.results.rows import StudyRows
from core.stats.analyse import Analysis, analyse
from core.study.words import Design
from db.permissions import SYSTEM
from db.results import rows as analysis
from db.simulated import Plan, seed_study

PLAN = Plan(cases=40, novices=3, experts=2, design=Design.SEQUENTIAL)


def read(session: Session, plan: Plan) -> tuple[StudyRows, Analysis]:
    rows = analysis.rows(session, study_id=seed_study(session, plan), by=SYSTEM)
    return rows, analyse(read_table(rows))


def test_curves_and_points_are_the_analysis_s(session: Session):
    rows, found = read(session, PLAN)
    curves = curves_of(rows.study, found, "covid")
    assert [curve.level for curve in curves] == ["reader"] * 10 + ["group"] * 4 + ["ai"]
    single = {(reader.reader, reader.arm): reader for reader in found.readers}
    for curve in curves:
        if curve.level == "group":
            continue
        its = single[curve.name.split(",")[0], curve.arm]
        figures = next(each for each in its.classes if each.label == "covid")
        scores = next(each for each in its.scores if each.label == "covid")
        assert curve.point == (figures.fpr.value, figures.sensitivity.value)
        assert (curve.fpr, curve.tpr, curve.area) == (scores.roc.fpr, scores.roc.tpr, scores.auc.value)


def test_a_group_s_curve_and_point_are_means_of_its_readers(session: Session):
    rows, found = read(session, PLAN)
    curves = curves_of(rows.study, found, "covid")
    for group in (curve for curve in curves if curve.level == "group"):
        own = [
            curve
            for curve in curves
            if curve.level == "reader" and (curve.group, curve.arm) == (group.group, group.arm)
        ]
        assert group.point == pytest.approx(tuple(np.mean([one.point for one in own], axis=0)))
        assert group.area == pytest.approx(np.mean([one.area for one in own]), abs=1e-12)
        mean = next(one for one in found.groups if (one.group, one.arm) == (group.group, group.arm))
        assert group.area == pytest.approx(
            next(figure.mean.estimate for figure in mean.figures if figure.figure == "AUC covid"), abs=1e-12
        )


def test_the_chart_names_its_method_and_gives_every_point_away(session: Session):
    rows, found = read(session, PLAN)
    curves = curves_of(rows.study, found, "covid")
    chart = roc_chart(rows.study, curves, label="COVID-19", key="roc")
    assert METHOD in chart.method
    drawn = sum(len(trace.x) for trace in chart.figure.data)
    assert drawn == len(chart.data) == sum(len(curve.fpr) + 1 for curve in curves)
    assert {row["what"] for row in chart.data} == {"curve", "mean curve", "diagnoses", "mean of diagnoses"}
    ai = [trace for trace in chart.figure.data if trace.mode == "markers"][-1]
    assert (ai.x[0], ai.y[0]) == curves[-1].point


def test_many_readers_keep_their_points_and_leave_the_curves_to_the_means(session: Session):
    rows, found = read(session, replace(PLAN, novices=9, experts=9, design=Design.INDEPENDENT))
    curves = curves_of(rows.study, found, "covid")
    chart = roc_chart(rows.study, curves, label="COVID-19", key="roc")
    lines = [trace for trace in chart.figure.data if trace.mode == "lines"]
    assert [line.name.split(" AUC")[0] for line in lines] == ["novices, mean of 9", "experts, mean of 9", "AI"]
    points = [trace for trace in chart.figure.data if trace.mode == "markers"]
    assert [len(trace.x) for trace in points] == [9, 9, 1, 1, 1]
    assert "own curves are left out" in chart.method


def test_without_ratings_there_are_points_and_no_curve(session: Session):
    rows, found = read(session, replace(PLAN, ratings=False))
    curves = curves_of(rows.study, found, "covid")
    assert [curve.level for curve in curves if curve.fpr is not None] == ["ai"]
    chart = roc_chart(rows.study, curves, label="COVID-19", key="roc")
    assert METHOD not in chart.method
    assert [len(trace.x) for trace in chart.figure.data if trace.mode == "markers"] == [3, 2, 3, 2, 1, 1, 1, 1, 1]


def test_the_table_has_ai_groups_and_readers_with_their_tests(session: Session):
    _, found = read(session, replace(PLAN, design=Design.INDEPENDENT))
    table = area_table(found, "cap")
    assert [row["reader"] for row in table] == [
        "AI", "mean of 3 novices", "mean of 2 experts", "mean of 5 readers",
        "novice 1", "novice 2", "novice 3", "expert 1", "expert 2",
    ]  # fmt: skip
    test = next(
        contest.result for contest in found.ai_with_groups if (contest.figure, contest.group) == ("AUC cap", "novice")
    )
    assert table[1]["AI minus reader"] == f"{test.difference:+.3f}".replace("-", "−")
    assert str(table[2]["method"]).endswith("(these readers only)")
    assert all(row["p (Holm)"] == "–" for row in table[:4])


def test_groups_already_named_in_the_plural_get_no_second_s() -> None:
    assert [plural(name) for name in ("novice", "Novices")] == ["novices", "Novices"]
