from datetime import datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import delete, inspect, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from db import accounts, audit
from db.ai import models as ai_models
from db.engine import engine_for, open_session, open_view
from db.migrate import migrate
from db.models import Account as AccountRow
from db.models import AuditEvent, Base, PanelMember, Read, Reader, Study
from db.permissions import SYSTEM

AS_OF_0001 = (
    "INSERT INTO accounts (id, username, name, role, preferences, failed_sign_ins, created_at) VALUES "
    "(1, 'c', 'C', 'coordinator', '{}', 0, :at), (2, 'm', 'M', 'reader', '{}', 0, :at), "
    "(3, 'r', 'R', 'reader', '{}', 0, :at)",
    "INSERT INTO studies (id, title, state, design, protocol, ai_rule, ai_parameters, created_by, created_at) "
    "VALUES (1, 'Old', 'open', 'independent', '{}', 'paper', '{}', 1, :at)",
    "INSERT INTO patients (id, key) VALUES (1, 'k')",
    "INSERT INTO cases (id, number, patient_id, tags, created_by, created_at) VALUES (1, 1, 1, '[]', 1, :at)",
    "INSERT INTO truth_votes (id, study_id, case_id, author_id, version, class_code, at) VALUES "
    "(1, 1, 1, 2, 1, 'cap', :at), (2, 1, 1, 2, 2, 'covid', :at)",
    "INSERT INTO reader_groups (id, study_id, name, position) VALUES (1, 1, 'All', 0)",
    "INSERT INTO readers (id, study_id, account_id, group_id, pseudonym, added_at) VALUES (1, 1, 3, 1, 'R1', :at)",
    "INSERT INTO reads (id, token, reader_id, case_id, arm, session, attempt, position, practice, state, opened_at, "
    "locked_at, diagnosis, content, counters, ai_output) VALUES "
    "(1, 't', 1, 1, 'unaided', 1, 1, 1, :no, 'locked', :at, :at, 'cap', '{}', '{}', '{}')",
)


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


def test_an_exception_rolls_the_whole_action_back(db_url: str, at: datetime):
    def fails() -> None:
        with open_session(db_url) as session:
            accounts.create(session, username="half", name="", role="reader", at=at, by=SYSTEM)
            raise RuntimeError("in mid-action")

    with pytest.raises(RuntimeError, match="mid-action"):
        fails()
    with open_view(db_url) as session:
        assert accounts.every(session, by=SYSTEM) == []


def test_a_view_that_changes_something_is_refused(db_url: str, at: datetime):
    def writes() -> None:
        with open_view(db_url) as session:
            session.add(AccountRow(username="x", name="x", role="reader", preferences={}, created_at=at))

    with pytest.raises(RuntimeError, match="open_session"):
        writes()


def test_times_without_a_zone_never_reach_the_database(session: Session):
    with pytest.raises(Exception, match="without a zone"):
        accounts.create(session, username="x", name="", role="reader", at=datetime(2026, 1, 1), by=SYSTEM)  # noqa: DTZ001


def test_models_of_an_older_database_are_kept_and_can_be_removed(empty_url: str, at: datetime):
    migrate(empty_url, to="0002")
    stamp = at.replace(tzinfo=None) if empty_url.startswith("sqlite") else at
    with engine_for(empty_url).begin() as connection:
        statement = (
            "INSERT INTO ai_models (id, name, version, kind, sha256, classes, card, manifest, created_at) "
            "VALUES (1, 'old', '1', 'networks', 'a', '[]', '{}', '[]', :at)"
        )
        connection.execute(text(statement), {"at": stamp})
    migrate(empty_url)
    with open_session(empty_url) as session:
        (old,) = ai_models.models(session)
        assert (old.name, old.origin) == ("old", None)
        assert ai_models.default(session) == old
        ai_models.remove(session, old.id, by=SYSTEM, at=at)
        assert ai_models.models(session) == []


def test_a_database_with_data_in_it_is_upgraded_with_its_rows_and_triggers(empty_url: str, at: datetime):
    migrate(empty_url, to="0001")
    stamp = at.replace(tzinfo=None) if empty_url.startswith("sqlite") else at
    with engine_for(empty_url).begin() as connection:
        for statement in AS_OF_0001:
            connection.execute(text(statement), {"at": stamp, "no": False})
    migrate(empty_url)
    with open_session(empty_url) as session:
        assert [(row.account_id, row.adjudicator, row.left_at) for row in session.scalars(select(PanelMember))] == [
            (2, False, None)
        ]
        read = session.scalars(select(Read)).one()
        assert (read.diagnosis, read.began_with) == ("cap", None)
        assert session.scalars(select(Reader)).one().joined_reason is None
        assert [(study.title, study.deleted_at) for study in session.scalars(select(Study))] == [("Old", None)]
        with pytest.raises(DBAPIError), session.begin_nested():
            session.execute(update(Read).values(diagnosis="covid"))
        with pytest.raises(DBAPIError), session.begin_nested():
            session.execute(delete(Read))
