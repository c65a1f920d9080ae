"""Make the demo, and remove it. Loads torch, so it runs in a process of its own: `python -m core demo`."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from core import clock
from core.ai.model_files import Weights, named
from core.ai.pipeline import read_volume
from core.ai.result import CaseResult
from core.ai.weights import load_weights
from core.errors import Conflict
from core.imaging.identity import Identity
from core.imaging.storage import VolumeStore
from core.imaging.volume import Volume
from core.progress import Progress, ignore
from core.services import model_registry
from core.services.demo import ai_reads, people, plan
from core.services.demo.patients import volumes
from core.services.demo.people import DemoAccount
from core.services.demo.plan import DemoPatient
from core.services.demo.readers import SimulatedReader
from core.services.reading import keep
from core.settings import settings
from core.study.protocol import Protocol
from core.study.template import PUBLISHED
from core.study.words import Design
from db import cases
from db.ai import models as ai_models
from db.cases import CaseInfo
from db.engine import Session, open_session, open_view
from db.permissions import SYSTEM
from db.study import cases as study_cases
from db.study import deletion as study_deletion
from db.study import design as study_design
from db.study import life as study_life
from db.study import readers as study_readers
from db.study.preflight import try_volumes
from db.truth import records as truth

SEED = 20
SOURCE = "procedural: known because it was made"
THERE = {
    "there": "The demo is there already; remove it first: python -m core demo --remove.",
    "unfinished": "A demo is being made, or was stopped half-way; wait, or remove it: python -m core demo --remove.",
}
DAYS_AGO = {plan.RESULTS: 40, plan.READING: 3, plan.DRAFT: 0}


@dataclass(frozen=True, slots=True)
class Demo:
    """What was made: its accounts with their passwords, told once, and the titles of its studies by id."""

    accounts: tuple[DemoAccount, ...]
    studies: dict[int, str]
    read_here: int  # cases the AI had to read now, because no prepared read fitted


def build(*, on_progress: Progress = ignore) -> Demo:
    """Make patients, AI reads, people and studies; raises Conflict where the demo is there already."""
    model_registry.register_all()
    with open_view() as session:
        if (now := people.state(session)) != "absent":
            raise Conflict(THERE[now])
        model = ai_models.default(session)
    if model is None:
        raise Conflict("There is no AI to read the demo patients; see `python -m core models list`.")
    ids = people.make()
    coordinator = ids[plan.COORDINATOR[0]]
    made, read_here = _patients(named(f"{model.name}/{model.version}"), coordinator, on_progress)
    maker = _Maker(coordinator, ids, made, model.id)
    studies = {}
    for title, make in ((plan.RESULTS, _results), (plan.READING, _reading), (plan.DRAFT, _draft)):
        at = clock.now() - timedelta(days=DAYS_AGO[title])
        studies[make(maker, at)] = title
    return Demo(people.new_passwords(), studies, read_here)


def prepare(*, on_progress: Progress = ignore) -> int:
    """Let the AI read every demo patient and keep the reads as the prepared ones; return how many."""
    weights = named(None)
    model, done = load_weights(weights), 0

    def take(patient: DemoPatient, volume: Volume) -> None:
        nonlocal done
        ai_reads.keep(patient, volume, read_volume(volume, model))
        done += 1
        on_progress(done, len(plan.PATIENTS))

    volumes(plan.PATIENTS, take)
    return done


def remove(*, on_progress: Progress = ignore) -> int:
    """Take the demo away: its studies, its cases with their pixels, its accounts. Return how many studies went.

    Rows that are append-only stay, unseen, as of every deleted study; the audit trail says that the demo was removed.
    Raises NotFound where there is no demo.
    """
    with open_session() as session:
        gone = study_deletion.remove_demo(session, plan.USERNAMES, by=SYSTEM, at=clock.now())
    store = VolumeStore(settings().storage)
    for done, key in enumerate(gone.storage_keys, start=1):
        store.delete(key)
        on_progress(done, len(gone.storage_keys))
    return gone.studies


def _patients(weights: Weights, by: int, on_progress: Progress) -> tuple[list[CaseInfo], int]:
    """Store every demo patient's CT and AI read; return the cases in the plan's order, and how many were read now."""
    store, made, read_here = VolumeStore(settings().storage), [], 0

    def take(patient: DemoPatient, volume: Volume) -> None:
        nonlocal read_here
        result = ai_reads.prepared(patient, volume, weights)
        read_here += result is None
        made.append(_store(store, patient, volume, weights, result or ai_reads.read_now(volume, weights), by))
        on_progress(len(made), len(plan.PATIENTS))

    volumes(plan.PATIENTS, take)
    return made, read_here


def _store(
    store: VolumeStore, patient: DemoPatient, volume: Volume, weights: Weights, result: CaseResult, by: int
) -> CaseInfo:
    new = cases.NewSeries(
        content_hash=volume.content_hash,
        storage_key=store.put(volume),
        shape=volume.hu.shape,
        spacing_mm=volume.spacing_mm,
        z_mm=volume.z_mm,
        affine=volume.affine,
        attributes=asdict(volume.attributes),
        patient_key=Identity("patient", "", patient.patient_id).key(settings().secret_bytes()),
    )
    with open_session() as session:
        case = cases.add(session, new, by=by, at=clock.now()).case
        if case.withdrawn:
            cases.set_withdrawn(session, case.id, withdrawn=False, by=by, at=clock.now())
        if plan.TAG not in case.tags:
            cases.set_tags(session, case.id, [*case.tags, plan.TAG], by=by, at=clock.now())
    keep(case, result, weights, store)
    return case


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes the studies, each at its own day."""

    coordinator: int
    people: dict[str, int]
    cases: list[CaseInfo]
    model_id: int

    def draft(
        self, session: Session, title: str, count: int, at: datetime, *, design: Design = Design.INDEPENDENT
    ) -> int:
        """Make a draft with its first `count` cases, their truth, and the four readers."""
        by = self.coordinator
        study = study_design.create_study(
            session,
            title=title,
            design=design,
            protocol=_protocol(design),
            classes=PUBLISHED.classes,
            groups=PUBLISHED.groups,
            demo=True,
            by=by,
            at=at,
        )
        study_design.save_ai(session, study.id, model_id=self.model_id, by=by, at=at)
        taken = self.cases[:count]
        study_cases.add_cases(session, study.id, [case.id for case in taken], by=by, at=at)
        for patient, case in zip(plan.PATIENTS, taken, strict=False):
            truth.record(session, study.id, case.id, class_code=patient.label, source=SOURCE, by=by, at=at)
        for reader in plan.READERS:
            study_readers.add_reader(
                session, study.id, self.people[reader.username], group=reader.group, years=reader.years, by=by, at=at
            )
        return study.id

    def opened(self, title: str, count: int, at: datetime) -> int:
        """Make a study and open it."""
        with open_session() as session:
            study_id = self.draft(session, title, count, at)
        volumes_tried = try_volumes([case.storage_key for case in self.cases[:count]], _opens)
        with open_session() as session:
            findings = study_life.check_study(session, study_id, volumes=volumes_tried, by=self.coordinator, at=at)
            if blockers := [finding.message for finding in findings if finding.blocks]:
                raise Conflict(f"The demo study could not be opened: {' '.join(blockers)}")
            study_life.open_study(session, study_id, volumes=volumes_tried, seed=SEED, by=self.coordinator, at=at)
        return study_id

    def read(self, study_id: int, at: datetime, *, left: int = 0) -> None:
        """Let every reader read the study; the first leaves the last `left` cases."""
        hard = np.random.default_rng(SEED).exponential(1.0, len(self.cases))
        truths = {case.number: patient.label for patient, case in zip(plan.PATIENTS, self.cases, strict=True)}
        difficulty = {case.number: float(value) for case, value in zip(self.cases, hard, strict=True)}
        for place, reader in enumerate(plan.READERS):
            simulated = SimulatedReader(
                account_id=self.people[reader.username],
                plan=reader,
                codes=tuple(study_class.code for study_class in PUBLISHED.classes),
                truth=truths,
                hard=difficulty,
                rng=np.random.default_rng([SEED, study_id, place]),
                clock=at + timedelta(hours=2 + 3 * place),
            )
            stop = (plan.READ_IN_READING - left) if left and place == 0 else None
            more = True
            while more and simulated.read != stop:
                with open_session() as session:  # one read a transaction: nobody waits for the demo
                    more = simulated.next(session, study_id)


