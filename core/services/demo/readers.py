"""Simulated reads, made through the same verbs as a person's: opened, painted, drafted, locked."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from core.services.demo.plan import DemoReader
from db.engine import Session
from db.reading import reads

TAB = "simulated"
ROUNDING = 5  # people rate in steps of five
BETWEEN_S = 6.0


@dataclass
class SimulatedReader:
    """Reads the queue of one account. `truth` gives the class by case number; `hard` how difficult a case is."""

    account_id: int
    plan: DemoReader
    codes: tuple[str, ...]
    truth: dict[int, str]
    hard: dict[int, float]
    rng: np.random.Generator
    clock: datetime
    read: int = field(default=0)

    def next(self, session: Session, study_id: int) -> bool:
        """Read one case; return whether there was one."""
        opened = reads.next_read(session, account_id=self.account_id, study_id=study_id, at=self.clock).read
        if opened is None:
            return False
        seconds = self._seconds()
        self._look(session, opened.token, seconds, len(opened.case.z_mm))
        reads.lock(
            session,
            account_id=self.account_id,
            token=opened.token,
            revision=opened.draft.revision,
            tab=TAB,
            content=self._answers(opened.case.case_number),
            at=self.clock + timedelta(seconds=seconds),
        )
        self.clock += timedelta(seconds=seconds + BETWEEN_S)
        self.read += 1
        return True

    def _seconds(self) -> float:
        return float(np.clip(self.plan.seconds * np.exp(self.rng.normal(0, 0.35)), 12, 280))

    def _look(self, session: Session, token: str, seconds: float, slices: int) -> None:
        beats = range(0, int(seconds), 10)
        kinds = ["painted", *["action"] * (len(beats) - 1)]
        for n, (beat, kind) in enumerate(zip(beats, kinds, strict=True)):
            reads.add_events(
                session,
                account_id=self.account_id,
                token=token,
                tab=TAB,
                events=[{"n": n, "kind": kind, "t": float(beat)}],
                counters={"slices_seen": slices, "scrolls": 3 * slices, "window_changes": 1},
                at=self.clock + timedelta(seconds=beat),
            )

    def _answers(self, number: int) -> dict[str, Any]:
        chance = self.plan.accuracy - 0.12 * self.hard[number]
        right = self.rng.random() < chance
        others = [code for code in self.codes if code != self.truth[number]]
        called = self.truth[number] if right else str(self.rng.choice(others))
        sure = float(np.clip(self.rng.normal(78 if right else 62, 14), 40, 100))
        shares = self.rng.dirichlet(np.ones(len(others))) * (100 - sure)
        rest = iter(shares.tolist())
        ratings = {
            code: int(ROUNDING * round((sure if code == called else next(rest)) / ROUNDING)) for code in self.codes
        }
        return {"diagnosis": called, "ratings": ratings, "answers": {}, "marks": [], "key_slices": []}
