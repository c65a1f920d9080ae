"""A sequential study by clicks alone: designed, checked, opened, read by two, closed, unblinded, looked at.

Only its six small volumes are put into the library by the verb; its AI joins by a CSV of calls, on its page.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest

from core import clock
from db import cases
from db.engine import open_session, open_view
from db.permissions import SYSTEM
from db.study import info as study_info
from tests.e2e.conftest import Server
from tests.e2e.coordinator import Hand
from tests.e2e.reading import invited, lock, reads_of, shown
from tests.e2e.reading_study import put_case

pytestmark = pytest.mark.browser
TAG = "by clicks"
TITLE = "A study made by clicks"
TRUTH = ("Normal", "Other pneumonia", "COVID-19")


@pytest.fixture
def numbers(server: Server) -> list[int]:
    """Six cases in the library, tagged."""
    made = server.account("carla", "coordinator")  # who makes the study uploads its cases
    with open_session(server.database) as session:
        found = [put_case(session, server, f"clicks{n}", by=made, at=clock.now()) for n in range(6)]
        for case in found:
            cases.set_tags(session, case.id, [TAG], by=made, at=clock.now())
    return sorted(case.number for case in found)


def test_a_sequential_study_goes_from_draft_to_results_by_clicks(
    server: Server, sign_in: Callable[..., Any], numbers: list[int], browser: Any
) -> None:
    server.account("carla", "coordinator")
    hand = Hand(sign_in(server, "carla"))
    _bring_an_ai(hand, server, numbers)
    _design(hand, server)
    links = _fill(hand, numbers)
    _open(hand)
    study = _study_id(server)
    for link in links:
        _read_everything(browser, link)
    _close_and_look(hand)
    with open_view(server.database) as session:
        assert study_info.study(session, study, by=SYSTEM).state == "unblinded"
        accounts = {reader.username: reader.account_id for reader in study_info.readers(session, study, by=SYSTEM)}
    assert len(links) == 2
    orders = []
    for reader in ("ria", "rob"):
        rows = reads_of(server, accounts[reader])
        assert [(row.arm, row.diagnosis, row.state) for row in rows] == [
            ("unaided", "normal", "locked"),
            ("aided", "covid_19", "locked"),
        ] * 6
        assert [row.ai_shown_at for row in rows[1::2]] == [row.locked_at for row in rows[::2]]
        assert all(0 < row.active_seconds <= row.raw_seconds for row in rows)
        orders.append([row.case_id for row in rows])
    assert orders[0] != orders[1]


def _bring_an_ai(hand: Hand, server: Server, numbers: list[int]) -> None:
    lines = ["case,call,prob_normal,prob_cap,prob_covid", *(f"{number},covid,0.1,0.2,0.7" for number in numbers)]
    hand.opens(f"{server.url}/models", "AI models")
    hand.unfolds("Add another algorithm by a CSV of its calls")
    hand.types("Name of the algorithm", "called-elsewhere")
    hand.types("Version", "1")
    hand.uploads("CSV", "c.csv", "\n".join(lines).encode(), "What the columns are")
    hand.clicks("Import 6 calls", "6 calls imported")


def _design(hand: Hand, server: Server) -> None:
    hand.opens(f"{server.url}/studies", "New study")
    hand.presses("An empty study")
    hand.types("Title", TITLE)
    hand.clicks("Create the study", "Draft: everything can change")
    hand.chooses("Design", "Sequential: read without the AI and locked, then with it")
    hand.clicks("Next: Protocol", "No diagnoses yet")
    hand.writes("Add diagnoses, separated by commas", ", ".join(TRUTH))
    hand.clicks("Add")
    hand.chooses("The disease looked for (positive class)", "COVID-19")
    hand.presses("Readers rate every diagnosis from 0 to 100")


def _fill(hand: Hand, numbers: list[int]) -> list[str]:
    hand.clicks("Next: Cases", "0 cases to read")
    hand.clicks(f"6 tagged {TAG}", "6 cases to read, 0 for practice")
    hand.clicks("Next: Truth", "Truth of 0 of 6 cases")
    hand.chooses("The truth rests on", "PCR")
    hand.types("Who established it", "the clinic")
    hand.types("Time between the CT and what the truth rests on", "at most 3 days")
    for n, number in enumerate(numbers):
        hand.clicks(f"Case {number} is {TRUTH[n % 3]}", f"Truth of {n + 1} of 6 cases")
    hand.clicks("Next: Readers", "0 readers")
    for n, name in enumerate(("Ria", "Rob"), start=1):
        hand.writes("Name", name)
        hand.writes("User name or e-mail", name.lower())
        hand.clicks("Add the reader", f"{n} reader{'s' if n > 1 else ''}")
    links = [re.search(r"http\S+link=\S+", text)[0] for text in hand.main.get_by_test_id("stCode").all_inner_texts()]  # type: ignore[index]
    hand.clicks("Next: AI")
    hand.chooses("AI", "called-elsewhere 1", "It has read 6 of 6 cases")
    hand.chooses("cap counts as", "Other pneumonia")  # normal and covid are guessed
    hand.clicks("Next: Prespecification", "Primary endpoint")
    hand.chooses("Compared", "Reading with the AI against reading without it")
    hand.chooses("Hypothesis", "Superiority")
    return links


def _open(hand: Hand) -> None:
    hand.clicks("Next: Check and open")
    hand.clicks("Check the study", "Nothing stands in the way")
    hand.presses("I have read this")
    hand.clicks("Open the study", "Accuracy is sealed")


def _study_id(server: Server) -> int:
    with open_view(server.database) as session:
        return next(line.id for line in study_info.every(session, by=SYSTEM) if line.title == TITLE)


def _read_everything(browser: Any, link: str) -> None:
    """Choose a password by the invitation, read all six cases unaided then aided."""
    page = invited(browser, link)
    for index, place in enumerate(f"Case {n} of 6" for n in range(1, 7) for _ in range(2)):
        page.locator(".phase").wait_for(state="visible" if index % 2 else "hidden")
        shown(page, place)
        assert page.get_by_text("AI output").count() == index % 2
        lock(page, "c" if index % 2 else "n")
    page.get_by_text("Every case of this study is read").wait_for()
    page.context.close()


def _close_and_look(hand: Hand) -> None:
    hand.unblinds("24 of 24")
    hand.sees("6 cases are too few for a test")
    hand.page.get_by_role("link", name="Comparison").first.click()
    hand.sees("In figures")
    for who in ("AI", "R1", "R2"):
        hand.page.get_by_text(who, exact=True).first.wait_for(state="attached")
