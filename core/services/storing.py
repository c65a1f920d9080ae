"""The chosen series of an upload are stored in the background, so that leaving the page ends nothing."""

from dataclasses import dataclass

from core.imaging.intake import Intake, Listed
from core.services.background import Background
from core.services.ingest import Enqueue, ingest


@dataclass(eq=False)
class Storing(Background):
    """Stores series of an intake one after the other, and closes it then."""

    intake: Intake
    chosen: list[Listed]
    by: int
    enqueue: Enqueue

    @property
    def count(self) -> int:
        """How many series are stored."""
        return len(self.chosen)

    def name(self, place: int) -> str:
        """Where in the upload the series is."""
        return self.chosen[place].place

    def work(self, place: int) -> tuple[str, str]:
        """Store a series."""

        def tell(done: int, total: int) -> None:
            text = f"Series {place + 1} of {self.count}: slice {done} of {total}"
            self.tell(place, done, total, text)

        stored = ingest(self.intake, self.chosen[place], by=self.by, enqueue=self.enqueue, on_progress=tell)
        return "known" if stored.known else "new", str(stored.number)

    def close(self) -> None:
        """End the process that reads the upload."""
        self.intake.close()
