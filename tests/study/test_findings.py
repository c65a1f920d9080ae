from dataclasses import replace

import pytest

from core.errors import InvalidInput
from core.study.classes import StudyClass, class_problems
from core.study.findings import Acceptance, Finding, aligned, anything, finding_problems, in_words, levels_problems
from core.study.protocol import Protocol, protocol_problems
from core.study.questions.question import Option
from core.study.template import PUBLISHED

GRADES = (Option("none", "None"), Option("mild", "Mild"), Option("severe", "Severe"))
NODULE = Finding("nodule", mark="sphere")
EMPHYSEMA = Finding("emphysema", levels=GRADES, positive_from=2)
LABELS = {"nodule": "Nodule", "emphysema": "Emphysema"}


def test_a_protocol_keeps_its_findings_and_their_acceptance():
    asked = Protocol(findings=(NODULE, EMPHYSEMA), acceptance=Acceptance("overlap", overlap=0.3, reach_mm=2))
    assert Protocol.from_json(asked.to_json()) == asked
    with pytest.raises(InvalidInput, match=r"findings\.0\.size is not a field"):
        Protocol.from_json({"findings": [{"code": "nodule", "size": 3}]})


def test_the_papers_template_asks_for_one_diagnosis():
    assert PUBLISHED.protocol.findings == ()


@pytest.mark.parametrize(
    ("finding", "acceptance", "said"),
    [
        (replace(EMPHYSEMA, levels=GRADES[:1], positive_from=1), Acceptance(), "needs 2 to 11 grades"),
        (replace(EMPHYSEMA, levels=(GRADES[0], GRADES[0])), Acceptance(), "has the grade none twice"),
        (replace(EMPHYSEMA, levels=(*GRADES, Option("x", " "))), Acceptance(), "a grade without a text"),
        (replace(EMPHYSEMA, positive_from=0), Acceptance(), "from which grade on"),
        (replace(EMPHYSEMA, positive_from=3), Acceptance(), "from which grade on"),
        (replace(NODULE, positive_from=2), Acceptance(), "from which grade on"),
        (NODULE, Acceptance(radius_mm=0), "radius lies above 0"),
        (NODULE, Acceptance(radius_mm=float("nan")), "radius lies above 0"),
        (NODULE, Acceptance("overlap", overlap=1.2), "overlap that is accepted"),
        (NODULE, Acceptance("overlap", reach_mm=-1), "reach of a flat mark"),
    ],
)
def test_what_cannot_be_asked_is_said(finding: Finding, acceptance: Acceptance, said: str):
    assert said in " ".join(finding_problems([finding], acceptance))


def test_an_acceptance_nobody_needs_is_not_judged():
    assert finding_problems([EMPHYSEMA], Acceptance(radius_mm=0)) == []
    assert "named twice" in finding_problems([NODULE, NODULE], Acceptance())[0]


def test_findings_may_be_changed_until_locked():
    assert any("lets answers change" in text for text in protocol_problems(Protocol(findings=(NODULE,), undo=False)))


def test_a_grade_counts_as_present_from_its_place_on():
    assert [EMPHYSEMA.present(code) for code in (None, "none", "mild", "severe", "huge")] == [False] * 3 + [True, False]
    assert [NODULE.present(code) for code in (None, "absent", "present")] == [False, False, True]


def test_a_case_is_described_by_what_is_there():
    findings = (NODULE, EMPHYSEMA)
    levels = {"nodule": "present", "emphysema": "severe"}
    assert in_words(levels, findings, LABELS) == "Nodule, Emphysema (Severe)"
    assert in_words({}, findings, LABELS) == "None of the findings"
    assert [anything(given, findings) for given in (levels, {"emphysema": "mild"})] == ["some", "none"]


def test_levels_that_are_missing_or_unknown_are_named():
    wrong = levels_problems({"emphysema": "huge"}, (NODULE, EMPHYSEMA), LABELS)
    assert wrong["nodule"] == "Nodule is missing; say absent or present."
    assert wrong["emphysema"] == "Emphysema is huge, which is none of none, mild, severe."
    assert levels_problems({"nodule": "absent", "emphysema": "mild"}, (NODULE, EMPHYSEMA), LABELS) == {}


def test_findings_follow_the_classes():
    assert aligned((EMPHYSEMA, NODULE), ("nodule", "effusion")) == (NODULE, Finding("effusion"))


def test_twelve_findings_may_share_colours_and_one_alone_will_do():
    many = tuple(StudyClass(f"f{n}", f"F{n}", "acefgijknoqs"[n].upper(), "#009E73") for n in range(12))
    assert not any("needs" in text and "findings" in text for text in class_problems(many, findings=True))
    assert not any("colour" in text for text in class_problems(many, findings=True))
    assert "A study of findings needs 1 to 18 of them." in class_problems((), findings=True)
    assert "A study needs 2 to 9 diagnoses." in class_problems(many)
