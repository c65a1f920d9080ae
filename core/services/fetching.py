"""Series of a PACS become cases: fetched into a folder that goes afterwards, then read and stored as uploads are."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from core import clock
from core.errors import ParallaxError
from core.imaging.intake import Intake
from core.pacs import client
from core.pacs.client import Address, FoundSeries
from core.services.background import Background
from core.services.ingest import Enqueue, ingest
from core.settings import settings
from db import pacs
from db.engine import open_session

NOTHING = "No chest CT series was found in what the PACS sent."


@dataclass(eq=False)
class Fetching(Background):
    """Fetches series one after the other and stores each as a case."""

    server_id: int
    address: Address
    chosen: list[FoundSeries]
    by: int
    enqueue: Enqueue

    @property
    def count(self) -> int:
        """How many series are fetched."""
        return len(self.chosen)

    def name(self, place: int) -> str:
        """Number and description of the series."""
        series = self.chosen[place]
        return ", ".join(part for part in (series.number and f"series {series.number}", series.description) if part)

    def work(self, place: int) -> tuple[str, str]:
        """Fetch, read and store a series; a fetched folder never outlives this."""
        series = self.chosen[place]

        def tell(done: int, total: int) -> None:
            self.tell(place, done, 2 * total, f"Series {place + 1} of {self.count}: image {done} of {total}")

        with TemporaryDirectory(prefix="parallax-fetch-") as folder:
            client.fetch(
                self.address, series.study.uid, series.uid, Path(folder), on_progress=tell, ended=self.ending.is_set
            )
            with Intake(Path(folder), strict=settings().refuse_burned_in) as intake:
                return self._store(intake, place)

    def _store(self, intake: Intake, place: int) -> tuple[str, str]:
        def tell(done: int, total: int) -> None:
            text = f"Series {place + 1} of {self.count}: slice {done} of {total} stored"
            self.tell(place, total + done, 2 * total, text)

        series, found = self.chosen[place], intake.scan()
        chosen = [listed for listed in found.series if listed.preselected]
        if not chosen:
            raise ParallaxError(found.rejected[0].reason if found.rejected else NOTHING)
        stored = ingest(intake, chosen[0], by=self.by, enqueue=self.enqueue, source=series.source, on_progress=tell)
        source = pacs.Source(self.server_id, series.study.uid, series.uid)
        with open_session() as session:
            pacs.add_source(session, stored.case_id, source, by=self.by, at=clock.now())
        return "known" if stored.known else "new", str(stored.number)
