"""Series of an upload are stored though nobody looks any more, and each outcome is told."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from core.errors import InvalidInput
from core.services import background, storing
from core.services.ingest import Ingested
from core.services.storing import Storing


class Series:
    def __init__(self, place: str) -> None:
        self.place = place


class Intake:
    closed = False

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def begin(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Storing, Intake]]:
    """Start storing series, each by what `ingest` does in its place."""

    def start(*acts: Callable[[], Ingested]) -> tuple[Storing, Intake]:
        left = iter(acts)
        monkeypatch.setattr(storing, "ingest", lambda *_, **__: next(left)())
        intake: Any = Intake()
        chosen: Any = [Series(f"file {n}") for n in range(len(acts))]
        return Storing(intake, chosen, 1, lambda *_, **__: "job").start(), intake

    return start


def refuses() -> Ingested:
    raise InvalidInput("No chest CT.")


def breaks() -> Ingested:
    raise RuntimeError("a bug")


def test_every_series_has_its_outcome_and_one_that_fails_ends_no_other(begin: Callable[..., tuple[Storing, Intake]]):
    work, intake = begin(lambda: Ingested(1, 1001, False), refuses, breaks, lambda: Ingested(2, 1002, True))
    assert work.done.wait(10)
    assert [(outcome.state, outcome.case) for outcome in work.outcomes] == [
        ("new", "1001"), ("refused", ""), ("refused", ""), ("known", "1002")
    ]  # fmt: skip
    assert work.outcomes[1].why == "No chest CT."
    assert intake.closed


def test_a_server_that_ends_stores_the_series_in_hand_and_tells_of_those_that_wait(
    begin: Callable[..., tuple[Storing, Intake]],
):
    began, go_on = threading.Event(), threading.Event()

    def slow() -> Ingested:
        began.set()
        go_on.wait(10)
        return Ingested(1, 1001, False)

    work, intake = begin(slow, lambda: Ingested(2, 1002, False))
    assert began.wait(10)
    ender = threading.Thread(target=background.drain, args=(10.0,))
    ender.start()
    assert work.ending.wait(10)
    go_on.set()
    ender.join(10)
    assert [outcome.state for outcome in work.outcomes] == ["new", "refused"]
    assert "stopped" in work.outcomes[1].why
    assert intake.closed
