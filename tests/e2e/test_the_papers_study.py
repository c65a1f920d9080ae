"""The paper's study by what the screen says alone: six cases, four pasted readers, few clicks and few entries."""

from collections.abc import Callable
from typing import Any

import pytest

from core import clock
from core.study.template import PUBLISHED
from core.study.words import StudyState
from db.engine import open_session, open_view
from db.permissions import SYSTEM
from db.study import info as study_info
from tests.e2e import coordinator
from tests.e2e.conftest import Server
from tests.e2e.coordinator import Hand
from tests.e2e.reading_study import put_case
from tests.study import builder

pytestmark = pytest.mark.browser
MOST_CLICKS, MOST_ENTRIES = 25, 6
UPLOAD_CLICKS, UPLOAD_ENTRIES = 3, 1  # Cases, Store, back to Studies; the zip that is chosen
PEOPLE = "Ann One, ann@clinic.org\nBen Two, ben@clinic.org\nCleo Three <cleo@clinic.org>\ndan@clinic.org"
TRUTH = ("Normal", "Other pneumonia", "COVID-19")


class Counting(Hand):
    """A hand that counts what it does."""

    clicked = 0
    entered = 0

    def clicks(self, name: str, sees: str = "") -> None:
        """Click a button, and count it."""
        self.clicked += 1
        super().clicks(name, sees)

    def presses(self, text: str, sees: str = "") -> None:
        """Click a choice, and count it."""
        self.clicked += 1
        super().presses(text, sees)

    def types(self, label: str, text: str, sees: str = "") -> None:
        """Fill a field in, and count it."""
        self.entered += 1
        super().types(label, text, sees)

    def writes(self, label: str, text: str) -> None:
        """Fill a field of a form in, and count it."""
        self.entered += 1
        super().writes(label, text)


@pytest.mark.timeout(600)
def test_the_papers_study_takes_few_clicks_and_entries(
    start_server: Callable[..., Server], sign_in: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coordinator, "PATIENCE", 120_000)  # ms; it starts a server of its own
    server = start_server()
    cora = server.account("cora", "coordinator")
    with open_session(server.database) as session:
        found = [put_case(session, server, f"paper{n}", by=cora, at=clock.now()) for n in range(6)]
        model = builder.model(session)
        for case in found:
            builder.ai_read(session, case, model)
    page: Any = sign_in(server, "cora")
    page.set_default_timeout(120_000)
    hand = Counting(page)
    hand.opens(f"{server.url}/studies", "New study")
    hand.clicks("Create the study", "Draft: everything can change")
    hand.clicks("Next: Protocol")
    hand.clicks("Next: Cases", "0 cases to read")
    hand.clicks("Take all 6 cases of the library", "6 cases to read")
    hand.clicks("Next: Truth", "Truth of 0 of 6 cases")
    hand.types("Time between the CT and what the truth rests on", "at most 3 days")
    for n, number in enumerate(sorted(case.number for case in found)):
        hand.clicks(f"Case {number} is {TRUTH[n % 3]}", f"Truth of {n + 1} of 6 cases")
    hand.clicks("Next: Readers", "0 readers")
    hand.writes("A reader on each line", PEOPLE)
    hand.clicks("Add these readers", "4 readers")
    hand.clicks("Next: AI")
    hand.clicks("Next: Prespecification", "Primary endpoint")
    hand.clicks("Next: Check and open")
    hand.clicks("Check the study", "Nothing stands in the way")
    hand.presses("I have read this")
    hand.clicks("Open the study", "Accuracy is sealed")
    with open_view(server.database) as session:
        (study,) = study_info.every(session, by=SYSTEM)
        readers = study_info.readers(session, study.id, by=SYSTEM)
    assert (study.state, study.cases, study.readers, study.wanted) == (StudyState.OPEN, 6, 4, 24)
    assert [(reader.group, reader.years) for reader in readers] == list(PUBLISHED.readers)
    assert hand.clicked + UPLOAD_CLICKS <= MOST_CLICKS
    assert hand.entered + UPLOAD_ENTRIES <= MOST_ENTRIES
    print(f"{hand.clicked + UPLOAD_CLICKS} clicks, {hand.entered + UPLOAD_ENTRIES} entries")  # noqa: T201 -- the count
