"""What counts cannot be changed through any clause of SQL, by any program, and triggers that were removed come back."""

import sqlite3
from datetime import datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.settings import settings
from db import append_only, audit
from db.engine import engine_for, open_session, open_view
from db.migrate import migrate
from db.permissions import SYSTEM
from tests.db.test_schema import AS_OF_0001

MORE = (
    "INSERT INTO reads (id, token, reader_id, case_id, arm, session, attempt, position, practice, state, opened_at, "
    "content, counters, ai_output) VALUES (2, 'u', 1, 1, 'aided', 1, 1, 1, :no, 'open', :at, '{}', '{}', '{}')",
    "INSERT INTO truth (id, study_id, case_id, version, class_code, source, author_id, at) "
    "VALUES (1, 1, 1, 1, 'cap', 'CT', 1, :at)",
    "INSERT INTO read_events (id, read_id, tab, n, kind, at, detail) VALUES (1, 1, 't', 1, 'shown', :at, '{}')",
    "INSERT INTO ai_models (id, name, version, kind, sha256, classes, card, manifest, created_at) "
    "VALUES (1, 'a', '1', 'csv', 'x', '[]', '{}', '[]', :at)",
    "INSERT INTO series (id, case_id, content_hash, storage_key, slices, rows, columns, spacing_mm, z_mm, affine, "
    "attributes, created_at) VALUES (1, 1, 'h', 'k', 1, 1, 1, '[]', '[]', '[]', '{}', :at)",
    "INSERT INTO ai_reads (id, series_id, model_id, parameters_hash, rule, attempt, call, probabilities, counts, "
    "deciding_slices, at) VALUES (1, 1, 1, 'p', 'paper', 1, 'cap', '{}', '{}', '[]', :at)",
    "INSERT INTO reading_orders (id, reader_id, session, seed, made_at) VALUES (1, 1, 1, 7, :at)",
    "INSERT INTO order_entries (id, order_id, position, case_id, arm, practice) VALUES (1, 1, 1, 1, 'unaided', :no)",
    "UPDATE studies SET opened_at = :at WHERE id = 1",
)
READ = (
    "token, reader_id, case_id, arm, session, attempt, position, practice, state, opened_at, locked_at, "
    "content, counters"
)
SAME = f"SELECT {{id}}{READ.replace('position', '9')}, ai_output FROM reads WHERE id = 1"
BOTH = (  # on every database
    "UPDATE reads SET diagnosis = 'covid' WHERE id = 1",
    "UPDATE reads SET state = 'open', locked_at = NULL WHERE id = 1",
    "UPDATE reads SET id = 7 WHERE id = 1",
    "UPDATE reads SET id = 7 WHERE id = 2",
    "UPDATE reads SET case_id = case_id + 1 WHERE id = 2",
    "UPDATE reads SET opened_at = '2020-01-01' WHERE id = 2",
    "DELETE FROM reads WHERE id = 2",
    f"INSERT INTO reads (id, {READ}, ai_output) {SAME.format(id='id, ')} "
    "ON CONFLICT (id) DO UPDATE SET diagnosis = 'x'",
    "UPDATE truth SET class_code = 'covid'",
    "DELETE FROM truth",
    "UPDATE read_events SET kind = 'x'",
    "DELETE FROM read_events",
    "UPDATE ai_reads SET call = 'covid'",
    "UPDATE truth_votes SET class_code = 'x'",
    "UPDATE audit_events SET kind = 'x'",
    "DELETE FROM audit_events",
    "UPDATE order_entries SET position = 9",
    "DELETE FROM order_entries",
    "UPDATE reading_orders SET seed = 8",
    "DELETE FROM reading_orders",
    "UPDATE studies SET design = 'crossover'",
    "UPDATE studies SET opened_at = NULL",
    "UPDATE studies SET seed = 5",
)
SQLITE = (
    f"INSERT OR REPLACE INTO reads (id, {READ}, ai_output) {SAME.format(id='id, ')}",
    f"REPLACE INTO reads (rowid, {READ}, ai_output) {SAME.format(id='id, ')}",
    f"INSERT OR REPLACE INTO reads ({READ}, ai_output) {SAME.format(id='')}",
    f"INSERT OR IGNORE INTO reads (oid, {READ}, ai_output) {SAME.format(id='id, ')} ON CONFLICT DO NOTHING",
    "UPDATE OR REPLACE reads SET id = 1 WHERE id = 2",
    "UPDATE OR REPLACE reads SET token = 't' WHERE id = 2",
    "UPDATE OR REPLACE reads SET arm = 'unaided' WHERE id = 2",
    "UPDATE OR REPLACE reads SET _rowid_ = 1 WHERE id = 2",
    "UPDATE OR IGNORE reads SET diagnosis = 'covid' WHERE id = 1",
    "INSERT OR REPLACE INTO truth SELECT 1, 1, 1, 1, 'covid', 'CT', 1, NULL, at, NULL, NULL FROM truth",
    "INSERT OR REPLACE INTO truth SELECT 9, 1, 1, 1, 'covid', 'CT', 1, NULL, at, NULL, NULL FROM truth",
    "INSERT OR REPLACE INTO truth_votes SELECT 9, 1, 1, 2, 1, 'x', at, NULL, NULL FROM truth_votes WHERE id = 1",
    "INSERT OR REPLACE INTO read_events SELECT 9, 1, 't', 1, 'x', at, NULL, '{}' FROM read_events",
    "INSERT OR REPLACE INTO ai_reads SELECT * FROM ai_reads",
    "INSERT OR REPLACE INTO audit_events SELECT * FROM audit_events",
    "INSERT OR REPLACE INTO order_entries SELECT 9, 1, 1, 1, 'aided', 0",
    "INSERT OR REPLACE INTO reading_orders SELECT 9, 1, 1, 8, NULL, made_at FROM reading_orders",
    "INSERT OR REPLACE INTO studies SELECT * FROM studies",
    "DELETE FROM studies",
)
POSTGRESQL = ("TRUNCATE reads CASCADE", "TRUNCATE audit_events", "TRUNCATE order_entries")


