"""Work that a person began and that goes on while nobody looks: one thing after the other, in a thread of its own."""

import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Self

import structlog

from core.errors import ParallaxError

log = structlog.get_logger()

ENDED = "The server was stopped before this was done; start it again."
UNEXPECTED = "Something unexpected went wrong; try again, or ask whoever runs the server to look at its log."
_running: set["Background"] = set()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one thing: `state` is new, known, sent or refused; `case` its number, `why` the reason."""

    series: int
    place: str
    state: str
    case: str = ""
    why: str = ""


@dataclass(eq=False, kw_only=True)
class Background(ABC):
    """Does `count` things; `outcomes` grows, `share` and `text` tell how far it is, and `done` is set at the end."""

    outcomes: list[Outcome] = field(default_factory=list)
    share: float = 0.0
    text: str = "Starting …"
    done: threading.Event = field(default_factory=threading.Event)
    ending: threading.Event = field(default_factory=threading.Event)

    @property
    @abstractmethod
    def count(self) -> int:
        """How many things there are."""

    @abstractmethod
    def name(self, place: int) -> str:
        """Return what the thing at a place (from 0) is called."""

    @abstractmethod
    def work(self, place: int) -> tuple[str, str]:
        """Do the thing at a place; return its state and case number. Raises ParallaxError where it cannot be done."""

    def close(self) -> None:  # noqa: B027 - most work holds nothing
        """Let go of what the work held."""

    def start(self) -> Self:
        """Begin, in the background."""
        _running.add(self)
        threading.Thread(target=self._run, name="background", daemon=True).start()
        return self

    def tell(self, place: int, done: int, total: int, text: str) -> None:
        """Say how far the thing at a place is."""
        self.share = min(1.0, (place + done / max(total, 1)) / max(self.count, 1))
        self.text = text

    def _run(self) -> None:
        try:
            for place in range(self.count):
                self.outcomes.append(self._outcome(place))
        finally:
            self.close()
            self.done.set()
            _running.discard(self)

    def _outcome(self, place: int) -> Outcome:
        name = self.name(place)
        if self.ending.is_set():
            return Outcome(place + 1, name, "refused", why=ENDED)
        try:
            state, case = self.work(place)
        except ParallaxError as error:
            return Outcome(place + 1, name, "refused", why=str(error))
        except Exception:
            log.exception("background work failed")
            return Outcome(place + 1, name, "refused", why=UNEXPECTED)
        return Outcome(place + 1, name, state, case=case)


def drain(seconds: float) -> None:
    """Let everything in hand be finished before the server ends, for so long at most; what waits is told of."""
    for work in list(_running):
        work.ending.set()
    for work in list(_running):
        work.done.wait(seconds)
