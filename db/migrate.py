"""Bring a database to this version's schema with Alembic, and its triggers to what they should be."""

from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy.exc import DBAPIError

from core import clock
from core.errors import ParallaxError
from core.settings import settings
from db import append_only, audit
from db.engine import engine_for, open_session

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
    before = _revision(address)
    command.upgrade(config, to)
    if to == "head":
        _guard(address, upgraded=before != _revision(address))


def _revision(url: str) -> str | None:
    with engine_for(url).connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _guard(url: str, *, upgraded: bool) -> None:
    try:
        with open_session(url) as session:
            audit.hold(session)
            changed = append_only.restore(session.connection())
            if changed and not upgraded:
                log.warning("triggers restored", triggers=changed)
                audit.record(session, kind="triggers restored", at=clock.now(), detail={"triggers": ", ".join(changed)})
    except DBAPIError as error:
        raise ParallaxError(
            "The triggers that keep reads, truth and audit from being changed are not as they should be, and this "
            "database account may not restore them. Run `python -m core migrate` as the owner of the tables."
        ) from error
