"""A draft can be deleted and taken back; what is append-only stays, and so does everything that was ever opened."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import Conflict, Forbidden, NotFound
from core.study.protocol import Protocol, ReferenceStandard
from core.study.words import StudyState
from db import audit, cases, links
from db.models import Account, Study, Truth
from db.permissions import SYSTEM
from db.reading.access import case_access
from db.results import rows as analysis
from db.study import cases as study_cases
from db.study import deletion as study_deletion
from db.study import design as study_design
from db.study import info as study_info
from db.study import life as study_life
from db.study import readers as study_readers
from db.truth import members as panel_members
from db.truth import panel as truth_panel
from db.truth import records as truth
from tests.reading import build
from tests.study import builder
from tests.study.builder import AT

PANEL = Protocol(reference=ReferenceStandard(rests_on=("expert panel",), who="three", interval="0", panel=True))


def test_a_deleted_draft_is_found_nowhere_and_its_cases_truth_and_audit_trail_stay(session: Session):
    made, me = builder.study(session, protocol=PANEL, readers=2), builder.coordinator(session)
    case = study_info.cases(session, made.id, by=SYSTEM)[0].case
    member = builder.account(session, "member")
    panel_members.add_member(session, made.id, member, by=me, at=AT)
    truth_panel.label(session, made.id, case.number, class_code="cap", account_id=member, at=AT)
    truth.record(session, made.id, case.id, class_code="cap", source="PCR", by=me, at=AT)
    reader = study_info.readers(session, made.id, by=SYSTEM)[0].account_id
    before = [event.kind for event in audit.events(session, study_id=made.id, by=SYSTEM)]
    look: dict[str, Any] = {"account_id": member, "study_id": made.id, "case_number": case.number, "at": AT}
    assert case_access(session, **look).case_number == case.number

    study_deletion.delete_study(session, made.id, by=me, at=AT)

    assert study_info.every(session, by=SYSTEM) == []

    assert analysis.choices(session, by=me) == []
    assert study_info.studies_for_reader(session, reader) == []
    assert panel_members.seats(session, member) == []
    with pytest.raises(Forbidden):
        case_access(session, **look)
    for verb in (
        lambda: study_info.study(session, made.id, by=SYSTEM),
        lambda: study_design.save_title(session, made.id, "Again", by=me, at=AT),
        lambda: study_cases.add_cases(session, made.id, [case.id], by=me, at=AT),
        lambda: study_life.check_study(session, made.id, volumes={}, by=me, at=AT),
        lambda: study_life.copy_study(session, made.id, title="Copy", with_cases=True, by=me, at=AT),
        lambda: study_deletion.delete_study(session, made.id, by=me, at=AT),
        lambda: truth.record(session, made.id, case.id, class_code="cap", source="CT", reason="again", by=me, at=AT),
        lambda: truth_panel.label(session, made.id, case.number, class_code="cap", account_id=member, at=AT),
        lambda: truth_panel.tasks(session, made.id, member),
    ):
        with pytest.raises(NotFound, match="was deleted"):
            verb()
    assert len(cases.every(session, by=SYSTEM)) == 6
    assert session.scalars(select(Truth)).one().class_code == "cap"
    assert [event.kind for event in audit.events(session, study_id=made.id, by=SYSTEM)] == ["study deleted", *before]


def test_a_deleted_study_comes_back_as_the_draft_it_was(session: Session):
    made, me = builder.study(session, practice=1), builder.coordinator(session)
    case = study_info.cases(session, made.id, by=SYSTEM)[0].case
    truth.record(session, made.id, case.id, class_code="cap", source="PCR", by=me, at=AT)
    whole = (
        study_info.study(session, made.id, by=SYSTEM),
        study_info.cases(session, made.id, by=SYSTEM),
        study_info.readers(session, made.id, by=SYSTEM),
    )
    session.get_one(Study, made.id).state = StudyState.CHECKED
    study_deletion.delete_study(session, made.id, by=me, at=AT)
    assert [(one.id, one.title, one.deleted_at) for one in study_deletion.deleted(session, by=me)] == [
        (made.id, "A study", AT)
    ]
    study_deletion.take_back(session, made.id, by=me, at=AT)
    assert (
        study_info.study(session, made.id, by=SYSTEM),
        study_info.cases(session, made.id, by=SYSTEM),
        study_info.readers(session, made.id, by=SYSTEM),
    ) == (
        whole  # a draft again, though it was checked: what the check looked at may have changed since
    )
    assert truth.current(session, made.id, by=SYSTEM)[case.id].class_code == "cap"
    assert [event.kind for event in audit.events(session, study_id=made.id, by=SYSTEM)][:2] == [
        "study taken back",
        "study deleted",
    ]
    with pytest.raises(NotFound, match="not among the deleted"):
        study_deletion.take_back(session, made.id, by=me, at=AT)


@pytest.mark.parametrize("state", ["open", "closed", "unblinded"])
def test_what_was_opened_is_never_deleted(session: Session, state: str):
    built = build.study(session, AT, state=StudyState(state))
    with pytest.raises(Conflict, match="This study was opened"):
        study_deletion.delete_study(session, built.study_id, by=built.coordinator, at=AT)
    assert study_deletion.deletion_effect(session, built.study_id, by=built.coordinator, at=AT).refused
    assert study_info.study(session, built.study_id, by=SYSTEM).state == state


def test_a_study_with_a_read_is_never_deleted_whatever_its_row_says(session: Session):
    built = build.study(session, AT)
    build.read_one(session, built, built.readers[0], AT)
    builder.thaw(session)
    found = session.get_one(Study, built.study_id)
    found.state, found.opened_at = StudyState.DRAFT, None
    with pytest.raises(Conflict, match="what was read in it stays"):
        study_deletion.delete_study(session, built.study_id, by=built.coordinator, at=AT)


def test_only_who_made_it_and_administrators_delete_a_study(session: Session):
    made, me = builder.study(session, readers=1), builder.coordinator(session)
    reader = study_info.readers(session, made.id, by=SYSTEM)[0].account_id
    other = builder.account(session, "other", role="coordinator")
    chief = builder.account(session, "chief", role="administrator")
    for by in (reader, other, 999):
        with pytest.raises(Forbidden):
            study_deletion.delete_study(session, made.id, by=by, at=AT)
    study_deletion.delete_study(session, made.id, by=me, at=AT)
    assert study_deletion.deleted(session, by=other) == study_deletion.deleted(session, by=reader) == []
    for by in (reader, other):
        with pytest.raises(Forbidden):
            study_deletion.take_back(session, made.id, by=by, at=AT)
    study_deletion.take_back(session, made.id, by=chief, at=AT)
    study_deletion.delete_study(session, made.id, by=chief, at=AT)
    assert audit.events(session, study_id=made.id, by=SYSTEM)[0].actor == "chief"


def test_a_coordinator_who_was_disabled_deletes_nothing(session: Session):
    made, me = builder.study(session), builder.coordinator(session)
    session.get_one(Account, me).disabled_at = AT
    with pytest.raises(Forbidden):
        study_deletion.delete_study(session, made.id, by=me, at=AT)


def test_invitations_to_it_alone_end(session: Session):
    """Four people with a link: new, with a password, in another study too, and on the panel of this one."""
    made, me = builder.study(session, protocol=PANEL, readers=3), builder.coordinator(session)
    new, known, elsewhere = (reader.account_id for reader in study_info.readers(session, made.id, by=SYSTEM))
    member = builder.account(session, "member")
    panel_members.add_member(session, made.id, member, by=me, at=AT)
    first = links.password_link(session, known, at=AT, by=SYSTEM)
    links.use_password_link(session, first, password="a long enough password", at=AT)
    other = builder.study(session, cases_=0, readers=0)
    study_readers.add_reader(session, other.id, elsewhere, group="Experts", by=me, at=AT)
    sent = {who: links.password_link(session, who, at=AT, by=SYSTEM) for who in (new, known, elsewhere, member)}

    effect = study_deletion.deletion_effect(session, made.id, by=me, at=AT)
    assert (effect.refused, effect.cases, effect.truths, effect.readers, effect.panel) == (None, 6, 0, 3, 1)
    assert effect.invitations == 2
    study_deletion.delete_study(session, made.id, by=me, at=AT)

    assert {who for who, link in sent.items() if links.link_kind(session, link, at=AT)} == {known, elsewhere}
    with pytest.raises(NotFound, match="ask for a new one"):
        links.use_password_link(session, sent[new], password="a long enough password", at=AT)
    assert audit.events(session, study_id=made.id, by=SYSTEM)[0].detail == {"invitations ended": 2}
