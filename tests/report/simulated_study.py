"""Fill a database with a simulated, unblinded three-class study of known parameters; for tests and for trying out."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import insert
from sqlalchemy.orm import Session

from db.models import (
    Account,
    AiModel,
    AiRead,
    Case,
    OrderEntry,
    Patient,
    Read,
    Reader,
    ReaderGroup,
    ReadingOrder,
    Series,
    SliceScores,
    Study,
    StudyCase,
    StudyClass,
    Truth,
)

CLASSES = (
    ("normal", "Normal", "N", "#009e73"),
    ("cap", "CAP", "P", "#e69f00"),
    ("covid", "COVID-19", "V", "#d55e00"),
)
BEGAN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Plan:
    """What is simulated. Accuracies are the chance that a read is right; seconds are geometric means."""

    novices: int = 2
    experts: int = 2
    cases: int = 98
    share: tuple[float, float, float] = (24 / 98, 19 / 98, 55 / 98)
    accuracy: tuple[float, float, float] = (0.85, 0.94, 0.93)  # novices, experts, AI
    seconds: tuple[float, float, float] = (52.0, 49.0, 21.0)
    ratings: bool = True
    ai: bool = True
    ai_failures: int = 1
    indeterminate: float = 0.01
    missing: float = 0.01
    design: str = "independent"  # or "sequential": every case unaided, then aided
    practice: int = 2
    state: str = "unblinded"
    seed: int = 7
    title: str = "Simulated study"
    protocol: tuple[tuple[str, Any], ...] = ()


def seed_study(session: Session, plan: Plan | None = None) -> int:
    """Fill the database by bulk inserts and return the study's id. Needs the tables, nothing in them."""
    return _Seeder(session, plan or Plan()).run()


