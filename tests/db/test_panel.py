"""The truth panel: labels made alone, a majority, an adjudicator; nobody on it sees another's label, and no reader."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from sqlalchemy.orm import Session

from core.errors import Conflict, Forbidden, InvalidInput, ParallaxError
from core.study.protocol import Protocol, ReferenceStandard
from core.study.words import StudyState
from db import audit
from db.models import Study
from db.permissions import SYSTEM
from db.reading import reads
from db.results.facts import facts
from db.study import design as study_design
from db.study import info as study_info
from db.study import preflight
from db.study import readers as study_readers
from db.truth import members as panel_members
from db.truth import panel as truth_panel
from db.truth import records as truth
from tests.study import builder
from tests.study.builder import AT

PANEL = Protocol(reference=ReferenceStandard(rests_on=("expert panel",), who="three", interval="0", panel=True))


@dataclass
class Sitting:
    """A study with a panel of three and what is needed to act on it."""

    session: Session
    study: int
    me: int
    members: list[int]
    numbers: list[int]

    def label(self, member: int, case: int, code: str) -> None:
        account = self.members[member]
        truth_panel.label(self.session, self.study, self.numbers[case], class_code=code, account_id=account, at=AT)

    def all_label(self, case: int, *codes: str) -> None:
        for member, code in enumerate(codes):
            self.label(member, case, code)

    def tasks(self, account: int) -> list[truth_panel.Task]:
        return truth_panel.tasks(self.session, self.study, account)

    def adjudicator(self) -> int:
        account = builder.account(self.session, "adjudicator")
        panel_members.add_member(self.session, self.study, account, adjudicator=True, by=self.me, at=AT)
        return account


@pytest.fixture
def sitting(session: Session) -> Sitting:
    made, me = builder.study(session, protocol=PANEL, cases_=8, readers=2), builder.coordinator(session)
    members = [builder.account(session, f"member{n}") for n in range(3)]
    for member in members:
        panel_members.add_member(session, made.id, member, by=me, at=AT)
    return Sitting(
        session, made.id, me, members, [case.case.number for case in study_info.cases(session, made.id, by=SYSTEM)]
    )


def test_a_panel_decides_by_majority_and_a_coordinator_the_rest_where_nobody_else_is_named(sitting: Sitting):
    session, study, me = sitting.session, sitting.study, sitting.me
    sitting.all_label(0, "cap", "cap", "covid")
    sitting.all_label(1, "cap", "covid", "normal")
    sitting.all_label(2, "cap", "cap")
    found = truth_panel.panel_cases(session, study, by=SYSTEM)
    assert [(one.state, one.majority) for one in found[:3]] == [("agreed", "cap"), ("split", None), ("waiting", None)]
    assert found[2].votes == ()  # not even a coordinator sees labels before the panel is complete
    assert truth_panel.settle(session, study, by=me, at=AT) == 1
    with pytest.raises(Conflict, match="no majority"):
        truth_panel.adjudicate(session, study, sitting.numbers[2], class_code="cap", reason="seen again", by=me, at=AT)
    truth_panel.adjudicate(session, study, sitting.numbers[1], class_code="covid", reason="PCR came", by=me, at=AT)
    settled = {one.case_number: one for one in truth.current(session, study, by=SYSTEM).values()}
    assert [settled[number].class_code for number in sitting.numbers[:2]] == ["cap", "covid"]
    assert settled[sitting.numbers[0]].source == "panel, majority 2 of 3"
    assert (settled[sitting.numbers[1]].source, settled[sitting.numbers[1]].reason) == (
        "panel of 3, adjudicated",
        "PCR came",
    )


def test_a_member_gets_nothing_that_depends_on_the_others_labels(sitting: Sitting):
    sitting.label(0, 0, "cap")
    before = sitting.tasks(sitting.members[0])
    sitting.label(1, 0, "covid")
    sitting.label(1, 1, "normal")
    sitting.label(2, 1, "normal")
    assert sitting.tasks(sitting.members[0]) == before
    own = {task.case_number: task.own for task in before}
    assert own == dict.fromkeys(sitting.numbers) | {sitting.numbers[0]: "cap"}


def test_a_label_can_change_until_everybody_has_given_theirs_and_then_stands(sitting: Sitting):
    sitting.label(0, 0, "cap")
    sitting.label(0, 0, "covid")
    assert {task.own for task in sitting.tasks(sitting.members[0])} == {None, "covid"}
    sitting.label(1, 0, "cap")
    sitting.label(2, 0, "normal")
    for member in range(3):
        with pytest.raises(Conflict, match="labels stand"):
            sitting.label(member, 0, "cap")
    assert next(task for task in sitting.tasks(sitting.members[0]) if task.own).fixed


def test_the_adjudicator_gets_the_split_cases_with_counts_and_no_names(sitting: Sitting):
    adjudicator = sitting.adjudicator()
    sitting.all_label(0, "cap", "covid", "normal")
    sitting.all_label(1, "cap", "cap", "normal")
    sitting.all_label(2, "cap", "covid")
    (task,) = sitting.tasks(adjudicator)
    assert (task.case_number, task.own) == (sitting.numbers[0], None)
    assert task.counts == (("cap", 1), ("covid", 1), ("normal", 1))
    assert "ember" not in repr(task)
    decided = truth_panel.adjudicate(
        sitting.session, sitting.study, task.case_number, class_code="covid", reason="on CT", by=adjudicator, at=AT
    )
    assert (decided.class_code, decided.author, decided.source) == ("covid", "Adjudicator", "panel of 3, adjudicated")
    assert sitting.tasks(adjudicator) == []


def test_who_has_another_part_can_neither_label_nor_decide(sitting: Sitting):
    adjudicator = sitting.adjudicator()
    reader = study_info.readers(sitting.session, sitting.study, by=SYSTEM)[0].account_id
    outsider = builder.account(sitting.session, "outsider")
    sitting.all_label(0, "cap", "covid", "normal")

    def label(account: int) -> object:
        return truth_panel.label(
            sitting.session, sitting.study, sitting.numbers[1], class_code="cap", account_id=account, at=AT
        )

    def decide(account: int) -> object:
        return truth_panel.adjudicate(
            sitting.session, sitting.study, sitting.numbers[0], class_code="cap", reason="I say so", by=account, at=AT
        )

    for account in (adjudicator, reader, outsider, sitting.me):
        with pytest.raises(Forbidden):
            label(account)
    for account in (*sitting.members, reader, outsider, sitting.me):
        with pytest.raises(Forbidden):
            decide(account)
    for account in (reader, outsider, sitting.me):
        with pytest.raises(Forbidden):
            sitting.tasks(account)


def test_a_member_cannot_enter_truth_or_others_labels(sitting: Sitting):
    session, study = sitting.session, sitting.study
    case = study_info.cases(session, study, by=SYSTEM)[0].case.id
    first, second, _ = sitting.members
    with pytest.raises(Forbidden):
        truth.record(session, study, case, class_code="cap", source="CT", by=first, at=AT)
    with pytest.raises(Forbidden):
        truth_panel.vote(session, study, case, class_code="cap", author_id=second, by=first, at=AT)
    with pytest.raises(Forbidden):
        truth_panel.settle(session, study, by=first, at=AT)
    with pytest.raises(Forbidden):
        panel_members.add_member(session, study, builder.account(session, "friend"), by=first, at=AT)


def test_labels_from_paper_are_a_members_and_entered_by_a_coordinator(sitting: Sitting):
    session, study = sitting.session, sitting.study
    case = study_info.cases(session, study, by=SYSTEM)[0].case.id
    truth_panel.vote(session, study, case, class_code="cap", author_id=sitting.members[0], by=sitting.me, at=AT)
    assert truth_panel.votes_of(session, study, sitting.members[0], by=SYSTEM) == {case: "cap"}
    with pytest.raises(Forbidden, match="another part"):
        truth_panel.vote(session, study, case, class_code="cap", author_id=sitting.me, by=sitting.me, at=AT)


def test_the_images_of_the_study_and_no_others_are_open_to_the_panel_until_the_study_is_open(sitting: Sitting):
    session, member = sitting.session, sitting.members[0]
    other = builder.case(session, 900, by=sitting.me)

    def look(account: int, number: int) -> int:
        access = reads.case_access(session, account_id=account, study_id=sitting.study, case_number=number, at=AT)
        return access.case_number

    assert look(member, sitting.numbers[3]) == sitting.numbers[3]
    with pytest.raises(Forbidden):
        look(member, other.number)
    with pytest.raises(Forbidden):
        look(study_info.readers(session, sitting.study, by=SYSTEM)[0].account_id, sitting.numbers[3])
    panel_members.remove_member(session, sitting.study, member, by=sitting.me, at=AT)
    with pytest.raises(Forbidden):
        look(member, sitting.numbers[3])
    session.get_one(Study, sitting.study).state = StudyState.OPEN
    session.flush()
    with pytest.raises(Forbidden):
        look(sitting.members[1], sitting.numbers[3])
    with pytest.raises(Conflict, match="was opened"):
        sitting.label(1, 0, "cap")
    with pytest.raises(Conflict, match="was opened"):
        sitting.tasks(sitting.members[1])
    assert panel_members.seats(session, sitting.members[1]) == []


def test_readers_and_the_panel_are_different_people_unless_the_protocol_says_so(sitting: Sitting):
    session, study, me = sitting.session, sitting.study, sitting.me
    reader = study_info.readers(session, study, by=SYSTEM)[0]
    study_readers.remove_reader(session, study_info.readers(session, study, by=SYSTEM)[1].id, by=me, at=AT)
    panel_members.remove_member(session, study, sitting.members[2], by=me, at=AT)

    def join_panel() -> object:
        return panel_members.add_member(session, study, reader.account_id, by=me, at=AT)

    def join_readers() -> object:
        return study_readers.add_reader(session, study, sitting.members[0], group="Experts", by=me, at=AT)

    acts: tuple[Callable[[], object], ...] = (join_panel, join_readers)
    for act in acts:
        with pytest.raises(Forbidden, match="protocol"):
            act()
    study_design.save_protocol(session, study, replace(PANEL, readers_may_author_truth=True), by=me, at=AT)
    for act in acts:
        act()
    # forbidden again afterwards, the check names it: a label is a part of the truth
    sitting.all_label(0, "cap", "cap")
    truth_panel.label(session, study, sitting.numbers[0], class_code="cap", account_id=reader.account_id, at=AT)
    truth_panel.settle(session, study, by=me, at=AT)
    study_design.save_protocol(session, study, PANEL, by=me, at=AT)
    found = preflight.preflight(session, study, volumes=None, by=SYSTEM)
    assert f"authored by a reader of the study: case {sitting.numbers[0]}" in " ".join(one.message for one in found)


def test_labels_of_who_has_left_do_not_count_and_a_new_member_takes_the_place(sitting: Sitting):
    session, study, me = sitting.session, sitting.study, sitting.me
    sitting.all_label(0, "cap", "covid", "covid")
    new = builder.account(session, "new")
    with pytest.raises(Conflict, match="its 3 members"):
        panel_members.add_member(session, study, new, by=me, at=AT)
    panel_members.remove_member(session, study, sitting.members[2], by=me, at=AT)
    assert truth_panel.panel_cases(session, study, by=SYSTEM)[0].state == "waiting"
    panel_members.add_member(session, study, new, by=me, at=AT)
    truth_panel.label(session, study, sitting.numbers[0], class_code="cap", account_id=new, at=AT)
    assert truth_panel.panel_cases(session, study, by=SYSTEM)[0].majority == "cap"
    assert [
        (member.name, member.given, member.left) for member in panel_members.members(session, study, by=SYSTEM)
    ] == [
        ("Member0", 1, False),
        ("Member1", 1, False),
        ("Member2", 1, True),
        ("New", 1, False),
    ]


def test_every_member_has_an_order_of_their_own_that_stays(sitting: Sitting):
    orders = [[task.case_number for task in sitting.tasks(member)] for member in sitting.members]
    assert all(sorted(order) == sitting.numbers for order in orders)
    assert len({tuple(order) for order in orders}) == 3
    assert [task.case_number for task in sitting.tasks(sitting.members[0])] == orders[0]


def test_the_trail_names_no_label_and_no_class_that_is_none_is_taken(sitting: Sitting):
    sitting.all_label(0, "covid", "covid", "covid")
    trail = str([event.detail for event in audit.events(sitting.session, study_id=sitting.study, by=SYSTEM)])
    assert "covid" not in trail
    with pytest.raises(InvalidInput, match="not a class"):
        sitting.label(0, 1, "flu")
    with pytest.raises(ParallaxError):
        truth_panel.label(
            sitting.session, sitting.study, 999_999, class_code="cap", account_id=sitting.members[0], at=AT
        )


def test_a_study_without_its_panel_switched_on_has_no_seats(sitting: Sitting):
    off = replace(PANEL, reference=replace(PANEL.reference, panel=False))
    study_design.save_protocol(sitting.session, sitting.study, off, by=sitting.me, at=AT)
    assert panel_members.seats(sitting.session, sitting.members[0]) == []
    with pytest.raises(Forbidden):
        sitting.label(0, 0, "cap")


def test_results_have_the_labels_of_the_members_who_count_in_one_order(sitting: Sitting):
    session, study, me = sitting.session, sitting.study, sitting.me
    sitting.all_label(0, "cap", "covid", "cap")
    sitting.label(0, 1, "cap")
    sitting.label(0, 1, "covid")
    sitting.label(2, 1, "normal")
    truth_panel.settle(session, study, by=me, at=AT)
    cases = facts(session, session.get_one(Study, study)).study.cases
    assert next(case for case in cases if case.number == sitting.numbers[0]).labels == ("cap", "covid", "cap")
    case_ids = {one.case.number: one.case.id for one in study_info.cases(session, study, by=SYSTEM)}
    labels = truth_panel.labels_by_case(session, study)
    assert labels[case_ids[sitting.numbers[1]]] == ("covid", None, "normal")
    assert case_ids[sitting.numbers[2]] not in labels
