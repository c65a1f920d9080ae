"""The audit trail as a file: what the filter lets through, safe in a spreadsheet, and itself an event."""

import csv
import io
import json

import pytest

from core import clock
from core.errors import Forbidden
from core.services import trail
from db import accounts, audit
from db.engine import open_session, open_view
from db.permissions import SYSTEM


@pytest.fixture
def people(db_url: str) -> dict[str, int]:
    at = clock.now()
    with open_session(db_url) as session:
        made = {
            role: accounts.create(session, username=role, name=role, role=role, at=at, by=SYSTEM).id
            for role in ("auditor", "reader")
        }
        audit.record(session, kind="planted", at=at, actor_id=made["reader"], detail={"from": "=1+1", "to": [1, 2]})
    return made


def test_both_kinds_hold_the_same_events_and_are_events_themselves(db_url: str, people: dict[str, int]):
    asked = audit.Filter(kinds=("planted",))
    text = trail.exported(asked, "csv", {}, by=people["auditor"], at=clock.now())
    rows = list(csv.DictReader(io.StringIO(text)))
    assert rows == json.loads(trail.exported(asked, "json", {}, by=people["auditor"], at=clock.now()))
    assert [(row["Who"], row["What"], row["Detail"]) for row in rows] == [
        ("reader", "Planted", "from: =1+1; to: [1, 2]")
    ]
    with open_view(db_url) as session:
        told = audit.find(session, audit.Filter(kinds=("audit trail exported",)), by=SYSTEM)
    assert [(event.actor, event.detail) for event in told] == [
        ("auditor", {"format": kind, "events": 1}) for kind in ("json", "csv")
    ]


def test_a_name_that_a_spreadsheet_would_run_is_made_safe(db_url: str, people: dict[str, int]):
    with open_session(db_url) as session:
        audit.record(session, kind="=cmd", at=clock.now())
    text = trail.exported(audit.Filter(kinds=("=cmd",)), "csv", {}, by=people["auditor"], at=clock.now())
    assert "'=cmd" in text


def test_nobody_else_takes_it(db_url: str, people: dict[str, int]):
    with pytest.raises(Forbidden):
        trail.exported(audit.Filter(), "csv", {}, by=people["reader"], at=clock.now())
