"""The engine and the one way to a session: one transaction a user action."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, TimeoutError
from sqlalchemy.orm import Session

from core.settings import settings
from db import chain
from db.faults import explained
from db.turns import turns_of

log = structlog.get_logger()

__all__ = ["Session", "chain", "engine_for", "make_engine", "open_session", "open_view"]


def make_engine(url: str) -> Engine:
    """Return an engine for SQLite (write-ahead log, BEGIN IMMEDIATE, foreign keys, full sync) or PostgreSQL."""
    engine = create_engine(url, pool_pre_ping=True)
    if engine.dialect.name == "sqlite" and engine.url.database:
        _private(Path(engine.url.database))
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_immediate)
    return engine


def _private(database: Path) -> None:
    """Let only its owner read the database and what SQLite writes beside it; a file of somebody else stays."""
    database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(OSError):  # a read-only disk or folder: what opens the database says so
        os.close(os.open(database, os.O_WRONLY | os.O_CREAT, 0o600))
        database.chmod(0o600)


def _prepare_sqlite(connection: Any, record: Any) -> None:
    connection.isolation_level = None  # this module sends BEGIN itself
    for pragma in (
        "busy_timeout=15000",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "recursive_triggers=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Any) -> None:
    # a deferred BEGIN fails at once when two writers upgrade; 0 errors of 2000 with IMMEDIATE, 1400 without
    looking = connection.get_execution_options().get("looking", False)
    connection.exec_driver_sql("BEGIN" if looking else "BEGIN IMMEDIATE")


@lru_cache(maxsize=4)
def engine_for(url: str) -> Engine:
    """Return the one engine of this process for a database URL."""
    return make_engine(url)


@contextmanager
def open_session(url: str | None = None) -> Iterator[Session]:
    """Open one transaction: committed at the end of the block, rolled back by any exception.

    On SQLite writers take turns. Raises Unavailable where the database does not answer: then nothing was changed.
    """
    engine = engine_for(url or settings().database)
    with _explaining(), _turn(engine), Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def open_view(url: str | None = None) -> Iterator[Session]:
    """Open one transaction that only looks: on SQLite it waits for no writer and holds none up. Writing in it fails.

    Raises Unavailable where the database does not answer.
    """
    engine = engine_for(url or settings().database).execution_options(looking=True)
    with _explaining(), Session(engine, expire_on_commit=False, autoflush=False) as session:
        if engine.dialect.name == "postgresql":
            session.connection(execution_options={"postgresql_readonly": True})
        yield session
        if session.new or session.dirty or session.deleted:
            raise RuntimeError("a view changed something; use open_session")
        session.rollback()


def _turn(engine: Engine) -> AbstractContextManager[None]:
    return turns_of(str(engine.url)).turn() if engine.dialect.name == "sqlite" else nullcontext()


@contextmanager
def _explaining() -> Iterator[None]:
    try:
        yield
    except (DBAPIError, TimeoutError) as error:
        told = explained(error)
        if told is None:
            raise
        log.warning("the database does not answer", reason=str(error.__cause__ or error)[:200])
        raise told from error
