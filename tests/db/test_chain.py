"""One altered, added, removed or moved row among ten thousand is found and named, also against who has the database."""

import hashlib
import json
import re
import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from core.__main__ import build_app
from core.settings import settings
from db import audit, chain
from db.append_only import protected
from db.engine import engine_for, open_session, open_view
from db.migrate import migrate
from db.permissions import SYSTEM
from tests.db.test_append_only import MORE
from tests.db.test_schema import AS_OF_0001

EVENTS = 10_000
Attack = Callable[[sqlite3.Connection], None]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with ten thousand events, written in batches as the application writes them."""
    folder = tmp_path_factory.mktemp("many")
    url = f"sqlite:///{folder / 'parallax.db'}"
    migrate(url)
    with open_session(url) as session:
        for n in range(EVENTS):
            audit.record(session, kind="event", at=datetime.fromisoformat("2026-03-02T09:00:00+00:00"), detail={"n": n})
    engine_for(url).dispose()
    return folder


@pytest.fixture
def attacked(many: Path, tmp_path: Path) -> Callable[[str], chain.Verdict]:
    """Run SQL on a copy, with its triggers dropped, and return what a check finds."""
    for name in ("parallax.db", "secret", "chain.head"):
        (tmp_path / name).write_bytes((many / name).read_bytes())

    def attack(script: str) -> chain.Verdict:
        plain = sqlite3.connect(tmp_path / "parallax.db")
        for (name,) in plain.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            plain.execute(f"DROP TRIGGER {name}")
        plain.executescript(script)
        plain.close()
        url = f"sqlite:///{tmp_path / 'parallax.db'}"
        with open_view(url) as session:
            found = chain.verify(session)
        engine_for(url).dispose()
        return found

    return attack


NEW_EVENT = "INSERT INTO audit_events (id, at, kind, detail) VALUES (10001, '2026-03-02 09:00:00', 'event', '{}');"
NEW_LINK = (
    "INSERT INTO chain_links SELECT 10001, at, 'audit_events', 10001, digest, 'f' || substr(seal, 2) "
    "FROM chain_links WHERE id = 10000;"
)
ATTACKS = [
    ("", []),
    ("UPDATE audit_events SET detail = '{\"n\": -1}' WHERE id = 4711", [("audit_events", 4711)]),
    ("UPDATE audit_events SET at = '2020-01-01 00:00:00.000000' WHERE id = 4711", [("audit_events", 4711)]),
    ("DELETE FROM audit_events WHERE id = 4711", [("audit_events", 4711)]),
    (
        "DELETE FROM audit_events WHERE id = 4711; DELETE FROM chain_links WHERE id = 4711",
        [("chain", 4711), ("audit_events", 4712)],
    ),
    (NEW_EVENT, [("audit_events", 10001)]),
    (NEW_EVENT + NEW_LINK, [("audit_events", 10001)]),
    (
        "CREATE TEMP TABLE two AS SELECT id, detail FROM audit_events WHERE id IN (17, 18);"
        "UPDATE audit_events SET detail = (SELECT detail FROM two WHERE two.id = 35 - audit_events.id) "
        "WHERE id IN (17, 18)",
        [("audit_events", 17), ("audit_events", 18)],
    ),
    (
        "UPDATE chain_links SET id = -17 WHERE id = 17; UPDATE chain_links SET id = 17 WHERE id = 18;"
        "UPDATE chain_links SET id = 18 WHERE id = -17",
        [("audit_events", 17), ("audit_events", 18), ("audit_events", 19)],
    ),
    ("DELETE FROM audit_events WHERE id > 9990; DELETE FROM chain_links WHERE id > 9990", [("chain", 10000)]),
    ("DELETE FROM audit_events; DELETE FROM chain_links", [("chain", 10000)]),
]


@pytest.mark.parametrize(("script", "named"), ATTACKS)
def test_what_was_done_to_one_row_of_ten_thousand_is_found_and_named(
    attacked: Callable[[str], chain.Verdict], script: str, named: list[tuple[str, int]]
):
    found = attacked(script)
    assert sorted({(one.table, one.id) for one in found.broken}) == sorted(named)
    if not script:
        assert found.events == EVENTS
        assert found.head.startswith("10000:")


def test_a_chain_recomputed_without_the_key_does_not_pass(many: Path, tmp_path: Path):
    for name in ("parallax.db", "chain.head"):
        (tmp_path / name).write_bytes((many / name).read_bytes())
    url = f"sqlite:///{tmp_path / 'parallax.db'}"  # the folder has no secret: another is made
    with open_view(url) as session:
        found = chain.verify(session)
    assert len(found.broken) == EVENTS
    engine_for(url).dispose()


def test_what_readers_and_the_ai_wrote_before_the_chain_is_taken_into_it_and_then_watched(empty_url: str, at: datetime):
    migrate(empty_url, to="0001")
    sqlite = empty_url.startswith("sqlite")
    stamp = at.replace(tzinfo=None) if sqlite else at
    with engine_for(empty_url).begin() as connection:
        for statement in (*AS_OF_0001, *MORE):
            connection.execute(text(statement), {"at": stamp, "no": False})
    migrate(empty_url)
    with open_session(empty_url) as session:
        assert audit.events(session, by=SYSTEM, limit=1)[0].kind == "chain begun"
        assert chain.verify(session).broken == []
        session.execute(text("UPDATE reads SET state = 'locked', locked_at = opened_at WHERE id = 2"))
    with open_view(empty_url) as session:
        assert [(b.table, b.id) for b in chain.verify(session).broken] == [("reads", 2)]  # locked without the chain
    with engine_for(empty_url).begin() as connection:
        for table in protected():
            if sqlite:
                for name in (
                    connection.execute(
                        text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :t"), {"t": table}
                    )
                    .scalars()
                    .all()
                ):
                    connection.execute(text(f"DROP TRIGGER {name}"))
            else:
                connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
        for statement in (
            "UPDATE reads SET diagnosis = 'covid' WHERE id = 1",
            "UPDATE truth SET class_code = 'covid'",
            "UPDATE order_entries SET arm = 'aided'",
            "UPDATE ai_reads SET call = 'covid'",
            "UPDATE studies SET protocol = '{\"a\": 1}'",
            "DELETE FROM truth_votes WHERE id = 2",
        ):
            connection.execute(text(statement))
    with open_view(empty_url) as session:
        found = {(b.table, b.id) for b in chain.verify(session).broken}
    assert found == {
        ("reads", 2),
        ("reads", 1),
        ("truth", 1),
        ("reading_orders", 1),
        ("ai_reads", 1),
        ("studies", 1),
        ("truth_votes", 2),
    }


def test_verify_prints_one_object_and_ends_with_1_when_something_is_broken(db_url: str, at: datetime):
    with open_session(db_url) as session:
        audit.record(session, kind="something", at=at)
    answer = CliRunner().invoke(build_app(), ["verify", "--json"])
    assert answer.exit_code == 0
    found = json.loads(answer.output)
    assert found["events"] == 1
    assert found["broken"] == []
    assert re.fullmatch(r"1:[0-9a-f]{64}", found["head"])
    forged = "2:" + hashlib.sha256(b"").hexdigest()
    answer = CliRunner().invoke(build_app(), ["verify", "--json", "--head", forged])
    assert answer.exit_code == 1
    assert json.loads(answer.output)["broken"][0] == {
        "table": "chain",
        "id": 2,
        "what": "the chain ends at link 1; the head given knows 2",
    }


def test_a_transaction_that_fails_leaves_no_link_and_no_note(db_url: str, at: datetime):
    def fails() -> None:
        with open_session(db_url) as session:
            audit.record(session, kind="something", at=at)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    with open_view(db_url) as session:
        assert chain.verify(session) == chain.Verdict(0, [], "")
    assert not (settings().data_dir / "chain.head").exists()
