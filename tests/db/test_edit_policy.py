"""Where the protocol lets nothing be taken back, the first diagnosis that a reader chooses in a read stands."""

from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from core.study.words import Design
from db.reading.types import InvalidContent
from tests.db.test_reads import SECOND, lock, opened, rows, save
from tests.reading.build import answers, paint, read_one, study


def test_where_answers_cannot_be_taken_back_the_first_diagnosis_stands_for_draft_and_lock(
    session: Session, at: datetime
) -> None:
    built = study(session, at, undo=False)
    person, read = built.readers[0], opened(session, built, at)
    paint(session, person, read.token, at)
    assert not save(session, person, read, at, content={**answers("cap"), "diagnosis": None}).chosen
    assert save(session, person, read, at, revision=1, content=answers("cap")).chosen
    rated = answers("cap", ratings={"normal": 1, "cap": 2, "covid": 3})
    assert save(session, person, read, at, revision=2, content=rated).revision == 3  # everything else may change
    for other in ("normal", "covid", None):
        with pytest.raises(InvalidContent, match="first diagnosis"):
            save(session, person, read, at, revision=3, content={**answers("cap"), "diagnosis": other})
    with pytest.raises(InvalidContent, match="first diagnosis"):
        lock(session, person, read, at + SECOND, revision=3, content=answers("covid"))
    lock(session, person, read, at + SECOND, revision=3, content=answers("cap"))
    assert rows(session)[0].diagnosis == "cap"


def test_the_diagnosis_that_an_aided_read_begins_with_may_change_once_even_so(session: Session, at: datetime) -> None:
    built = study(session, at, design=Design.SEQUENTIAL, undo=False)
    read_one(session, built, built.readers[0], at, answers("cap"))
    person, aided = built.readers[0], opened(session, built, at + 60 * SECOND)
    assert (aided.draft.content["diagnosis"], aided.draft.chosen) == ("cap", False)
    save(session, person, aided, at + 61 * SECOND, content=answers("covid"))
    with pytest.raises(InvalidContent, match="first diagnosis"):
        save(session, person, aided, at + 62 * SECOND, revision=1, content=answers("cap"))
