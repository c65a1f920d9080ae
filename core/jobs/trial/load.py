"""Many readers at once on a server of its own: do all requests hold, and how long do they take."""

import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from core.jobs.trial import study
from core.jobs.trial.place import installation
from core.jobs.trial.reader import Reader, together


@dataclass(frozen=True, slots=True)
class Load:
    """What readers met. Times are seconds as a reader's browser sees them; `errors` are requests that failed.

    `server_cpu_ms` is the server's processor time for a request, which a busy machine does not change.
    """

    engine: str
    readers: int
    seconds: float
    requests: int
    locked: int
    errors: int
    failed: dict[str, int]
    lock_p50_s: float
    lock_p95_s: float
    lock_max_s: float
    draft_p95_s: float
    event_p95_s: float
    next_p95_s: float
    images_p95_s: float
    server_cpu_ms: float
    load_average: float
    cores: int

    def as_dict(self) -> dict[str, object]:
        """Return the figures as plain values."""
        return asdict(self)


def run(folder: Path, *, readers: int, seconds: float, pace_s: float, cases: int, database: str = "") -> Load:
    """Let `readers` read for so many seconds, a case in `pace_s` and the requests' own time."""
    with installation(folder, database, worker=False) as place:
        trial = study.make(cases_=cases, readers_=readers, jobs=False)
        place.server.start()
        people = [
            Reader(trial, person, place.server.port, pace_s=pace_s, seed=1, patient=False, abandoned=0.0)
            for person in trial.readers
        ]
        began, spent = time.monotonic(), place.server.cpu_seconds()
        together(people, lambda: time.monotonic() - began >= seconds)
        lasted, spent = time.monotonic() - began, place.server.cpu_seconds() - spent
    times = {
        what: [times_of for reader in people for times_of in reader.ledger.seconds.get(what, [])]
        for what in ("next", "images", "event", "draft", "lock")
    }
    failed: dict[str, int] = {}
    for reader in people:
        for what, count in reader.ledger.errors.items():
            failed[what] = failed.get(what, 0) + count
    requests = sum(len(times_) for times_ in times.values()) + sum(failed.values())
    return Load(
        engine=place.engine,
        readers=readers,
        seconds=round(lasted, 1),
        requests=requests,
        locked=sum(len(reader.ledger.locked) for reader in people),
        errors=sum(failed.values()),
        failed=failed,
        lock_p50_s=_share(times["lock"], 50),
        lock_p95_s=_share(times["lock"], 95),
        lock_max_s=_share(times["lock"], 100),
        draft_p95_s=_share(times["draft"], 95),
        event_p95_s=_share(times["event"], 95),
        next_p95_s=_share(times["next"], 95),
        images_p95_s=_share(times["images"], 95),
        server_cpu_ms=round(1000 * spent / max(requests, 1), 1),
        load_average=round(os.getloadavg()[0], 1),
        cores=os.cpu_count() or 1,
    )


def _share(seconds: list[float], percent: float) -> float:
    return round(float(np.percentile(seconds, percent)), 3) if seconds else 0.0
