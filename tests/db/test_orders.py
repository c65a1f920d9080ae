"""Sessions of a crossover study: the second opens a washout after the first was finished, whatever the clock says."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from core.errors import NotFound
from core.study.protocol import Protocol
from core.study.words import Design
from db.models import Read
from db.permissions import SYSTEM
from db.reading import reads
from db.study import info as study_info
from db.study import orders
from db.study.info import ReaderInfo, StudyInfo
from tests.reading import build
from tests.study import builder
from tests.study.builder import AT

WASHOUT = timedelta(days=28)


@pytest.fixture
def crossover(session: Session) -> tuple[StudyInfo, ReaderInfo]:
    made = builder.study(session, design=Design.CROSSOVER, cases_=3, readers=2, protocol=Protocol(ratings=False))
    orders.make(session, made.id, seed=1, at=AT)
    return made, study_info.readers(session, made.id, by=SYSTEM)[0]


def lock(session: Session, reader: ReaderInfo, place: orders.OrderRow, at: datetime, attempt: int = 1) -> None:
    """Store a locked read as reading would, and settle."""
    ids = {link.case.number: link.case.id for link in study_info.cases(session, 1, by=SYSTEM)}
    session.add(
        Read(
            token=f"{place.session} {place.case_number} {attempt}",
            reader_id=reader.id,
            case_id=ids[place.case_number],
            arm=place.arm,
            session=place.session,
            attempt=attempt,
            position=place.position,
            practice=place.practice,
            state="locked",
            opened_at=at,
            locked_at=at,
            content={},
            counters={},
            ai_output={},
        )
    )
    session.flush()
    orders.settle(session, reader.id)


def first_session(session: Session, made: StudyInfo, reader: ReaderInfo) -> list[orders.OrderRow]:
    return [row for row in orders.table(session, made.id, by=SYSTEM) if (row.reader_id, row.session) == (reader.id, 1)]


def test_the_second_session_opens_a_washout_after_the_last_lock_of_the_first(
    session: Session, crossover: tuple[StudyInfo, ReaderInfo]
):
    made, reader = crossover
    places = first_session(session, made, reader)
    end = AT + timedelta(days=40)  # longer than the washout: the date counts from the end, not from the opening
    for n, place in enumerate(places):
        gate = orders.session_open(session, reader.id, 2, at=AT + timedelta(days=100))
        assert (gate.open, gate.opens_at) == (False, None)
        lock(session, reader, place, end - timedelta(hours=2 - n))
    assert not orders.session_open(session, reader.id, 2, at=end + WASHOUT - timedelta(seconds=1)).open
    assert orders.session_open(session, reader.id, 2, at=end).opens_at == end + WASHOUT
    assert orders.session_open(session, reader.id, 2, at=end + WASHOUT).open


def test_reading_a_case_of_the_first_session_again_moves_the_date_on(
    session: Session, crossover: tuple[StudyInfo, ReaderInfo]
):
    made, reader = crossover
    places = first_session(session, made, reader)
    for place in places:
        lock(session, reader, place, AT)
    later = AT + timedelta(days=20)
    lock(session, reader, places[0], later, attempt=2)
    assert orders.session_open(session, reader.id, 2, at=AT + WASHOUT).opens_at == later + WASHOUT


def test_who_takes_longer_than_the_washout_still_waits_for_it_after_the_last_case(session: Session):
    built = build.study(session, AT, design=Design.CROSSOVER, cases=2)
    end = AT + timedelta(days=40)
    for n in range(2):
        build.read_one(session, built, built.readers[0], end + timedelta(minutes=n))

    def ask(at: datetime) -> bool:
        return reads.next_read(session, account_id=built.readers[0], study_id=built.study_id, at=at).read is not None

    assert not ask(end + timedelta(days=1))
    assert not ask(end + WASHOUT)
    assert ask(end + WASHOUT + timedelta(minutes=5))


def test_every_session_is_open_from_the_start_in_other_designs(session: Session):
    made = builder.study(session, design=Design.SEQUENTIAL, cases_=3, readers=2)
    orders.make(session, made.id, seed=1, at=AT)
    reader = study_info.readers(session, made.id, by=SYSTEM)[0]
    assert orders.session_open(session, reader.id, 1, at=AT).open
    with pytest.raises(NotFound):
        orders.session_open(session, reader.id, 2, at=AT)
