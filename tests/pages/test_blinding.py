"""What pages send to a reader's browser: in no design, on no page of any role, anything that is hidden from readers."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from core import clock
from core.study.words import Design, Role
from db.engine import open_session
from db.models import Account
from tests.pages.conftest import ROOT, sent
from tests.reading.build import CLASSES, MODEL, SECRET_SOURCE, Built, answers, read_one, study

Open = Callable[..., AppTest]
WorkAs = Callable[[int], None]
PAGES = ROOT / "pages"
OF_STAFF = sorted(
    str(path.relative_to(PAGES))
    for folder in ("coordinator", "coordinator/study", "coordinator/results", "admin")
    for path in (PAGES / folder).glob("*.py")
    if path.read_text().rstrip().endswith("\npage()") and path.name != "own.py"  # everybody's own account
)
STEPS = ("overview", "protocol", "cases", "truth", "readers", "ai", "prespecification", "check", "sharing")
AI_OUTPUT = ("0.625", "0.62", "62.5", "deciding")


def build(db_url: str, design: Design) -> Built:
    """An open study: the first reader has locked a practice case and one more, the second reader two, as COVID-19."""
    at = clock.now() - timedelta(hours=3)
    with open_session(db_url) as session:
        built = study(session, at, design=design, cases=3, practice=1, practice_feedback=False)
        for n in range(2):
            read_one(session, built, built.readers[0], at + timedelta(minutes=n))
            read_one(session, built, built.readers[1], at + timedelta(minutes=n), answers("covid"))
    return built


def test_the_pages_of_staff_are_known() -> None:
    assert {
        "coordinator/studies.py",
        "coordinator/cases.py",
        "coordinator/results/case.py",
        "coordinator/study/design.py",
    } < set(OF_STAFF)
    assert {"admin/accounts.py", "admin/audit.py"} < set(OF_STAFF)


@pytest.mark.parametrize("design", ["independent", "sequential", "crossover"])
@pytest.mark.parametrize("place", ["reader/work_list.py", "reader/read.py"])
def test_no_page_of_a_reader_holds_what_is_hidden(
    db_url: str, work_as: WorkAs, open_page: Open, place: str, design: Design
) -> None:
    built = build(db_url, design)
    work_as(built.readers[0])
    page = open_page(place, study=str(built.study_id))
    for hidden in (SECRET_SOURCE, MODEL, *AI_OUTPUT, *(label for _, label, _ in CLASSES), *map(str, built.truth)):
        assert hidden not in sent(page), hidden


@pytest.mark.parametrize("place", OF_STAFF)
def test_a_reader_gets_nothing_of_the_pages_of_other_roles(
    db_url: str, work_as: WorkAs, open_page: Open, place: str
) -> None:
    built = build(db_url, Design.SEQUENTIAL)
    work_as(built.readers[0])
    page = open_page(place, study=str(built.study_id), case=str(min(built.truth)), step="truth")
    assert "other roles" in page.error[0].value
    assert not page.title
    for hidden in (SECRET_SOURCE, MODEL, *AI_OUTPUT, *(label for _, label, _ in CLASSES), *map(str, built.truth)):
        assert hidden not in sent(page), hidden


@pytest.mark.parametrize("design", ["independent", "sequential", "crossover"])
def test_a_coordinator_who_reads_in_the_study_gets_no_truth_no_call_and_no_read(
    db_url: str, work_as: WorkAs, open_page: Open, design: Design
) -> None:
    built = build(db_url, design)
    with open_session(db_url) as session:
        session.get_one(Account, built.readers[0]).role = Role.COORDINATOR
    work_as(built.readers[0])
    places = [("coordinator/study/design.py", step) for step in STEPS]
    places += [(place, "") for place in OF_STAFF if place.startswith(("coordinator/results/", "coordinator/study/"))]
    for place, step in places:
        page = open_page(place, study=str(built.study_id), case=str(min(built.truth)), step=step)
        for hidden in (SECRET_SOURCE, *AI_OUTPUT):
            assert hidden not in sent(page), (place, step, hidden)
