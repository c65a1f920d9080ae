"""The report: one file without network, every section, also where there is next to nothing to report."""

import hashlib
import re
from dataclasses import replace

import pytest
from sqlalchemy.orm import Session

from core import __version__
from core.export.files import file_of
from core.report.checklist import ITEMS, mapped
from core.report.checklist_items import CHECKLISTS
from core.report.document import made_now, report_html, sections
from core.report.flow_diagram import flow_diagram
from core.report.record import Made
from core.results.grids import read_table
from core.results.rows import StudyRows
from core.results.story import Story
from core.results.study_results import StudyResults
from core.stats.analyse import analyse
from core.study.words import Design
from db.permissions import SYSTEM
from db.results import rows as analysis
from db.simulated import Plan, seed_study
from tests.conftest import NOW

FULL = Plan(cases=30, design=Design.SEQUENTIAL, missing=0.03, indeterminate=0.03)
LITTLE = Plan(novices=1, experts=0, cases=1, practice=0, missing=0.0, ratings=False, ai=False, indeterminate=0.0)


def read(session: Session, plan: Plan) -> tuple[StudyRows, Story]:
    study = seed_study(session, plan)
    rows = analysis.rows(session, study_id=study, by=SYSTEM, detail=True)
    return rows, analysis.story(session, study_id=study, by=SYSTEM)


def made(rows: StudyRows) -> Made:
    return made_now(rows, at=NOW, head="")


def report_of(session: Session, plan: Plan) -> str:
    rows, story = read(session, plan)
    return report_html(StudyResults(rows), story, made=made(rows))


def without_library(html: str) -> str:
    """The page without the drawing library, whose source names addresses it never opens here."""
    return re.sub(r"<script>.*?</script>", "", html, count=1, flags=re.S)


@pytest.mark.parametrize(
    "plan", [FULL, LITTLE, replace(LITTLE, ai=True, cases=3), replace(FULL, ratings=False, ai=False)]
)
def test_the_report_needs_no_network_and_has_every_section(session: Session, plan: Plan):
    rows, story = read(session, plan)
    text = without_library(report_html(StudyResults(rows), story, made=made(rows)))
    assert all(f">{section.title}</h2>" in text for section in sections(StudyResults(rows), story, made(rows)))
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", text)
    assert "research demonstration" in text
    assert "not answered" in text
    assert not re.search(r"\bnan\b", re.sub(r"<script.*?</script>", "", text, flags=re.S), flags=re.I)


def test_the_same_study_gives_the_same_report_and_the_hash_of_its_file(session: Session):
    rows, story = read(session, FULL)
    html = report_html(StudyResults(rows), story, made=made(rows))
    assert report_html(StudyResults(rows), story, made=made(rows)) == html
    ids = re.findall(r'<div id="(chart-[^"]+)"', html)
    assert len(ids) == len(set(ids)) > 10
    text = "".join(file_of(rows, "csv").pieces)
    assert f"SHA-256 {hashlib.sha256(text.encode()).hexdigest()}" in html
    assert all(f"<td>{seed}</td>" in html for _, _, seed in story.order_seeds)
    assert f"Parallax {__version__}" in html
    assert rows.study.ai.sha256 in html


def test_what_people_typed_is_escaped(session: Session):
    rows, story = read(session, replace(LITTLE, title="<script>alert(1)</script>"))
    assert "<script>alert(1)" not in report_html(StudyResults(rows), story, made=made(rows))


def test_checklist_items_are_answered_only_by_what_was_recorded(session: Session):
    plan = {"eligibility": "Adults with a chest CT", "registration": "NCT00000000"}
    rows, story = read(session, replace(FULL, protocol=(("prespecification", plan),)))
    where = {(one.item.checklist, one.item.answer): one.where for one in mapped(rows.study, story)}
    assert all(where[key] for key in where if key[1] in ("eligibility", "registration", "flow", "ai"))
    assert all(where[key] is None for key in where if key[1] in ("", "information", "reference", "sample_size"))
    assert {one.item for one in mapped(rows.study, story)} == set(ITEMS)


def test_baseline_and_subgroups_are_answered_by_what_is_known_of_the_cases(session: Session):
    plan = {"subgroups": ["sex"]}
    rows, story = read(session, replace(FULL, title="known", protocol=(("prespecification", plan),)))
    where = {one.item.answer: one.where for one in mapped(rows.study, story)}
    ages = sum(case.about.age is not None for case in rows.study.cases if not case.practice)
    assert where["baseline"].startswith(f"Characteristics: age known of {ages} of {FULL.cases} cases")
    assert where["acquisition"].endswith(f"manufacturer known of {FULL.cases} of {FULL.cases} cases")
    assert where["subgroups"] == "Subgroups: sex prespecified"
    unknown, story = read(session, replace(FULL, title="unknown", seed=8, attributes=False))
    without = {one.item.answer for one in mapped(unknown.study, story) if one.where is None}
    assert {"baseline", "acquisition", "subgroups"} <= without


