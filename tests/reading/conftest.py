"""A wall clock moved by hand, an open study, and a reader of it."""

from datetime import datetime

import pytest

from db.engine import open_session
from tests.reading.build import Built, study
from tests.reading.client import Client, Wall, sign_in


@pytest.fixture
def wall(at: datetime, monkeypatch: pytest.MonkeyPatch) -> Wall:
    return Wall(at, monkeypatch)


@pytest.fixture
def built(db_url: str, at: datetime) -> Built:
    with open_session(db_url) as session:
        return study(session, at, cases=3)


@pytest.fixture
def ada(db_url: str, wall: Wall, built: Built) -> Client:
    with open_session(db_url) as session:
        return sign_in(session, built.readers[0], wall.now)
