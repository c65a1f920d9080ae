"""Bring a database to this version's schema with Alembic, and its triggers to what they should be."""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from core import clock
from core.errors import ParallaxError
from core.settings import settings
from db import append_only, audit, chain
from db.engine import Session, make_engine

log = structlog.get_logger()


BACKUPS = "backups"  # folder beside the database


def migrate(url: str | None = None, *, to: str = "head") -> Path | None:
    """Upgrade the database at `url` (default: the settings') to the newest schema, or a revision; safe to run again.

    Before a database with data is upgraded it is copied; the copy is returned, None where nothing was to be done.

    Triggers that somebody removed or altered since are put back, which the audit says; raises ParallaxError where
    that is not allowed.
    """
    address = url or settings().database
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["url"] = address
    engine = make_engine(address)  # one of its own, closed at the end: what was written is then in the file itself
    try:
        before = _revision(engine)
        newest = ScriptDirectory.from_config(config).get_current_head()
        copy = copied(engine, before) if before is not None and to == "head" and before != newest else None
        command.upgrade(config, to)
        if to == "head":
            _guard(engine, upgraded=before != _revision(engine))
        return copy
    finally:
        engine.dispose()


def copied(engine: Engine, revision: str) -> Path | None:
    """Copy a database before it is upgraded; return the copy, readable by its owner only.

    PostgreSQL is copied by its own pg_dump, where that is installed: a newer server than the program makes it fail, and
    then the upgrade does not begin.
    """
    stamp = f"{clock.now():%Y%m%d-%H%M%S}"
    if engine.dialect.name != "sqlite":
        return _dumped(engine, f"before-{revision}-{stamp}.dump")
    source = Path(str(engine.url.database))
    place = _private_file(source.parent / BACKUPS / f"{source.stem}-{revision}-{stamp}.db")
    try:
        with closing(sqlite3.connect(source)) as there, closing(sqlite3.connect(place)) as here:
            there.backup(here)
            here.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        place.unlink(missing_ok=True)
        raise ParallaxError(
            f"Not upgraded: the database could not be copied first ({error}). Check the disk."
        ) from None
    log.info("database copied before the upgrade", copy=str(place))
    return place


def _dumped(engine: Engine, name: str) -> Path | None:
    program = shutil.which("pg_dump")
    if program is None:
        log.warning("no copy was made before the upgrade: pg_dump is not installed here")
        return None
    place = _private_file(settings().data_dir / BACKUPS / name)
    url = engine.url.set(drivername="postgresql")
    command_line = [program, "--format=custom", f"--file={place}", url.set(password=None).render_as_string()]
    password = {"PGPASSWORD": url.password} if url.password else {}
    done = subprocess.run(  # noqa: S603 - PostgreSQL's own program, on our own database
        command_line, env={**os.environ, **password}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        place.unlink(missing_ok=True)
        raise ParallaxError(f"Not upgraded: the database could not be copied first ({done.stderr.strip()[:200]}).")
    log.info("database copied before the upgrade", copy=str(place))
    return place


def _private_file(place: Path) -> Path:
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(place, os.O_WRONLY | os.O_CREAT, 0o600))
    return place


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _guard(engine: Engine, *, upgraded: bool) -> None:
    try:
        with Session(engine) as session, session.begin():
            audit.hold(session)
            if upgraded and not chain.head(session) and (taken := chain.adopt(session)):
                audit.record(session, kind="chain begun", at=clock.now(), detail={"rows": taken})
            changed = append_only.restore(session.connection())
            if changed and not upgraded:
                log.warning("triggers restored", triggers=changed)
                audit.record(session, kind="triggers restored", at=clock.now(), detail={"triggers": ", ".join(changed)})
    except DBAPIError as error:
        raise ParallaxError(
            "The triggers that keep reads, truth and audit from being changed are not as they should be, and this "
            "database account may not restore them. Run `python -m core migrate` as the owner of the tables."
        ) from error
