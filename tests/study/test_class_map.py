"""Which diagnosis each class of an AI counts as: many to one, left out, and what is guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.study.class_map import ClassMap, completed, guessed, named_by_classes
from core.study.classes import INDETERMINATE, StudyClass
from core.study.template import PUBLISHED

SHIPPED = ("normal", "cap", "covid")
JOINED = ClassMap({"normal": "normal", "cap": "pneumonia", "covid": "pneumonia"})


def classes(*labels: str) -> list[StudyClass]:
    return [StudyClass(label.lower().replace(" ", "_"), label, label[0], "#000000") for label in labels]


def test_many_to_one_sums_probabilities_and_joins_calls():
    found = JOINED.probabilities({"normal": 0.3, "cap": 0.25, "covid": 0.45}, ("normal", "pneumonia"))
    assert found == pytest.approx({"normal": 0.3, "pneumonia": 0.7})
    assert [JOINED.outcome(call) for call in SHIPPED] == ["normal", "pneumonia", "pneumonia"]
    assert JOINED.counts({"normal": 5, "cap": 2, "covid": 4}) == {"normal": 5, "pneumonia": 6}
    assert JOINED.names(SHIPPED) == ("normal", "pneumonia")
    assert JOINED.joined(SHIPPED, (0.5, 0.2, 0.3)) == pytest.approx((0.5, 0.5))


def test_a_class_that_is_left_out_is_no_diagnosis_and_its_probability_counts_for_none():
    left = ClassMap({"normal": "normal", "cap": "pneumonia", "covid": None})
    assert left.outcome("covid") == INDETERMINATE
    assert left.probabilities({"normal": 0.2, "cap": 0.3, "covid": 0.5}, ("normal", "pneumonia")) == {
        "normal": 0.2,
        "pneumonia": 0.3,
    }
    assert left.names(SHIPPED) == ("normal", "pneumonia", "covid")


def test_a_diagnosis_that_the_ai_does_not_know_has_no_probability_rather_than_none_at_all():
    assert "oedema" not in JOINED.probabilities({"normal": 1.0, "cap": 0.0, "covid": 0.0}, ("normal", "oedema"))


def test_findings_that_can_occur_together_are_not_added_up():
    findings = ClassMap({"nodule": "abnormal", "effusion": "abnormal"}, exclusive=False)
    assert findings.probabilities({"nodule": 0.8, "effusion": 0.7}, ("abnormal",)) == {"abnormal": 0.8}


@given(st.lists(st.floats(0, 1, width=32), min_size=3, max_size=3))
def test_a_summed_probability_never_exceeds_one(parts: list[float]):
    total = sum(parts) or 1.0
    shares = dict(zip(SHIPPED, (part / total for part in parts), strict=True))
    one = ClassMap(dict.fromkeys(SHIPPED, "any"))
    assert 0 <= one.probabilities(shares, ("any",))["any"] <= 1


def test_one_to_one_leaves_every_digit():
    same = ClassMap({name: name for name in SHIPPED})
    values = {"normal": 0.1 + 0.2, "cap": 1 / 3, "covid": 0.123456789012345}
    assert same.probabilities(values, SHIPPED) == values


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (("Normal", "Pneumonia"), {"normal": "normal", "cap": "pneumonia", "covid": "pneumonia"}),
        (("No disease", "Disease"), {"normal": "no_disease", "cap": "disease", "covid": "disease"}),
        (("Covid", "Normal", "CAP"), {"normal": "normal", "cap": "cap", "covid": "covid"}),
        (("Normal", "COVID-19", "Oedema"), {"normal": "normal", "covid": "covid-19"}),
        (("Oedema", "Embolism"), {}),
    ],
)
def test_guesses_are_sensible(labels: tuple[str, ...], expected: dict[str, str]):
    assert guessed(SHIPPED, classes(*labels)) == expected


def test_the_card_s_own_words_help_to_guess():
    labels = {"cap": "community-acquired pneumonia", "covid": "COVID-19 pneumonia"}
    three = classes("Normal", "Pneumonia", "Oedema")
    assert guessed(SHIPPED, three, labels) == {"normal": "normal", "cap": "pneumonia", "covid": "pneumonia"}


def test_the_published_study_is_one_to_one():
    one_to_one = {name: name for name in SHIPPED}
    assert guessed(SHIPPED, PUBLISHED.classes) == one_to_one
    assert named_by_classes(PUBLISHED.classes, SHIPPED) == one_to_one


def test_completing_a_map_keeps_what_was_said_and_drops_what_is_gone():
    two = classes("Normal", "Pneumonia")
    stored = {"covid": None, "cap": "gone", "other": "normal"}
    assert completed(stored, SHIPPED, two) == {"normal": "normal", "cap": "pneumonia", "covid": None}
