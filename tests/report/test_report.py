"""The report: one file without network, every section, also where there is next to nothing to report."""

import hashlib
import re
from dataclasses import replace

import pytest
from sqlalchemy.orm import Session

from core import __version__
from core.report.checklist import ITEMS, mapped
from core.report.compare import compare
from core.report.document import SECTIONS, report_html
from core.report.files import file_of
from core.report.rows import StudyRows
from core.report.story import Story
from db import analysis
from db.simulated import Plan, seed_study
from tests.conftest import NOW

FULL = Plan(cases=30, design="sequential", missing=0.03, indeterminate=0.03)
LITTLE = Plan(novices=1, experts=0, cases=1, practice=0, missing=0.0, ratings=False, ai=False, indeterminate=0.0)


def read(session: Session, plan: Plan) -> tuple[StudyRows, Story]:
    study = seed_study(session, plan)
    rows = analysis.rows(session, study_id=study, account_id=None, detail=True)
    return rows, analysis.story(session, study_id=study, account_id=None)


def without_library(html: str) -> str:
    """The page without the drawing library, whose source names addresses it never opens here."""
    return re.sub(r"<script>.*?</script>", "", html, count=1, flags=re.S)


@pytest.mark.parametrize(
    "plan", [FULL, LITTLE, replace(LITTLE, ai=True, cases=3), replace(FULL, ratings=False, ai=False)]
)
def test_the_report_needs_no_network_and_has_every_section(session: Session, plan: Plan):
    html = report_html(*read(session, plan), at=NOW)
    text = without_library(html)
    assert all(f">{name}</h2>" in text for name in SECTIONS)
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", text)
    assert "research demonstration" in text
    assert "not answered" in text
    assert not re.search(r"\bnan\b", re.sub(r"<script.*?</script>", "", text, flags=re.S), flags=re.I)


def test_the_same_study_gives_the_same_report_and_the_hash_of_its_file(session: Session):
    rows, story = read(session, FULL)
    html = report_html(rows, story, at=NOW)
    assert report_html(rows, story, at=NOW) == html
    ids = re.findall(r'<div id="(chart-[^"]+)"', html)
    assert len(ids) == len(set(ids)) > 10
    text = "".join(file_of(rows, "csv").pieces)
    assert f"SHA-256 {hashlib.sha256(text.encode()).hexdigest()}" in html
    assert all(f"<td>{seed}</td>" in html for _, _, seed in story.order_seeds)
    assert f"Parallax {__version__}" in html
    assert rows.study.ai.sha256 in html


def test_what_people_typed_is_escaped(session: Session):
    rows, story = read(session, replace(LITTLE, title="<script>alert(1)</script>"))
    assert "<script>alert(1)" not in report_html(rows, story, at=NOW)


def test_checklist_items_are_answered_only_by_what_was_recorded(session: Session):
    plan = {"eligibility": "Adults with a chest CT", "registration": "NCT00000000"}
    rows, story = read(session, replace(FULL, protocol=(("prespecification", plan),)))
    where = {(one.item.checklist, one.item.answer): one.where for one in mapped(rows.study, story)}
    assert all(where[key] for key in where if key[1] in ("eligibility", "registration", "flow", "ai"))
    assert all(where[key] is None for key in where if key[1] in ("none", "information", "reference", "sample_size"))
    assert len(where) <= len(ITEMS)


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
    found = compare(rows, whole=rows)
    assert found.verdict is not None
    assert said in found.verdict.words
    assert all(gap.verdict.startswith("exploratory") for gap in found.gaps if gap.group != "novice")


def test_a_verdict_without_an_ai_or_readers_says_why(session: Session):
    rows, _ = read(session, replace(prespecified("superiority"), ai=False, cases=5))
    found = compare(rows, whole=rows)
    assert found.verdict is not None
    assert found.verdict.words == "No verdict: the study has no AI."


@pytest.mark.parametrize(
    ("hypothesis", "margin", "said"),
    [
        ("superiority", None, "Reading with the AI is superior."),
        ("non-inferiority", 0.02, "non-inferior at a margin of 2"),
    ],
)
def test_aided_against_unaided_gets_its_verdict(session: Session, hypothesis: str, margin: float | None, said: str):
    more = {"comparison": "aided_vs_unaided", "comparator": "all", "margin": margin}
    rows, _ = read(session, replace(prespecified(hypothesis, **more), design="sequential"))
    found = compare(rows, whole=rows)
    assert found.verdict is not None
    assert said in found.verdict.words
