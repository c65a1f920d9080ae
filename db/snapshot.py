"""A consistent picture of the whole database in one SQLite file, taken while people read, and its way back.

Of SQLite it is an online copy; of PostgreSQL every row as one transaction sees them. The job engine's own tables come
along from SQLite only: what waits there can be asked for again.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, func, insert, select, text

from core.errors import Conflict
from db.engine import engine_for, make_engine
from db.migrate import migrate
from db.models import Account, Base

AT_ONCE = 1000


def take(url: str, into: Path) -> None:
    """Write the database at `url` into a new SQLite file that only its owner may read."""
    into.unlink(missing_ok=True)
    os.close(os.open(into, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    source = engine_for(url)
    if source.dialect.name == "sqlite":
        with closing(sqlite3.connect(str(source.url.database))) as there, closing(sqlite3.connect(into)) as here:
            there.backup(here)
            here.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
        return
    into.unlink()
    migrate(_url(into))
    into.chmod(0o600)
    with source.connect().execution_options(isolation_level="REPEATABLE READ") as reading:
        target = make_engine(_url(into))
        with target.begin() as writing:
            _copy(reading, writing)
        _one_file(target)


def put_back(snapshot: Path, url: str) -> None:
    """Fill the empty database at `url` from a snapshot and bring it to this version; raises Conflict for one in use."""
    target = engine_for(url)
    if target.dialect.name == "sqlite":
        place = Path(str(target.url.database))
        if place.exists() and _in_use(url):
            raise Conflict(USED)
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        target.dispose()
        for left in (place, place.with_name(f"{place.name}-wal"), place.with_name(f"{place.name}-shm")):
            left.unlink(missing_ok=True)
        snapshot.replace(place)
        migrate(url)
        return
    migrate(_url(snapshot))
    migrate(url)
    if _in_use(url):
        raise Conflict(USED)
    source = make_engine(_url(snapshot))
    with source.connect() as reading, target.begin() as writing:
        _copy(reading, writing)
        _count_on(writing)
    source.dispose()


USED = "This database has accounts already; restore into a new data folder or an empty database."


def counts(url: str) -> dict[str, int]:
    """Return how many rows each table has."""
    with engine_for(url).connect() as connection:
        return {name: connection.scalar(select(func.count()).select_from(table)) or 0 for name, table in _tables()}


def _in_use(url: str) -> bool:
    migrate(url)
    with engine_for(url).connect() as connection:
        return connection.scalar(select(Account.id).limit(1)) is not None


def _tables() -> Iterator[tuple[str, Table]]:
    for table in Base.metadata.sorted_tables:
        yield table.name, table


def _copy(reading: Connection, writing: Connection) -> None:
    if writing.dialect.name == "postgresql":
        writing.execute(text("SET CONSTRAINTS ALL DEFERRED"))
    for _, table in _tables():
        rows = reading.execution_options(yield_per=AT_ONCE).execute(select(table).order_by(*table.primary_key))
        for part in rows.mappings().partitions(AT_ONCE):
            writing.execute(insert(table), [dict(row) for row in part])


def _count_on(connection: Connection) -> None:
    """Let new rows be numbered after those that were put back."""
    for name, table in _tables():
        key: Any = list(table.primary_key)
        if len(key) == 1 and key[0].autoincrement is not False and key[0].type.python_type is int:
            where = {"table": name, "column": key[0].name}
            sequence = connection.scalar(text("SELECT pg_get_serial_sequence(:table, :column)"), where)
            highest = connection.scalar(select(func.max(key[0])))
            if sequence and highest:
                connection.execute(
                    text("SELECT setval(:sequence, :highest)"), {"sequence": sequence, "highest": highest}
                )


def _one_file(engine: Engine) -> None:
    place = str(engine.url.database)
    engine.dispose()
    with closing(sqlite3.connect(place)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")


def _url(path: Path) -> str:
    return f"sqlite:///{path.resolve()}"
