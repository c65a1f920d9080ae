"""A study set up from a protocol file and read by simulated readers, by the verbs that real studies go through.

Cases have no pixels. Setting up, checking, opening, closing and unblinding are those of every study; the reads follow
the stored orders and are written at once, as a thousand locks through the reading page take a minute.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from core.errors import InvalidInput
from core.study.orders import SEEDS
from core.study.words import Arm, Design, Role
from db import accounts, cases
from db.ai import models as ai_models
from db.ai import reads as ai_reads
from db.cases import NewSeries
from db.models import OrderEntry, Read, Reader, ReadingOrder
from db.permissions import SYSTEM
from db.simulated.plan import BEGAN
from db.simulated.reads import locked_read
from db.study import cases as study_cases
from db.study import design as study_design
from db.study import info as study_info
from db.study import life as study_life
from db.study import places, preflight
from db.study import readers as study_readers
from db.truth import records as truth

FOLLOWS = 0.5  # share of disagreements with the AI in which an aided reader takes its call
SOURCE = "simulated"


@dataclass(frozen=True, slots=True)
class Simulation:
    """Whom and what to simulate. `shares` gives the share of cases of each class, even where it is empty.

    `accuracy` is the chance that a reader's unaided read of an ordinary case is right, `spread` its standard deviation
    over readers on the logit scale; `ai` is the AI's accuracy.
    """

    readers: int = 40
    cases: int = 200
    shares: Mapping[str, float] | None = None
    accuracy: float = 0.75
    spread: float = 0.3
    ai: float = 0.85
    seed: int = 1


def seed_from_protocol(session: Session, data: object, plan: Simulation) -> int:
    """Set a study up from a protocol file, read, close and unblind it; return its id.

    Raises InvalidInput for a file or numbers that cannot be, Conflict naming the first blocker of the check.
    """
    if plan.readers < 1 or plan.cases < 1:
        raise InvalidInput("Simulate one reader and one case or more.")
    if not (0 < plan.accuracy < 1 and 0 < plan.ai < 1):
        raise InvalidInput("Accuracies lie between 0 and 1.")
    rng = np.random.default_rng(plan.seed)
    me = accounts.create(
        session, username="coordinator", name="Simulated", role=Role.COORDINATOR, at=BEGAN, by=SYSTEM
    ).id
    made = study_life.import_study(session, data, by=me, at=BEGAN)
    codes = [study_class.code for study_class in made.classes]
    true = _classes(codes, plan)
    rng.shuffle(true)
    series = _cases(session, made.id, codes, true, me)
    difficulty = rng.normal(0, 0.7, plan.cases)
    if made.shows_ai or made.protocol.ais:
        _ai(session, made.id, codes, true, difficulty, series, plan, rng, me)
    for number in range(plan.readers):
        group = made.groups[number * len(made.groups) // plan.readers].name
        person = accounts.create(
            session, username=f"reader{number + 1}", name="Simulated", role=Role.NONE, at=BEGAN, by=SYSTEM
        )
        study_readers.add_reader(session, made.id, person.id, group=group, by=me, at=BEGAN)
    volumes = dict.fromkeys(preflight.storage_keys(session, made.id, by=me))
    study_life.check_study(session, made.id, volumes=volumes, by=me, at=BEGAN)
    seed = int(rng.integers(SEEDS))
    blockers = [
        remark.message for remark in preflight.preflight(session, made.id, volumes=volumes, by=me) if remark.blocks
    ]
    if blockers:
        raise InvalidInput(f"Not opened. {blockers[0]}")
    study_life.open_study(session, made.id, volumes=volumes, seed=seed, by=me, at=BEGAN)
    _read(session, made.id, codes, true, difficulty, plan, rng)
    at = BEGAN + timedelta(days=made.protocol.washout_days + 60)
    study_life.close_study(session, made.id, by=me, at=at)
    study_life.unblind(session, made.id, reason="simulated", by=me, at=at)
    return made.id


def _classes(codes: Sequence[str], plan: Simulation) -> np.ndarray:
    """Return the class of each case, in the shares asked for."""
    shares = plan.shares or dict.fromkeys(codes, 1.0)
    unknown = sorted(set(shares) - set(codes))
    if unknown:
        raise InvalidInput(f"{', '.join(unknown)} is no class of the protocol; it has {', '.join(codes)}.")
    weights = np.array([shares.get(code, 0.0) for code in codes], float)
    if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.sum() > 0):
        raise InvalidInput("Shares of classes are numbers of 0 or more, and not all 0.")
    ends = np.round(np.cumsum(weights) / weights.sum() * plan.cases).astype(int)
    return np.repeat(np.arange(len(codes)), np.diff(ends, prepend=0))


def _cases(session: Session, study_id: int, codes: Sequence[str], true: np.ndarray, me: int) -> list[int]:
    """Add cases without pixels with their truth, and return their series."""
    made = []
    for number in range(len(true)):
        key = hashlib.sha256(f"{study_id} {number}".encode()).hexdigest()
        new = NewSeries(
            content_hash=key, storage_key=key, shape=(4, 8, 8), spacing_mm=(1.0, 1.0, 1.0), z_mm=(0.0, 1.0, 2.0, 3.0),
            affine=((1.0, 0.0, 0.0, 0.0),) * 4, attributes={}, patient_key=key,
        )  # fmt: skip
        made.append(cases.add(session, new, by=me, at=BEGAN, draw=_always(number + 1)).case)
    study_cases.add_cases(session, study_id, [case.id for case in made], by=me, at=BEGAN)
    for case, code in zip(made, true.tolist(), strict=True):
        truth.record(session, study_id, case.id, class_code=codes[code], source=SOURCE, by=me, at=BEGAN)
    return [case.series_id for case in made]


def _always(number: int) -> Callable[[int], int]:
    return lambda below: number


def _ai(
    session: Session, study_id: int, codes: list[str], true: np.ndarray, difficulty: np.ndarray, series: list[int],
    plan: Simulation, rng: np.random.Generator, me: int,
) -> None:  # fmt: skip
    """Register a simulated AI of the study's classes, let it read every case, and let it take part."""
    model = ai_models.register_model(
        session, name="Simulated AI", version="1", kind="csv", sha256="0" * 64, classes=codes, card={}, manifest=[],
        at=BEGAN, by=SYSTEM,
    )  # fmt: skip
    calls = _calls(true, difficulty, plan.ai, len(codes), rng)
    for place, call in enumerate(calls.tolist()):
        shares = _scores(call, len(codes), rng)
        made = ai_reads.NewCall(
            "paper", codes[call], None, dict(zip(codes, shares.tolist(), strict=True)), {}, [], None, 1.0
        )
        ai_reads.store(session, series_id=series[place], model_id=model.id, parameters_hash=SOURCE, scores=None,
                       calls=[made], at=BEGAN, by=SYSTEM)  # fmt: skip
    study_design.save_ai(session, study_id, model_id=model.id, by=me, at=BEGAN)


