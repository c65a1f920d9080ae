"""Several prespecified endpoints: raw and adjusted p-values, and verdicts that follow the adjusted ones."""

from itertools import count
from typing import Any

import pytest
from sqlalchemy.orm import Session
from statsmodels.stats.multitest import multipletests

from core.report.document import made_now, report_html
from core.results.draw.prespecified import verdict_notes, verdict_table
from core.results.grids import read_table
from core.results.rows import StudyRows
from core.results.study_results import StudyResults
from core.results.verdict import Verdict
from core.stats.analyse import analyse
from core.stats.pairs import fixed_order
from core.study.words import Design
from db.permissions import SYSTEM
from db.results import rows as analysis
from db.simulated import Plan, seed_study
from tests.conftest import NOW

COUNT = count()
FAMILY = ["sensitivity covid", "specificity covid", "macro_f1"]


def rows_of(session: Session, *, design: Design = Design.INDEPENDENT, ratings: bool = True, **more: Any) -> StudyRows:
    """A study of which the accuracy alone would be significant, but not beside three other endpoints."""
    plan = {"hypothesis": "superiority", "comparator": "novice", "multiplicity": "holm", "family": FAMILY, **more}
    study = Plan(
        novices=6,
        experts=0,
        cases=120,
        accuracy=(0.84, 0.9, 0.93),
        missing=0,
        indeterminate=0,
        ai_failures=0,
        seed=12,
        title=f"Study {next(COUNT)}",
        design=design,
        ratings=ratings,
        protocol=(("prespecification", plan),),
    )
    return analysis.rows(session, study_id=seed_study(session, study), by=SYSTEM, detail=True)


def verdict_of(rows: StudyRows) -> Verdict:
    return StudyResults(rows).verdict


def words(said: Verdict) -> list[str]:
    return [one.words for one in said.tested]


def test_raw_p_values_are_the_analysis_s_and_holm_s_are_statsmodels_(session: Session):
    rows = rows_of(session)
    said = verdict_of(rows)
    found = {(contest.figure, contest.group): contest.result for contest in analyse(read_table(rows)).ai_with_groups}
    raw = [one.p for one in said.tested]
    assert raw == [found[one.figure, "novice"].p for one in said.tested]
    assert [one.figure for one in said.tested] == ["accuracy", "sensitivity covid", "specificity covid", "macro F1"]
    assert [one.p_adjusted for one in said.tested] == pytest.approx(list(multipletests(raw, method="holm")[1]))


def test_the_verdict_follows_the_adjusted_p(session: Session):
    said = verdict_of(rows_of(session))
    first, second, *_ = said.tested
    assert first.p < 0.05 < first.p_adjusted
    assert said.words == first.words == "No difference shown."
    assert second.p_adjusted < 0.05
    assert second.words == "The AI is superior."
    alone = verdict_of(rows_of(session, multiplicity="single"))
    assert (alone.words, alone.adjustment, len(alone.tested)) == ("The AI is superior.", "", 1)
    assert alone.tested[0].p == alone.tested[0].p_adjusted == first.p


def test_in_a_fixed_order_the_first_failure_ends_it(session: Session):
    said = verdict_of(rows_of(session, multiplicity="hierarchical"))
    raw = [one.p for one in said.tested]
    assert [one.p_adjusted for one in said.tested] == [max(raw[: k + 1]) for k in range(4)]
    assert [one.p_adjusted < 0.05 for one in said.tested] == [True, True, False, False]
    assert words(said)[2:] == ["No difference shown."] * 2
    assert fixed_order([0.2, 0.01, 0.3]) == (0.2, 0.2, 0.3)


def test_an_endpoint_that_cannot_be_tested_still_counts_in_the_family(session: Session):
    said = verdict_of(rows_of(session, ratings=False, family=["auc covid"]))
    first, area = said.tested
    assert "Ratings or probabilities are missing" in area.words
    assert (area.p, area.p_adjusted) == (None, None)
    assert first.p_adjusted == pytest.approx(2 * first.p)
    assert first.words == "No difference shown."
    unknown = verdict_of(rows_of(session, family=["sensitivity flu"]))
    assert unknown.tested[1].words.startswith("No verdict:")


def test_non_inferiority_is_one_sided_against_half_of_alpha(session: Session):
    said = verdict_of(rows_of(session, hypothesis="non-inferiority", margin=0.02, margin_rationale="small"))
    for one in said.tested:
        assert one.p == one.test.p_noninferior
        assert ("is non-inferior" in one.words) == (one.p_adjusted < 0.025)
    assert "one-sided" in verdict_notes(said)[1]


def test_arms_have_a_family_too(session: Session):
    more: dict[str, Any] = {"comparison": "aided_vs_unaided", "comparator": "all"}
    rows = rows_of(session, design=Design.SEQUENTIAL, **more)
    said = verdict_of(rows)
    found = {(one.figure, one.group): one.result for one in analyse(read_table(rows)).arms_compared}
    raw = [one.p for one in said.tested]
    assert raw == [found[one.figure, "all readers"].differences[0].p for one in said.tested]
    assert [one.p_adjusted for one in said.tested] == pytest.approx(list(multipletests(raw, method="holm")[1]))
    wide = verdict_of(rows_of(session, design=Design.SEQUENTIAL, alpha=0.01, **more)).tested[0].ci
    assert wide[0] < said.tested[0].ci[0] < said.tested[0].ci[1] < wide[1]


def test_panel_and_report_show_raw_and_adjusted_p(session: Session):
    rows = rows_of(session)
    table = verdict_table(verdict_of(rows))
    assert [row["p adjusted (Holm)"] for row in table] == [".103", ".033", ".287", ".362"]
    assert table[0]["p"] == ".034"
    story = analysis.story(session, study_id=rows.study.id, by=SYSTEM)
    html = report_html(StudyResults(rows), story, made=made_now(rows, at=NOW, head=""))
    assert "<td>.034</td><td>.103</td>" in html
    assert "not adjusted. p adjusted over 4 endpoints (Holm)" in html


def test_only_the_family_against_its_comparator_is_not_exploratory(session: Session):
    rows = rows_of(session)
    kinds = {(gap.figure, gap.group): gap.reading.split(":")[0] for gap in StudyResults(rows).comparison.differences}
    told = {key for key, kind in kinds.items() if kind.startswith("prespecified")}
    assert told == {(figure, "novice") for figure in ("accuracy", "sensitivity covid", "specificity covid")}
    some = rows.take(rows.case != 0)
    assert all(
        gap.reading.startswith("exploratory")
        for gap in StudyResults(some, whole=StudyResults(rows)).comparison.differences
    )