class _Seeder:
    def __init__(self, session: Session, plan: Plan) -> None:
        self.session, self.plan = session, plan
        self.rng = np.random.default_rng(plan.seed)
        self.tag = f"{plan.seed}-{plan.title}"

    def run(self) -> int:
        plan, session = self.plan, self.session
        owner = self._account(f"coordinator{plan.seed}", "coordinator")
        model = self._model() if plan.ai else None
        study = Study(
            title=plan.title,
            state=plan.state,
            design=plan.design,
            protocol=dict(plan.protocol),
            ai_model_id=model,
            ai_rule="paper",
            ai_parameters={},
            seed=plan.seed,
            created_by=owner,
            created_at=BEGAN,
            opened_at=BEGAN,
            closed_at=BEGAN + timedelta(days=30),
            unblinded_at=BEGAN + timedelta(days=31) if plan.state == "unblinded" else None,
        )
        session.add(study)
        session.flush()
        for place, (code, label, letter, colour) in enumerate(CLASSES):
            session.add(
                StudyClass(
                    study_id=study.id,
                    position=place,
                    code=code,
                    label=label,
                    letter=letter,
                    colour=colour,
                    ai_class=code,
                    positive=code == "covid",
                )
            )
        total = plan.cases + plan.practice
        truth = self.rng.choice(3, total, p=plan.share)
        truth[: min(3, plan.cases)] = np.arange(3)[: min(3, plan.cases)]  # every class occurs where it can
        difficulty = self.rng.normal(0.0, 0.7, total)
        cases = self._cases(study.id, owner, truth)
        calls = self._ai_reads(model, cases, truth, difficulty) if model else np.full(total, -1)
        for group, (name, count) in enumerate((("novice", plan.novices), ("expert", plan.experts))):
            row = ReaderGroup(study_id=study.id, name=name, position=group)
            session.add(row)
            session.flush()
            for number in range(count):
                self._reader(study.id, row.id, group, number, cases, truth, difficulty, calls)
        session.flush()
        return study.id

    def _account(self, username: str, role: str) -> int:
        row = Account(username=f"{username}-{self.tag}"[:80], name=username, role=role, created_at=BEGAN)
        row.preferences, row.failed_sign_ins = {}, 0
        self.session.add(row)
        self.session.flush()
        return row.id

    def _model(self) -> int:
        row = AiModel(
            name="demonstration",
            version=f"0.{self.plan.seed}.{self.tag}"[:60],
            kind="networks",
            sha256=hashlib.sha256(self.tag.encode()).hexdigest(),
            classes=["normal", "cap", "covid"],
            card={"intended_use": "research demonstration", "trained_on": "procedural CT"},
            manifest=["a", "b", "c"],
            created_at=BEGAN,
        )
        self.session.add(row)
        self.session.flush()
        return row.id

    def _cases(self, study_id: int, owner: int, truth: np.ndarray) -> list[tuple[int, int]]:
        session, made = self.session, []
        first = (session.query(Case).count()) + 1
        for place, true in enumerate(truth.tolist()):
            key = hashlib.sha256(f"{self.tag} {place}".encode()).hexdigest()
            patient = Patient(key=key)
            session.add(patient)
            session.flush()
            case = Case(number=first + place, patient_id=patient.id, created_by=owner, created_at=BEGAN)
            case.tags = ["soft kernel" if place % 3 else "sharp kernel"]
            session.add(case)
            session.flush()
            shape = {"slices": 4, "rows": 8, "columns": 8}
            series = Series(case_id=case.id, content_hash=key, storage_key=key, created_at=BEGAN, **shape)
            series.spacing_mm, series.z_mm, series.affine, series.attributes = [1, 1, 1], [0, 1, 2, 3], [], {}
            version = Truth(
                study_id=study_id, case_id=case.id, version=1, class_code=CLASSES[true][0], author_id=owner, at=BEGAN
            )
            version.source = "simulated"
            session.add_all([series, version])
            session.flush()
            session.add(
                StudyCase(
                    study_id=study_id,
                    case_id=case.id,
                    practice=place >= self.plan.cases,
                    frozen_truth_id=version.id,
                    added_at=BEGAN,
                )
            )
            made.append((case.id, series.id))
        return made

    def _call(self, truth: np.ndarray, difficulty: np.ndarray, accuracy: float) -> np.ndarray:
        """Calls of one who is right with the given chance, less often on the more difficult cases."""
        logit = np.log(accuracy / (1 - accuracy)) - difficulty
        right = self.rng.random(len(truth)) < 1 / (1 + np.exp(-logit))
        return np.where(right, truth, (truth + self.rng.integers(1, 3, len(truth))) % 3)

    def _scores(self, calls: np.ndarray, sure: float) -> np.ndarray:
        """Scores (n, 3) that add to one and mostly are highest for the call."""
        logits = self.rng.normal(0, 1, (len(calls), 3))
        logits[np.arange(len(calls)), calls] += sure
        made = np.exp(logits)
        return np.asarray(made / made.sum(axis=1, keepdims=True))

    def _ai_reads(
        self, model: int, cases: list[tuple[int, int]], truth: np.ndarray, difficulty: np.ndarray
    ) -> np.ndarray:
        calls = self._call(truth, difficulty, self.plan.accuracy[2])
        scores = self._scores(calls, 3.0)
        seconds = self.plan.seconds[2] * np.exp(self.rng.normal(0, 0.15, len(calls)))
        parameters = {"drop_head": 0.1, "drop_tail": 0.14, "minority": 0.2}
        digest = hashlib.sha256(b"parameters").hexdigest()
        failed = set(range(3, 3 + self.plan.ai_failures))
        rows = []
        for place, (_, series_id) in enumerate(cases):
            stored = SliceScores(
                series_id=series_id,
                model_id=model,
                parameters_hash=digest,
                parameters=parameters,
                probabilities=[None, [1.0, 0.0, 0.0], scores[place].tolist(), None],
                heat_slices=[],
                lung_volume_ml=4200.0,
                device="cpu (simulated)",
                timings={"total": float(seconds[place])},
                code_version="simulated",
                at=BEGAN,
            )
            self.session.add(stored)
            self.session.flush()
            bad = place in failed
            rows.append(
                {
                    "series_id": series_id,
                    "model_id": model,
                    "slice_scores_id": stored.id,
                    "parameters_hash": digest,
                    "rule": "paper",
                    "attempt": 1,
                    "call": None if bad else CLASSES[calls[place]][0],
                    "failure": "No lungs were found in this series." if bad else None,
                    "probabilities": {}
                    if bad
                    else {code: float(p) for (code, *_), p in zip(CLASSES, scores[place], strict=True)},
                    "counts": {} if bad else {"normal": 1, "cap": 0, "covid": 1},
                    "deciding_slices": [],
                    "abnormal_share": None if bad else 0.5,
                    "seconds": None if bad else float(seconds[place]),
                    "at": BEGAN,
                }
            )
        self.session.execute(insert(AiRead), rows)
        stored_ids = dict(self.session.query(AiRead.series_id, AiRead.id).where(AiRead.model_id == model).all())
        self.read_of_series = stored_ids
        return np.array([-1 if place in failed else call for place, call in enumerate(calls)])

    def _reader(
        self,
        study_id: int,
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
            account_id=self._account(name.replace(" ", ""), "reader"),
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
                "arm": "unaided",
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
        unaided = self._call(truth, difficulty, plan.accuracy[group])
        follows = (rng.random(len(truth)) < 0.5) & (ai >= 0)
        aided = np.where(follows, ai, unaided)
        arms = [("unaided", unaided)] if plan.design == "independent" else [("unaided", unaided), ("aided", aided)]
        speed = rng.normal(0, 0.2)
        rows = []
        clock = BEGAN + timedelta(days=1)
        for arm, calls in arms:
            scores = self._scores(calls, 2.5)
            spent = plan.seconds[group] * np.exp(speed + rng.normal(0, 0.4, len(calls)))
            for at, place in enumerate(sequence):
                if rng.random() < plan.missing:
                    continue
                seconds = float(spent[place]) * (0.3 if arm == "aided" else 1.0)
                unsure = rng.random() < plan.indeterminate
                code = "indeterminate" if unsure else CLASSES[int(calls[place])][0]
                clock += timedelta(seconds=seconds + 5)
                shown = arm == "aided" and plan.ai
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
        given = {one[0]: round(100 * float(score)) for one, score in zip(CLASSES, scores, strict=True)}
        token = hashlib.sha256(f"{self.tag} {reader_id} {place} {arm}".encode()).hexdigest()
        return {
            "token": token,
            "reader_id": reader_id,
            "case_id": cases[place][0],
            "arm": arm,
            "session": 1,
            "attempt": 1,
            "position": at + 1,
            "practice": place >= self.plan.cases,
            "state": "locked",
            "opened_at": clock - timedelta(seconds=seconds + 1),
            "locked_at": clock,
            "shown_at": clock - timedelta(seconds=seconds),
            "loaded_at": clock - timedelta(seconds=seconds - 0.5),
            "first_action_at": clock - timedelta(seconds=seconds * 0.9),
            "active_seconds": seconds,
            "raw_seconds": seconds + 1,
            "diagnosis": code,
            "content": {
                "diagnosis": code,
                "ratings": given if self.plan.ratings else {},
                "answers": {},
                "marks": [],
                "key_slices": [],
            },
            "counters": {"slices_seen": 4, "scrolls": 12, "window_changes": 1},
            "ai_read_id": self.read_of_series[cases[place][1]] if shown else None,
            "ai_shown_at": clock - timedelta(seconds=seconds / 2) if shown else None,
            "ai_output": {"label": "research demonstration"} if shown else {},
            "app_version": "simulated",
            "screen": "1920x1080",
        }
