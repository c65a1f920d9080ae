"""What a reader's request costs does not grow with the study: the steps of SQLite's machine are counted."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from core.settings import settings
from core.study.words import Design
from db.engine import open_session
from db.reading import reads
from tests.reading.build import Built, answers, paint, read_one, study

STEP = 10  # instructions between two calls of the handler
FEW, MANY = 12, 400


def steps(work: Callable[[Session], Any]) -> int:
    """Count the instructions that SQLite executes for one transaction, its links of the chain too, in STEPs."""
    found = [0]

    def tick() -> int:
        found[0] += 1
        return 0

    with open_session() as session:
        connection: Any = session.connection().connection.dbapi_connection
        connection.set_progress_handler(tick, STEP)
        work(session)
    connection.set_progress_handler(None, 0)
    return found[0]


def costs(built: Built, at: datetime) -> dict[str, int]:
    """What each request of a reader costs who has read six cases."""
    me: dict[str, Any] = {"account_id": built.readers[0]}
    for n in range(6):
        with open_session() as session:
            read_one(session, built, built.readers[0], at + timedelta(minutes=n))
    when = at + timedelta(minutes=10)
    with open_session() as session:
        read = reads.next_read(session, **me, study_id=built.study_id, at=when).read
    assert read is not None
    edit: dict[str, Any] = {**me, "token": read.token, "tab": "tab", "content": answers(), "at": when}
    shown: dict[str, Any] = {"study_id": built.study_id, "case_number": read.case.case_number, "at": when}
    return {
        "next": steps(lambda session: reads.next_read(session, **me, study_id=built.study_id, at=when)),
        "event": steps(lambda session: paint(session, built.readers[0], read.token, when)),
        "draft": steps(lambda session: reads.save_draft(session, **edit, revision=0)),
        "pixels": steps(lambda session: reads.case_access(session, **me, **shown)),
        "lock": steps(lambda session: reads.lock(session, **edit, revision=1)),
        "work list": steps(lambda session: reads.progress(session, **me, at=when)),
    }


@pytest.mark.parametrize("design", ["independent", "sequential", "crossover"])
def test_no_request_of_a_reader_grows_with_the_number_of_cases(db_url: str, at: datetime, design: str):
    if not settings().database.startswith("sqlite"):
        pytest.skip("counts instructions of SQLite")
    found = []
    for cases in (FEW, MANY):
        with open_session() as session:
            built = study(session, at, design=Design(design), cases=cases, practice=2, prefix=f"{cases}")
        found.append(costs(built, at))
    few, many = found
    assert few["lock"] > 50  # the handler counts
    for request, cost in many.items():
        assert cost <= 1.3 * few[request] + 10, (request, few, many)
