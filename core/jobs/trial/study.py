"""The study of a trial: small made-up volumes, and people who read, all made by the verbs of every study."""

import secrets
from dataclasses import asdict, dataclass, replace
from datetime import timedelta

import numpy as np

from core import clock
from core.errors import Conflict
from core.imaging.storage import VolumeStore
from core.imaging.volume import Attributes, Volume, volume_of
from core.jobs import queue
from core.services import model_registry
from core.settings import settings
from core.study.template import PUBLISHED
from core.study.words import Design
from db import accounts, cases, sign_ins
from db.ai import models as ai_models
from db.engine import Session, open_session
from db.permissions import SYSTEM
from db.study import cases as study_cases
from db.study import design, life, readers
from db.truth import records as truth

SHAPE = (16, 64, 64)  # slices, rows, columns
SPACING_MM = (5.0, 5.0, 5.0)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the trial, signed in by a cookie."""

    account_id: int
    cookie: str


@dataclass(frozen=True, slots=True)
class Trial:
    """The study that is read, and its people."""

    study_id: int
    coordinator: Person
    readers: tuple[Person, ...]
    codes: tuple[str, ...]
    cases: int


def make(*, cases_: int, readers_: int, jobs: bool) -> Trial:
    """Make and open the study in the installation that the settings name; with `jobs` the AI is asked for reads."""
    model_registry.register_all()
    at = clock.now() - timedelta(days=1)
    with open_session() as session:
        coordinator = _person(session, "coordinator", "coordinator")
        people = [_person(session, f"reader{n + 1}", "reader") for n in range(readers_)]
    ids = [add_case(n, coordinator.account_id, jobs=jobs) for n in range(cases_)]
    codes = tuple(study_class.code for study_class in PUBLISHED.classes)
    with open_session() as session:
        by = coordinator.account_id
        told = PUBLISHED.protocol.reference
        reference = replace(
            told, rests_on=("made up",), interval="none: no patient", who="Nobody: the cases are made up"
        )
        protocol = replace(PUBLISHED.protocol, reference=reference)
        made = design.create_study(
            session,
            title="Trial",
            design=Design.INDEPENDENT,
            protocol=protocol,
            classes=PUBLISHED.classes,
            groups=PUBLISHED.groups,
            by=by,
            at=at,
        )
        study_cases.add_cases(session, made.id, ids, by=by, at=at)
        for place, case_id in enumerate(ids):
            truth.record(
                session, made.id, case_id, class_code=codes[place % len(codes)], source="made up", by=by, at=at
            )
        for place, person in enumerate(people):
            group = PUBLISHED.groups[place % len(PUBLISHED.groups)]
            readers.add_reader(session, made.id, person.account_id, group=group, years=3, by=by, at=at)
        volumes = {case.storage_key: None for case in cases.of_study(session, made.id)}
        findings = life.check_study(session, made.id, volumes=volumes, by=by, at=at)
        if blockers := [finding.message for finding in findings if finding.blocks]:
            raise Conflict(f"The study of the trial could not be opened: {' '.join(blockers)}")
        life.open_study(session, made.id, volumes=volumes, seed=1, by=by, at=at)
    return Trial(made.id, coordinator, tuple(people), codes, cases_)


def volume(n: int) -> Volume:
    """Return a small made-up volume, another for every `n`."""
    rng = np.random.default_rng([n, secrets.randbits(32)])
    hu = rng.integers(-900, 200, SHAPE).astype(np.int16)
    return volume_of(hu, SPACING_MM, top_z_mm=0.0, attributes=Attributes(manufacturer="Made up", kernel="soft"))


def add_case(n: int, by: int, *, jobs: bool) -> int:
    """Store a made-up case, with its AI read asked for if wanted; return its id."""
    made = volume(n)
    new = cases.NewSeries(
        content_hash=made.content_hash,
        storage_key=VolumeStore(settings().storage).put(made),
        shape=made.hu.shape,
        spacing_mm=made.spacing_mm,
        z_mm=made.z_mm,
        affine=made.affine,
        attributes=asdict(made.attributes),
        patient_key=secrets.token_hex(16),
    )
    with open_session() as session:
        case = cases.add(session, new, by=by, at=clock.now()).case
        model = ai_models.default(session) if jobs else None
        if model is not None:
            queue.enqueue(session, series_id=case.series_id, model_name=model.name, model_version=model.version)
    return case.id


def _person(session: Session, username: str, role: str) -> Person:
    at = clock.now()
    made = accounts.create(session, username=username, name=username, role=role, at=at, by=SYSTEM)
    cookie = sign_ins.redeem_ticket(session, sign_ins.ticket_for(session, made.id, at=at), at=at)
    if cookie is None:
        raise RuntimeError("a ticket just minted was refused")
    return Person(made.id, cookie)
