"""Bring a database to this version's schema with Alembic, and its triggers to what they should be."""

from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from core import clock
from core.errors import ParallaxError
from core.settings import settings
from db import append_only, audit, chain
from db.engine import Session, make_engine

log = structlog.get_logger()


def migrate(url: str | None = None, *, to: str = "head") -> None:
    """Upgrade the database at `url` (default: the settings') to the newest schema, or a revision; safe to run again.

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
        command.upgrade(config, to)
        if to == "head":
            _guard(engine, upgraded=before != _revision(engine))
    finally:
        engine.dispose()


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
