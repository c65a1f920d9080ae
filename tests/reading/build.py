"""Build open studies straight in the database, so that the tests of reading need no wizard."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from core.study.protocol import Protocol
from core.study.words import Design, StudyState
from db.models import (
    Account,
    AiModel,
    AiRead,
    Case,
    OrderEntry,
    Patient,
    Reader,
    ReaderGroup,
    ReadingOrder,
    Series,
    SliceScores,
    Study,
    StudyCase,
    StudyClass,
    StudyMember,
    Truth,
)
from db.reading import reads
from db.reading.types import OpenRead

CLASSES = (("normal", "Normal", "N"), ("cap", "Pneumonia", "P"), ("covid", "COVID-19", "C"))
SHAPE = (10, 64, 48)  # slices, rows, columns
SECRET_SOURCE = "rt-pcr-within-two-days"  # planted in the truth; must reach no reader
MODEL = "planted-model"


@dataclass
class Built:
    """A study with its people. Readers' accounts by index; cases by number, in the first reader's order."""

    study_id: int
    coordinator: int
    readers: list[int] = field(default_factory=list)
    orders: list[list[int]] = field(default_factory=list)
    truth: dict[int, str] = field(default_factory=dict)
    reader_ids: list[int] = field(default_factory=list)


def account(session: Session, name: str, at: datetime, role: str = "reader") -> int:
    """Add an account and return its id."""
    row = Account(username=name, name=name.title(), role=role, created_at=at, preferences={})
    session.add(row)
    session.flush()
    return row.id


def study(
    session: Session,
    at: datetime,
    *,
    design: Design = Design.INDEPENDENT,
    cases: int = 4,
    practice: int = 0,
    readers: int = 2,
    state: StudyState = StudyState.OPEN,
    prefix: str = "",
    arm: str = "unaided",
    washout_days: int = 28,
    **protocol: Any,
) -> Built:
    """Add a study with truth, AI reads and orders; the second reader reads the cases the other way round."""
    coordinator = account(session, f"{prefix}coordinator", at, "coordinator")
    model = AiModel(
        name=f"{prefix}{MODEL}", version="9.9", kind="networks", sha256="f" * 64, created_at=at, card={}, manifest=[],
        classes=[code for code, _, _ in CLASSES],
    )  # fmt: skip
    session.add(model)
    session.flush()
    row = Study(
        title=f"{prefix}Study", state=state, design=design, created_by=coordinator, created_at=at, opened_at=at,
        ai_model_id=model.id, ai_rule="paper", ai_parameters={}, seed=1,
        protocol=Protocol.from_json({"indeterminate": False, **protocol}),
    )  # fmt: skip
    session.add(row)
    session.flush()
    session.add(StudyMember(study_id=row.id, account_id=coordinator, role="owner", managed=True, added_at=at))
    built = Built(row.id, coordinator)
    for position, (code, label, letter) in enumerate(CLASSES):
        session.add(
            StudyClass(study_id=row.id, position=position, code=code, label=label, letter=letter, colour="#888888",
                       ai_class=code, positive=code == "covid")
        )  # fmt: skip
    ids = {}
    for index in range(practice + cases):
        number, case_id = _case(session, built, model.id, index, index < practice, at, prefix)
        ids[number] = case_id
    _readers(session, built, ids, practice, readers, design, arm, at, prefix, timedelta(days=washout_days))
    session.flush()
    return built


def _case(
    session: Session, built: Built, model_id: int, index: int, practice: bool, at: datetime, prefix: str
) -> tuple[int, int]:
    patient = Patient(key=f"{prefix}{index}".rjust(64, "0"))
    session.add(patient)
    session.flush()
    number = built.study_id * 100 + index + 1
    case = Case(number=number, patient_id=patient.id, tags=[], created_by=built.coordinator, created_at=at)
    session.add(case)
    session.flush()
    depth, rows, columns = SHAPE
    series = Series(
        case_id=case.id, content_hash=f"{number}".rjust(64, "a"), storage_key=f"key{number}", slices=depth, rows=rows,
        columns=columns, spacing_mm=[2.0, 0.8, 0.8], z_mm=[100.0 - 2 * z for z in range(depth)], affine=[],
        attributes={}, created_at=at,
    )  # fmt: skip
    truth = CLASSES[(index * 2) % 3][0]
    session.add(series)
    session.flush()
    answer = Truth(
        study_id=built.study_id, case_id=case.id, version=1, class_code=truth, source=SECRET_SOURCE,
        author_id=built.coordinator, at=at,
    )  # fmt: skip
    session.add(answer)
    session.flush()
    session.add(
        StudyCase(study_id=built.study_id, case_id=case.id, practice=practice, frozen_truth_id=answer.id, added_at=at)
    )
    scores = SliceScores(
        series_id=series.id, model_id=model_id, parameters_hash="p", parameters={}, heat_slices=[4, 5],
        probabilities=[None, *[[0.125, 0.25, 0.625]] * 8, None], lung_volume_ml=4000.0, device="cpu", timings={},
        code_version="1", at=at,
    )  # fmt: skip
    session.add(scores)
    session.flush()
    session.add(
        AiRead(
            series_id=series.id, model_id=model_id, slice_scores_id=scores.id, parameters_hash="p", rule="paper",
            attempt=1, call="covid", probabilities={"normal": 0.125, "cap": 0.25, "covid": 0.625},
            counts={"normal": 0, "cap": 0, "covid": 8}, deciding_slices=[4], abnormal_share=1.0, at=at,
        )
    )  # fmt: skip
    built.truth[number] = truth
    return number, case.id


def _readers(
    session: Session, built: Built, ids: dict[int, int], practice: int, count: int, design: Design, arm: str,
    at: datetime, prefix: str, washout: timedelta,
) -> None:  # fmt: skip
    group = ReaderGroup(study_id=built.study_id, name="novice", position=0)
    session.add(group)
    session.flush()
    numbers = list(ids)
    for index in range(count):
        person = account(session, f"{prefix}reader{index + 1}", at)
        reader = Reader(
            study_id=built.study_id, account_id=person, group_id=group.id, pseudonym=f"R{index + 1}", years=2,
            added_at=at,
        )  # fmt: skip
        session.add(reader)
        session.flush()
        main = numbers[practice:] if index % 2 == 0 else numbers[practice:][::-1]
        arms = ("unaided", "aided") if index % 2 == 0 else ("aided", "unaided")
        for number in (1, 2) if design == Design.CROSSOVER else (1,):
            order = ReadingOrder(
                reader_id=reader.id, session=number, seed=1, made_at=at, opens_at=at + washout if number == 2 else None
            )
            session.add(order)
            session.flush()
            for position, case in enumerate([*numbers[:practice], *main], start=1):
                session.add(
                    OrderEntry(
                        order_id=order.id, position=position, case_id=ids[case], practice=position <= practice,
                        arm=arms[number - 1] if design == Design.CROSSOVER else arm,
                    )
                )  # fmt: skip
        built.readers.append(person)
        built.reader_ids.append(reader.id)
        built.orders.append([*numbers[:practice], *main])


def answers(diagnosis: str = "normal", **more: Any) -> dict[str, Any]:
    """A complete set of answers."""
    ratings = {code: 80 if code == diagnosis else 10 for code, _, _ in CLASSES}
    return {"diagnosis": diagnosis, "ratings": ratings, "answers": {}, "marks": [], "key_slices": [], **more}


def paint(session: Session, person: int, token: str, at: datetime, tab: str = "tab", n: int = 0) -> None:
    """Let the first image of a read appear in a tab."""
    reads.add_events(
        session, account_id=person, token=token, tab=tab, events=[{"n": n, "kind": "painted", "t": 1.0}], counters={},
        at=at,
    )  # fmt: skip


def read_one(
    session: Session, built: Built, person: int, at: datetime, content: dict[str, Any] | None = None
) -> OpenRead:
    """Open the next read, paint it, lock it 30 s later; return what was open."""
    found = reads.next_read(session, account_id=person, study_id=built.study_id, at=at).read
    assert found is not None
    paint(session, person, found.token, at)
    reads.lock(
        session, account_id=person, token=found.token, revision=found.draft.revision, tab="tab",
        content=content or answers(), at=at + timedelta(seconds=30),
    )  # fmt: skip
    return found
