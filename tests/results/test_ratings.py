"""Ratings: spreads are what pandas counts of the export, and contradictions are found one by one."""

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sqlalchemy.orm import Session

from core.export.files import file_of
from core.results.blocks import Chart, Unattended
from core.results.panels.ratings import PANEL, contradiction_table, spread_table, spreads_of
from core.results.study_results import StudyResults
from db.permissions import SYSTEM
from db.results import rows as analysis
from db.simulated import Plan, seed_study


@pytest.fixture
def results(session: Session) -> StudyResults:
    study = seed_study(session, Plan(cases=40, missing=0.05, indeterminate=0.05))
    return StudyResults(analysis.rows(session, study_id=study, by=SYSTEM))


def test_spreads_are_what_pandas_counts_of_the_export(results: StudyResults):
    reads = pd.read_csv(io.StringIO("".join(file_of(results.rows, "csv").pieces)))
    reads["score"] = reads.rating_covid.fillna(100 * reads.prob_covid)
    spreads = spreads_of(results, "covid")
    shown = {(str(row["reader"]), str(row["true class"])): row for row in spread_table(spreads)}
    labels = {study_class.label: study_class.code for study_class in results.study.classes}
    assert len(shown) == 3 * (1 + 2 + 4)
    for (who, truth), row in shown.items():
        some = reads[reads.truth == labels[truth]]
        if who.endswith(", pooled"):
            some = some[some.group == who.removesuffix("s, pooled")]
        else:
            some = some[some.reader == who]
        scores = some.score.dropna()
        low, middle, high = scores.quantile([0.25, 0.5, 0.75])
        assert row["ratings"] == len(scores)
        assert row["median (quartiles)"] == f"{middle:.0f} ({low:.0f} to {high:.0f})"
        assert row["from 95"] == f"{100 * (scores >= 95).mean():.0f} %"


def test_a_rating_above_that_of_the_diagnosis_contradicts_it(results: StudyResults):
    rows = results.rows
    agreeing = np.zeros_like(rows.ratings)
    called = rows.call < 3
    agreeing[called, rows.call[called]] = 80
    ratings = np.where(np.isnan(rows.ratings), np.nan, agreeing)
    none = StudyResults(replace(rows, ratings=ratings))
    assert [row["contradicting"] for row in contradiction_table(none) if row["reader"] != "AI"] == [0] * 4
    (first,) = np.flatnonzero((rows.participant == 0) & called)[:1]
    ratings[first] = [90, 90, 90]
    ratings[first, rows.call[first]] = 10
    one = StudyResults(replace(rows, ratings=ratings))
    assert [row["contradicting"] for row in contradiction_table(one) if row["reader"] != "AI"] == [1, 0, 0, 0]


def test_groups_are_drawn_pooled_and_a_box_stands_for_each_true_class(results: StudyResults):
    (chart,) = [block for block in PANEL.blocks(results, Unattended(paper=False)) if isinstance(block, Chart)]
    assert [trace.name for trace in chart.figure.data[::3]] == ["AI", "novices, pooled", "experts, pooled"]
    assert [trace.y[0] for trace in chart.figure.data[:3]] == ["Normal", "CAP", "COVID-19"]
