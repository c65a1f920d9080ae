from dataclasses import replace

import pytest

from core.study.ais import AiFacts, CaseAi
from core.study.orders import Plan
from core.study.preflight import check
from core.study.preflight_facts import CaseFacts, Facts, ReaderFacts
from core.study.prespecification import Prespecification
from core.study.words import Design
from tests.study.builder import CLASSES, READY


def case(number: int, **rest: object) -> CaseFacts:
    made = CaseFacts(
        number=number,
        patient_id=number,
        practice=False,
        withdrawn=False,
        tags=(),
        attributes={"kernel": "B60f", "manufacturer": "Philips Medical", "kvp": 120.0},
        opens=None,
        truth=CLASSES[number % 3].code,
        truth_by_reader=False,
    )
    return replace(made, **rest)  # type: ignore[arg-type]


PANEL = replace(READY, reference=replace(READY.reference, panel=True))
AI = AiFacts(
    title="procedural 2.0",
    classes=("normal", "cap", "covid"),
    counts_as={"normal": "normal", "cap": "cap", "covid": "covid"},
    reads={n: CaseAi("call", parameters="p") for n in range(1, 7)},
)
GOOD = Facts(
    title="A study",
    design=Design.INDEPENDENT,
    protocol=READY,
    classes=CLASSES,
    groups=("Novices", "Experts"),
    cases=tuple(case(n) for n in range(1, 7)),
    readers=tuple(ReaderFacts(f"R{n}", "Experts" if n > 2 else "Novices", True, False) for n in range(1, 5)),
    ais=(AI,),
    plan=Plan(readers=(1, 2, 3, 4), cases=tuple(range(1, 7)), practice=(), design=Design.INDEPENDENT),
)


def blockers(facts: Facts) -> list[str]:
    return [finding.message for finding in check(facts) if finding.blocks]


def with_case(**rest: object) -> Facts:
    return replace(GOOD, cases=(case(1, **rest), *GOOD.cases[1:]))


def with_ai(**rest: object) -> Facts:
    return replace(GOOD, ais=(replace(AI, **rest),))  # type: ignore[arg-type]


def read_as(**rest: object) -> Facts:
    return with_ai(reads={**AI.reads, 1: CaseAi(**rest)})  # type: ignore[arg-type]


TWO = (replace(CLASSES[0]), replace(CLASSES[1], code="pneumonia", label="Pneumonia"))
JOINED = {"normal": "normal", "cap": "pneumonia", "covid": "pneumonia"}


def test_a_complete_study_has_no_blocker():
    assert blockers(GOOD) == []


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        (replace(GOOD, cases=()), "no cases yet"),
        (with_case(opens="The volume is not there."), "Case 1 does not open: The volume is not there."),
        (with_case(withdrawn=True), "Withdrawn from the library: case 1"),
        (with_case(patient_id=2), "Of the same patient: cases 1, 2"),
        (with_case(tags=("1961-03-02",)), "A tag of case 1 looks like a date"),
        (with_case(attributes={"institution": "x"}), "Case 1 keeps institution, which is not on the list"),
        (with_case(attributes={"kernel": "DOE^JANE"}), "The kernel of case 1 looks like a DICOM name"),
        (replace(GOOD, groups=("Novices", "Experts 12.03.2024")), "reader group “Experts 12.03.2024” looks as if"),
        (replace(with_case(truth=None), protocol=PANEL, panel=1), "panel has 1 of 3 members"),
        (with_case(truth=None), "Without truth: case 1."),
        (with_case(truth="flu"), "none of the study's classes: case 1"),
        (with_case(truth_by_reader=True), "authored by a reader of the study: case 1"),
        (with_ai(trained_on=(1,)), "trained or tuned on the patient of case 1"),
        (read_as(state="none"), "has not read case 1"),
        (read_as(state="call", parameters="q"), "different parameters"),
        (replace(GOOD, classes=(replace(CLASSES[0], letter="L"), *CLASSES[1:])), "which the viewer uses"),
        (with_ai(counts_as={"normal": "normal", "cap": "cap"}), "The AI's class covid is mapped to no class"),
        (with_ai(counts_as={**AI.counts_as, "cap": "gone"}), "class cap is mapped to gone, which is no class"),
        (with_ai(classes=("normal", "cap", "covid", "flu")), "class flu is mapped to no class"),
        (
            replace(GOOD, ais=(AI, replace(AI, title="other 1.0", counts_as={}))),
            "other 1.0: its class normal is",
        ),
        (replace(GOOD, ais=(AI, replace(AI, title="other 1.0", reads={}))), "other 1.0 has not read case 1, 2, 3"),
        (replace(GOOD, unregistered=("lost 1.0",)), "The AI lost 1.0 is not registered here"),
        (replace(GOOD, design=Design.SEQUENTIAL, ais=()), "design shows one to readers"),
        (replace(GOOD, readers=GOOD.readers[:2]), "The group Experts has no reader"),
        (replace(GOOD, readers=(replace(GOOD.readers[0], disabled=True), *GOOD.readers[1:])), "R1 is disabled"),
        (replace(GOOD, plan=replace(GOOD.plan, cases=(1, 2))), "too few different orders"),
        (
            replace(GOOD, protocol=replace(READY, prespecification=Prespecification(endpoint="sensitivity"))),
            "choose the class",
        ),
        (replace(GOOD, protocol=replace(READY, reference=replace(READY.reference, who=""))), "who established"),
    ],
)
def test_every_blocker_is_named(facts: Facts, says: str):
    found = blockers(facts)
    assert any(says in message for message in found), found


