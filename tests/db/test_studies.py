from dataclasses import replace

import pytest
from sqlalchemy.orm import Session

from core.errors import Conflict, Forbidden, InvalidInput, NotFound
from core.study.classes import StudyClass
from core.study.protocol import Protocol
from core.study.questions.scale import Scale
from db import audit
from db.permissions import SYSTEM
from db.study import cases as study_cases
from db.study import design as study_design
from db.study import info as study_info
from db.study import preflight
from db.study import readers as study_readers
from tests.study import builder
from tests.study.builder import AT, CLASSES


def test_a_new_study_is_a_draft_with_its_parts(session: Session):
    made = builder.study(session, cases_=5, practice=2)
    assert (made.state, made.design, made.sessions) == ("draft", "independent", 1)
    assert made.classes == CLASSES
    assert [group.name for group in made.groups] == ["Novices", "Experts"]
    assert [(r.pseudonym, r.group) for r in study_info.readers(session, made.id, by=SYSTEM)] == [
        ("R1", "Novices"),
        ("R2", "Novices"),
        ("R3", "Experts"),
        ("R4", "Experts"),
    ]
    assert [case.practice for case in study_info.cases(session, made.id, by=SYSTEM)] == [False] * 5 + [True] * 2
    line = study_info.every(session, by=SYSTEM)[0]
    assert (line.cases, line.practice, line.readers) == (5, 2, 4)


def test_an_unknown_study_is_not_found(session: Session):
    with pytest.raises(NotFound, match="does not exist"):
        study_info.study(session, 99, by=SYSTEM)


@pytest.mark.parametrize("title", ["", "   ", "x" * 201])
def test_a_study_needs_a_title(session: Session, title: str):
    with pytest.raises(InvalidInput, match="title"):
        study_design.create_study(session, title=title, by=builder.coordinator(session), at=AT)


def test_every_change_of_the_design_is_in_the_audit_trail(session: Session):
    made, me = builder.study(session), builder.coordinator(session)
    protocol = replace(made.protocol, ratings=False, idle_after_s=60)
    study_design.save_protocol(session, made.id, protocol, by=me, at=AT)
    event = audit.events(session, study_id=made.id, by=SYSTEM)[0]
    assert (event.kind, event.detail) == ("protocol changed", {"fields": ["ratings", "idle_after_s"]})
    assert study_info.study(session, made.id, by=SYSTEM).protocol == protocol
    study_design.save_protocol(session, made.id, protocol, by=me, at=AT)
    assert audit.events(session, study_id=made.id, by=SYSTEM)[0].id == event.id  # nothing changed, nothing recorded


def test_questions_that_cannot_be_asked_are_refused(session: Session):
    made, me = builder.study(session), builder.coordinator(session)
    with pytest.raises(InvalidInput, match="both ends"):
        study_design.save_protocol(
            session, made.id, Protocol(questions=(Scale(id="sure", label="Sure?"),)), by=me, at=AT
        )


def test_classes_are_replaced_as_one(session: Session):
    made, me = builder.study(session), builder.coordinator(session)
    new = (*reversed(CLASSES), StudyClass("other", "Other", "O", "#D55E00"))
    study_design.save_classes(session, made.id, new, by=me, at=AT)
    assert study_info.classes(session, made.id) == new


def test_groups_keep_their_readers_when_reordered_and_cannot_go_with_them(session: Session):
    made, me = builder.study(session), builder.coordinator(session)
    study_design.save_groups(session, made.id, ["Experts", "Residents", "Novices"], by=me, at=AT)
    assert [group.name for group in study_info.groups(session, made.id)] == ["Experts", "Residents", "Novices"]
    assert [r.group for r in study_info.readers(session, made.id, by=SYSTEM)] == [
        "Experts",
        "Experts",
        "Novices",
        "Novices",
    ]
    with pytest.raises(Conflict, match="Novices has readers"):
        study_design.save_groups(session, made.id, ["Experts"], by=me, at=AT)
    with pytest.raises(InvalidInput, match="other than"):
        study_design.save_groups(session, made.id, ["AI", "Experts", "Novices"], by=me, at=AT)


def test_a_case_is_taken_in_once_and_unknown_cases_are_refused(session: Session):
    made, me = builder.study(session, cases_=3), builder.coordinator(session)
    there = [case.case.id for case in study_info.cases(session, made.id, by=SYSTEM)]
    assert study_cases.add_cases(session, made.id, there, by=me, at=AT) == 0
    with pytest.raises(Forbidden):
        study_cases.add_cases(session, made.id, [999], by=me, at=AT)
    study_cases.set_practice(session, made.id, there[:1], by=me, at=AT)
    study_cases.remove_cases(session, made.id, there[1:2], by=me, at=AT)
    assert [(case.case.id, case.practice) for case in study_info.cases(session, made.id, by=SYSTEM)] == [
        (there[0], True),
        (there[2], False),
    ]


def test_a_reader_is_added_once_changed_and_removed(session: Session):
    made, me = builder.study(session, readers=2), builder.coordinator(session)
    first, second = study_info.readers(session, made.id, by=SYSTEM)
    with pytest.raises(Conflict, match="already"):
        study_readers.add_reader(session, made.id, first.account_id, group="Experts", by=me, at=AT)
    changed = study_readers.change_reader(session, first.id, group="Experts", years=12, by=me, at=AT)
    assert (changed.group, changed.years) == ("Experts", 12)
    study_readers.remove_reader(session, second.id, by=me, at=AT)
    again = study_readers.add_reader(session, made.id, second.account_id, group="Novices", by=me, at=AT)
    assert again.pseudonym == "R2"
    assert study_info.studies_for_reader(session, second.account_id) == [made.id]


def test_the_check_names_a_reader_who_coordinates_too(session: Session):
    made, me = builder.study(session, readers=2), builder.coordinator(session)
    study_readers.add_reader(session, made.id, me, group="Experts", by=me, at=AT)
    found = preflight.preflight(session, made.id, volumes=None, by=SYSTEM)
    assert [one.blocks for one in found if "coordinates too" in one.message] == [False]
