"""A part of the server that fails is told: 503 with what to do, nothing half-written, and it goes on by itself."""

import os
import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from core.errors import Unavailable
from core.settings import settings
from db import chain
from db.engine import engine_for, open_session, open_view
from db.faults import explained
from db.models import AuditEvent, Draft, Read
from db.turns import turns_of
from tests.reading.build import Built, answers
from tests.reading.client import Client, Wall
from tests.reading.test_health import asked, stored

__all__ = ["stored"]


@contextmanager
def with_pragma(*statements: str) -> Iterator[None]:
    """Give every connection of the server these settings of SQLite, real limits of the database itself."""
    engine = engine_for(settings().database)

    def prepare(connection: Any, record: Any) -> None:
        for statement in statements:
            connection.execute(statement)

    engine.dispose()
    event.listen(engine, "connect", prepare)
    try:
        yield
    finally:
        event.remove(engine, "connect", prepare)
        engine.dispose()


@contextmanager
def locked() -> Iterator[None]:
    """Another program holds the database."""
    with (
        with_pragma("PRAGMA busy_timeout=50"),
        closing(sqlite3.connect(Path(settings().data_dir) / "parallax.db")) as it,
    ):
        it.execute("BEGIN IMMEDIATE")
        yield
        it.rollback()


@contextmanager
def full() -> Iterator[None]:
    """The disk takes no more: the system itself refuses to let a file of the database grow."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def read_only() -> Iterator[None]:
    """The database may not be written to."""
    with with_pragma("PRAGMA query_only=ON"):
        yield


FAULTS: list[tuple[Callable[[], Any], str]] = [(locked, "busy"), (full, "disk"), (read_only, "may not write")]


def state(token: str) -> tuple[Any, ...]:
    with open_view() as session:
        read = session.scalars(select(Read).where(Read.token == token)).one()
        draft = session.get_one(Draft, read.id)
        links = chain.head(session)
        return read.state, read.locked_at, read.diagnosis, draft.revision, draft.content, links


@pytest.mark.parametrize(("fault", "said"), FAULTS, ids=["locked", "full", "read-only"])
def test_drafts_and_locks_answer_503_keep_nothing_by_halves_and_go_on(
    ada: Client, built: Built, wall: Wall, fault: Callable[[], Any], said: str
):
    token = str(ada.next(built.study_id)["read"]["token"])
    ada.events(token, "painted")
    assert ada.save(token, 0, answers()).status_code == 200
    before = state(token)
    big = answers(marks=[], key_slices=list(range(10)))
    with fault():
        answer, lock = ada.save(token, before[3], big), ada.lock(token, before[3], big)
        for refused in (answer, lock):
            assert refused.status_code == 503, refused.text
            assert said in refused.json()["message"]
            assert refused.headers["retry-after"]
            assert refused.json()["error"] == "unavailable"
    assert state(token) == before
    again = ada.lock(token, before[3], big)
    assert again.status_code == 200, again.text
    assert state(token)[0] == "locked"
    with open_view() as session:
        assert chain.verify(session).broken == []


def test_a_storage_that_is_away_is_told_and_health_names_it(ada: Client, built: Built, stored: Path):
    found = ada.next(built.study_id)
    url = f"{found['volume']['url']}?form=packed"
    assert ada.ask("GET", url).status_code == 200
    root = Path(settings().storage)
    root.rename(root.with_name("away"))
    answer = ada.ask("GET", url)
    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
    assert "does not answer" in answer.json()["message"]
    status, body = asked()
    assert (status, list(body["failing"])) == (503, ["volumes"])
    root.with_name("away").rename(root)
    assert ada.ask("GET", url).status_code == 200


@pytest.mark.parametrize("code", [28, 30, 13, 27])
def test_health_names_a_disk_that_takes_nothing(db_url: str, monkeypatch: pytest.MonkeyPatch, code: int):
    def fails(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fails)
    status, body = asked()
    assert (status, list(body["failing"])) == (503, ["disk"])
    assert "disk of the data folder" in body["failing"]["disk"]


@pytest.mark.parametrize("opening", [b"[", b'{"content":', b'{"a":[{"b":'])
def test_deeply_nested_json_is_refused_in_a_sentence(ada: Client, built: Built, opening: bytes):
    token = str(ada.next(built.study_id)["read"]["token"])
    for path, method in ((f"/api/reads/{token}/draft", "PUT"), (f"/api/reads/{token}/lock", "POST")):
        answer = ada.ask(method, path, opening * 60_000)
        assert (answer.status_code, answer.json()["error"]) == (422, "invalid")


def test_answers_nested_as_deep_as_json_allows_are_stored_nowhere(ada: Client, built: Built):
    token = str(ada.next(built.study_id)["read"]["token"])
    for deep in (900, 5000):
        nested = '{"a":' * deep + "1" + "}" * deep
        body = f'{{"revision": 0, "tab": "tab", "content": {{"diagnosis": "normal", "answers": {nested}}}}}'
        assert ada.ask("PUT", f"/api/reads/{token}/draft", body.encode()).status_code in (200, 409, 422)
    assert "a" not in state(token)[4].get("answers", {})


def test_a_clock_that_was_set_back_is_told_once(ada: Client, built: Built, wall: Wall):
    ada.next(built.study_id)
    with open_session() as session:
        session.add(AuditEvent(at=wall.now, actor_id=None, kind="something", study_id=None, detail={}))
    wall.now -= timedelta(hours=1)
    assert "behind" in asked()[1]["warnings"]["clock"]
    for _ in range(3):
        with open_session() as session:
            session.add(AuditEvent(at=wall.now, actor_id=None, kind="something", study_id=None, detail={}))
    with open_view() as session:
        told = session.scalars(select(AuditEvent).where(AuditEvent.kind == "clock set back")).all()
        assert [one.detail for one in told] == [{"seconds": 3600}]
        assert chain.verify(session).broken == []
    assert "warnings" not in asked()[1]


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        (psycopg.errors.AdminShutdown("terminating"), "restarting"),
        (psycopg.errors.CannotConnectNow("starting up"), "restarting"),
        (psycopg.OperationalError("connection refused"), "restarting"),
        (psycopg.errors.DiskFull("no space"), "full"),
        (psycopg.errors.ReadOnlySqlTransaction("read-only"), "may not write"),
        (psycopg.errors.TooManyConnections("sorry"), "restarting"),
        (psycopg.errors.DeadlockDetected("deadlock"), "busy"),
        (sqlite3.OperationalError("database table is locked"), "busy"),
        (sqlite3.OperationalError("disk I/O error"), "disk of the database"),
        (sqlite3.OperationalError("unable to open database file"), "restarting"),
        (sqlite3.DatabaseError("database disk image is malformed"), "damaged"),
    ],
)
def test_what_databases_say_is_told_in_sentences(cause: Exception, said: str):
    found = explained(DBAPIError("SELECT 1", {}, cause))
    assert isinstance(found, Unavailable)
    assert said in str(found)


def test_mistakes_are_not_taken_for_faults():
    assert explained(DBAPIError("SELEC 1", {}, sqlite3.OperationalError('near "SELEC": syntax error'))) is None
    assert explained(IntegrityError("x", {}, sqlite3.IntegrityError("UNIQUE constraint failed"))) is None
    assert explained(ValueError("no fault of the database")) is None


def test_writers_are_served_in_the_order_in_which_they_came(db_url: str, at: datetime):
    import threading

    turns = turns_of(db_url)
    served: list[int] = []
    threads = []

    def write(n: int) -> None:
        with turns.turn():
            served.append(n)

    with turns.turn():
        for n in range(20):
            threads.append(threading.Thread(target=write, args=(n,)))
            threads[-1].start()
            while len(turns.waiting) <= n:
                pass
    for thread in threads:
        thread.join()
    assert served == list(range(20))


def test_a_writer_whose_patience_ends_holds_nobody_up(db_url: str):
    import threading

    turns = turns_of(db_url)
    outcome: list[object] = []

    def waits() -> None:
        try:
            with turns.turn(0.05):
                outcome.append("turn")
        except Unavailable as error:
            outcome.append(str(error))

    with turns.turn():
        thread = threading.Thread(target=waits)
        thread.start()
        thread.join()
    assert len(outcome) == 1
    assert "busy" in str(outcome[0])
    with turns.turn(0.05):
        pass
