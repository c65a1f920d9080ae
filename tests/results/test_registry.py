"""The registry is the only list of panels: a panel that is not in it, or not everywhere, fails here."""

import pkgutil
from importlib import import_module
from typing import Any

import pytest
from sqlalchemy.orm import Session

from core.report.document import sections
from core.report.record import Made
from core.results import panels
from core.results.bench import PAGE, written
from core.results.blocks import Block, Chart, Choice, Number, Table, Unattended
from core.results.panels.registry import PANELS
from core.results.study_results import StudyResults
from core.study.words import Design
from db.permissions import SYSTEM
from db.results import rows as analysis
from db.simulated import Plan, seed_study
from pages.coordinator.results import PAGES
from tests.conftest import NOW
from tests.results.test_gaps import charts_of

NO_PANELS = {"panel", "registry"}  # what a panel is, and the list
MADE = Made(NOW, "", "")
PLAN = Plan(cases=24, design=Design.SEQUENTIAL, novices=3, experts=3)


@pytest.fixture
def results(session: Session) -> StudyResults:
    rows = analysis.rows(session, study_id=seed_study(session, PLAN), by=SYSTEM, detail=True)
    return StudyResults(rows)


def test_every_module_of_the_folder_is_a_panel_of_the_registry():
    modules = {module.name for module in pkgutil.iter_modules(panels.__path__)} - NO_PANELS
    found = {name: import_module(f"core.results.panels.{name}").PANEL for name in modules}
    assert {panel.title for panel in found.values()} == {panel.title for panel in PANELS}
    assert len(found) == len(PANELS)


def test_every_panel_has_a_page_and_a_section_of_the_report(results: StudyResults, session: Session):
    story = analysis.story(session, study_id=results.study.id, by=SYSTEM)
    titles = [section.title for section in sections(results, story, MADE)]
    assert len(titles) == len(set(titles))
    for panel in PANELS:
        assert (panel.title, panel.address) in [(title, address) for _, title, address, _ in PAGES]
        (section,) = [section for section in sections(results, story, MADE) if section.title == panel.title]
        on_paper = [title(block) for block in panel.blocks(results, Unattended(paper=True))]
        assert [title(block) for block in section.blocks] == on_paper
        assert written(panel, results) > 0


def test_what_a_page_shows_is_in_the_report(results: StudyResults):
    """Every table and chart that a page begins with is on paper too, with the same line beneath."""
    for panel in PANELS:
        page, paper = (list(panel.blocks(results, Unattended(paper=at))) for at in (False, True))
        printed = {lines(block) for block in [*paper, *charts_of(paper)]}
        verdict = {lines(block) for block in page if isinstance(block, Table) and block.key == "verdict"}
        shown = {lines(block) for block in [*page, *charts_of(page)] if isinstance(block, Chart | Table)}
        assert shown - verdict <= printed, panel.title


def test_a_control_begins_with_what_it_offers(results: StudyResults):
    class Asked(Unattended):
        def choose(self, choice: Choice) -> tuple[str, ...]:
            assert set(choice.default) <= set(choice.options), choice.key
            assert set(choice.on_paper or ()) <= set(choice.options), choice.key
            assert choice.look == "many" or len(choice.default) == 1, choice.key
            keys.append(choice.key)
            return super().choose(choice)

        def number(self, number: Number) -> float | None:
            assert number.value is None or number.low <= number.value <= number.high
            keys.append(number.key)
            return super().number(number)

    for panel in PANELS:
        keys: list[str] = []
        assert list(panel.blocks(results, Asked(paper=False)))
        assert len(keys) == len(set(keys))
    assert PAGE.paper is False


def title(block: Any) -> str:
    return f"{type(block).__name__} {getattr(block, 'key', '')}"


def lines(block: Block) -> tuple[str, str, str]:
    rows = [
        {name: value for name, value in row.items() if name not in getattr(block, "links", ())}
        for row in getattr(block, "rows", getattr(block, "data", []))
    ]
    return getattr(block, "note", ""), getattr(block, "method", ""), str(rows)
