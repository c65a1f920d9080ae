"""Opening, drafting and locking: one read an attempt, nothing changes after the lock, the server decides."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from core import __version__
from core.errors import Conflict, Forbidden, NotFound
from db.engine import open_session
from db.models import Draft, Read, Reader, Study
from db.reading import reads
from db.reading.types import InvalidContent, OpenRead, StaleDraft
from tests.reading.build import Built, answers, paint, read_one, study

SECOND = timedelta(seconds=1)


def opened(session: Session, built: Built, at: datetime, reader: int = 0) -> OpenRead:
    found = reads.next_read(session, account_id=built.readers[reader], study_id=built.study_id, at=at)
    assert found.read is not None
    return found.read


def save(session: Session, person: int, read: OpenRead, at: datetime, revision: int = 0, **more: Any) -> Any:
    given = {"tab": "tab", "content": answers(), **more}
    return reads.save_draft(session, account_id=person, token=read.token, revision=revision, at=at, **given)


def lock(session: Session, person: int, read: OpenRead, at: datetime, revision: int = 0, **more: Any) -> Any:
    given = {"tab": "tab", "content": answers(), **more}
    return reads.lock(session, account_id=person, token=read.token, revision=revision, at=at, **given)


def rows(session: Session) -> list[Read]:
    return list(session.scalars(select(Read).order_by(Read.id)))


def test_the_next_read_follows_the_stored_order_with_practice_first(session: Session, at: datetime) -> None:
    built = study(session, at, cases=3, practice=1)
    seen = []
    for index in range(4):
        read = read_one(session, built, built.readers[1], at + index * 60 * SECOND)
        seen.append((read.case.case_number, read.practice, read.position, read.total))
    order = built.orders[1]
    assert seen == [(order[0], True, 1, 1), (order[1], False, 1, 3), (order[2], False, 2, 3), (order[3], False, 3, 3)]
    done = reads.next_read(session, account_id=built.readers[1], study_id=built.study_id, at=at + 600 * SECOND)
    assert done.read is None
    assert done.message


def test_asking_again_resumes_the_same_read_with_draft_and_clock(session: Session, at: datetime) -> None:
    built = study(session, at)
    first = opened(session, built, at)
    paint(session, built.readers[0], first.token, at)
    save(session, built.readers[0], first, at + 5 * SECOND)
    again = opened(session, built, at + 8 * SECOND)
    assert again.token == first.token
    assert again.draft.content["diagnosis"] == "normal"
    assert again.draft.revision == 1
    assert again.clock.raw_seconds == 8
    assert len(rows(session)) == 1


def test_openings_at_the_same_moment_give_one_row(db_url: str, at: datetime) -> None:
    with open_session(db_url) as session:
        built = study(session, at)

    def ask(_: int) -> str:
        with open_session(db_url) as session:
            return opened(session, built, at).token

    with ThreadPoolExecutor(8) as pool:
        tokens = set(pool.map(ask, range(24)))
    with open_session(db_url) as session:
        assert tokens == {row.token for row in rows(session)}
    assert len(tokens) == 1


def test_locks_at_the_same_moment_store_one_and_open_one(db_url: str, at: datetime) -> None:
    with open_session(db_url) as session:
        built = study(session, at)
        read = opened(session, built, at)
        paint(session, built.readers[0], read.token, at)

    def press(_: int) -> str:
        with open_session(db_url) as session:
            locked = lock(session, built.readers[0], read, at + 9 * SECOND)
            return str(locked.next.read.token)

    with ThreadPoolExecutor(8) as pool:
        following = set(pool.map(press, range(16)))
    with open_session(db_url) as session:
        assert [row.state for row in rows(session)] == ["locked", "open"]
        assert following == {rows(session)[1].token}


def test_a_row_is_unique_by_reader_case_arm_session_and_attempt(session: Session, at: datetime) -> None:
    built = study(session, at)
    opened(session, built, at)
    first = rows(session)[0]
    copied = {c.key: getattr(first, c.key) for c in Read.__table__.columns if c.key not in ("id", "token")}
    with pytest.raises(DatabaseError), session.begin_nested():
        session.execute(insert(Read).values(token="another", **copied))


def test_a_locked_read_never_changes(session: Session, at: datetime) -> None:
    built = study(session, at)
    person, read = built.readers[0], read_one(session, built, built.readers[0], at)
    with pytest.raises(StaleDraft):
        save(session, person, read, at + 60 * SECOND, revision=1, content=answers("covid"))
    later = lock(session, person, read, at + 60 * SECOND, revision=1, content=answers("covid"))
    assert later.read_id == read.read_id
    taken = reads.add_events(
        session, account_id=person, token=read.token, tab="tab", events=[{"n": 7, "kind": "pause"}],
        counters={"scrolls": 9}, at=at + 60 * SECOND,
    )  # fmt: skip
    assert (taken.accepted, taken.locked) == (0, True)
    row = session.get_one(Read, read.read_id, populate_existing=True)
    assert (row.diagnosis, row.locked_at, row.counters) == ("normal", at + 30 * SECOND, {})
    assert session.get_one(Draft, read.read_id, populate_existing=True).content["diagnosis"] == "normal"
    with pytest.raises(DatabaseError, match=r"never changes|append-only"), session.begin_nested():
        session.execute(update(Read).where(Read.id == read.read_id).values(diagnosis="covid"))
    with pytest.raises(DatabaseError, match="append-only"), session.begin_nested():
        session.execute(text("DELETE FROM reads"))


def test_a_lock_from_elsewhere_of_a_locked_read_is_told_so(session: Session, at: datetime) -> None:
    built = study(session, at)
    read = read_one(session, built, built.readers[0], at)
    with pytest.raises(StaleDraft) as refused:
        lock(session, built.readers[0], read, at + 60 * SECOND, tab="other", content=answers("covid"))
    assert refused.value.draft.content["diagnosis"] == "normal"


def test_a_stale_draft_is_refused_with_the_current_one(session: Session, at: datetime) -> None:
    built = study(session, at)
    person, read = built.readers[0], opened(session, built, at)
    assert save(session, person, read, at).revision == 1
    assert save(session, person, read, at, revision=1, content=answers("cap")).revision == 2
    with pytest.raises(StaleDraft) as refused:
        save(session, person, read, at, content=answers("covid"))
    assert (refused.value.reason, refused.value.draft.revision) == ("stale", 2)
    assert refused.value.draft.content["diagnosis"] == "cap"
    paint(session, person, read.token, at)
    with pytest.raises(StaleDraft):
        lock(session, person, read, at + SECOND, revision=1)


def test_a_draft_posted_twice_after_a_lost_answer_is_stored_once(session: Session, at: datetime) -> None:
    built = study(session, at)
    person, read = built.readers[0], opened(session, built, at)
    assert [save(session, person, read, at + n * SECOND).revision for n in (0, 1)] == [1, 1]


def test_a_second_tab_takes_over_and_the_first_is_told(session: Session, at: datetime) -> None:
    built = study(session, at)
    person, read = built.readers[0], opened(session, built, at)
    paint(session, person, read.token, at, tab="first")
    save(session, person, read, at, tab="first")
    paint(session, person, read.token, at + 5 * SECOND, tab="second")
    with pytest.raises(StaleDraft) as refused:
        save(session, person, read, at + 6 * SECOND, revision=1, tab="first", content=answers("covid"))
    assert refused.value.reason == "taken_over"
    with pytest.raises(StaleDraft):
        lock(session, person, read, at + 6 * SECOND, revision=1, tab="first")
    beat = [{"n": 3, "kind": "heartbeat"}]
    told = reads.add_events(
        session, account_id=person, token=read.token, tab="first", events=beat, counters={}, at=at + 7 * SECOND
    )
    assert not told.holds
    assert save(session, person, read, at + 8 * SECOND, revision=1, tab="second").revision == 2
    back = [{"n": 4, "kind": "take_over"}]
    reads.add_events(
        session, account_id=person, token=read.token, tab="first", events=back, counters={}, at=at + 9 * SECOND
    )
    assert lock(session, person, read, at + 10 * SECOND, revision=2, tab="first").read_id == read.read_id


def test_an_image_that_was_never_shown_cannot_be_locked(session: Session, at: datetime) -> None:
    built = study(session, at)
    with pytest.raises(Conflict, match="not been shown"):
        lock(session, built.readers[0], opened(session, built, at), at + SECOND)


def test_nobody_else_can_touch_a_read(session: Session, at: datetime) -> None:
    built = study(session, at)
    read = opened(session, built, at)
    for person in (built.readers[1], built.coordinator):
        with pytest.raises(Forbidden):
            save(session, person, read, at)
        with pytest.raises(Forbidden):
            lock(session, person, read, at)
        with pytest.raises(Forbidden):
            reads.add_events(session, account_id=person, token=read.token, tab="x", events=[], counters={}, at=at)
    with pytest.raises(Forbidden):
        reads.next_read(session, account_id=built.coordinator, study_id=built.study_id, at=at)
    with pytest.raises(Forbidden):
        reads.next_read(session, account_id=built.readers[0], study_id=999, at=at)
    with pytest.raises(NotFound):
        reads.save_draft(session, account_id=built.readers[0], token="no", revision=0, tab="t", content={}, at=at)


@pytest.mark.parametrize("state", ["draft", "checked", "closed", "unblinded"])
def test_reading_needs_an_open_study(session: Session, at: datetime, state: str) -> None:
    built = study(session, at)
    read = opened(session, built, at)
    session.execute(update(Study).values(state=state))
    session.expire_all()
    for attempt in (lambda: opened(session, built, at), lambda: save(session, built.readers[0], read, at)):
        with pytest.raises(Forbidden, match=r"not open yet|closed"):
            attempt()


def test_a_withdrawn_reader_is_refused(session: Session, at: datetime) -> None:
    built = study(session, at)
    read = opened(session, built, at)
    session.execute(update(Reader).where(Reader.account_id == built.readers[0]).values(withdrawn_at=at))
    session.expire_all()
    for attempt in (lambda: opened(session, built, at), lambda: lock(session, built.readers[0], read, at)):
        with pytest.raises(Forbidden, match="withdrawn"):
            attempt()


def test_a_later_case_cannot_be_read_out_of_turn(session: Session, at: datetime) -> None:
    built = study(session, at)
    read = opened(session, built, at)
    row = rows(session)[0]
    later = Read(token="forged", reader_id=row.reader_id, case_id=row.case_id + 2, arm="unaided", session=1, attempt=1,
                 position=3, practice=False, opened_at=at)  # fmt: skip
    session.add(later)
    session.flush()
    session.add(Draft(read_id=later.id, content={}))
    session.flush()
    with pytest.raises(StaleDraft):
        reads.save_draft(session, account_id=built.readers[0], token="forged", revision=0, tab="t", content={}, at=at)
    assert read.case.case_number == built.orders[0][0]


def test_an_incomplete_lock_names_every_field(session: Session, at: datetime) -> None:
    built = study(session, at)
    read = opened(session, built, at)
    paint(session, built.readers[0], read.token, at)
    with pytest.raises(InvalidContent) as refused:
        lock(session, built.readers[0], read, at + SECOND, content={"ratings": {"normal": 50}})
    assert set(refused.value.fields) == {"diagnosis", "ratings.cap", "ratings.covid"}
    assert rows(session)[0].state == "open"


def test_the_row_of_a_read_holds_what_happened(session: Session, at: datetime) -> None:
    built = study(session, at)
    person, read = built.readers[0], opened(session, built, at)

    def happen(second: int, n: int, kind: str, **counters: Any) -> None:
        reads.add_events(
            session, account_id=person, token=read.token, tab="tab", at=at + second * SECOND, counters=counters,
            events=[{"n": n, "kind": kind, "t": -1e15}],
        )  # fmt: skip

    happen(1, 0, "painted", screen="3840x2160")
    happen(3, 2, "loaded", slices_seen=4, scrolls=2)
    happen(2, 1, "action", slices_seen=9, scrolls=6, window_changes=1)
    save(session, person, read, at + 9 * SECOND, content=answers("cap"))
    save(session, person, read, at + 12 * SECOND, revision=1, content=answers("covid"))
    save(session, person, read, at + 15 * SECOND, revision=2, content=answers("covid", key_slices=[3]))
    happen(13, 3, "heartbeat", slices_seen=9, scrolls=5)
    lock(session, person, read, at + 21 * SECOND, revision=3, content=answers("covid", key_slices=[3]))
    row = session.get_one(Read, read.read_id)
    assert row.shown_at == at + 1 * SECOND
    assert row.first_action_at == at + 2 * SECOND
    assert row.loaded_at == at + 3 * SECOND
    assert row.diagnosis_changed_at == at + 12 * SECOND
    assert row.locked_at == at + 21 * SECOND
    assert (row.raw_seconds, row.active_seconds) == (20, 20)
    assert row.counters == {"slices_seen": 9, "scrolls": 6, "window_changes": 1}
    assert (row.screen, row.app_version) == ("3840x2160", __version__)
    assert row.content["key_slices"] == [3]
    assert (row.arm, row.session, row.attempt, row.position, row.practice) == ("unaided", 1, 1, 1, False)
