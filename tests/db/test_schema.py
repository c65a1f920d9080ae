from datetime import datetime, timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import delete, inspect, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from db import accounts, audit
from db.engine import engine_for, open_session, open_view
from db.migrate import migrate
from db.models import Account as AccountRow
from db.models import AuditEvent, Base


def test_the_migrations_make_the_models_and_run_again_without_harm(db_url: str):
    migrate(db_url)
    with engine_for(db_url).connect() as connection:
        ours = MigrationContext.configure(
            connection, opts={"include_name": lambda name, kind, _: kind != "table" or name in Base.metadata.tables}
        )
        assert compare_metadata(ours, Base.metadata) == []
        assert set(Base.metadata.tables) <= set(inspect(connection).get_table_names())


def test_audit_events_can_be_neither_changed_nor_removed(session: Session, at: datetime):
    audit.record(session, kind="something", at=at)
    for statement in (update(AuditEvent).values(kind="nothing"), delete(AuditEvent)):
        with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
            session.execute(statement)


def test_the_trail_shows_where_it_was_tampered_with(session: Session, at: datetime):
    for n in range(3):
        audit.record(session, kind=f"event {n}", at=at + timedelta(seconds=n), detail={"n": n})
    assert audit.first_broken(session) is None
    session.add(AuditEvent(at=at, actor_id=None, kind="forged", study_id=None, detail={}, seal="0" * 64))
    session.flush()
    assert audit.first_broken(session) == 4


def test_an_exception_rolls_the_whole_action_back(db_url: str, at: datetime):
    def fails() -> None:
        with open_session(db_url) as session:
            accounts.create(session, username="half", name="", role="reader", at=at)
            raise RuntimeError("in mid-action")

    with pytest.raises(RuntimeError, match="mid-action"):
        fails()
    with open_view(db_url) as session:
        assert accounts.every(session) == []


def test_a_view_that_changes_something_is_refused(db_url: str, at: datetime):
    def writes() -> None:
        with open_view(db_url) as session:
            session.add(AccountRow(username="x", name="x", role="reader", preferences={}, created_at=at))

    with pytest.raises(RuntimeError, match="open_session"):
        writes()


def test_times_without_a_zone_never_reach_the_database(session: Session):
    with pytest.raises(Exception, match="without a zone"):
        accounts.create(session, username="x", name="", role="reader", at=datetime(2026, 1, 1))  # noqa: DTZ001
