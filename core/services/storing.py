"""The chosen series of an upload are stored by a thread of their own, so that leaving the page ends nothing."""

import threading
from dataclasses import dataclass, field

import structlog

from core.errors import ParallaxError
from core.imaging.intake import Intake, Listed
from core.services.ingest import Enqueue, ingest

log = structlog.get_logger()

ENDED = "The server was stopped before this series was stored; upload it again."
UNEXPECTED = "Something unexpected went wrong; try again, or ask whoever runs the server to look at its log."
_running: set["Storing"] = set()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one series: `state` is new, known or refused; `case` its number, `why` the reason for refusing."""

    series: int
    place: str
    state: str
    case: str = ""
    why: str = ""


@dataclass(eq=False)
class Storing:
    """Stores series one after the other; `outcomes` grows, and `done` is set at the end. It closes the intake then."""

    intake: Intake
    chosen: list[Listed]
    by: int
    enqueue: Enqueue
    outcomes: list[Outcome] = field(default_factory=list)
    share: float = 0.0
    text: str = "Storing …"
    done: threading.Event = field(default_factory=threading.Event)
    ending: threading.Event = field(default_factory=threading.Event)

    def start(self) -> "Storing":
        """Begin, in the background."""
        _running.add(self)
        threading.Thread(target=self._run, name="storing", daemon=True).start()
        return self

    def _run(self) -> None:
        try:
            for place, series in enumerate(self.chosen, start=1):
                self.outcomes.append(self._one(place, series))
        finally:
            self.intake.close()
            self.done.set()
            _running.discard(self)

    def _one(self, place: int, series: Listed) -> Outcome:
        if self.ending.is_set():
            return Outcome(place, series.place, "refused", why=ENDED)

        def tell(done: int, total: int) -> None:
            self.share = (place - 1 + 0.9 * done / max(total, 1)) / len(self.chosen)
            self.text = f"Series {place} of {len(self.chosen)}: slice {done} of {total}"

        try:
            stored = ingest(self.intake, series, by=self.by, enqueue=self.enqueue, on_progress=tell)
        except ParallaxError as error:
            return Outcome(place, series.place, "refused", why=str(error))
        except Exception:
            log.exception("series not stored")
            return Outcome(place, series.place, "refused", why=UNEXPECTED)
        return Outcome(place, series.place, "known" if stored.known else "new", case=str(stored.number))


def drain(seconds: float) -> None:
    """Let every series in hand be stored before the server ends, for so long at most; those that wait are told of."""
    for task in list(_running):
        task.ending.set()
    for task in list(_running):
        task.done.wait(seconds)
