"""No figure and no interval leaves its possible range: in no page, report or export of any size of study."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import count, pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as some
from sqlalchemy.orm import Session

from core.report.document import sections
from core.results.answer import home
from core.results.blocks import Block, Chart, Facts, Note, Table, Unattended
from core.results.guard import FEWEST_CASES, WITHHELD
from core.results.panels.registry import PANELS
from core.results.study_results import StudyResults
from core.study.words import Design
from db.permissions import SYSTEM
from db.results import rows as analysis
from db.simulated import Plan, seed_study
from tests.results.test_gaps import charts_of
from tests.results.test_registry import MADE

SHARES = ("accuracy", "sensitivity", "specificity", "AUC", "balanced accuracy", "PPV", "NPV", "FDR", "macro F1")
TITLES = count()  # accounts of a simulated study are named after its title
PERCENT = re.compile(r"([+−-]?\d+(?:\.\d+)?) ?%")
SPREAD = re.compile(r"%,? ?\(?([−-]?\d+(?:\.\d+)?)–([−-]?\d+(?:\.\d+)?)\)?")
POINTS = re.compile(r"([+−]\d+\.\d) to ([+−]\d+\.\d)(?!\d)")
PLANS = some.builds(
    Plan,
    cases=some.integers(2, 200),
    novices=some.integers(0, 3),
    experts=some.integers(1, 3),
    design=some.sampled_from([Design.INDEPENDENT, Design.SEQUENTIAL]),
    missing=some.sampled_from([0.0, 0.1]),
    indeterminate=some.sampled_from([0.0, 0.1]),
    ratings=some.booleans(),
    seed=some.integers(0, 10_000),
)


def texts(block: Block) -> Iterator[str]:
    match block:
        case Note():
            yield block.text
        case Table():
            for row in block.rows:
                yield from (str(cell) for cell in row.values())
        case Facts():
            yield from map(str, block.pairs.values())


def number(text: str) -> float:
    return float(text.replace("−", "-"))


def impossible(block: Block) -> Iterator[str]:
    """Yield what lies outside its range: shares in 0 to 100 %, differences in -100 to +100 points, low below high."""
    for text in texts(block):
        for found in PERCENT.findall(text):
            if not -100 <= number(found) <= 100:
                yield text
        for low, high in SPREAD.findall(text):
            if not 0 <= number(low) <= number(high) <= 100:
                yield text
        for low, high in POINTS.findall(text):
            if not -100 <= number(low) <= number(high) <= 100:
                yield text
    for chart in charts_of([block]):
        yield from outside(chart)


def outside(chart: Chart) -> Iterator[str]:
    for row in chart.data:
        if not str(row.get("figure", "")).startswith(SHARES):
            continue
        difference = any(name in row for name in ("ai_minus_group", "estimate", "difference"))
        difference |= "difference" in chart.key or " minus " in str(row.get("of", ""))
        ends = [row[name] for name in ("low", "value", "high") if row.get(name) is not None]
        if any(not (-1 if difference else 0) - 1e-9 <= end <= 1 + 1e-9 for end in ends) or any(
            a > b + 1e-9 for a, b in pairwise(ends)
        ):
            yield f"{chart.key}: {row}"


def everything(results: StudyResults, story: Any) -> Iterator[Block]:
    page = Unattended(paper=False)
    yield from home(results)
    for panel in PANELS:
        yield from panel.shown(results, page)
    for section in sections(results, story, MADE):
        yield from (block for block in section.blocks if isinstance(block, Block))


@pytest.mark.timeout(300)
@settings(
    max_examples=2,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(plan=PLANS)
@example(plan=Plan(cases=2, novices=1, experts=1, design=Design.SEQUENTIAL))
@example(plan=Plan(cases=9))
def test_no_interval_leaves_its_possible_range(session: Session, plan: Plan):
    study = seed_study(session, replace(plan, title=f"Simulated {next(TITLES)}"))
    results = StudyResults(analysis.rows(session, study_id=study, by=SYSTEM, detail=True))
    story = analysis.story(session, study_id=study, by=SYSTEM)
    blocks = list(everything(results, story))
    assert [said for block in blocks for said in impossible(block)] == []
    tests = [
        cell
        for block in blocks
        if isinstance(block, Table)
        for row in block.rows
        for name, cell in row.items()
        if name == "p" and cell not in ("–", WITHHELD, None, "")
    ]
    if plan.cases < FEWEST_CASES:
        assert tests == []
        assert "too few" in results.verdict.words or not results.verdict.tested


@pytest.mark.parametrize(
    "text", ["104.2 %", "50.0 % (−3.1–60.0)", "50.0 % (40.0–101.2)", "−25.0 (−342.7 to +292.7)", "50.0 % (60.0–40.0)"]
)
def test_what_is_impossible_is_found(text: str):
    assert list(impossible(Table("t", [{"x": text}]))) != []