def test_checklists_have_every_item_of_their_editions():
    numbers = {name: [one.number for one in ITEMS if one.checklist == name] for name in CHECKLISTS}
    assert numbers["CLAIM 2024 update"] == [str(n) for n in range(1, 45)]
    parts = {"10", "12", "13", "21"}  # of STARD 2015, with a and b
    stard = [f"{n}{part}" for n in range(1, 31) for part in ("ab" if str(n) in parts else [""])]
    assert numbers["STARD 2015"] == stard


def test_a_study_without_an_ai_or_reads_answers_fewer_items(session: Session):
    rows, story = read(session, replace(FULL, ai=False, title="no AI"))
    without = {one.item.answer for one in mapped(rows.study, story) if one.where is None}
    assert {"ai", "rule", "training", "card", "explained", "standalone"} <= without
    assert {"estimates", "confusion"}.isdisjoint(without)
    unread = replace(story, flow=replace(story.flow, locked_reads=0))
    assert {"estimates", "confusion", "statistics"} <= {
        one.item.answer for one in mapped(rows.study, unread) if one.where is None
    }


def test_the_flow_diagram_has_the_counts_of_the_study(session: Session):
    rows, story = read(session, FULL)
    drawn = flow_diagram(rows.study, story.flow, analyse(read_table(rows))).svg
    machine = int(rows.is_ai.sum())
    for text in (
        f"Cases of the study: {FULL.cases + FULL.practice}",
        f"Cases analysed: {FULL.cases}",
        f"Reads planned: {2 * 4 * FULL.cases}",
        f"not locked: {2 * 4 * FULL.cases - (len(rows) - machine)}",
        f"Reads analysed: {len(rows) - machine}<",
        f"AI reads analysed: {machine}",
        f"of them failures: {FULL.ai_failures}",
    ):
        assert text in drawn


def prespecified(hypothesis: str, **more: object) -> Plan:
    plan = {"hypothesis": hypothesis, "comparator": "novice", "margin_rationale": "small", **more}
    return Plan(
        novices=6,
        cases=150,
        share=(0.3, 0.3, 0.4),
        accuracy=(0.70, 0.9, 0.97),
        missing=0.0,
        indeterminate=0.0,
        ai_failures=0,
        protocol=(("prespecification", plan),),
    )


@pytest.mark.parametrize(
    ("hypothesis", "more", "said"),
    [
        ("superiority", {}, "The AI is superior."),
        ("non-inferiority", {"margin": 0.05}, "non-inferior at a margin of 5 percentage points"),
        ("superiority", {"endpoint": "sensitivity", "endpoint_class": "covid"}, "The AI is superior."),
        ("superiority", {"endpoint": "auc", "endpoint_class": "covid"}, "The AI is superior."),
        ("superiority", {"endpoint": "macro_f1"}, "The AI is superior."),
        ("none", {}, "every figure is exploratory"),
        ("superiority", {"comparison": "aided_vs_unaided"}, "No verdict: nobody read in both arms."),
        ("superiority", {"missing": "wrong", "indeterminate": "excluded"}, "The AI is superior."),
    ],
)
def test_a_verdict_is_given_only_for_what_was_prespecified(session: Session, hypothesis: str, more: dict, said: str):
    rows, _ = read(session, prespecified(hypothesis, **more))
    results = StudyResults(rows)
    assert said in results.verdict.words
    assert all(gap.reading.startswith("exploratory") for gap in results.comparison.differences if gap.group != "novice")


def test_a_verdict_without_an_ai_or_readers_says_why(session: Session):
    rows, _ = read(session, replace(prespecified("superiority"), ai=False, cases=5))
    results = StudyResults(rows)
    assert results.verdict.words == "No verdict: the study has no AI."


@pytest.mark.parametrize(
    ("hypothesis", "margin", "said"),
    [
        ("superiority", None, "Reading with the AI is superior."),
        ("non-inferiority", 0.02, "non-inferior at a margin of 2"),
    ],
)
def test_aided_against_unaided_gets_its_verdict(session: Session, hypothesis: str, margin: float | None, said: str):
    more = {"comparison": "aided_vs_unaided", "comparator": "all", "margin": margin}
    rows, _ = read(session, replace(prespecified(hypothesis, **more), design=Design.SEQUENTIAL))
    results = StudyResults(rows)
    assert said in results.verdict.words
