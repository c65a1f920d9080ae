"""The AI against each reader and against what most readers called, on the Agreement page."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score
from sqlalchemy.orm import Session

from core.results.bench import PAGE
from core.results.blocks import Table, Unattended
from core.results.panels import agreement as panel
from core.results.rows import StudyRows
from core.results.study_results import StudyResults
from core.stats.ai_agreement import CONSENSUS, ai_agreement, majority
from core.stats.confusion import INDETERMINATE, MISSING
from db.permissions import SYSTEM
from db.results import rows as analysis
from db.simulated import Plan, seed_study


@pytest.fixture
def rows(session: Session) -> StudyRows:
    plan = Plan(novices=2, experts=2, cases=40, missing=0.05, indeterminate=0.05)
    return analysis.rows(session, study_id=seed_study(session, plan), by=SYSTEM)


def test_kappas_with_the_ai_are_those_of_the_calls_both_made(rows: StudyRows):
    results = StudyResults(rows)
    reads = results.reads
    found = ai_agreement(reads, results.listed)
    assert [pair.reader for pair in found] == [CONSENSUS, *reads.names[1:]]
    ai = reads.prediction[0]
    for pair in found:
        own = majority(reads.prediction[1:], classes=3) if pair.reader == CONSENSUS else (
            reads.prediction[reads.names.index(pair.reader)]
        )  # fmt: skip
        both = (ai != MISSING) & (own != MISSING)
        assert pair.kappa.n == both.sum()
        assert pair.kappa.value == pytest.approx(cohen_kappa_score(ai[both], own[both]))
        assert pair.observed == pytest.approx((ai[both] == own[both]).mean())


def test_most_readers_are_more_than_half_of_those_who_read_the_case():
    calls = np.array([[0, 0, 0, MISSING, 0], [0, 1, 1, MISSING, MISSING], [1, 2, INDETERMINATE, MISSING, MISSING]])
    assert majority(calls, classes=3).tolist() == [0, MISSING, MISSING, MISSING, 0]


def test_the_page_shows_them_and_the_report_of_many_readers_only_the_consensus(rows: StudyRows, monkeypatch):
    shown = {block.key: block for block in panel.PANEL.shown(StudyResults(rows), PAGE) if isinstance(block, Table)}
    assert shown["ai-agreement"].rows[0]["with"] == CONSENSUS
    assert len(shown["ai-agreement"].rows) == 5
    monkeypatch.setattr(panel, "FEW", 3)
    paper = panel.PANEL.shown(StudyResults(rows), Unattended(paper=True))
    (table,) = [block for block in paper if isinstance(block, Table) and block.key == "ai-agreement"]
    assert [row["with"] for row in table.rows] == [CONSENSUS]
