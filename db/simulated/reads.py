"""The readers of a simulated study and their reads."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import insert
from sqlalchemy.orm import Session

from core.study.words import Arm, Design, ReadState
from db.models import OrderEntry, Read, Reader, ReadingOrder
from db.simulated.plan import BEGAN, CLASSES, Plan


def calls_of(rng: np.random.Generator, truth: np.ndarray, difficulty: np.ndarray, accuracy: float) -> np.ndarray:
    """Calls of one who is right with the given chance, less often on the more difficult cases."""
    logit = np.log(accuracy / (1 - accuracy)) - difficulty
    right = rng.random(len(truth)) < 1 / (1 + np.exp(-logit))
    return np.where(right, truth, (truth + rng.integers(1, 3, len(truth))) % 3)


def attributes_of(tag: str, place: int) -> dict[str, Any]:
    """What was kept of a case's headers, by a stream of its own; age or sex is missing in every tenth case or so."""
    rng = np.random.default_rng([place, *tag.encode()])
    sharp = place % 3 == 0
    made: dict[str, Any] = {
        "sex": str(rng.choice(["F", "M"])),
        "age": int(np.clip(rng.normal(58, 14), 19, 89)),
        "manufacturer": "Maker A" if rng.random() < 0.6 else "Maker B",
        "model": "One",
        "kernel": "B60f" if sharp else "B30f",
        "kvp": 120.0 if rng.random() < 0.7 else 100.0,
        "thickness_mm": float(rng.choice([1.0, 1.25, 5.0])),
        "patient_position": "HFS",
        "orientation": "axial",
    }
    missing = {0: "sex", 1: "age"}.get(int(rng.integers(20)))
    return {name: None if name == missing else value for name, value in made.items()}


def scores_of(rng: np.random.Generator, calls: np.ndarray, sure: float) -> np.ndarray:
    """Scores (n, 3) that add to one and mostly are highest for the call."""
    logits = rng.normal(0, 1, (len(calls), 3))
    logits[np.arange(len(calls)), calls] += sure
    made = np.exp(logits)
    return np.asarray(made / made.sum(axis=1, keepdims=True))


