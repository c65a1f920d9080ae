"""Alembic's entry: runs the migrations on the database that db.migrate names."""

from alembic import context
from sqlalchemy import text
from sqlalchemy.engine import Connection

from db.engine import make_engine
from db.models import Base

MIGRATION_LOCK = 7_205_2022  # any number, the same for all: PostgreSQL lets one migrate at a time


def _ours(name: str | None, kind: str, parents: object) -> bool:
    # the job engine keeps tables of its own in this database; they are not Alembic's
    return kind != "table" or name in Base.metadata.tables


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_name=_ours,
        render_as_batch=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def main() -> None:
    """Migrate inside one transaction, with foreign keys off where batch mode would cascade deletes."""
    engine = make_engine(context.config.attributes["url"])
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
        else:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
            connection.commit()
        _run(connection)
        connection.commit()
    engine.dispose()


main()
