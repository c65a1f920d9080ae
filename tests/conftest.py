"""Fixtures shared by all tests: a fresh migrated database per test, and a session on it.

The tests run on SQLite; with PARALLAX_TEST_DATABASE_URL naming an empty PostgreSQL database they run on that.
"""

import os
import shutil
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from core.settings import settings
from db import passwords
from db.engine import engine_for, open_session
from db.migrate import migrate

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # the tests' "now"
LONG = ("tests/e2e/", "tests/viewer/", "tests/services/", "tests/jobs/")  # files of few long tests


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files of few long tests: the last file must not keep one worker busy while the others are done."""
    items.sort(key=lambda item: next((n for n, folder in enumerate(LONG) if item.nodeid.startswith(folder)), len(LONG)))


@pytest.fixture(scope="session", autouse=True)
def _cheap_hashes() -> Iterator[None]:
    """Hash passwords with little work: hundreds of tests make accounts, and none measures the work."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", lambda: PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "parallax.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder of its own, which the settings of this process name."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("PARALLAX_DATA_DIR", str(folder))
    settings.cache_clear()
    yield folder
    settings.cache_clear()


@pytest.fixture
def db_url(data_dir: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A fresh, migrated database, which the settings of this process name too."""
    server = os.environ.get("PARALLAX_TEST_DATABASE_URL")
    if server:
        yield from _postgresql(server, monkeypatch)
        return
    shutil.copy(migrated_sqlite, data_dir / "parallax.db")
    url = settings().database
    yield url
    engine_for(url).dispose()
    engine_for.cache_clear()


@pytest.fixture
def empty_url(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A database without any table."""
    server = os.environ.get("PARALLAX_TEST_DATABASE_URL")
    if server:
        yield from _postgresql(server, monkeypatch, empty=True)
        return
    yield settings().database
    engine_for(settings().database).dispose()
    engine_for.cache_clear()


def _postgresql(server: str, monkeypatch: pytest.MonkeyPatch, *, empty: bool = False) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    admin = create_engine(server.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    monkeypatch.setenv("PARALLAX_DATABASE_URL", f"{server.rsplit('/', 1)[0]}/{name}")
    settings.cache_clear()
    url = settings().database
    if not empty:
        migrate(url)
    yield url
    engine_for(url).dispose()
    engine_for.cache_clear()
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def session(db_url: str) -> Iterator[Session]:
    """One transaction on the fresh database."""
    with open_session(db_url) as opened:
        yield opened


@pytest.fixture
def at() -> datetime:
    return NOW
