"""A two-class study with the shipped AI, mapped many to one, and a second AI by CSV: from the draft to the report."""

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
from tests.e2e.reading import invited, lock, shown
from tests.e2e.reading_study import put_case
from tests.report.test_report import made

pytestmark = pytest.mark.browser
TAG, TITLE, OTHER = "two AIs", "Pneumonia or not, by two AIs", "other-vendor 3.1"
CALLS = ("normal", "cap", "covid", "normal")  # of the shipped AI
TRUTHS = ("Normal", "Pneumonia", "Pneumonia", "Pneumonia")


@pytest.fixture
def library(server: Server) -> tuple[str, list[int]]:
    """The shipped AI by name, and the numbers of four tagged cases that it has read."""
    me, at = server.account("dora", "coordinator"), clock.now()
    with open_session(server.database) as session:
        model = model_registry.register(session, named(None))
        numbers = []
        for n, call in enumerate(CALLS):
            case = put_case(session, server, f"two-ais{n}", by=me, at=at)
            cases.set_tags(session, case.id, [TAG], by=me, at=at)
            numbers.append(case.number)
            shares = {"normal": 0.7 - 0.2 * n, "cap": 0.1 + 0.1 * n, "covid": 0.2 + 0.1 * n}
            said = ai_reads.NewCall("paper", call, None, shares, {}, [], None, 4.0)
            ai_reads.store(session, series_id=case.series_id, model_id=model.id, parameters_hash="p", scores=None,
                           calls=[said], at=at, by=SYSTEM)  # fmt: skip
    return f"{model.name} {model.version}", numbers


def test_a_two_class_study_with_two_ais_goes_from_draft_to_report(
    server: Server, sign_in: Callable[..., Any], library: tuple[str, list[int]], browser: Any
) -> None:
    shipped, numbers = library
    hand = Hand(sign_in(server, "dora"))
    _second_ai(hand, server, numbers)
    link = _design(hand, server, shipped, numbers)
    _read(browser, link)
    _unblind(hand)
    with open_view(server.database) as session:
        study = next(line.id for line in study_info.every(session, by=SYSTEM) if line.title == TITLE)
        rows = results.rows(session, study_id=study, by=SYSTEM, detail=True)
        story = results.story(session, study_id=study, by=SYSTEM)
        report = report_html(StudyResults(rows), story, made=made(rows))
    found = StudyResults(rows).analysis
    again = analyse(table_from_text("".join(csv_pieces(rows))))
    figures = {reader.reader: (reader.accuracy.value, reader.confusion) for reader in found.readers}
    assert figures == {reader.reader: (reader.accuracy.value, reader.confusion) for reader in again.readers}
    assert [one.p_holm for one in again.ais_compared] == pytest.approx([one.p_holm for one in found.ais_compared])
    assert (figures[shipped][0], figures[OTHER][0]) == (3 / 4, 1.0)
    for text in (shipped, OTHER, "AI against AI", "cap and covid count as Pneumonia"):
        assert text in report


def _second_ai(hand: Hand, server: Server, numbers: list[int]) -> None:
    """A file as a German spreadsheet writes it, with a column that is no call."""
    lines = ["case;p_no;p_pneumonia;site"]
    for number, truth in zip(numbers, TRUTHS, strict=True):
        lines.append(f"{number};" + ("90;10" if truth == "Normal" else "20;80") + ";x")
    hand.opens(f"{server.url}/models", "AI models")
    hand.unfolds("Add another algorithm by a CSV of its calls")
    name, version = OTHER.split()
    hand.types("Name of the algorithm", name)
    hand.types("Version", version)
    hand.uploads("CSV", "vendor.csv", "\n".join(lines).encode(), "Not used: site.")
    hand.sees("Probabilities are percent")
    hand.clicks("Import 4 calls", "4 calls imported")


def _design(hand: Hand, server: Server, shipped: str, numbers: list[int]) -> str:
    hand.opens(f"{server.url}/studies", "New study")
    hand.presses("An empty study")
    hand.types("Title", TITLE)
    hand.clicks("Create the study", "Draft: everything can change")
    hand.clicks("Next: Protocol", "No diagnoses yet")
    hand.writes("Add diagnoses, separated by commas", "Normal, Pneumonia")
    hand.clicks("Add")
    hand.chooses("The disease looked for (positive class)", "Pneumonia")
    hand.presses("Readers rate every diagnosis from 0 to 100")
    hand.clicks("Next: Cases", "0 cases to read")
    hand.clicks(f"4 tagged {TAG}", "4 cases to read, 0 for practice")
    hand.clicks("Next: Truth", "Truth of 0 of 4 cases")
    hand.chooses("The truth rests on", "PCR")
    hand.types("Who established it", "the clinic")
    hand.types("Time between the CT and what the truth rests on", "at most 3 days")
    for n, (number, truth) in enumerate(sorted(zip(numbers, TRUTHS, strict=True)), start=1):
        hand.clicks(f"Case {number} is {truth}", f"Truth of {n} of 4 cases")
    hand.clicks("Next: Readers", "0 readers")
    hand.writes("Name", "Tess")
    hand.writes("User name or e-mail", "tess")
    hand.clicks("Add the reader", "1 reader")
    found = re.search(r"http\S+link=\S+", hand.main.get_by_test_id("stCode").first.inner_text())
    assert found is not None
    hand.clicks("Next: AI")
    hand.chooses("AI", shipped, "cap and covid count as Pneumonia")
    hand.clicks("Add this AI", "Remove")  # the list has one other model
    hand.clicks("Next: Prespecification", "Primary endpoint")
    hand.clicks("Next: Check and open")
    hand.clicks("Check the study", "Nothing stands in the way")
    hand.sees("cap and covid count as Pneumonia")
    hand.presses("I have read this")
    hand.clicks("Open the study", "Accuracy is sealed")
    return found[0]


def _read(browser: Any, link: str) -> None:
    page = invited(browser, link)
    for n in range(1, 5):
        shown(page, f"Case {n} of 4")
        assert page.get_by_text("AI output").count() == 0
        lock(page, "n" if n == 1 else "o")  # the letter that the page gave to Pneumonia
    page.get_by_text("Every case of this study is read").wait_for()
    page.context.close()


def _unblind(hand: Hand) -> None:
    hand.unblinds("4 of 4")