def _results(maker: _Maker, at: datetime) -> int:
    study_id = maker.opened(plan.RESULTS, plan.READ_IN_RESULTS, at)
    maker.read(study_id, at)
    later = at + timedelta(days=2)
    with open_session() as session:
        study_life.close_study(session, study_id, by=maker.coordinator, at=later)
        study_life.unblind(session, study_id, by=maker.coordinator, at=later, reason="All simulated reads are locked.")
    return study_id


def _reading(maker: _Maker, at: datetime) -> int:
    study_id = maker.opened(plan.READING, plan.READ_IN_READING, at)
    maker.read(study_id, at, left=plan.LEFT_TO_READ)
    return study_id


def _draft(maker: _Maker, at: datetime) -> int:
    with open_session() as session:
        return maker.draft(session, plan.DRAFT, plan.IN_DRAFT, at, design=Design.SEQUENTIAL)


def _protocol(design: Design) -> Protocol:
    told = PUBLISHED.protocol
    reference = replace(
        told.reference,
        rests_on=("clinical follow-up",),
        interval="none: each CT was made with its diagnosis",
        who="Nobody: the patients are procedural",
    )
    chosen = replace(
        told.prespecification,
        hypothesis="non-inferiority",
        margin=0.10,
        margin_rationale="For the demo: ten points, a margin that published reader studies have used.",
    )
    if design == Design.SEQUENTIAL:
        chosen = replace(chosen, comparison="aided_vs_unaided", hypothesis="none", margin=None, margin_rationale="")
    return replace(told, reference=reference, prespecification=chosen)


def _opens(key: str) -> object:
    return VolumeStore(settings().storage).slice(key, 0)
