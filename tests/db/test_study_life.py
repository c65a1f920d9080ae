import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from core.errors import Conflict, Forbidden, InvalidInput, ParallaxError
from core.study.classes import PALETTE, StudyClass
from core.study.orders import largest_imbalance
from core.study.protocol import Protocol
from core.study.questions.choice import Choice
from core.study.questions.choices import Choices
from core.study.questions.mark import Mark
from core.study.questions.number import Number
from core.study.questions.question import Option
from core.study.questions.scale import Scale
from core.study.questions.text import Text
from core.study.words import Design
from db import audit
from db.permissions import SYSTEM
from db.reading import reads
from db.study import cases as study_cases
from db.study import design as study_design
from db.study import info as study_info
from db.study import life as study_life
from db.study import orders, preflight
from db.study import readers as study_readers
from db.truth import records as truth
from tests.reading.build import Built, answers, read_one
from tests.study import builder
from tests.study.builder import AT, CLASSES


def ready(session: Session, **rest: object):
    """A study with truth and AI, ready to be checked."""
    made, me = builder.study(session, **rest), builder.coordinator(session)  # type: ignore[arg-type]
    model = builder.model(session)
    for n, link in enumerate(study_info.cases(session, made.id, by=SYSTEM)):
        code = CLASSES[n % 3].code
        truth.record(session, made.id, link.case.id, class_code=code, source="PCR", by=me, at=AT)
        builder.ai_read(session, link.case, model)
    study_design.save_ai(session, made.id, model_id=model, by=me, at=AT)
    return study_info.study(session, made.id, by=SYSTEM), me


def opened(session: Session, **rest: object):
    made, me = ready(session, **rest)
    volumes = builder.volumes(session, made.id)
    findings = study_life.check_study(session, made.id, volumes=volumes, by=me, at=AT)
    assert [finding.message for finding in findings if finding.blocks] == []
    return study_life.open_study(session, made.id, volumes=volumes, seed=7, by=me, at=AT), me


def test_a_study_goes_from_draft_to_unblinded_one_logged_step_at_a_time(session: Session):
    made, me = opened(session)
    assert (made.state, made.seed, made.opened_at) == ("open", 7, AT)
    with pytest.raises(InvalidInput, match="24 reads are missing"):
        study_life.close_study(session, made.id, by=me, at=AT)
    study_life.close_study(session, made.id, reason="a pilot", by=me, at=AT)
    study_life.unblind(session, made.id, reason="the analysis begins", by=me, at=AT)
    assert study_info.study(session, made.id, by=SYSTEM).state == "unblinded"
    kinds = [event.kind for event in audit.events(session, study_id=made.id, by=SYSTEM)][:4]
    assert kinds == ["study unblinded", "study closed", "study opened", "study checked"]


def test_no_step_can_be_skipped_or_taken_twice(session: Session):
    made, me = ready(session)
    with pytest.raises(Conflict, match="Check the study first"):
        study_life.open_study(session, made.id, volumes=builder.volumes(session, made.id), seed=1, by=me, at=AT)
    with pytest.raises(Conflict, match="Only an open study"):
        study_life.close_study(session, made.id, by=me, at=AT)
    with pytest.raises(Conflict, match="Close the study first"):
        study_life.unblind(session, made.id, reason="too early", by=me, at=AT)
    made, me = opened(session)
    for again in (
        lambda: study_life.open_study(
            session, made.id, volumes=builder.volumes(session, made.id), seed=2, by=me, at=AT
        ),
        lambda: study_life.check_study(session, made.id, volumes=builder.volumes(session, made.id), by=me, at=AT),
        lambda: study_life.unblind(session, made.id, reason="too early", by=me, at=AT),
    ):
        with pytest.raises(Conflict):
            again()


def test_opening_freezes_truth_ai_and_orders(session: Session):
    made, me = opened(session, cases_=9, practice=2)
    links = study_info.cases(session, made.id, by=SYSTEM)
    frozen = {link.case.id: link.frozen_truth_id for link in links}
    assert frozen == {info.case_id: info.id for info in truth.current(session, made.id, by=SYSTEM).values()}
    assert made.ai_parameters["sha256"] == "a" * 64
    assert made.ai_parameters["parameters_hash"] == "p"
    first = links[0].case.id
    truth.record(session, made.id, first, class_code="cap", source="CT", reason="seen again", by=me, at=AT)
    assert {link.case.id: link.frozen_truth_id for link in study_info.cases(session, made.id, by=SYSTEM)} == frozen
    stored = orders.table(session, made.id, by=SYSTEM)
    assert len(stored) == 4 * 11
    assert orders.table(session, made.id, by=SYSTEM) == stored
    with pytest.raises(Conflict, match="never made again"):
        orders.make(session, made.id, seed=8, at=AT)


def test_stored_orders_of_four_readers_are_balanced_and_differ(session: Session):
    made = builder.study(session, cases_=98)
    orders.make(session, made.id, seed=7, at=AT)
    by_reader: dict[int, list[int]] = {}
    for place in orders.table(session, made.id, by=SYSTEM):
        by_reader.setdefault(place.reader_id, []).append(place.case_number)
    assert largest_imbalance(list(by_reader.values())) == 0
    assert len({tuple(order) for order in by_reader.values()}) == 4


