"""Where a study asks for signatures, opening, closing and unblinding need the password again and leave a proof."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from core.study.protocol import Protocol
from core.study.words import StudyState
from db import accounts, audit, chain, sign_ins, signatures
from db.models import Study
from db.permissions import SYSTEM
from db.results import rows
from db.signatures import Act, WrongPassword
from db.study import design, life
from tests.study.builder import AT

PASSWORD = "plum harbour lantern"


def study(session: Session, *, state: StudyState, asks: bool = True) -> tuple[Study, int]:
    """A study of somebody with a password."""
    me = accounts.create(
        session, username="iris", name="Iris Ng", role="coordinator", at=AT, by=SYSTEM, password=PASSWORD
    ).id
    made = design.create_study(session, title="Signed", protocol=Protocol(signatures=asks), by=me, at=AT)
    row = session.get(Study, made.id)
    assert row is not None
    row.state = state
    session.flush()
    return row, me


def test_closing_and_unblinding_are_signed_by_name_time_and_meaning(session: Session):
    row, me = study(session, state=StudyState.OPEN)
    life.close_study(session, row.id, by=me, at=AT, password=PASSWORD)
    later = AT + timedelta(hours=1)
    life.unblind(session, row.id, by=me, at=later, reason="all reads are locked", password=PASSWORD)
    one, two = signatures.of_study(session, row.id, by=me)
    assert (one.act, one.name, one.username, one.at) == (Act.CLOSING, "Iris Ng", "iris", AT)
    assert (two.act, two.at) == (Act.UNBLINDING, later)
    assert "results" in two.meaning
    told = [what for _, what in rows.story(session, study_id=row.id, by=me).steps]
    assert [what for what in told if "Iris Ng (iris)" in what and one.meaning in what and one.digest in what]
    assert one.digest != two.digest


@pytest.mark.parametrize("password", ["", "wrong", PASSWORD + " "])
def test_without_the_password_nothing_happens(session: Session, password: str):
    row, me = study(session, state=StudyState.OPEN)
    with pytest.raises(WrongPassword, match="Not signed"):
        life.close_study(session, row.id, by=me, at=AT, password=password)
    assert row.state == StudyState.OPEN
    assert signatures.of_study(session, row.id, by=me) == []


def test_a_study_that_asks_for_none_needs_no_password(session: Session):
    row, me = study(session, state=StudyState.OPEN, asks=False)
    life.close_study(session, row.id, by=me, at=AT)
    assert row.state == StudyState.CLOSED


def test_the_digest_is_of_what_was_signed(session: Session):
    row, me = study(session, state=StudyState.OPEN)
    before = signatures.digest_of(row, chain.head(session))
    life.close_study(session, row.id, by=me, at=AT, password=PASSWORD)
    (one,) = signatures.of_study(session, row.id, by=me)
    assert one.digest == before
    row.title = "Another"
    assert signatures.digest_of(row, one.head) != one.digest


def test_who_guesses_rests_also_with_the_right_password(session: Session):
    row, me = study(session, state=StudyState.OPEN)
    for _ in range(5):
        signatures.count_wrong(session, by=me, password="guess", at=AT)
    with pytest.raises(WrongPassword, match="five minutes"):
        life.close_study(session, row.id, by=me, at=AT, password=PASSWORD)
    assert sign_ins.sign_in(session, username="iris", password=PASSWORD, at=AT, address="home")  # sign-ins go on
    later = AT + timedelta(minutes=6)
    life.close_study(session, row.id, by=me, at=later, password=PASSWORD)
    assert audit.count(session, audit.Filter(kinds=("signed",)), by=SYSTEM) == 1
