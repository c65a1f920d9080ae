"""A reader who joins an open study: a deviation with an order of their own, and nobody who knows the truth."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from core.errors import Conflict, Forbidden, InvalidInput, NotFound
from core.study.orders import largest_imbalance
from core.study.protocol import Protocol
from db import accounts, audit
from db.models import PanelMember
from db.permissions import SYSTEM
from db.reading import reads
from db.results import rows as analysis
from db.study import design as study_design
from db.study import info as study_info
from db.study import life as study_life
from db.study import monitor, orders
from db.study import readers as study_readers
from db.study.info import ReaderInfo, StudyInfo
from db.truth import records as truth
from tests.db.test_study_life import opened, ready
from tests.study import builder
from tests.study.builder import AT

LATER = AT + timedelta(days=3)


def join(session: Session, made: StudyInfo, account: int, me: int, **rest: object) -> ReaderInfo:
    given = {"group": "Experts", "years": 9, "reason": "R4 fell ill", "seed": 11, **rest}
    return study_readers.join_reader(session, made.id, account, by=me, at=LATER, **given)  # type: ignore[arg-type]


def by_reader(session: Session, made: StudyInfo) -> dict[str, list[orders.OrderRow]]:
    found: dict[str, list[orders.OrderRow]] = {}
    for place in orders.table(session, made.id, by=SYSTEM):
        found.setdefault(place.pseudonym, []).append(place)
    return found


def test_the_order_of_who_joins_is_stored_and_no_other_changes(session: Session):
    made, me = opened(session, cases_=8, practice=1)
    before = by_reader(session, made)
    new = join(session, made, builder.account(session, "late"), me)
    after = by_reader(session, made)
    assert (new.pseudonym, new.group, new.years) == ("R5", "Experts", 9)
    assert {name: after[name] for name in before} == before
    assert len(after["R5"]) == 9
    assert after["R5"][0].practice
    others = [[place.case_number for place in order] for order in before.values()]
    assert [place.case_number for place in after["R5"]] not in others
    assert orders.table(session, made.id, by=SYSTEM) == orders.table(session, made.id, by=SYSTEM)
    assert reads.next_read(session, account_id=new.account_id, study_id=made.id, at=LATER).read is not None


def test_two_who_join_leave_the_study_balanced(session: Session):
    made, me = opened(session, cases_=8)
    for name, seed in (("late", 1), ("later", 2)):
        join(session, made, builder.account(session, name), me, seed=seed)
    every = [[place.case_number for place in order] for order in by_reader(session, made).values()]
    assert (len(every), largest_imbalance(every)) == (6, 0)


def test_joining_and_dropping_out_are_seen_in_monitor_trail_and_deviations(session: Session):
    made, me = opened(session)
    lost = study_info.readers(session, made.id, by=SYSTEM)[3]
    study_readers.withdraw_reader(session, lost.id, reason="fell ill", by=me, at=LATER)
    join(session, made, builder.account(session, "late"), me)
    found = {reader.pseudonym: reader for reader in monitor.progress(session, made.id, at=LATER, by=SYSTEM).readers}
    assert found["R4"].note == "withdrawn 05 Mar 2026: fell ill"
    assert found["R5"].note == "joined 05 Mar 2026: R4 fell ill"
    assert found["R5"].total == 6
    newest = audit.events(session, study_id=made.id, by=SYSTEM)[0]
    assert (newest.kind, newest.detail["seed"], newest.detail["reason"]) == ("reader joined", 11, "R4 fell ill")
    study_life.close_study(session, made.id, reason="a pilot", by=me, at=LATER)
    study_life.unblind(session, made.id, reason="the analysis begins", by=me, at=LATER)
    story = analysis.story(session, study_id=made.id, by=me)
    assert {(deviation.what, deviation.why) for deviation in story.deviations} == {
        ("R5 joined when the study was open", "R4 fell ill"),
        ("R4 was withdrawn", "fell ill"),
    }


def test_who_may_know_the_truth_cannot_join(session: Session):
    made, me = opened(session)
    second = builder.account(session, "second", role="coordinator")
    builder.share(session, made.id, second)
    with pytest.raises(Conflict, match="could have seen its truth"):
        join(session, made, second, me)
    member = builder.account(session, "member")
    session.add(PanelMember(study_id=made.id, account_id=member, adjudicator=False, added_at=AT))
    with pytest.raises(Forbidden, match="authors the truth"):
        join(session, made, member, me)


def test_a_panel_member_reads_only_where_the_protocol_says_so(session: Session):
    made, me = builder.study(session, readers=0), builder.coordinator(session)
    member = builder.account(session, "member")
    session.add(PanelMember(study_id=made.id, account_id=member, adjudicator=False, added_at=AT))
    with pytest.raises(Forbidden, match="authors the truth"):
        study_readers.add_reader(session, made.id, member, group="Experts", by=me, at=AT)
    study_design.save_protocol(session, made.id, Protocol(readers_may_author_truth=True), by=me, at=AT)
    assert study_readers.add_reader(session, made.id, member, group="Experts", by=me, at=AT).pseudonym == "R1"


def test_nobody_joins_twice_or_disabled_or_without_a_reason_or_before_the_opening(session: Session):
    made, me = opened(session)
    late = builder.account(session, "late")
    with pytest.raises(InvalidInput, match="reason"):
        join(session, made, late, me, reason=" ")
    with pytest.raises(NotFound, match="no reader group"):
        join(session, made, late, me, group="Nobody")
    join(session, made, late, me)
    gone = study_info.readers(session, made.id, by=SYSTEM)[0]
    study_readers.withdraw_reader(session, gone.id, reason="moved away", by=me, at=LATER)
    for account in (late, gone.account_id):
        with pytest.raises(Conflict, match="already"):
            join(session, made, account, me)
    off = builder.account(session, "off")
    accounts.set_disabled(session, off, disabled=True, by=SYSTEM, at=AT)
    with pytest.raises(NotFound, match="disabled"):
        join(session, made, off, me)
    draft, _ = ready(session)
    with pytest.raises(Conflict, match="before that they are added"):
        join(session, draft, builder.account(session, "early"), me)


def test_who_has_joined_gets_no_truth_and_no_others_reads(session: Session):
    made, me = opened(session, cases_=6)
    new = join(session, made, builder.account(session, "late"), me)
    with pytest.raises(Forbidden):
        truth.record(
            session,
            made.id,
            study_info.cases(session, made.id, by=SYSTEM)[0].case.id,
            class_code="cap",
            source="CT",
            reason="x y z",
            by=new.account_id,
            at=LATER,
        )
    found = reads.next_read(session, account_id=new.account_id, study_id=made.id, at=LATER).read
    assert found is not None
    assert (found.ai, found.draft.content["diagnosis"]) == (None, None)
    for link in study_info.cases(session, made.id, by=SYSTEM):
        if link.case.number not in (found.case.case_number, found.upcoming and found.upcoming.case_number):
            with pytest.raises(Forbidden):
                reads.case_access(
                    session, account_id=new.account_id, study_id=made.id, case_number=link.case.number, at=LATER
                )
    with pytest.raises(Forbidden):
        reads.ai_overlay_access(session, account_id=new.account_id, token=found.token, at=LATER)
