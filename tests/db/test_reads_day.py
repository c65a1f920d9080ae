"""The reading day: sequential and crossover studies, resets, and the work list."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import Conflict, Forbidden, InvalidInput
from core.study.words import Beginning, Design, StudyState
from db import audit
from db.models import Read, Study
from db.permissions import SYSTEM
from db.reading import reads
from db.reading.types import NextRead, OpenRead, StaleDraft
from tests.reading.build import Built, account, answers, paint, read_one, study
from tests.study.builder import thaw

SECOND = timedelta(seconds=1)


def opened(session: Session, built: Built, at: datetime, reader: int = 0) -> OpenRead:
    found = reads.next_read(session, account_id=built.readers[reader], study_id=built.study_id, at=at)
    assert found.read is not None
    return found.read


def lock(session: Session, person: int, read: OpenRead, at: datetime) -> Any:
    return reads.lock(session, account_id=person, token=read.token, revision=0, tab="tab", content=answers(), at=at)


def rows(session: Session) -> list[Read]:
    return list(session.scalars(select(Read).order_by(Read.id)))


def test_a_sequential_study_opens_the_aided_read_of_the_same_case_after_the_unaided_lock(
    session: Session, at: datetime
) -> None:
    built = study(session, at, design=Design.SEQUENTIAL, cases=2)
    seen = []
    for index in range(4):
        read = read_one(session, built, built.readers[0], at + index * 60 * SECOND, answers("cap"))
        seen.append((read.case.case_number, read.arm, read.ai is not None))
    first, second = built.orders[0]
    assert seen == [
        (first, "unaided", False),
        (first, "aided", True),
        (second, "unaided", False),
        (second, "aided", True),
    ]
    aided = rows(session)[1]
    assert aided.ai_shown_at == at + 30 * SECOND
    assert aided.ai_output["call"] == "covid"
    assert aided.ai_output["model"] == {"name": "planted-model", "version": "9.9", "sha256": "f" * 64}
    assert rows(session)[0].ai_read_id is None


def test_the_aided_phase_begins_with_the_unaided_answers(session: Session, at: datetime) -> None:
    built = study(session, at, design=Design.SEQUENTIAL, cases=1)
    read_one(session, built, built.readers[0], at, answers("cap"))
    aided = opened(session, built, at + 60 * SECOND)
    assert aided.draft.content == answers("cap")
    assert aided.draft.revision == 0


def test_a_second_session_opens_on_its_date_only(session: Session, at: datetime) -> None:
    built = study(session, at, design=Design.CROSSOVER, cases=2)
    person = built.readers[0]
    for index in range(2):
        assert read_one(session, built, person, at + index * 60 * SECOND).arm == "unaided"

    def ask(days: float) -> NextRead:
        return reads.next_read(session, account_id=person, study_id=built.study_id, at=at + timedelta(days=days))

    early = ask(27.9)
    assert early.read is None
    assert early.opens_at is not None
    assert early.opens_at >= at + timedelta(days=28)
    assert ask(29).read is not None
    assert ask(29).read.arm == "aided"  # type: ignore[union-attr]


@pytest.fixture
def locked(session: Session, at: datetime) -> tuple[Built, OpenRead]:
    built = study(session, at)
    return built, read_one(session, built, built.readers[0], at)


def test_a_reset_opens_a_new_attempt_and_keeps_the_old_row(
    session: Session, at: datetime, locked: tuple[Built, OpenRead]
) -> None:
    built, read = locked
    new = reads.reset(session, read_id=read.read_id, reason="screen failed", by=built.coordinator, at=at + 60 * SECOND)
    again = opened(session, built, at + 61 * SECOND)
    assert (again.read_id, again.attempt, again.case) == (new, 2, read.case)
    assert again.draft.content["diagnosis"] is None
    assert session.get_one(Read, read.read_id).state == "locked"
    read_one(session, built, built.readers[0], at + 70 * SECOND, answers("cap"))
    assert [(row.attempt, row.diagnosis) for row in rows(session) if row.case_id == rows(session)[0].case_id] == [
        (1, "normal"),
        (2, "cap"),
    ]
    assert [event.kind for event in audit.events(session, study_id=built.study_id, by=SYSTEM)] == ["read reset"]
    with pytest.raises(Conflict):
        reads.reset(session, read_id=read.read_id, reason="once more", by=built.coordinator, at=at)


def test_a_reset_does_not_tear_away_the_case_on_the_screen(
    session: Session, at: datetime, locked: tuple[Built, OpenRead]
) -> None:
    built, read = locked
    second = opened(session, built, at + 60 * SECOND)
    paint(session, built.readers[0], second.token, at + 61 * SECOND)
    reads.reset(session, read_id=read.read_id, reason="screen failed", by=built.coordinator, at=at + 62 * SECOND)
    assert opened(session, built, at + 63 * SECOND).token == second.token
    lock(session, built.readers[0], second, at + 64 * SECOND)
    assert opened(session, built, at + 65 * SECOND).case == read.case


def test_an_open_read_that_was_reset_is_no_longer_taken(session: Session, at: datetime) -> None:
    built = study(session, at)
    person, read = built.readers[0], opened(session, built, at)
    paint(session, person, read.token, at)
    reads.reset(session, read_id=read.read_id, reason="wrong person", by=built.coordinator, at=at)
    with pytest.raises(StaleDraft):
        lock(session, person, read, at + SECOND)
    beat = [{"n": 5, "kind": "heartbeat"}]
    taken = reads.add_events(
        session, account_id=person, token=read.token, tab="tab", events=beat, counters={}, at=at + SECOND
    )
    assert taken.accepted == 0
    assert opened(session, built, at + SECOND).token != read.token


def test_an_unaided_read_is_not_reset_once_the_ai_was_shown(session: Session, at: datetime) -> None:
    built = study(session, at, design=Design.SEQUENTIAL)
    unaided = read_one(session, built, built.readers[0], at)
    with pytest.raises(Conflict, match="seen the AI"):
        reads.reset(session, read_id=unaided.read_id, reason="wrong key", by=built.coordinator, at=at)


def test_resetting_the_aided_read_first_does_not_open_the_way_to_the_unaided_one(
    session: Session, at: datetime
) -> None:
    built = study(session, at, design=Design.SEQUENTIAL)
    unaided = read_one(session, built, built.readers[0], at)
    aided = read_one(session, built, built.readers[0], at + 60 * SECOND)
    reads.reset(session, read_id=aided.read_id, reason="wrong key", by=built.coordinator, at=at + 120 * SECOND)
    assert "seen the AI" in (reads.reset_effect(session, unaided.read_id, by=SYSTEM).refused or "")
    with pytest.raises(Conflict, match="seen the AI"):
        reads.reset(session, read_id=unaided.read_id, reason="wrong key", by=built.coordinator, at=at + 121 * SECOND)


def test_without_an_ai_to_see_the_aided_read_falls_with_the_unaided_and_begins_with_its_new_answers(
    session: Session, at: datetime
) -> None:
    built = study(session, at, design=Design.SEQUENTIAL, cases=1)
    thaw(session)
    session.get_one(Study, built.study_id).ai_model_id = None
    person = built.readers[0]
    unaided = read_one(session, built, person, at, answers("cap"))
    read_one(session, built, person, at + 60 * SECOND, answers("cap"))
    assert reads.reset_effect(session, unaided.read_id, by=SYSTEM).also == (("aided", 1),)
    reads.reset(session, read_id=unaided.read_id, reason="wrong key", by=built.coordinator, at=at + 120 * SECOND)
    again = read_one(session, built, person, at + 180 * SECOND, answers("covid"))
    assert (again.arm, again.attempt) == ("unaided", 2)
    aided = opened(session, built, at + 240 * SECOND)
    assert (aided.arm, aided.attempt, aided.draft.content) == ("aided", 2, answers("covid"))


def test_a_blank_aided_phase_begins_with_nothing_and_says_so_in_its_row(session: Session, at: datetime) -> None:
    filled = study(session, at, design=Design.SEQUENTIAL, cases=1, prefix="a")
    blank = study(session, at, design=Design.SEQUENTIAL, cases=1, prefix="b", aided_begins=Beginning.BLANK)
    for built in (filled, blank):
        read_one(session, built, built.readers[0], at, answers("cap"))
    assert opened(session, filled, at + 60 * SECOND).draft.content == answers("cap")
    assert opened(session, blank, at + 60 * SECOND).draft.content["diagnosis"] is None
    began = {(row.reader_id, row.arm): row.began_with for row in rows(session)}
    assert began == {
        (filled.reader_ids[0], "unaided"): None,
        (filled.reader_ids[0], "aided"): "filled",
        (blank.reader_ids[0], "unaided"): None,
        (blank.reader_ids[0], "aided"): "blank",
    }


def test_only_coordinators_who_do_not_read_here_reset(
    session: Session, at: datetime, locked: tuple[Built, OpenRead]
) -> None:
    built, read = locked
    other = account(session, "stranger", at)
    for person in (built.readers[0], other):
        with pytest.raises(Forbidden):
            reads.reset(session, read_id=read.read_id, reason="because", by=person, at=at)
    with pytest.raises(InvalidInput):
        reads.reset(session, read_id=read.read_id, reason=" ", by=built.coordinator, at=at)


def test_progress_counts_whole_cases_and_estimates_from_the_readers_own_pace(session: Session, at: datetime) -> None:
    built = study(session, at, cases=6, practice=1)
    person = built.readers[0]

    def first(moment: datetime) -> Any:
        return reads.progress(session, account_id=person, at=moment)[0]

    before = first(at)
    assert (before.done, before.total, before.practice_done, before.practice_total) == (0, 6, 0, 1)
    assert (before.minutes_left, before.can_read, before.started) == (None, True, False)
    for index in range(4):
        read_one(session, built, person, at + index * 60 * SECOND)
    after = first(at + 600 * SECOND)
    assert (after.done, after.practice_done, after.minutes_left) == (3, 1, 1)


def test_progress_of_a_sequential_study_counts_a_case_when_both_phases_are_locked(
    session: Session, at: datetime
) -> None:
    built = study(session, at, design=Design.SEQUENTIAL, cases=2)
    read_one(session, built, built.readers[0], at)
    assert reads.progress(session, account_id=built.readers[0], at=at)[0].done == 0
    read_one(session, built, built.readers[0], at + 60 * SECOND)
    assert reads.progress(session, account_id=built.readers[0], at=at)[0].done == 1


def test_progress_shows_nobody_elses_studies_and_no_drafts(session: Session, at: datetime) -> None:
    study(session, at, prefix="a")
    built = study(session, at, prefix="b", state=StudyState.DRAFT)
    assert reads.progress(session, account_id=built.readers[0], at=at) == ()
