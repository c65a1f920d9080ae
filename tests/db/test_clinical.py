"""Clinical information is imported and taken back before the opening, and shown no sooner than the protocol says."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import Conflict, Forbidden
from core.export.long import csv_pieces, json_pieces
from core.study.clinical import Clinical, ClinicalNote, ClinicalRow
from core.study.words import Design, Look
from db import accounts
from db.models import Read
from db.permissions import SYSTEM
from db.reading import reads
from db.results import rows as results
from db.study import clinical
from db.study import info as study_info
from db.study import life as study_life
from pages.routes.reading import upcoming_read
from tests.db.test_incomplete_design import built, read_all
from tests.db.test_study_life import ready
from tests.reading.build import answers, paint, read_one
from tests.study.builder import AT, READY, volumes

SECRET = "Cough and fever since a week"
SECOND = timedelta(seconds=1)


def study(session: Session, shown: Clinical, *, design: Design = Design.INDEPENDENT) -> tuple[int, int]:
    """An open study whose cases all have clinical information."""
    made, me = ready(session, protocol=replace(READY, clinical=shown), design=design)
    numbers = [link.case.number for link in study_info.cases(session, made.id, by=SYSTEM)]
    rows = [ClinicalRow(n, number, ClinicalNote(60, "F", SECRET, "")) for n, number in enumerate(numbers, start=2)]
    clinical.take(session, made.id, rows, by=me, at=AT)
    study_life.check_study(session, made.id, volumes=volumes(session, made.id), by=me, at=AT)
    study_life.open_study(session, made.id, volumes=volumes(session, made.id), seed=7, by=me, at=AT)
    return made.id, me


def body(session: Session, study_id: int, at=AT) -> tuple[str, int, str]:
    """What the first reader's browser is sent, their account, and the read's token."""
    person = built(session, study_id).readers[0]
    found = reads.next_read(session, account_id=person, study_id=study_id, at=at)
    assert found.read is not None
    account = next(one for one in accounts.every(session, by=SYSTEM) if one.id == person)
    return json.dumps(upcoming_read(found, account).json_body()), person, found.read.token


def test_an_import_replaces_and_is_taken_back_until_the_study_opens(session: Session):
    made, me = ready(session)
    first, second = (link.case.number for link in study_info.cases(session, made.id, by=SYSTEM)[:2])
    before, after = ClinicalNote(60, "F", "Cough", ""), ClinicalNote(61, "F", "Fever", "")
    clinical.take(session, made.id, [ClinicalRow(2, first, before), ClinicalRow(3, second, before)], by=me, at=AT)
    clinical.take(session, made.id, [ClinicalRow(2, first, after)], by=me, at=AT)
    assert clinical.notes(session, made.id, by=me) == {first: after, second: before}
    assert clinical.undo(session, made.id, by=me, at=AT) == 1
    assert clinical.notes(session, made.id, by=me) == {first: before, second: before}
    assert clinical.undo(session, made.id, by=me, at=AT) == 2
    with pytest.raises(Conflict, match="no import to take back"):
        clinical.undo(session, made.id, by=me, at=AT)
    study_life.check_study(session, made.id, volumes=volumes(session, made.id), by=me, at=AT)
    study_life.open_study(session, made.id, volumes=volumes(session, made.id), seed=7, by=me, at=AT)
    with pytest.raises(Conflict, match="frozen"):
        clinical.take(session, made.id, [ClinicalRow(2, first, after)], by=me, at=AT)


def test_what_no_arm_shows_never_reaches_a_reader(session: Session):
    study_id, _ = study(session, Clinical())
    sent, person, token = body(session, study_id)
    assert SECRET not in sent
    paint(session, person, token, AT)
    with pytest.raises(Forbidden, match="shows no clinical information"):
        reads.show_clinical(session, account_id=person, token=token, at=AT + SECOND)


def test_before_the_first_look_it_comes_with_the_case(session: Session):
    study_id, _ = study(session, Clinical(unaided=Look.BEFORE))
    sent, _, token = body(session, study_id)
    assert SECRET in sent
    assert session.scalars(select(Read).where(Read.token == token)).one().clinical_shown_at == AT


def test_after_the_first_look_it_comes_only_once_a_diagnosis_is_saved(session: Session):
    study_id, _ = study(session, Clinical(unaided=Look.AFTER))
    sent, person, token = body(session, study_id)
    assert SECRET not in sent
    assert json.loads(sent)["clinical_waits"] is True

    def ask() -> ClinicalNote:
        return reads.show_clinical(session, account_id=person, token=token, at=AT + 9 * SECOND)

    with pytest.raises(Conflict, match="Give a first diagnosis on the images alone"):
        ask()
    paint(session, person, token, AT)
    reads.save_draft(session, account_id=person, token=token, revision=0, tab="tab", content=answers("covid"), at=AT)
    other = built(session, study_id).readers[1]
    with pytest.raises(Forbidden):
        reads.show_clinical(session, account_id=other, token=token, at=AT)
    shown = ask()
    assert shown == ClinicalNote(60, "F", SECRET, "")
    assert ask() == shown
    assert SECRET in body(session, study_id, AT + 10 * SECOND)[0]  # and stays after a reload
    reads.lock(
        session, account_id=person, token=token, revision=1, tab="tab", content=answers("normal"), at=AT + SECOND
    )
    read = session.scalars(select(Read).where(Read.token == token)).one()
    assert (read.first_diagnosis, read.diagnosis) == ("covid", "normal")
    with pytest.raises(Forbidden):  # a locked read shows nothing more
        ask()
    assert SECRET not in body(session, study_id, AT + 20 * SECOND)[0]  # the next case waits for its own first diagnosis


def test_each_arm_of_a_sequential_design_has_its_own_rule(session: Session):
    study_id, _ = study(session, Clinical(aided=Look.BEFORE), design=Design.SEQUENTIAL)
    sent, person, _ = body(session, study_id)
    assert SECRET not in sent
    read_one(session, built(session, study_id), person, AT)
    sent, _, _ = body(session, study_id, AT + 60 * SECOND)
    assert json.loads(sent)["read"]["arm"] == "aided"
    assert SECRET in sent


def test_the_export_says_what_was_known_and_when_it_was_shown(session: Session):
    study_id, me = study(session, Clinical(unaided=Look.BEFORE))
    read_all(session, study_id)
    study_life.close_study(session, study_id, reason="enough", by=me, at=AT)
    study_life.unblind(session, study_id, reason="the analysis", by=me, at=AT)
    found = results.rows(session, study_id=study_id, by=SYSTEM, detail=True)
    cases = json.loads("".join(json_pieces(found)))["cases"]
    assert cases[0]["clinical"] == {"age": 60, "sex": "F", "text": SECRET, "prior": ""}
    header = next(iter(csv_pieces(found))).splitlines()[0]
    assert "clinical_shown_at,first_diagnosis" in header