def strip_of(scores: np.ndarray, call: int, slices: int) -> list[list[float] | None]:
    """The AI's probabilities along a case: ends left out, the first kept slice normal, then sure of its call."""
    kept = range(max(1, slices // 10), slices - max(1, slices // 7))
    sure = np.where(np.arange(3) == call, 0.8, 0.1)
    return [
        None if z not in kept else [1.0, 0.0, 0.0] if z == kept[0] else (scores if z % 2 == 0 else sure).tolist()
        for z in range(slices)
    ]


def counted(strip: list[list[float] | None]) -> dict[str, int]:
    """How many slices of a strip are called what."""
    calls = [int(np.argmax(triple)) for triple in strip if triple is not None]
    return {code: calls.count(place) for place, (code, *_) in enumerate(CLASSES)}


class Readers:
    """Adds readers with their orders and reads. `ai_reads` names the AI read of a series."""

    def __init__(
        self, session: Session, plan: Plan, rng: np.random.Generator, tag: str, ai_reads: dict[int, int]
    ) -> None:
        self.session, self.plan, self.rng, self.tag = session, plan, rng, tag
        self.read_of_series = ai_reads

    def add(
        self,
        study_id: int,
        account_id: int,
        group_id: int,
        group: int,
        number: int,
        cases: list[tuple[int, int]],
        truth: np.ndarray,
        difficulty: np.ndarray,
        ai: np.ndarray,
    ) -> None:
        plan, rng = self.plan, self.rng
        name = f"{('novice', 'expert')[group]} {number + 1}"
        reader = Reader(
            study_id=study_id,
            account_id=account_id,
            group_id=group_id,
            pseudonym=name,
            years=(1.0, 8.0)[group] + number % 2,
            added_at=BEGAN,
        )
        self.session.add(reader)
        self.session.flush()
        order = ReadingOrder(
            reader_id=reader.id, session=1, seed=plan.seed * 1000 + group * 100 + number, made_at=BEGAN
        )
        self.session.add(order)
        self.session.flush()
        sequence = [*range(plan.cases, len(cases)), *rng.permutation(plan.cases).tolist()]
        entries = [
            {
                "order_id": order.id,
                "position": at + 1,
                "case_id": cases[place][0],
                "arm": Arm.UNAIDED,
                "practice": place >= plan.cases,
            }
            for at, place in enumerate(sequence)
        ]
        self.session.execute(insert(OrderEntry), entries)
        rows = self._reads(reader.id, group, sequence, cases, truth, difficulty, ai)
        if rows:
            self.session.execute(insert(Read), rows)

    def _reads(
        self,
        reader_id: int,
        group: int,
        sequence: list[int],
        cases: list[tuple[int, int]],
        truth: np.ndarray,
        difficulty: np.ndarray,
        ai: np.ndarray,
    ) -> list[dict[str, Any]]:
        plan, rng = self.plan, self.rng
        unaided = calls_of(rng, truth, difficulty, plan.accuracy[group])
        follows = (rng.random(len(truth)) < 0.5) & (ai >= 0)
        aided = np.where(follows, ai, unaided)
        arms = [(Arm.UNAIDED, unaided)] + ([] if plan.design == Design.INDEPENDENT else [(Arm.AIDED, aided)])
        speed = rng.normal(0, 0.2)
        rows = []
        clock = BEGAN + timedelta(days=1)
        for arm, calls in arms:
            scores = scores_of(rng, calls, 2.5)
            spent = plan.seconds[group] * np.exp(speed + rng.normal(0, 0.4, len(calls)))
            for at, place in enumerate(sequence):
                if rng.random() < plan.missing:
                    continue
                seconds = float(spent[place]) * (0.3 if arm == Arm.AIDED else 1.0)
                unsure = rng.random() < plan.indeterminate
                code = "indeterminate" if unsure else CLASSES[int(calls[place])][0]
                clock += timedelta(seconds=seconds + 5)
                shown = arm == Arm.AIDED and plan.ai
                rows.append(self._row(reader_id, arm, at, place, cases, code, scores[place], seconds, clock, shown))
        return rows

    def _row(
        self,
        reader_id: int,
        arm: str,
        at: int,
        place: int,
        cases: list[tuple[int, int]],
        code: str,
        scores: np.ndarray,
        seconds: float,
        clock: datetime,
        shown: bool,
    ) -> dict[str, Any]:
        given = {study_class[0]: round(100 * float(score)) for study_class, score in zip(CLASSES, scores, strict=True)}
        token = hashlib.sha256(f"{self.tag} {reader_id} {place} {arm}".encode()).hexdigest()
        return locked_read(
            token=token,
            reader_id=reader_id,
            case_id=cases[place][0],
            arm=arm,
            session=1,
            position=at + 1,
            practice=place >= self.plan.cases,
            diagnosis=code,
            ratings=given if self.plan.ratings else {},
            seconds=seconds,
            locked_at=clock,
            ai_read_id=self.read_of_series[cases[place][1]] if shown else None,
        )


def locked_read(
    *,
    token: str,
    reader_id: int,
    case_id: int,
    arm: str,
    session: int,
    position: int,
    practice: bool,
    diagnosis: str,
    ratings: Mapping[str, float],
    seconds: float,
    locked_at: datetime,
    ai_read_id: int | None,
) -> dict[str, Any]:
    """Return the columns of a locked read of so many active seconds; `ai_read_id` names the AI read that was shown."""
    return {
        "token": token,
        "reader_id": reader_id,
        "case_id": case_id,
        "arm": arm,
        "session": session,
        "attempt": 1,
        "position": position,
        "practice": practice,
        "state": ReadState.LOCKED,
        "opened_at": locked_at - timedelta(seconds=seconds + 1),
        "locked_at": locked_at,
        "shown_at": locked_at - timedelta(seconds=seconds),
        "loaded_at": locked_at - timedelta(seconds=seconds - 0.5),
        "first_action_at": locked_at - timedelta(seconds=seconds * 0.9),
        "active_seconds": seconds,
        "raw_seconds": seconds + 1,
        "diagnosis": diagnosis,
        "content": {
            "diagnosis": diagnosis,
            "ratings": dict(ratings),
            "answers": {},
            "marks": [],
            "key_slices": [],
        },
        "counters": {"slices_seen": 4, "scrolls": 12, "window_changes": 1},
        "ai_read_id": ai_read_id,
        "ai_shown_at": locked_at - timedelta(seconds=seconds / 2) if ai_read_id is not None else None,
        "ai_output": {"label": "research demonstration"} if ai_read_id is not None else {},
        "app_version": "simulated",
        "screen": "1920x1080",
    }
