"""The case register: encrypted sources, open to their owner and whom the owner names, each reading logged."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.errors import Conflict, Forbidden, InvalidInput, NotFound, ParallaxError
from core.settings import settings
from db import accounts, audit, cases, register
from db.engine import open_session
from db.permissions import SYSTEM
from tests.db.test_cases import new_series

SOURCE = "monday/Doe^Jane 1970/IM0001"


@pytest.fixture
def people(session: Session, at: datetime) -> tuple[int, ...]:
    names = ("owner", "colleague", "stranger")
    return tuple(
        accounts.create(session, username=name, name="", role="coordinator", at=at, by=SYSTEM).id for name in names
    )


@pytest.fixture
def case(session: Session, at: datetime, people: tuple[int, int, int]) -> cases.CaseInfo:
    added = cases.add(session, new_series(), by=people[0], at=at).case
    register.add(session, case_id=added.id, source=SOURCE, by=people[0], at=at)
    return added


def kinds(session: Session) -> list[str]:
    return [event.kind for event in audit.events(session, by=SYSTEM) if event.kind.startswith("register")]


def test_the_owner_reads_what_became_which_case(session: Session, at: datetime, people, case):
    assert register.read(session, people[0], by=people[0], at=at) == [register.Entry(case.number, SOURCE, at)]
    assert kinds(session) == ["register read"]
    assert audit.events(session, by=SYSTEM)[0].detail == {"owner": people[0], "entries": 1}


def test_nothing_of_the_source_lies_in_the_database_in_clear(db_url: str, at: datetime):
    with open_session(db_url) as session:
        owner = accounts.create(session, username="owner", name="", role="coordinator", at=at, by=SYSTEM).id
        added = cases.add(session, new_series(), by=owner, at=at).case
        register.add(session, case_id=added.id, source=SOURCE, by=owner, at=at)
        assert register.read(session, owner, by=owner, at=at)
    with open_session(db_url) as session:
        rows = repr(session.execute(text("SELECT * FROM register_entries")).all()) + repr(
            audit.events(session, by=SYSTEM)
        )
    held = rows.encode() + b"".join(path.read_bytes() for path in settings().data_dir.rglob("*") if path.is_file())
    assert b"register read" in held
    for token in (b"Doe", b"Jane", b"1970", b"monday"):
        assert token not in held


@pytest.mark.parametrize("who", [1, 2])
def test_others_learn_nothing_not_even_that_there_is_one(session: Session, at: datetime, people, case, who: int):
    with pytest.raises(Forbidden, match="no case register here"):
        register.read(session, people[0], by=people[who], at=at)
    assert register.read(session, people[who], by=people[who], at=at) == []
    assert register.owners(session, people[who]) == []


def test_whom_the_owner_names_reads_it_until_the_owner_ends_it(session: Session, at: datetime, people, case):
    owner, colleague, stranger = people
    register.allow(session, " Colleague ", by=owner, at=at)
    assert [reader.username for reader in register.readers(session, owner)] == ["colleague"]
    assert [one.id for one in register.owners(session, colleague)] == [owner]
    assert register.read(session, owner, by=colleague, at=at)[0].source == SOURCE
    with pytest.raises(Forbidden):
        register.read(session, owner, by=stranger, at=at)
    register.disallow(session, colleague, by=owner, at=at)
    with pytest.raises(Forbidden):
        register.read(session, owner, by=colleague, at=at)
    assert kinds(session) == ["register closed to", "register read", "register opened to"]


def test_naming_is_checked(session: Session, at: datetime, people):
    with pytest.raises(NotFound, match="no account"):
        register.allow(session, "nobody", by=people[0], at=at)
    with pytest.raises(InvalidInput, match="Your own"):
        register.allow(session, "owner", by=people[0], at=at)
    register.allow(session, "colleague", by=people[0], at=at)
    with pytest.raises(Conflict, match="already"):
        register.allow(session, "colleague", by=people[0], at=at)
    with pytest.raises(NotFound, match="cannot read"):
        register.disallow(session, people[2], by=people[0], at=at)


def test_it_goes_on_across_uploads_and_holds_a_source_once(session: Session, at: datetime, people, case):
    later = at + timedelta(days=3)
    second = cases.add(session, new_series("b"), by=people[0], at=later).case
    for _ in range(2):
        register.add(session, case_id=second.id, source="tuesday", by=people[0], at=later)
    register.add(session, case_id=case.id, source=SOURCE, by=people[1], at=later)  # the same case, by somebody else
    assert {entry.source for entry in register.read(session, people[0], by=people[0], at=later)} == {SOURCE, "tuesday"}
    assert [entry.source for entry in register.read(session, people[1], by=people[1], at=later)] == [SOURCE]
    assert register.holding(session, people[0]) == register.Holding(2, at, later, 0, None)


def test_destroying_is_dated_and_for_good(session: Session, at: datetime, people, case):
    later = at + timedelta(days=9)
    before = session.execute(text("SELECT digest FROM register_entries")).scalar_one()
    assert register.destroy(session, by=people[0], at=later) == 1
    assert register.read(session, people[0], by=people[0], at=later) == []
    assert register.holding(session, people[0]) == register.Holding(0, None, None, 1, later)
    assert session.execute(text("SELECT sealed FROM register_entries")).scalar_one() is None
    assert session.execute(text("SELECT digest FROM register_entries")).scalar_one() != before
    assert [(event.kind, event.at) for event in audit.events(session, by=SYSTEM) if "destroyed" in event.kind] == [
        ("register destroyed", later)
    ]
    with pytest.raises(NotFound, match="nothing to destroy"):
        register.destroy(session, by=people[0], at=later)


def test_another_secret_or_a_moved_row_opens_nothing(session: Session, at: datetime, people, case, monkeypatch):
    other = cases.add(session, new_series("b"), by=people[0], at=at).case
    session.execute(text("UPDATE register_entries SET case_id = :id"), {"id": other.id})
    with pytest.raises(ParallaxError, match="another secret"):
        register.read(session, people[0], by=people[0], at=at)
    session.execute(text("UPDATE register_entries SET case_id = :id"), {"id": case.id})
    assert register.read(session, people[0], by=people[0], at=at)
    monkeypatch.setenv("PARALLAX_SECRET", "changed")
    settings.cache_clear()
    with pytest.raises(ParallaxError, match="another secret"):
        register.read(session, people[0], by=people[0], at=at)
