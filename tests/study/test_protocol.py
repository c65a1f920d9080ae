import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.study.classes import PALETTE, StudyClass, class_problems
from core.study.identifiers import identifying
from core.study.keys import VIEWER_LETTERS, free_letter, letter_problem
from core.study.prespecification import Prespecification, prespecification_problems
from core.study.protocol import Protocol, protocol_problems
from core.study.questions.choice import Choice
from core.study.questions.choices import Choices
from core.study.questions.mark import Mark
from core.study.questions.number import Number
from core.study.questions.question import Option, Question
from core.study.questions.registry import question_problems
from core.study.questions.scale import Scale
from core.study.questions.text import Text
from core.study.template import PUBLISHED
from core.study.words import Design

options = st.lists(st.builds(Option, code=st.text(max_size=5), label=st.text(max_size=5)), max_size=3).map(tuple)
named = {"id": st.from_regex(r"[a-z]{1,5}", fullmatch=True), "label": st.text(max_size=20), "required": st.booleans()}
numbers = st.none() | st.floats(-1e6, 1e6)
questions = st.one_of(
    st.builds(Choice, options=options, **named),
    st.builds(Choices, options=options, **named),
    st.builds(Number, min=numbers, max=numbers, step=numbers, unit=st.none() | st.text(max_size=3), **named),
    st.builds(Text, max_length=st.none() | st.integers(1, 9), **named),
    st.builds(Scale, anchors=st.none() | st.tuples(st.text(max_size=5), st.text(max_size=5)), **named),
    st.builds(Mark, mark=st.sampled_from([None, "point", "box", "length"]), **named),
)
protocols = st.builds(
    Protocol, questions=st.lists(questions, max_size=3).map(tuple), ratings=st.booleans(), idle_after_s=st.integers(1)
)


@given(protocols)
def test_a_protocol_comes_back_from_its_json(protocol: Protocol):
    assert Protocol.from_json(json.loads(json.dumps(protocol.to_json()))) == protocol


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"idle": 3}, "idle is not a field"),
        ({"prespecification": {"alfa": 0.05}}, r"prespecification\.alfa is not a field"),
        ({"questions": [{"id": "a", "kind": "guess", "label": "x"}]}, r"questions\.0\.kind"),
        ({"washout_days": "soon"}, "washout_days"),
        ([], "protocol"),
        (None, "protocol"),
    ],
)
def test_what_cannot_be_read_is_named(data: object, says: str):
    with pytest.raises(InvalidInput, match=says):
        Protocol.from_json(data)


def test_the_template_is_ready_but_for_the_interval_of_its_truth():
    assert class_problems(PUBLISHED.classes) == ()
    assert protocol_problems(PUBLISHED.protocol) == (
        "Reference standard: say how much time lay between the CT and what the truth rests on.",
    )
    assert len(PUBLISHED.readers) == 4


@pytest.mark.parametrize("letter", [*VIEWER_LETTERS, "1", "?", "", "ab", "ä", "n"])
def test_letters_of_the_viewer_are_refused_for_classes(letter: str):
    assert letter_problem(letter) is not None


@given(st.text(max_size=10), st.sets(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), max_size=10))
def test_a_free_letter_is_free_and_allowed(label: str, taken: set[str]):
    letter = free_letter(label, taken)
    assert letter not in taken
    assert letter_problem(letter) is None


def test_classes_that_readers_could_mix_up_are_refused():
    one = StudyClass("a", "Alpha", "A", PALETTE[0])
    for other, says in (
        (StudyClass("a", "Beta", "B", PALETTE[1]), "code a"),
        (StudyClass("b", "alpha", "B", PALETTE[1]), "label alpha"),
        (StudyClass("b", "Beta", "A", PALETTE[1]), "letter a"),
        (StudyClass("b", "Beta", "B", PALETTE[0].lower()), "colour"),
        (StudyClass("indeterminate", "Beta", "B", PALETTE[1]), "other than"),
        (StudyClass("b", "Beta", "B", "red"), "needs a colour"),
    ):
        assert any(says in problem for problem in class_problems((one, other))), says
    assert class_problems((one,)) == ("A study needs 2 to 9 diagnoses.",)


@pytest.mark.parametrize(
    ("question", "says"),
    [
        (Text(id="Q", label="x"), "id of small letters"),
        (Text(id="q", label=" "), "needs a text"),
        (Choice(id="q", label="x", options=(Option("a", "A"),)), "two options"),
        (Choices(id="q", label="x", options=(Option("a", "A"), Option("a", "B"))), "twice"),
        (Number(id="q", label="x", min=3, max=3), "below its largest"),
        (Number(id="q", label="x", step=0), "step above zero"),
        (Text(id="q", label="x", pattern="("), "regular expression"),
        (Scale(id="q", label="x", anchors=("low", "")), "both ends"),
        (Mark(id="q", label="x"), "point, a box or a length"),
    ],
)
def test_questions_that_cannot_be_asked_are_named(question: Question, says: str):
    (problem,) = question_problems((question,))
    assert says in problem


def test_a_change_of_words_is_told_from_a_change_of_rules():
    before = Protocol(questions=(Scale(id="q", label="Sure?", anchors=("no", "yes")),), instructions="a")
    scale: Any = before.questions[0]
    asked = replace(scale, label="How sure?", anchors=("guessed", "certain"))
    assert replace(before, questions=(asked,), instructions="b").without_wording() == before.without_wording()
    assert replace(before, ratings=False).without_wording() != before.without_wording()


@pytest.mark.parametrize(
    ("chosen", "says"),
    [
        (Prespecification(endpoint="sensitivity"), "choose the class"),
        (Prespecification(endpoint="auc", endpoint_class="covid"), "needs ratings"),
        (Prespecification(comparison="aided_vs_unaided"), "sequential or a crossover"),
        (Prespecification(comparator="Residents"), "no reader group Residents"),
        (Prespecification(alpha=1.0), "alpha"),
        (Prespecification(hypothesis="non-inferiority", margin_rationale="x"), "margin between 0 and 1"),
        (Prespecification(hypothesis="non-inferiority", margin=0.05), "largest loss"),
        (Prespecification(multiplicity="holm"), "name the other endpoints"),
        (Prespecification(multiplicity="holm", family=("accuracy",)), "name the other endpoints"),
        (Prespecification(multiplicity="holm", family=("sensitivity flu",)), "names sensitivity flu"),
        (Prespecification(multiplicity="hierarchical", family=("auc covid",)), "AUC, which needs ratings"),
        (Prespecification(subgroups=("sex", "weight")), "weight is no attribute"),
        (Prespecification(subgroups=("age",), age_cut=90), "between 1 and 88 years"),
        (Prespecification(subgroups=("thickness",), thickness_cut_mm=0.0), "between 0 and 20 mm"),
    ],
)
def test_prespecifications_that_cannot_be_tested_are_named(chosen: Prespecification, says: str):
    (problem,) = prespecification_problems(
        chosen, codes=("normal", "covid"), groups=("Experts",), design=Design.INDEPENDENT, ratings=False
    )
    assert says in problem


@pytest.mark.parametrize("text", ["DOE^JANE", "Jane Doe", "1961-03-02", "19610302", "4711081", "a@b.de", "x.dcm"])
def test_texts_that_may_identify_a_patient_are_spotted(text: str):
    assert identifying(text) is not None


@pytest.mark.parametrize("text", ["thin", "centre A", "B70f", "scanner 2", "COVID-19 on chest CT", "kVp 120"])
def test_ordinary_tags_are_left_alone(text: str):
    assert identifying(text) is None
