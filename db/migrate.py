"""Bring a database to this version's schema with Alembic."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from core.settings import settings


def migrate(url: str | None = None, *, to: str = "head") -> None:
    """Upgrade the database at `url` (default: the settings') to the newest schema, or a revision; safe to run again."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["url"] = url or settings().database
    command.upgrade(config, to)
