"""The agreement of the experts who set the truth: in results, exports and the report, against statsmodels."""

from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy.orm import Session
from statsmodels.stats.inter_rater import cohens_kappa, fleiss_kappa

from core.export.long import json_pieces
from core.report.checklist import mapped
from core.results.bench import PAGE
from core.results.blocks import Gap, Table
from core.results.panels import agreement as panel
from core.results.rows import Filter, StudyRows
from core.results.story import Flow, Story
from core.results.study_results import StudyResults
from core.results.truth_panel import truth_panel
from core.study.protocol import ReferenceStandard
from db.permissions import SYSTEM
from db.results import rows as analysis
from db.simulated import Plan, seed_study


@pytest.fixture
def rows(session: Session) -> StudyRows:
    return analysis.rows(session, study_id=seed_study(session, Plan(novices=1, experts=1, cases=24)), by=SYSTEM)


def labelled(rows: StudyRows, experts: int, *, seed: int = 1) -> StudyRows:
    """The study with labels of so many experts, who name another class in three of ten labels."""
    rng = np.random.default_rng(seed)
    codes = rows.study.codes

    def label(truth: str) -> str:
        return truth if rng.random() < 0.7 else codes[int(rng.integers(len(codes)))]

    cases = tuple(replace(case, labels=tuple(label(case.truth) for _ in range(experts))) for case in rows.study.cases)
    return replace(rows, study=replace(rows.study, cases=cases))


def counts(rows: StudyRows) -> np.ndarray:
    cases = [case for case in rows.study.cases if not case.practice]
    return np.array([[case.labels.count(code) for code in rows.study.codes] for case in cases])


def test_three_experts_have_fleiss_kappa_and_counts_by_how_their_labels_fell(rows: StudyRows):
    made = labelled(rows, 3)
    found = truth_panel(StudyResults(made))
    assert found is not None
    table = counts(made)
    assert found.agreement.fleiss.value == pytest.approx(fleiss_kappa(table))
    pairs = (table * (table - 1)).sum(axis=1) / (3 * 2)
    assert found.agreement.observed == pytest.approx(pairs.mean())
    assert (found.unanimous, found.split) == ((table == 3).any(axis=1).sum(), (table < 2).all(axis=1).sum())
    assert found.unanimous + found.majority + found.split == found.cases == len(table)
    shown = {block.key: block for block in panel.PANEL.shown(StudyResults(made), PAGE) if isinstance(block, Table)}
    (row,) = shown["truth-panel"].rows
    assert (row["experts"], row["cases"], row["all alike"]) == (3, len(table), found.unanimous)
    assert str(row["Fleiss' kappa"]).startswith(f"{found.agreement.fleiss.value:.3f}")
    assert len(shown["truth-panel-pairs"].rows) == 3


def test_two_experts_have_cohens_kappa(rows: StudyRows):
    made = labelled(rows, 2, seed=5)
    codes = list(rows.study.codes)
    square = np.zeros((len(codes), len(codes)))
    for case in made.study.cases:
        if not case.practice:
            a, b = case.labels
            square[codes.index(a), codes.index(b)] += 1  # type: ignore[arg-type]  # nobody left a case out
    found = truth_panel(StudyResults(made))
    assert found is not None
    assert found.agreement.pairs[0].kappa.value == pytest.approx(cohens_kappa(square).kappa)
    assert panel.panel_row(found)["Cohen's kappa"]


def test_missing_labels_are_left_out_and_filters_hold(rows: StudyRows):
    made = labelled(rows, 3)
    first = made.study.cases[0]
    cases = (replace(first, labels=(first.labels[0], None, None)), *made.study.cases[1:])
    made = replace(made, study=replace(made.study, cases=cases))
    whole, some = truth_panel(StudyResults(made)), truth_panel(StudyResults(made.where(Filter(classes=("covid",)))))
    assert whole is not None
    assert some is not None
    assert whole.cases == sum(not case.practice for case in cases) - (not first.practice)
    assert some.cases < whole.cases


def test_a_panel_without_two_labels_of_a_case_says_so_and_none_says_nothing(rows: StudyRows):
    def of(rows: StudyRows) -> list[str]:
        return [one.what for one in panel.PANEL.shown(StudyResults(rows), PAGE) if isinstance(one, Gap)]

    protocol = replace(rows.study.protocol, reference=ReferenceStandard(panel=True))
    assert not any("truth panel" in said for said in of(rows))
    assert any("truth panel" in said for said in of(replace(rows, study=replace(rows.study, protocol=protocol))))


def test_the_report_answers_claim_18_and_the_export_has_the_labels(rows: StudyRows):
    story = Story(Flow(24, 0, 0, 48, 48, 0, 0, 0, 24, 0), (), (), ())

    def answer(made: StudyRows) -> str | None:
        return next(
            one.where for one in mapped(made.study, story) if one.item.number == "18" and "annotators" in one.item.asks
        )

    made = labelled(rows, 2)
    assert answer(rows) is None
    assert answer(made) == "Agreement: the experts who set the truth"
    assert '"panel_labels": ["' in "".join(json_pieces(made))