def test_what_is_only_worth_a_look_does_not_block():
    failed = read_as(state="failure", parameters="p")
    lonely = replace(GOOD, readers=GOOD.readers[1:])
    staff = replace(GOOD, readers=(replace(GOOD.readers[0], staff=True), *GOOD.readers[1:]))
    worth = ((failed, "failed on case 1"), (lonely, "Novices has one reader"), (staff, "R1 coordinates too"))
    for facts, says in worth:
        assert blockers(facts) == []
        assert any(says in finding.message for finding in check(facts))


def test_classes_may_join_or_be_left_out_and_the_check_says_so():
    two = replace(GOOD, classes=TWO, cases=tuple(case(n, truth=TWO[n % 2].code) for n in range(1, 7)))
    joined = replace(two, ais=(replace(AI, counts_as=JOINED),))
    left = replace(two, ais=(replace(AI, counts_as={**JOINED, "covid": None}),))
    for facts, says in ((joined, "cap and covid count as Pneumonia"), (left, "class covid is left out")):
        assert blockers(facts) == []
        assert any(says in finding.message for finding in check(facts))


def test_a_class_no_ai_knows_is_named_and_blocks_nothing():
    facts = replace(
        GOOD, classes=(*CLASSES, replace(CLASSES[0], code="flu", label="Flu", letter="F", colour="#123456"))
    )
    assert blockers(facts) == []
    assert any("has no class that counts as Flu" in finding.message for finding in check(facts))


def test_with_several_ais_the_one_that_readers_are_shown_is_named():
    both = replace(GOOD, design=Design.SEQUENTIAL, ais=(AI, replace(AI, title="other 1.0")))
    assert any("Aided readers are shown procedural 2.0" in finding.message for finding in check(both))


def test_long_lists_of_cases_are_shortened():
    facts = replace(GOOD, cases=tuple(case(n, truth=None) for n in range(1, 41)))
    assert "Without truth: case 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 and 28 more." in blockers(facts)


def test_an_ai_whose_training_patients_nobody_knows_is_worth_a_look_and_blocks_nothing():
    unknown = with_ai(patients_known=False)
    assert blockers(unknown) == []
    said = [finding.message for finding in check(unknown) if finding.area == "ai"]
    assert any("Nobody can say which patients trained the AI" in message for message in said)
    assert not any("Nobody can say" in finding.message for finding in check(GOOD))


def test_cases_of_one_patient_are_named_patient_by_patient():
    pairs = tuple(case(n, patient_id=(n + 1) // 2) for n in range(1, 6))
    assert [text for text in blockers(replace(GOOD, cases=pairs)) if "same patient" in text] == [
        "Of the same patient: cases 1, 2; take all but one out again.",
        "Of the same patient: cases 3, 4; take all but one out again.",
    ]