def _calls(
    true: np.ndarray, difficulty: np.ndarray, accuracy: float, classes: int, rng: np.random.Generator
) -> np.ndarray:
    """Return a call for each case: right with this chance on an ordinary case, less often on a difficult one."""
    right = rng.random(len(true)) < 1 / (1 + np.exp(difficulty - np.log(accuracy / (1 - accuracy))))
    return np.where(right, true, (true + rng.integers(1, classes, len(true))) % classes)


def _scores(call: int, classes: int, rng: np.random.Generator) -> np.ndarray:
    """Return scores (classes,) that add up to one, highest for the call."""
    made = np.exp(rng.normal(0, 1, classes))
    made[call] = made.max() + rng.gamma(2.0)
    return np.asarray(made / made.sum())


def _read(
    session: Session, study_id: int, codes: list[str], true: np.ndarray, difficulty: np.ndarray, plan: Simulation,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    """Write a locked read for every place of every stored order; the cases are those of `true`, in order."""
    study = study_info.row(session, study_id)
    links = study_info.taken(session, study_id)
    place_of = {link.case.id: link.case.number - min(first.case.number for first in links) for link in links}
    series_of = {link.case.id: link.case.series_id for link in links}
    ai = ai_reads.of_series(session, list(series_of.values()), study.ai_model_id, "paper") if study.ai_model_id else {}
    query = (
        select(ReadingOrder, OrderEntry)
        .join(OrderEntry, OrderEntry.order_id == ReadingOrder.id)
        .join(Reader, Reader.id == ReadingOrder.reader_id)
        .where(Reader.study_id == study_id)
        .order_by(ReadingOrder.reader_id, ReadingOrder.session, OrderEntry.position)
    )
    own: dict[int, np.ndarray] = {}
    rows = []
    for order, entry in session.execute(query):
        if order.reader_id not in own:
            logit = np.log(plan.accuracy / (1 - plan.accuracy)) + rng.normal(0, plan.spread)
            own[order.reader_id] = _calls(true, difficulty, 1 / (1 + np.exp(-logit)), len(codes), rng)
        arms = places.SEQUENTIAL if study.design == Design.SEQUENTIAL else (entry.arm,)
        for arm in arms:
            call = int(own[order.reader_id][place_of[entry.case_id]])
            shown = ai.get(series_of[entry.case_id]) if arm == Arm.AIDED else None
            if shown is not None and shown.call in codes and rng.random() < FOLLOWS:
                call = codes.index(shown.call)
            seconds = float(60 * np.exp(rng.normal(0, 0.4)))
            at = BEGAN + timedelta(days=(order.session - 1) * (study.protocol.washout_days + 10) + 1)
            rows.append(
                locked_read(
                    token=hashlib.sha256(f"{order.id} {entry.position} {arm}".encode()).hexdigest(),
                    reader_id=order.reader_id,
                    case_id=entry.case_id,
                    arm=arm,
                    session=order.session,
                    position=entry.position,
                    practice=entry.practice,
                    diagnosis=codes[call],
                    ratings=dict(zip(codes, np.round(100 * _scores(call, len(codes), rng)).tolist(), strict=True))
                    if study.protocol.ratings
                    else {},
                    seconds=seconds,
                    locked_at=at + timedelta(minutes=2 * entry.position + (arm == Arm.AIDED)),
                    ai_read_id=shown.id if shown is not None else None,
                )
            )
    session.execute(insert(Read), rows)