def test_an_open_study_is_frozen_but_for_words(session: Session):
    made, me = opened(session)
    for change in (
        lambda: study_design.save_design(session, made.id, Design.SEQUENTIAL, by=me, at=AT),
        lambda: study_design.save_protocol(session, made.id, replace(made.protocol, ratings=False), by=me, at=AT),
        lambda: study_design.save_classes(session, made.id, CLASSES[:2], by=me, at=AT),
        lambda: study_design.save_groups(session, made.id, ["X", "Novices", "Experts"], by=me, at=AT),
        lambda: study_design.save_ai(session, made.id, model_id=None, by=me, at=AT),
        lambda: study_cases.add_cases(session, made.id, [1], by=me, at=AT),
        lambda: study_cases.set_practice(session, made.id, [1], by=me, at=AT),
        lambda: study_readers.remove_reader(
            session, study_info.readers(session, made.id, by=SYSTEM)[0].id, by=me, at=AT
        ),
    ):
        with pytest.raises(Conflict):
            change()
    reworded = replace(made.protocol, instructions="Read alone.")
    study_design.save_protocol(session, made.id, reworded, by=me, at=AT)
    relabelled = (replace(CLASSES[0], label="No finding"), *CLASSES[1:])
    study_design.save_classes(session, made.id, relabelled, by=me, at=AT)
    assert study_info.study(session, made.id, by=SYSTEM).protocol == reworded
    assert study_info.classes(session, made.id) == relabelled


def test_once_a_case_was_opened_not_even_words_change(session: Session):
    made, me = opened(session)
    reader = study_info.readers(session, made.id, by=SYSTEM)[0]
    assert reads.next_read(session, account_id=reader.account_id, study_id=made.id, at=AT).read is not None
    relabelled = (replace(CLASSES[0], label="No finding"), *CLASSES[1:])
    for change in (
        lambda: study_design.save_title(session, made.id, "Another title", by=me, at=AT),
        lambda: study_design.save_protocol(session, made.id, replace(made.protocol, instructions="Go."), by=me, at=AT),
        lambda: study_design.save_classes(session, made.id, relabelled, by=me, at=AT),
    ):
        with pytest.raises(Conflict, match="wording is locked"):
            change()
    assert study_info.study(session, made.id, by=SYSTEM) == made


def test_a_change_after_the_check_goes_back_to_draft(session: Session):
    made, me = ready(session)
    study_life.check_study(session, made.id, volumes=builder.volumes(session, made.id), by=me, at=AT)
    assert study_info.study(session, made.id, by=SYSTEM).state == "checked"
    study_design.save_protocol(session, made.id, replace(made.protocol, undo=False), by=me, at=AT)
    assert study_info.study(session, made.id, by=SYSTEM).state == "draft"


def test_opening_checks_once_more(session: Session):
    made, me = ready(session)
    study_life.check_study(session, made.id, volumes=builder.volumes(session, made.id), by=me, at=AT)

    def gone(key: str) -> None:
        raise ParallaxError("The volume is not in storage; upload the case again.")

    for volumes, why in (
        (preflight.try_volumes(preflight.storage_keys(session, made.id, by=SYSTEM), gone), "not in storage"),
        ({}, "added while the check ran"),
    ):
        with pytest.raises(Conflict, match=why):
            study_life.open_study(session, made.id, volumes=volumes, seed=1, by=me, at=AT)
    assert orders.table(session, made.id, by=SYSTEM) == []


def test_a_reader_of_the_study_cannot_unblind_it(session: Session):
    made, me = ready(session)
    other = builder.account(session, "second", role="coordinator")
    builder.share(session, made.id, other)
    study_readers.add_reader(session, made.id, other, group="Experts", by=me, at=AT)
    study_life.check_study(session, made.id, volumes=builder.volumes(session, made.id), by=me, at=AT)
    study_life.open_study(session, made.id, volumes=builder.volumes(session, made.id), seed=1, by=me, at=AT)
    study_life.close_study(session, made.id, reason="a pilot", by=me, at=AT)
    with pytest.raises(Forbidden, match="another coordinator"):
        study_life.unblind(session, made.id, reason="curiosity", by=other, at=AT)


def test_a_reader_who_drops_out_is_withdrawn_with_the_reason(session: Session):
    made, me = opened(session)
    reader = study_info.readers(session, made.id, by=SYSTEM)[0]
    with pytest.raises(InvalidInput, match="reason"):
        study_readers.withdraw_reader(session, reader.id, reason="", by=me, at=AT)
    study_readers.withdraw_reader(session, reader.id, reason="moved away", by=me, at=AT)
    assert study_info.readers(session, made.id, by=SYSTEM)[0].withdrawn_reason == "moved away"
    assert len(study_info.readers(session, made.id, withdrawn=False, by=SYSTEM)) == 3


