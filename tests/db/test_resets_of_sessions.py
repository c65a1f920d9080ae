"""A read of session 1 made again after session 2 has begun: what rests on it falls, and no washout is cut short."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import Conflict, Forbidden
from core.study.words import Design
from db import audit
from db.models import Read
from db.permissions import SYSTEM
from db.reading import reads
from db.reading.types import NextRead, OpenRead, StaleDraft
from db.study import monitor
from tests.reading.build import Built, answers, paint, read_one, study

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
WASHOUT = 28 * DAY


def ask(session: Session, built: Built, reader: int, at: datetime) -> NextRead:
    return reads.next_read(session, account_id=built.readers[reader], study_id=built.study_id, at=at)


def session_one(session: Session, built: Built, reader: int, at: datetime) -> list[OpenRead]:
    return [read_one(session, built, built.readers[reader], at + n * MINUTE) for n in range(3)]


@pytest.fixture
def built(session: Session, at: datetime) -> Built:
    """The first reader reads unaided then aided, the second aided then unaided."""
    return study(session, at, design=Design.CROSSOVER, cases=3)


def test_an_unaided_read_is_not_made_again_once_the_ai_was_shown_for_its_case(
    session: Session, at: datetime, built: Built
) -> None:
    first, *_ = session_one(session, built, 0, at)
    later = at + 30 * DAY
    assert read_one(session, built, built.readers[0], later).case == first.case
    assert reads.reset_effect(session, first.read_id, by=SYSTEM).refused
    with pytest.raises(Conflict, match="seen the AI"):
        reads.reset(session, read_id=first.read_id, reason="screen failed", by=built.coordinator, at=later + DAY)


def test_a_case_not_yet_read_in_session_two_is_read_again_and_then_waits_its_washout_while_others_go_on(
    session: Session, at: datetime, built: Built
) -> None:
    _, second, third = session_one(session, built, 0, at)
    later = at + 30 * DAY
    read_one(session, built, built.readers[0], later)
    effect = reads.reset_effect(session, third.read_id, by=SYSTEM)
    assert (effect.refused, effect.also, effect.waits) == (None, (), True)
    reads.reset(session, read_id=third.read_id, reason="screen failed", by=built.coordinator, at=later + MINUTE)

    again = ask(session, built, 0, later + 2 * MINUTE).read
    assert again is not None
    assert (again.session, again.arm, again.case, again.attempt) == (1, "unaided", third.case, 2)
    # while session 1 is not whole, nothing of session 2 can be had
    with pytest.raises(Forbidden):
        reads.case_access(
            session,
            account_id=built.readers[0],
            study_id=built.study_id,
            case_number=second.case.case_number,
            at=later + 2 * MINUTE,
        )
    read_one(session, built, built.readers[0], later + 3 * MINUTE)

    goes_on = read_one(session, built, built.readers[0], later + 5 * MINUTE)
    assert (goes_on.session, goes_on.case, goes_on.upcoming) == (2, second.case, None)
    waiting = ask(session, built, 0, later + DAY)
    assert waiting.read is None
    assert waiting.opens_at == later + 3 * MINUTE + timedelta(seconds=30) + WASHOUT
    assert reads.progress(session, account_id=built.readers[0], at=later + DAY)[0].can_read is False
    last = ask(session, built, 0, later + 29 * DAY).read
    assert last is not None
    assert (last.session, last.case, last.attempt) == (2, third.case, 1)


def test_the_read_of_session_two_falls_with_the_aided_read_it_rests_on(
    session: Session, at: datetime, built: Built
) -> None:
    first, *_ = session_one(session, built, 1, at)
    later = at + 30 * DAY
    fallen = read_one(session, built, built.readers[1], later)
    assert (fallen.case, fallen.arm) == (first.case, "unaided")
    assert reads.reset_effect(session, first.read_id, by=SYSTEM).also == (("unaided", 2),)
    reads.reset(session, read_id=first.read_id, reason="AI stood hidden", by=built.coordinator, at=later + MINUTE)

    newest = {(row.session, row.arm, row.attempt): row.state for row in session.scalars(select(Read).order_by(Read.id))
              if row.case_id == session.get_one(Read, first.read_id).case_id}  # fmt: skip
    assert newest == {
        (1, "aided", 1): "locked",
        (2, "unaided", 1): "locked",
        (1, "aided", 2): "open",
        (2, "unaided", 2): "open",
    }
    again = monitor.progress(session, built.study_id, at=later + DAY, by=SYSTEM).made_again
    assert [(one.session, one.arm, one.attempt, one.reason) for one in again] == [
        (1, "aided", 2, "AI stood hidden"),
        (2, "unaided", 2, "AI stood hidden"),
    ]
    events = [
        event.detail
        for event in audit.events(session, study_id=built.study_id, by=SYSTEM)
        if event.kind == "read reset"
    ]
    assert {detail["reason"] for detail in events} == {"AI stood hidden"}
    assert sorted(str(detail["with the reset of"]) for detail in events) == ["None", "aided, session 1"]

    for n in range(3):  # the reset read, then the two cases that are left of session 2
        read_one(session, built, built.readers[1], later + DAY + n * MINUTE)
    assert ask(session, built, 1, later + 2 * DAY).read is None
    last = ask(session, built, 1, later + DAY + WASHOUT + MINUTE).read
    assert last is not None
    assert (last.session, last.case, last.attempt, last.draft.content["diagnosis"]) == (2, first.case, 2, None)


def test_a_read_of_session_two_that_is_on_the_screen_is_taken_away_with_its_draft(
    session: Session, at: datetime, built: Built
) -> None:
    first, *_ = session_one(session, built, 1, at)
    later = at + 30 * DAY
    shown = ask(session, built, 1, later).read
    assert shown is not None
    paint(session, built.readers[1], shown.token, later)
    reads.reset(session, read_id=first.read_id, reason="AI stood hidden", by=built.coordinator, at=later + MINUTE)
    with pytest.raises(StaleDraft):
        reads.lock(
            session,
            account_id=built.readers[1],
            token=shown.token,
            revision=0,
            tab="tab",
            content=answers(),
            at=later + 2 * MINUTE,
        )
    now = ask(session, built, 1, later + 3 * MINUTE).read
    assert now is not None
    assert (now.session, now.case, now.attempt) == (1, first.case, 2)


def test_a_reset_before_session_two_begins_moves_its_date_for_every_case(
    session: Session, at: datetime, built: Built
) -> None:
    first, *_ = session_one(session, built, 0, at)
    reads.reset(session, read_id=first.read_id, reason="screen failed", by=built.coordinator, at=at + 10 * DAY)
    read_one(session, built, built.readers[0], at + 10 * DAY)
    assert ask(session, built, 0, at + 30 * DAY).read is None
    found = ask(session, built, 0, at + 39 * DAY).read
    assert found is not None
    assert found.case == first.case  # nothing is held back behind the others: the whole session waited
