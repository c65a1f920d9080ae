"""The library a page at a time: search, order, tags of many at once, and its pace with many cases."""

import time
from datetime import datetime

import pytest
from sqlalchemy import insert
from sqlalchemy.orm import Session

from core.errors import Forbidden, InvalidInput
from db import accounts, audit, cases, library
from db.library import Order
from db.models import Case, CaseUploader, Patient, Series
from db.permissions import SYSTEM


@pytest.fixture
def owner(session: Session, at: datetime) -> int:
    return accounts.create(session, username="owner", name="", role="coordinator", at=at, by=SYSTEM).id


def filled(session: Session, at: datetime, by: int, count: int) -> list[int]:
    """Store `count` cases in a few statements; the last letters of kernel and tag follow the number."""
    patient = Patient(key="p" * 64)
    session.add(patient)
    session.flush()
    ids = range(1, count + 1)
    session.execute(
        insert(Case),
        [
            {"id": i, "number": 100_000 + i, "patient_id": patient.id, "tags": [f"site {'äbc'[i % 3]}"],
             "created_by": by, "created_at": at}
            for i in ids
        ],
    )  # fmt: skip
    session.execute(insert(CaseUploader), [{"case_id": i, "account_id": by} for i in ids])
    geometry = {"spacing_mm": [1.0, 0.7, 0.7], "z_mm": [float(z) for z in range(300)], "affine": [[1.0] * 4] * 4}
    session.execute(
        insert(Series),
        [
            {"case_id": i, "content_hash": f"{i:064d}", "storage_key": f"{i:064d}", "slices": i % 400, "rows": 512,
             "columns": 512, **geometry, "attributes": {"kernel": f"B{30 + i % 40}f", "model": None}, "created_at": at}
            for i in ids
        ],
    )  # fmt: skip
    return list(ids)


def test_a_page_has_its_part_and_says_how_many_there_are(session: Session, at: datetime, owner: int):
    filled(session, at, owner, 25)
    second = library.shelf(session, by=owner, order=Order.NUMBER, first=10, count=10)
    assert [case.number for case in second.cases] == list(range(100_011, 100_021))
    assert second.total == 25
    assert [case.id for case in library.shelf(session, by=owner, count=3).cases] == [25, 24, 23]
    most = library.shelf(session, by=owner, order=Order.SLICES, count=2)
    assert [case.shape[0] for case in most.cases] == [25, 24]


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("10000", list(range(1, 10))),
        ("100012", [12]),
        ("00012", []),  # a number from its beginning
        ("Ä", [3, 6, 9, 12]),
        ("SITE b41", [11]),
        ("b41 b42", []),
        ("%", []),
        ("_", []),
        ('"', []),
        ("null", []),
        ("", list(range(1, 13))),
    ],
)
def test_every_word_of_a_search_must_match(
    session: Session, at: datetime, owner: int, search: str, expected: list[int]
):
    filled(session, at, owner, 12)
    found = library.shelf(session, by=owner, search=search, order=Order.NUMBER)
    assert [case.id for case in found.cases] == expected
    assert found.total == len(expected)


def test_others_see_nothing_of_it_and_withdrawn_cases_are_apart(session: Session, at: datetime, owner: int):
    filled(session, at, owner, 4)
    other = accounts.create(session, username="other", name="", role="coordinator", at=at, by=SYSTEM).id
    assert library.shelf(session, by=other).total == 0
    cases.set_withdrawn(session, 2, withdrawn=True, by=owner, at=at)
    assert library.shelf(session, by=owner).total == 3
    assert [case.id for case in library.shelf(session, by=owner, withdrawn=True).cases] == [2]


def test_tags_are_added_to_many_at_once_and_each_change_is_recorded(session: Session, at: datetime, owner: int):
    filled(session, at, owner, 3)
    library.add_tags(session, [1, 2], [" thin ", "thin", ""], by=owner, at=at)
    library.add_tags(session, [1], ["thin"], by=owner, at=at)
    assert [case.tags for case in cases.every(session, by=owner)] == [
        ("site b", "thin"),
        ("site c", "thin"),
        ("site ä",),
    ]
    assert [event.kind for event in audit.events(session, by=SYSTEM)].count("case tagged") == 2
    other = accounts.create(session, username="other", name="", role="coordinator", at=at, by=SYSTEM).id
    with pytest.raises(Forbidden):
        library.add_tags(session, [1], ["thick"], by=other, at=at)
    with pytest.raises(InvalidInput, match="at least one tag"):
        library.add_tags(session, [1], [" ", ""], by=owner, at=at)


@pytest.mark.parametrize(("first", "count"), [(-1, 50), (0, 0), (0, 10_000)])
def test_a_page_that_is_none_is_refused(session: Session, owner: int, first: int, count: int):
    with pytest.raises(InvalidInput):
        library.shelf(session, by=owner, first=first, count=count)


def test_ten_times_the_cases_take_no_ten_times_the_time(session: Session, at: datetime, owner: int):
    filled(session, at, owner, 10_000)
    begun = time.process_time()
    found = library.shelf(session, by=owner, search="site", first=5_000)
    assert (len(found.cases), found.total) == (50, 10_000)
    assert time.process_time() - begun < 0.3