@pytest.fixture
def filled(empty_url: str, at: datetime) -> str:
    """A database with a locked and an open read, truth, events, an AI read, an order and an audit event."""
    migrate(empty_url, to="0001")
    stamp = at.replace(tzinfo=None) if empty_url.startswith("sqlite") else at
    with engine_for(empty_url).begin() as connection:
        for statement in (*AS_OF_0001, *MORE):
            connection.execute(text(statement), {"at": stamp, "no": False})
    migrate(empty_url)
    with open_session(empty_url) as session:
        audit.record(session, kind="something", at=at)
    return empty_url


def rows(url: str) -> dict[str, list[tuple[object, ...]]]:
    with open_view(url) as session:
        return {
            table: [tuple(row) for row in session.execute(text(f"SELECT * FROM {table} ORDER BY id"))]
            for table in append_only.protected()
        }


@pytest.mark.parametrize("statement", [*BOTH, *SQLITE, *POSTGRESQL])
def test_no_clause_changes_what_counts(filled: str, statement: str):
    before = rows(filled)
    sqlite = filled.startswith("sqlite")
    if statement in (POSTGRESQL if sqlite else SQLITE):
        return
    if sqlite:  # a program of somebody else, which sets no PRAGMA
        plain = sqlite3.connect(filled.removeprefix("sqlite:///"), timeout=5)
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            plain.execute(statement)
        plain.close()
    with pytest.raises(DBAPIError, match="append-only"), open_session(filled) as session:
        session.execute(text(statement.replace(":", r"\:")))
    assert rows(filled) == before


def test_an_open_read_can_still_be_worked_on_and_locked(filled: str):
    with open_session(filled) as session:
        session.execute(text("UPDATE reads SET content = '{\"a\": 1}' WHERE id = 2"))
        session.execute(text("UPDATE reads SET state = 'locked', locked_at = opened_at WHERE id = 2"))
    with pytest.raises(DBAPIError, match="append-only"), open_session(filled) as session:
        session.execute(text("UPDATE reads SET content = '{}' WHERE id = 2"))


def test_triggers_that_were_removed_altered_or_added_are_put_right_and_the_audit_says_so(filled: str):
    sqlite = filled.startswith("sqlite")
    of = "" if sqlite else " ON reads"
    tampering = [f"DROP TRIGGER reads_no_change{of}", f"DROP TRIGGER truth_no_update{'' if sqlite else ' ON truth'}"]
    if sqlite:
        tampering.append("CREATE TRIGGER truth_no_update BEFORE UPDATE ON truth WHEN 0 BEGIN SELECT 1; END")
        tampering.append("CREATE TRIGGER theirs AFTER INSERT ON reads BEGIN UPDATE reads SET diagnosis = 'x'; END")
    else:
        tampering.append("ALTER TABLE truth_votes DISABLE TRIGGER truth_votes_no_update")
        tampering.append(
            "CREATE OR REPLACE FUNCTION ai_reads_no_delete() RETURNS trigger LANGUAGE plpgsql "
            "AS $$BEGIN RETURN OLD; END$$"
        )
    with engine_for(filled).begin() as connection:
        for statement in tampering:
            connection.execute(text(statement))
    migrate(filled)
    with open_session(filled) as session:
        newest = audit.events(session, limit=1, by=SYSTEM)[0]
    expected = ["reads_no_change", "theirs", "truth_no_update"]
    if not sqlite:
        expected = ["ai_reads_no_delete", "reads_no_change", "truth_no_update", "truth_votes_no_update"]
    assert (newest.kind, newest.detail["triggers"]) == ("triggers restored", ", ".join(expected))
    with pytest.raises(DBAPIError, match="append-only"), open_session(filled) as session:
        session.execute(text("UPDATE truth SET class_code = 'covid'"))
    migrate(filled)
    with open_session(filled) as session:
        assert audit.events(session, limit=1, by=SYSTEM)[0] == newest  # nothing more to restore


def test_triggers_that_may_not_be_restored_stop_the_start(filled: str, monkeypatch: pytest.MonkeyPatch):
    def refused(_: object) -> list[str]:
        raise DBAPIError("CREATE TRIGGER", {}, Exception("permission denied"))

    monkeypatch.setattr(append_only, "restore", refused)
    with pytest.raises(Exception, match="triggers that keep reads"):
        migrate(settings().database)