def test_a_study_closes_without_a_reason_when_only_a_drop_out_left_reads_undone(session: Session):
    made, me = opened(session, cases_=2, readers=2, groups=("Novices",), protocol=replace(builder.READY, ratings=False))
    done, lost = study_info.readers(session, made.id, by=SYSTEM)
    study_readers.withdraw_reader(session, lost.id, reason="moved away", by=me, at=AT)
    with pytest.raises(InvalidInput, match="2 reads are missing"):
        study_life.close_study(session, made.id, by=me, at=AT)
    built = Built(made.id, me)
    for minute in range(2):
        read_one(session, built, done.account_id, AT + timedelta(minutes=minute), answers())
    study_life.close_study(session, made.id, by=me, at=AT)
    assert study_info.study(session, made.id, by=SYSTEM).state == "closed"


def test_a_protocol_goes_out_as_json_and_comes_back(session: Session):
    made, me = ready(session, design=Design.CROSSOVER)
    data = json.loads(json.dumps(study_life.export_study(session, made.id, by=SYSTEM)))
    back = study_life.import_study(session, json.dumps(data), title="Again", by=me, at=AT)
    assert (back.title, back.state, back.design) == ("Again", "draft", "crossover")
    assert (back.protocol, back.classes) == (made.protocol, made.classes)
    assert [group.name for group in back.groups] == ["Novices", "Experts"]
    assert study_info.cases(session, back.id, by=SYSTEM) == []


@pytest.mark.parametrize(
    "data",
    [
        "no json",
        "[]",
        "{}",
        b"\xff",
        {"format": "parallax study protocol 1", "groups": ["A"]},
        {"format": "parallax study protocol 1", "groups": ["A"], "title": "x", "design": "y", "classes": []},
        {"format": "parallax study protocol 1", "groups": ["A"], "title": "x", "design": "crossover", "classes": [3]},
        {
            "format": "parallax study protocol 1",
            "groups": ["A"],
            "title": "x",
            "design": "crossover",
            "classes": [],
            "protocol": {"idle": 3},
        },
    ],
)
def test_what_is_no_protocol_is_refused_in_words(session: Session, data: object):
    with pytest.raises(InvalidInput, match=r"\.$"):
        study_life.import_study(session, data, by=builder.coordinator(session), at=AT)


def test_a_copy_has_the_design_and_the_cases_but_no_truth_readers_or_reads(session: Session):
    made, me = opened(session, practice=1)
    copy = study_life.copy_study(session, made.id, title="Second", with_cases=True, by=me, at=AT)
    assert (copy.state, copy.protocol, copy.ai_model_id) == ("draft", made.protocol, made.ai_model_id)
    assert [link.practice for link in study_info.cases(session, copy.id, by=SYSTEM)] == [False] * 6 + [True]
    assert truth.current(session, copy.id, by=SYSTEM) == {}
    assert study_info.readers(session, copy.id, by=SYSTEM) == []


def test_a_copy_takes_truth_and_readers_if_asked_and_says_that_it_is_one(session: Session):
    made, me = opened(session, practice=1)
    copy = study_life.copy_study(
        session, made.id, title=" ", with_cases=True, with_truth=True, with_readers=True, by=me, at=AT
    )
    assert copy.title == f"{made.title} (copy)"
    before, after = (truth.current(session, one.id, by=SYSTEM) for one in (made, copy))
    assert {case: (one.class_code, one.source) for case, one in before.items()} == {
        case: (one.class_code, one.source) for case, one in after.items()
    }
    kept = [
        [(reader.account_id, reader.group, reader.years) for reader in study_info.readers(session, one_.id, by=SYSTEM)]
        for one_ in (made, copy)
    ]
    assert kept[0] == kept[1] != []
    assert copy.seed is None  # orders are made anew
    with pytest.raises(InvalidInput, match="copy the cases too"):
        study_life.copy_study(session, made.id, title="X", with_cases=False, with_truth=True, by=me, at=AT)


def test_a_class_named_by_a_truth_cannot_go(session: Session):
    made, me = ready(session)
    new = (*CLASSES[:2], StudyClass("other", "Other", "O", PALETTE[3]))
    with pytest.raises(Conflict, match="names covid"):
        study_design.save_classes(session, made.id, new, by=me, at=AT)


def test_protocols_of_every_kind_of_question_survive_the_database(session: Session):
    questions = (
        Choice(id="side", label="Side?", options=(Option("l", "Left"), Option("r", "Right"))),
        Choices(id="signs", label="Signs?", required=False, options=(Option("a", "A"), Option("b", "B"))),
        Number(id="size", label="Size?", min=0, max=300, step=0.5, unit="mm"),
        Text(id="why", label="Why?", pattern="[a-z]+", max_length=20),
        Scale(id="sure", label="How sure?", anchors=("guessed", "certain")),
        Mark(id="where", label="Where?", mark="box", required=False),
    )
    made, me = builder.study(session), builder.coordinator(session)
    study_design.save_protocol(session, made.id, Protocol(questions=questions), by=me, at=AT)
    assert study_info.study(session, made.id, by=SYSTEM).protocol.questions == questions
