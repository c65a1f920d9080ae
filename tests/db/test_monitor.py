"""The monitor counts and times; it never learns what anybody answered."""

from dataclasses import fields
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from core.study.words import Design
from db.models import Read
from db.permissions import SYSTEM
from db.study import info as study_info
from db.study import monitor, orders, quality
from db.study.info import ReaderInfo, StudyInfo
from db.study.monitor_cells import locked_reads
from db.study.monitor_types import Cell, LockedRead, Outlier, ReaderProgress
from pages.coordinator.study_steps import steps_of_life
from tests.study import builder
from tests.study.builder import AT


@pytest.fixture
def opened(session: Session) -> tuple[StudyInfo, ReaderInfo]:
    made = builder.study(session, cases_=6, practice=1, readers=2)
    orders.make(session, made.id, seed=1, at=AT)
    return made, study_info.readers(session, made.id, by=SYSTEM)[0]


def read(
    session: Session,
    reader: ReaderInfo,
    place: orders.OrderRow,
    at: datetime,
    *,
    active: float = 30,
    raw: float = 40,
    attempt: int = 1,
    locked: bool = True,
    counters: dict[str, int] | None = None,
) -> None:
    ids = {link.case.number: link.case.id for link in study_info.cases(session, 1, by=SYSTEM)}
    session.add(
        Read(
            token=f"{reader.id} {place.case_number} {place.arm} {attempt}",
            reader_id=reader.id,
            case_id=ids[place.case_number],
            arm=place.arm,
            session=place.session,
            attempt=attempt,
            position=place.position,
            practice=place.practice,
            state="locked" if locked else "open",
            opened_at=at,
            shown_at=at,
            locked_at=at if locked else None,
            active_seconds=active if locked else None,
            raw_seconds=raw if locked else None,
            diagnosis="covid",
            content={"diagnosis": "covid"},
            counters=counters or {},
            ai_output={},
        )
    )
    session.flush()


def places(session: Session, made: StudyInfo, reader: ReaderInfo) -> list[orders.OrderRow]:
    return [row for row in orders.table(session, made.id, by=SYSTEM) if row.reader_id == reader.id]


def test_completeness_pace_and_finish(session: Session, opened: tuple[StudyInfo, ReaderInfo]):
    made, reader = opened
    practice, *study = places(session, made, reader)
    read(session, reader, practice, AT)
    for n, place in enumerate(study[:3]):
        read(session, reader, place, AT + timedelta(days=n), active=60 * (n + 1))
    read(session, reader, study[3], AT + timedelta(days=2), locked=False)
    found = monitor.progress(session, made.id, at=AT + timedelta(days=2), by=SYSTEM)
    first, second = found.readers
    assert (first.locked, first.total, first.median_seconds, first.minutes_left) == (3, 6, 120, 6)
    assert first.per_day == pytest.approx(2)  # four locks, practice too, in two days
    assert first.finish == AT + timedelta(days=2) + timedelta(days=3 / 2)
    assert (second.locked, second.total, second.started, second.finish) == (0, 6, False, None)
    assert (found.locked, found.total) == (3, 12)
    cells = {cell.case_number: cell for cell in found.cells if cell.reader_id == reader.id}
    assert [cells[place.case_number].locked for place in study] == [1, 1, 1, 0, 0, 0]
    assert cells[study[3].case_number].open
    assert cells[practice.case_number].practice


def test_a_reset_counts_the_newest_attempt_only(session: Session, opened: tuple[StudyInfo, ReaderInfo]):
    made, reader = opened
    place = places(session, made, reader)[1]
    read(session, reader, place, AT)
    read(session, reader, place, AT, attempt=2, locked=False)
    found = monitor.progress(session, made.id, at=AT, by=SYSTEM)
    cell = next(c for c in found.cells if (c.reader_id, c.case_number) == (reader.id, place.case_number))
    assert (cell.locked, cell.resets, found.readers[0].locked) == (0, 1, 0)
    assert locked_reads(session, made.id, reader_id=reader.id, case_number=place.case_number, by=SYSTEM) == ()


def test_times_that_stand_out_are_named(session: Session, opened: tuple[StudyInfo, ReaderInfo]):
    made, reader = opened
    times = [(30, 31), (30, 31), (30, 31), (2, 3), (30, 300), (400, 401)]
    for place, (active, raw) in zip(places(session, made, reader)[1:], times, strict=True):
        read(session, reader, place, AT, active=active, raw=raw)
    found = monitor.progress(session, made.id, at=AT, by=SYSTEM)
    assert [outlier.kind for outlier in found.outliers] == ["too fast", "mostly idle", "very slow"]


