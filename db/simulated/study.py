"""Fill a database with a simulated, unblinded three-class study of known parameters; for tests and for trying out."""

import hashlib
from datetime import timedelta

import numpy as np
from sqlalchemy import insert
from sqlalchemy.orm import Session

from core.study.protocol import Protocol
from core.study.words import Role, StudyRole, StudyState
from db.models import (
    Account,
    AiModel,
    AiRead,
    Case,
    CaseUploader,
    Patient,
    ReaderGroup,
    Series,
    SliceScores,
    Study,
    StudyCase,
    StudyClass,
    StudyMember,
    Truth,
)
from db.simulated.plan import BEGAN, CLASSES, Plan
from db.simulated.reads import Readers, attributes_of, calls_of, counted, scores_of, strip_of

__all__ = ["BEGAN", "CLASSES", "Plan", "seed_study"]


def seed_study(session: Session, plan: Plan | None = None) -> int:
    """Fill the database by bulk inserts and return the study's id. Needs the tables, nothing in them."""
    return _Seeder(session, plan or Plan()).run()


class _Seeder:
    def __init__(self, session: Session, plan: Plan) -> None:
        self.session, self.plan = session, plan
        self.rng = np.random.default_rng(plan.seed)
        self.tag = f"{plan.seed}-{plan.title}"
        self.read_of_series: dict[int, int] = {}

    def run(self) -> int:
        plan, session = self.plan, self.session
        owner = self._account(f"coordinator{plan.seed}", Role.COORDINATOR)
        model = self._model() if plan.ai else None
        study = Study(
            title=plan.title,
            state=plan.state,
            design=plan.design,
            protocol=Protocol.from_json(dict(plan.protocol)),
            ai_model_id=model,
            ai_rule="paper",
            ai_parameters={},
            seed=plan.seed,
            created_by=owner,
            created_at=BEGAN,
            opened_at=BEGAN,
            closed_at=BEGAN + timedelta(days=30),
            unblinded_at=BEGAN + timedelta(days=31) if plan.state == StudyState.UNBLINDED else None,
        )
        session.add(study)
        session.flush()
        session.add(
            StudyMember(study_id=study.id, account_id=owner, role=StudyRole.OWNER, managed=True, added_at=BEGAN)
        )
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
        readers = Readers(session, plan, self.rng, self.tag, self.read_of_series)
        for group, (name, count) in enumerate((("novice", plan.novices), ("expert", plan.experts))):
            row = ReaderGroup(study_id=study.id, name=name, position=group)
            session.add(row)
            session.flush()
            for number in range(count):
                name = f"{('novice', 'expert')[group]}{number + 1}"
                account = self._account(name, Role.NONE)
                readers.add(study.id, account, row.id, group, number, cases, truth, difficulty, calls)
        session.flush()
        return study.id

    def _account(self, username: str, role: Role) -> int:
        row = Account(username=f"{username}-{self.tag}"[:80], name=username, role=role, created_at=BEGAN)
        row.preferences = {}
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
            shape = {"slices": self.plan.slices, "rows": 8, "columns": 8}
            series = Series(case_id=case.id, content_hash=key, storage_key=key, created_at=BEGAN, **shape)
            series.spacing_mm, series.affine = [1, 1, 1], []
            series.attributes = attributes_of(self.tag, place) if self.plan.attributes else {}
            series.z_mm = list(range(self.plan.slices))
            version = Truth(
                study_id=study_id, case_id=case.id, version=1, class_code=CLASSES[true][0], author_id=owner, at=BEGAN
            )
            version.source = "simulated"
            session.add_all([series, version, CaseUploader(case_id=case.id, account_id=owner)])
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

    def _ai_reads(
        self, model: int, cases: list[tuple[int, int]], truth: np.ndarray, difficulty: np.ndarray
    ) -> np.ndarray:
        calls = calls_of(self.rng, truth, difficulty, self.plan.accuracy[2])
        scores = scores_of(self.rng, calls, 3.0)
        seconds = self.plan.seconds[2] * np.exp(self.rng.normal(0, 0.15, len(calls)))
        parameters = {"drop_head": 0.1, "drop_tail": 0.14, "minority": 0.2}
        digest = hashlib.sha256(b"parameters").hexdigest()
        failed = set(range(3, 3 + self.plan.ai_failures))
        rows = []
        strips = [strip_of(scores[place], calls[place], self.plan.slices) for place in range(len(cases))]
        for place, (_, series_id) in enumerate(cases):
            strip = strips[place]
            deciding = [
                z for z, triple in enumerate(strip) if triple and z > 1 and int(np.argmax(triple)) == calls[place]
            ]
            stored = SliceScores(
                series_id=series_id,
                model_id=model,
                parameters_hash=digest,
                parameters=parameters,
                probabilities=strip,
                heat_slices=[z for z, triple in enumerate(strip) if triple],
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
                    "counts": {} if bad else counted(strip),
                    "deciding_slices": [] if bad else deciding,
                    "abnormal_share": None if bad else 1 - counted(strip)["normal"] / sum(counted(strip).values()),
                    "seconds": None if bad else float(seconds[place]),
                    "at": BEGAN,
                }
            )
        self.session.execute(insert(AiRead), rows)
        stored_ids = dict(self.session.query(AiRead.series_id, AiRead.id).where(AiRead.model_id == model).all())
        self.read_of_series = stored_ids
        return np.array([-1 if place in failed else call for place, call in enumerate(calls)])
