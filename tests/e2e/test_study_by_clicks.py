"""A sequential study of two classes with two AIs by clicks alone, from the draft to the report.

Designed, checked, opened, read by two, closed, unblinded, looked at. Only its three small volumes and the reads of the
shipped AI come by verbs; the shipped AI is mapped many to one, and the second AI joins by a CSV of its calls.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest

from core import clock
from core.ai.model_files import named
from core.export.long import csv_pieces
from core.report.document import report_html
from core.results.study_results import StudyResults
from core.services import model_registry
from core.stats.analyse import analyse
from core.stats.reads import table_from_text
from db import cases
from db.ai import reads as ai_reads
from db.engine import open_session, open_view
from db.permissions import SYSTEM
from db.results import rows as results
from db.study import info as study_info
from tests.e2e.conftest import Server
from tests.e2e.coordinator import Hand
from tests.e2e.reading import invited, lock, reads_of, shown
from tests.e2e.reading_study import put_case
from tests.report.test_report import made as how_made

pytestmark = pytest.mark.browser
TAG = "by clicks"
TITLE = "A study made by clicks"
OTHER = "other-vendor 3.1"
CALLS = ("normal", "cap", "normal")  # of the shipped AI
TRUTH = ("Normal", "Pneumonia", "Pneumonia")


@pytest.fixture
def library(server: Server) -> tuple[str, list[int]]:
    """The shipped AI by name, and the numbers of three tagged cases that it has read."""
    me, at = server.account("carla", "coordinator"), clock.now()  # who makes the study uploads its cases
    with open_session(server.database) as session:
        model = model_registry.register(session, named(None))
        numbers = []
        for n, call in enumerate(CALLS):
            case = put_case(session, server, f"clicks{n}", by=me, at=at)
            cases.set_tags(session, case.id, [TAG], by=me, at=at)
            numbers.append(case.number)
            shares = {"normal": 0.7 - 0.2 * n, "cap": 0.1 + 0.1 * n, "covid": 0.2 + 0.1 * n}
            said = ai_reads.NewCall("paper", call, None, shares, {}, [], None, 4.0)
            ai_reads.store(session, series_id=case.series_id, model_id=model.id, parameters_hash="p", scores=None,
                           calls=[said], at=at, by=SYSTEM)  # fmt: skip
    return f"{model.name} {model.version}", numbers


def test_a_sequential_study_with_two_ais_goes_from_draft_to_report_by_clicks(
    server: Server, sign_in: Callable[..., Any], library: tuple[str, list[int]], browser: Any
) -> None:
    shipped, numbers = library
    hand = Hand(sign_in(server, "carla"))
    _bring_an_ai(hand, server, numbers)
    _design(hand, server)
    links = _fill(hand, numbers, shipped)
    _open(hand)
    study = _study_id(server)
    for link in links:
        _read_everything(browser, link)
    _close_and_look(hand, shipped)
    with open_view(server.database) as session:
        assert study_info.study(session, study, by=SYSTEM).state == "unblinded"
        accounts = {reader.username: reader.account_id for reader in study_info.readers(session, study, by=SYSTEM)}
        rows = results.rows(session, study_id=study, by=SYSTEM, detail=True)
        story = results.story(session, study_id=study, by=SYSTEM)
        report = report_html(StudyResults(rows), story, made=how_made(rows))
    for reader in ("ria", "rob"):
        reads = reads_of(server, accounts[reader])
        assert [(read.arm, read.diagnosis, read.state) for read in reads] == [
            ("unaided", "normal", "locked"),
            ("aided", "pneumonia", "locked"),
        ] * 3
        assert [read.ai_shown_at for read in reads[1::2]] == [read.locked_at for read in reads[::2]]
        assert all(0 < read.active_seconds <= read.raw_seconds for read in reads)
    _is_the_same_from_its_csv(StudyResults(rows), shipped)
    for text in (shipped, OTHER, "AI against AI", "cap and covid count as Pneumonia"):
        assert text in report


def _is_the_same_from_its_csv(study: StudyResults, shipped: str) -> None:
    first, again = study.analysis, analyse(table_from_text("".join(csv_pieces(study.rows))))
    figures, others = (
        {(reader.reader, reader.arm): (reader.accuracy.value, reader.confusion) for reader in analysis.readers}
        for analysis in (first, again)
    )
    assert figures == others
    assert [each.p_holm for each in again.ais_compared] == pytest.approx([each.p_holm for each in first.ais_compared])
    assert [figures[name, ""][0] for name in (shipped, OTHER)] == [2 / 3, 1.0]


def _bring_an_ai(hand: Hand, server: Server, numbers: list[int]) -> None:
    """A file as a German spreadsheet writes it, with a column that is no call."""
    lines = ["case;p_no;p_pneumonia;site"]
    for number, truth in zip(numbers, TRUTH, strict=True):
        lines.append(f"{number};" + ("90;10" if truth == "Normal" else "20;80") + ";x")
    hand.opens(f"{server.url}/models", "AI models")
    hand.unfolds("Add another algorithm by a CSV of its calls")
    name, version = OTHER.split()
    hand.types("Name of the algorithm", name)
    hand.types("Version", version)
    hand.uploads("CSV", "vendor.csv", "\n".join(lines).encode(), "Not used: site.")
    hand.sees("Probabilities are percent")
    hand.clicks("Import 3 calls", "3 calls imported")


def _design(hand: Hand, server: Server) -> None:
    hand.opens(f"{server.url}/studies", "New study")
    hand.presses("An empty study")
    hand.types("Title", TITLE)
    hand.clicks("Create the study", "Draft: everything can change")
    hand.chooses("Design", "Sequential: read without the AI and locked, then with it")
    hand.clicks("Next: Protocol", "No diagnoses yet")
    hand.writes("Add diagnoses, separated by commas", "Normal, Pneumonia")
    hand.clicks("Add")
    hand.chooses("The disease looked for (positive class)", "Pneumonia")
    hand.presses("Readers rate every diagnosis from 0 to 100")


def _fill(hand: Hand, numbers: list[int], shipped: str) -> list[str]:
    hand.clicks("Next: Cases", "0 cases to read")
    hand.clicks(f"3 tagged {TAG}", "3 cases to read, 0 for practice")
    hand.clicks("Next: Truth", "Truth of 0 of 3 cases")
    hand.chooses("The truth rests on", "PCR")
    hand.types("Who established it", "the clinic")
    hand.types("Time between the CT and what the truth rests on", "at most 3 days")
    for n, (number, truth) in enumerate(sorted(zip(numbers, TRUTH, strict=True)), start=1):
        hand.clicks(f"Case {number} is {truth}", f"Truth of {n} of 3 cases")
    hand.clicks("Next: Readers", "0 readers")
    for n, name in enumerate(("Ria", "Rob"), start=1):
        hand.writes("Name", name)
        hand.writes("User name or e-mail", name.lower())
        hand.clicks("Add the reader", f"{n} reader{'s' if n > 1 else ''}")
    links = [re.search(r"http\S+link=\S+", text)[0] for text in hand.main.get_by_test_id("stCode").all_inner_texts()]  # type: ignore[index]
    assert len(links) == 2
    hand.clicks("Next: AI")
    hand.chooses("AI", shipped, "cap and covid count as Pneumonia")
    hand.clicks("Add this AI", "Remove")  # the list has one other model
    hand.clicks("Next: Prespecification", "Primary endpoint")
    hand.chooses("Compared", "Reading with the AI against reading without it")
    hand.chooses("Hypothesis", "Superiority")
    return links


def _open(hand: Hand) -> None:
    hand.clicks("Next: Check and open")
    hand.clicks("Check the study", "Nothing stands in the way")
    hand.sees("cap and covid count as Pneumonia")
    hand.presses("I have read this")
    hand.clicks("Open the study", "Accuracy is sealed")


def _study_id(server: Server) -> int:
    with open_view(server.database) as session:
        return next(line.id for line in study_info.every(session, by=SYSTEM) if line.title == TITLE)


def _read_everything(browser: Any, link: str) -> None:
    """Choose a password by the invitation, read all three cases unaided then aided."""
    page = invited(browser, link)
    for index, place in enumerate(f"Case {n} of 3" for n in range(1, 4) for _ in range(2)):
        page.locator(".phase").wait_for(state="visible" if index % 2 else "hidden")
        shown(page, place)
        assert page.get_by_text("AI output").count() == index % 2
        lock(page, "o" if index % 2 else "n")  # the letter that the page gave to Pneumonia
    page.get_by_text("Every case of this study is read").wait_for()
    page.context.close()


def _close_and_look(hand: Hand, shipped: str) -> None:
    hand.unblinds("12 of 12")
    hand.sees("3 cases are too few for a test")
    hand.page.get_by_role("link", name="Comparison").first.click()
    hand.sees("In figures")
    for who in (shipped, OTHER, "R1", "R2"):
        hand.page.get_by_text(who, exact=True).first.wait_for(state="attached")