def test_who_has_gone_silent_is_named_and_who_is_withdrawn_is_not(
    session: Session, opened: tuple[StudyInfo, ReaderInfo]
):
    made, reader = opened
    read(session, reader, places(session, made, reader)[1], AT)
    later = AT + timedelta(days=8)
    assert [one.silent for one in monitor.progress(session, made.id, at=AT, by=SYSTEM).readers] == [False, False]
    assert [one.silent for one in monitor.progress(session, made.id, at=later, by=SYSTEM).readers] == [True, True]


def test_sequential_cases_count_twice(session: Session):
    made = builder.study(session, design=Design.SEQUENTIAL, cases_=3, readers=2)
    orders.make(session, made.id, seed=1, at=AT)
    assert monitor.progress(session, made.id, at=AT, by=SYSTEM).total == 2 * 3 * 2


def test_before_the_opening_there_is_nothing_to_watch(session: Session):
    made = builder.study(session)
    found = monitor.progress(session, made.id, at=AT, by=SYSTEM)
    assert (found.cells, found.total, found.outliers) == ((), 0, ())


def test_no_answer_and_no_truth_is_ever_loaded(session: Session, opened: tuple[StudyInfo, ReaderInfo]):
    made, reader = opened
    read(session, reader, places(session, made, reader)[1], AT)
    session.expire_all()
    seen: list[str] = []
    connection = session.connection()
    event.listen(connection, "before_cursor_execute", lambda c, k, statement, *rest: seen.append(statement.lower()))
    found = monitor.progress(session, made.id, at=AT, by=SYSTEM)
    assert seen
    for forbidden in ("diagnosis", "content", "truth", "class_code", "ai_output"):
        assert not [statement for statement in seen if forbidden in statement]
    assert "covid" not in repr(found)
    names = {field.name for kind in (Cell, LockedRead, Outlier, ReaderProgress) for field in fields(kind)}
    assert not names & {"diagnosis", "ratings", "truth", "correct", "accuracy"}


def test_read_quality_comes_from_clocks_and_counters(session: Session, opened: tuple[StudyInfo, ReaderInfo]):
    made, reader = opened
    depth = study_info.cases(session, made.id, by=SYSTEM)[0].case.shape[0]
    practice, *study = places(session, made, reader)
    read(session, reader, practice, AT, active=1, counters={"slices_seen": 1})  # practice never counts
    times = (40, 40, 30, 30, 4, 3)
    for place, active in zip(study, times, strict=True):
        few = active == 3
        counters = {"slices_seen": 1 if few else depth, **({"contradiction_kept": 1} if few else {})}
        read(session, reader, place, AT, active=active, counters=counters)
    (found,) = quality.quality(session, made.id, by=SYSTEM)
    assert (found.reads, found.too_fast, found.seconds) == (6, 2, 5)
    assert (found.few_slices, found.counted, found.contradicting) == (1, 6, 1)
    assert found.drift == pytest.approx(3.5 / 40)
    assert found.stands_out
    assert steps_of_life.doubts([found]) == [
        "2 of 6 reads took under 5 s.",
        "In 1 of 6 reads under a quarter of the slices were on the screen.",
        "In 1 of 6 reads another diagnosis was rated higher than the one given.",
    ]


def test_a_read_made_again_is_judged_by_its_newest_attempt(session: Session, opened: tuple[StudyInfo, ReaderInfo]):
    made, reader = opened
    place = places(session, made, reader)[1]
    read(session, reader, place, AT, active=1)
    read(session, reader, place, AT, attempt=2, active=60)
    (found,) = quality.quality(session, made.id, by=SYSTEM)
    assert (found.reads, found.too_fast, found.drift, found.stands_out) == (1, 0, None, False)
    assert steps_of_life.doubts([]) == []


def test_a_crossover_is_never_done_before_its_second_session_opens(session: Session):
    made = builder.study(session, cases_=6, practice=0, readers=1, design=Design.CROSSOVER)
    orders.make(session, made.id, seed=1, at=AT)
    reader = study_info.readers(session, made.id, by=SYSTEM)[0]
    first = [place for place in places(session, made, reader) if place.session == 1]
    for place in first[:3]:
        read(session, reader, place, AT + timedelta(hours=1))
    (found,) = monitor.progress(session, made.id, at=AT + timedelta(hours=2), by=SYSTEM).readers
    opens = AT + timedelta(days=made.protocol.washout_days)
    assert made.protocol.washout_days > 7
    assert found.per_day == pytest.approx(3)
    assert found.finish == opens + timedelta(days=6 / 3)
