"""Kill the server, its worker and its database again and again while people read, and look for what was lost.

A read counts as lost when its lock was acknowledged and the database does not hold it with the same answers; as twice
when a case is locked more than once by a reader. The chain must be whole, and every case must have its volume.
"""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from core.errors import ParallaxError
from core.imaging.storage import VolumeStore
from core.jobs.trial import study
from core.jobs.trial.place import Place, installation
from core.jobs.trial.reader import Ledger, Reader
from core.jobs.trial.study import Trial
from core.jobs.trial.uploads import Uploader
from core.settings import settings
from db import chain
from db.engine import open_view
from db.reading import ledger
from db.reading.ledger import Held

PARTS = ("server", "worker", "database")
LONGEST_S = 1.5  # between a kill's turn and the kill, drawn anew each time
PROGRESS = 3  # requests acknowledged between two kills, so that each kill meets readers at work
WAIT_S = 60.0


class Told(Protocol):
    """Somebody with a ledger of what they were told."""

    ledger: Ledger


@dataclass
class Chaos:
    """What became of a trial. `lost`, `twice` and `half_cases` must be 0, `chain` "whole"."""

    engine: str
    kills: int = 0
    killed: dict[str, int] = field(default_factory=dict)
    reads: int = 0
    drafts: int = 0
    lost: int = 0
    lost_drafts: int = 0
    twice: int = 0
    chain: str = ""
    events: int = 0
    cases: int = 0
    half_cases: int = 0
    ai_reads: int = 0
    ai_twice: int = 0
    left_streams: int = 0
    left_uploads: int = 0
    stored_during: int = 0
    seconds: float = 0.0
    load_average: float = 0.0

    @property
    def held(self) -> bool:
        """Whether nothing was lost, doubled, half-written or broken."""
        return not (self.lost or self.lost_drafts or self.twice or self.half_cases or self.ai_twice) and (
            self.chain == "whole"
        )

    def as_dict(self) -> dict[str, object]:
        """Return the figures as plain values."""
        return asdict(self)


def run(
    folder: Path,
    *,
    kills: int,
    readers: int,
    cases: int,
    pace_s: float,
    database: str = "",
    seed: int = 0,
    worker: bool = True,
    parts: tuple[str, ...] = PARTS,
) -> Chaos:
    """Kill parts of a server of its own so many times while `readers` read, then count what is there."""
    began = time.monotonic()
    with installation(folder, database, worker=worker) as place:
        found = Chaos(place.engine)
        trial = study.make(cases_=cases, readers_=readers, jobs=worker)
        place.server.start()
        people = [
            Reader(trial, person, place.server.port, pace_s=pace_s, seed=seed, patient=True, abandoned=0.3)
            for person in trial.readers
        ]
        uploader = Uploader(trial, place.server.port, jobs=worker)
        for actor in (*people, uploader):
            actor.start()
        rng = np.random.default_rng(seed)
        for part in _victims(parts, kills, rng):
            _wait_for_work(people)
            time.sleep(float(rng.uniform(0, LONGEST_S)))
            _kill(place, part)
            found.kills += 1
            found.killed[part] = found.killed.get(part, 0) + 1
        _wait_for_work(people)
        uploader.stop()
        for person in people:
            person.stop()
        for actor in (*people, uploader):
            actor.join(WAIT_S)
        found.left_uploads, found.stored_during = uploader.left, len(uploader.stored)
        place.server.stop()
        _count(found, trial, people)
    found.seconds, found.load_average = round(time.monotonic() - began, 1), round(os.getloadavg()[0], 1)
    return found


def _victims(parts: tuple[str, ...], kills: int, rng: np.random.Generator) -> Iterator[str]:
    """Yield what is killed: each part equally often, in a drawn order."""
    yield from rng.permutation((list(parts) * (kills // len(parts) + 1))[:kills]).tolist()


def _kill(place: Place, part: str) -> None:
    server = place.server
    if part == "worker":
        end = time.monotonic() + WAIT_S
        while not server.kill_workers() and time.monotonic() < end:
            time.sleep(0.2)  # the supervisor starts another
        return
    if part == "database" and place.postgres is not None:
        place.postgres.kill()
        place.postgres.start()
        return
    if part == "database":  # on SQLite whoever writes is the database: both at once
        server.kill_workers()
    server.kill()
    server.start()


def _wait_for_work(people: list[Reader]) -> None:
    """Wait until the readers have been answered a few times since now, or have read everything."""
    before, end = _answered(people), time.monotonic() + WAIT_S
    while _answered(people) < before + PROGRESS and time.monotonic() < end:
        if all(person.finished or not person.is_alive() for person in people):
            return
        time.sleep(0.05)


def _answered(people: list[Reader]) -> int:
    return sum(len(times) for person in people for times in person.ledger.seconds.values())


def _count(found: Chaos, trial: Trial, people: list[Reader]) -> None:
    """Compare what readers were told with what the database holds."""
    with open_view() as session:
        there = ledger.of_study(session, trial.study_id)
        verdict = chain.verify(session)
        keys = ledger.storage_keys(session)
        found.ai_reads, found.ai_twice = ledger.ai_reads(session)
    compare(found, there, people)
    found.events, found.cases = verdict.events, len(keys)
    found.chain = (
        "whole" if not verdict.broken else "; ".join(f"{b.table} {b.id}: {b.what}" for b in verdict.broken[:5])
    )
    store = VolumeStore(settings().storage)
    for key in keys:
        with suppress(ParallaxError):
            store.hu(key)
            continue
        found.half_cases += 1


def compare(found: Chaos, there: Sequence[Held], people: Sequence[Told]) -> None:
    """Count what was acknowledged, and of it what is not there, or twice."""
    by_token = {read.token: read for read in there}
    for person in people:
        found.left_streams += person.ledger.left_streams
        found.twice += person.ledger.repeated
        for token, content in person.ledger.locked.items():
            found.reads += 1
            row = by_token.get(token)
            found.lost += row is None or not row.locked or row.content != content
        for token, revision in person.ledger.drafted.items():
            found.drafts += 1
            row = by_token.get(token)
            found.lost_drafts += row is None or row.revision < revision
    locked = [(read.reader_id, read.case_id, read.arm, read.session) for read in there if read.locked]
    found.twice += len(locked) - len(set(locked))
