"""Where a trial runs: a folder of its own, SQLite or a PostgreSQL of its own, and a server on them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.errors import InvalidInput
from core.jobs import queue
from core.jobs.trial.postgres import Postgres
from core.jobs.trial.server import Server
from core.settings import settings
from db.engine import engine_for, open_view
from db.migrate import migrate
from db.permissions import SYSTEM
from db.study import info

OWN = "postgresql"  # instead of a URL: a PostgreSQL that the trial starts, and may kill


@dataclass
class Place:
    """The parts of a trial; `postgres` where the trial has a cluster of its own."""

    engine: str
    server: Server
    postgres: Postgres | None


@contextmanager
def installation(folder: Path, database: str = "", *, worker: bool) -> Iterator[Place]:
    """Prepare an empty installation, which the settings of this process name too; end all its processes after it.

    `database` is empty for SQLite, `postgresql` for a cluster of its own, else the URL of an empty database.
    Raises InvalidInput for a database that has studies.
    """
    folder.chmod(0o711)  # also the user postgres finds its folder in it
    cluster = Postgres(folder) if database == OWN else None
    if cluster:
        cluster.create()
    url = cluster.url if cluster else database
    server = Server(folder, url, worker=worker)
    before = {name: os.environ.get(name) for name in NAMES}
    os.environ.update(PARALLAX_DATA_DIR=str(server.data), PARALLAX_DATABASE_URL=url, PARALLAX_STORAGE_URL="")
    settings.cache_clear()
    try:
        settings().secret_bytes()
        migrate()
        queue.prepare()
        with open_view() as session:
            if info.every(session, by=SYSTEM):
                raise InvalidInput("This database has studies; give the address of an empty one for the trial.")
        yield Place("postgresql" if url else "sqlite", server, cluster)
    finally:
        server.stop()
        queue.close()
        engine_for(settings().database).dispose()
        if cluster:
            cluster.stop()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        settings.cache_clear()


NAMES = ("PARALLAX_DATA_DIR", "PARALLAX_DATABASE_URL", "PARALLAX_STORAGE_URL")
