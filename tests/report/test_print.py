"""The report on paper: what a browser prints holds every figure whole."""

from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from core.report.document import made_now, report_html
from core.results.study_results import StudyResults
from core.study.words import Design
from db.permissions import SYSTEM
from db.results import rows as analysis
from db.simulated import Plan, seed_study
from tests.browser import shared_browser
from tests.conftest import NOW

A4 = 718  # pixels between the margins a browser leaves, 10 mm each


@pytest.mark.browser
def test_no_figure_is_wider_than_the_paper(session: Session, tmp_path: Path) -> None:
    study = seed_study(session, Plan(cases=12, design=Design.SEQUENTIAL))
    rows = analysis.rows(session, study_id=study, by=SYSTEM, detail=True)
    story = analysis.story(session, study_id=study, by=SYSTEM)
    file = tmp_path / "report.html"
    file.write_text(report_html(StudyResults(rows), story, made=made_now(rows, at=NOW, head="")))
    with shared_browser() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(file.as_uri())
        page.locator(".main-svg").first.wait_for()
        page.emulate_media(media="print")
        widths = page.locator(".main-svg").evaluate_all("all => all.map((one) => one.getBoundingClientRect().width)")
        page.close()
    assert widths
    assert max(widths) <= A4
