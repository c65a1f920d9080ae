"""Who may fetch which pixels and overlays, and what of the AI an aided read shows."""

from datetime import datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import Forbidden, NotFound
from core.study.words import Design
from db.models import AiRead, Study
from db.reading import reads
from tests.reading.build import Built, paint, read_one, study
from tests.study.builder import thaw

DESIGNS = ["independent", "sequential", "crossover"]


def cases_open_to(session: Session, built: Built, person: int, at: datetime) -> list[int]:
    """Every case of the study whose pixels this account may fetch now."""
    allowed = []
    for number in sorted(built.truth):
        try:
            reads.case_access(session, account_id=person, study_id=built.study_id, case_number=number, at=at)
        except Forbidden:
            continue
        allowed.append(number)
    return allowed


@pytest.mark.parametrize("design", DESIGNS)
def test_pixels_are_those_of_the_case_in_turn_and_the_one_next(session: Session, at: datetime, design: Design) -> None:
    built = study(session, at, design=design, cases=4, practice=1)
    person, order = built.readers[0], built.orders[0]
    assert cases_open_to(session, built, person, at) == order[:1]
    for place in range(5):
        for _ in range(2 if design == Design.SEQUENTIAL else 1):
            found = reads.next_read(session, account_id=person, study_id=built.study_id, at=at).read
            assert found is not None
            assert cases_open_to(session, built, person, at) == sorted(order[place : place + 2])
            read_one(session, built, person, at)
    assert cases_open_to(session, built, person, at) == []


def test_a_coordinator_sees_every_case_of_the_study_and_none_of_another(session: Session, at: datetime) -> None:
    built, other = study(session, at, prefix="a"), study(session, at, prefix="b")
    assert cases_open_to(session, built, built.coordinator, at) == sorted(built.truth)
    for number in other.truth:
        with pytest.raises(Forbidden):
            reads.case_access(session, account_id=built.coordinator, study_id=built.study_id, case_number=number, at=at)
        with pytest.raises(Forbidden):
            reads.case_access(session, account_id=built.readers[0], study_id=other.study_id, case_number=number, at=at)


@pytest.mark.parametrize("role", ["coordinator", "administrator"])
def test_whoever_reads_in_a_study_is_a_reader_there_whatever_their_role(
    session: Session, at: datetime, role: str
) -> None:
    built = study(session, at)
    session.connection().exec_driver_sql(f"UPDATE accounts SET role = '{role}'")
    session.expire_all()
    assert cases_open_to(session, built, built.readers[0], at) == built.orders[0][:1]


@pytest.mark.parametrize("case", ["withdrawn", "closed", "washout"])
def test_pixels_end_with_the_right_to_read(session: Session, at: datetime, case: str) -> None:
    built = study(session, at, design=Design.CROSSOVER, cases=1)
    person = built.readers[0]
    read_one(session, built, person, at)
    run = session.connection().exec_driver_sql
    if case == "withdrawn":
        run("UPDATE readers SET withdrawn_at = '2026-03-01 00:00:00'")
    elif case == "closed":
        run("UPDATE studies SET state = 'closed'")
    session.expire_all()
    assert cases_open_to(session, built, person, at) == []


def test_overlays_belong_to_the_open_aided_read_of_their_reader_alone(session: Session, at: datetime) -> None:
    built = study(session, at, design=Design.SEQUENTIAL, cases=2)
    person = built.readers[0]

    def overlay(account: int, token: str) -> int:
        found = reads.ai_overlay_access(session, account_id=account, token=token, at=at)
        return found.case.case_number

    unaided = reads.next_read(session, account_id=person, study_id=built.study_id, at=at).read
    assert unaided is not None
    paint(session, person, unaided.token, at)
    with pytest.raises(Forbidden):
        overlay(person, unaided.token)
    read_one(session, built, person, at)
    aided = reads.next_read(session, account_id=person, study_id=built.study_id, at=at).read
    assert aided is not None
    assert overlay(person, aided.token) == built.orders[0][0]
    for account in (built.readers[1], built.coordinator):
        with pytest.raises(Forbidden):
            overlay(account, aided.token)
    for token in (unaided.token, "made up"):
        with pytest.raises((Forbidden, NotFound)):
            overlay(person, token)
    read_one(session, built, person, at)
    with pytest.raises(Forbidden):
        overlay(person, aided.token)


def test_in_an_unaided_arm_no_overlay_is_ever_given(session: Session, at: datetime) -> None:
    built = study(session, at, design=Design.INDEPENDENT)
    found = reads.next_read(session, account_id=built.readers[0], study_id=built.study_id, at=at).read
    assert found is not None
    assert found.ai is None
    with pytest.raises(Forbidden):
        reads.ai_overlay_access(session, account_id=built.readers[0], token=found.token, at=at)


def test_only_the_ai_read_that_the_study_was_opened_with_is_shown(session: Session, at: datetime) -> None:
    built = study(session, at, design=Design.INDEPENDENT, arm="aided")
    pinned = list(session.scalars(select(AiRead.id)))
    thaw(session)
    session.get_one(Study, built.study_id).ai_parameters = {"reads": pinned}
    session.connection().exec_driver_sql(
        "INSERT INTO ai_reads (series_id, model_id, parameters_hash, rule, attempt, call, probabilities, counts, "
        "deciding_slices, at) SELECT series_id, model_id, 'newer', rule, 1, 'cap', '{}', '{}', '[]', at FROM ai_reads"
    )
    found = reads.next_read(session, account_id=built.readers[0], study_id=built.study_id, at=at).read
    assert found is not None
    assert found.ai is not None
    assert found.ai.output["call"] == "covid"


def test_the_aided_arm_shows_only_what_the_protocol_shows(session: Session, at: datetime) -> None:
    hidden = dict.fromkeys(("probabilities", "slice_scores", "counts", "heat"), False)
    built = study(session, at, design=Design.INDEPENDENT, arm="aided", aided=hidden)
    person = built.readers[0]
    found = reads.next_read(session, account_id=person, study_id=built.study_id, at=at).read
    assert found is not None
    assert found.ai is not None
    assert (found.ai.output["call"], found.ai.output["probabilities"], found.ai.output["counts"]) == (
        "covid",
        None,
        None,
    )
    assert (found.ai.slices, found.ai.heat_slices, found.ai.lungs, found.ai.heat) == ((), (), True, False)
    overlay = reads.ai_overlay_access(session, account_id=person, token=found.token, at=at)
    assert (overlay.lungs, overlay.heat) == (True, False)
    with pytest.raises(Forbidden):
        reads.ai_overlay_access(session, account_id=person, token=found.token, at=at, overlay="heat")


def test_a_second_aided_reading_keeps_the_ai_read_it_was_shown(session: Session, at: datetime) -> None:
    built = study(session, at, design=Design.INDEPENDENT, arm="aided")
    first = reads.next_read(session, account_id=built.readers[0], study_id=built.study_id, at=at).read
    assert first is not None
    assert first.ai is not None
    run = session.connection().exec_driver_sql
    run(
        "INSERT INTO ai_reads (series_id, model_id, parameters_hash, rule, attempt, call, probabilities, counts, "
        "deciding_slices, at) SELECT series_id, model_id, 'newer', rule, 1, 'cap', '{}', '{}', '[]', at FROM ai_reads"
    )
    again = reads.next_read(session, account_id=built.readers[0], study_id=built.study_id, at=at).read
    assert again is not None
    assert again.ai == first.ai
