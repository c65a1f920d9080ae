"""Answers: lenient in a draft, strict at the lock, and never anything but the known parts."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.study.answers import EMPTY, Form, checked
from core.study.classes import INDETERMINATE
from core.study.questions.choice import Choice
from core.study.questions.choices import Choices
from core.study.questions.grade import Grade
from core.study.questions.mark import Mark
from core.study.questions.number import Number
from core.study.questions.question import Option, Question
from core.study.questions.scale import Scale
from core.study.questions.text import Text

CLASSES = {"normal": "Normal", "covid": "COVID-19"}
OPTIONS = (Option(code="a", label="A"), Option(code="b", label="B"))
SHAPE = (10, 64, 48)
QUESTIONS = {
    "choice": Choice(id="q", label="Side", required=True, options=OPTIONS),
    "choices": Choices(id="q", label="Lobes", required=True, options=OPTIONS),
    "grade": Grade(id="q", label="Quality", required=True, options=OPTIONS),
    "number": Number(id="q", label="Size", required=True, min=0, max=10, step=0.5),
    "text": Text(id="q", label="Remark", required=True, max_length=8, pattern="[a-z]+"),
    "scale": Scale(id="q", label="Quality", required=True),
    "mark": Mark(id="q", label="Lesion", required=True, mark="point"),
}
POINT = {"id": "m1", "kind": "point", "plane": "axial", "slice": 3, "points": [[10, 20]], "question": "q", "label": ""}


def form(*questions: Question, indeterminate: bool = False, ratings: bool = False) -> Form:
    return Form(CLASSES, indeterminate, ratings, questions, SHAPE)


def problems(content: dict[str, Any], *questions: Question, complete: bool = True, **rules: bool) -> set[str]:
    _, fields = checked({"diagnosis": "normal", **content}, form(*questions, **rules), complete=complete)
    return set(fields)


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("choice", "a"), ("choices", ["b", "a"]), ("grade", "b"),
        ("number", 0), ("number", 9.5), ("number", 10), ("text", "fine"),
        ("scale", 0), ("scale", 100), ("scale", 50.0),
    ],
)  # fmt: skip
def test_a_right_answer_of_every_kind_is_kept(kind: str, answer: Any) -> None:
    clean, fields = checked({"diagnosis": "normal", "answers": {"q": answer}}, form(QUESTIONS[kind]), complete=True)
    assert fields == {}
    assert clean["answers"] == {"q": answer}


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("choice", "c"), ("choice", ["a"]), ("choice", 1), ("choice", {}), ("choices", "a"), ("choices", ["c"]),
        ("grade", "c"), ("grade", 2), ("grade", ["a"]),
        ("choices", ["a", "a"]), ("choices", [["a"]]), ("number", "3"), ("number", True), ("number", float("nan")),
        ("number", float("inf")), ("number", -0.5), ("number", 10.5), ("number", 0.3), ("text", 5),
        ("text", "a\x00b"), ("text", "\ud800"), ("number", 10**400), ("scale", 10**400),
        ("text", "far too long"), ("text", "UPPER"), ("text", "   "), ("scale", 101), ("scale", -1), ("scale", 1.5),
        ("scale", "50"), ("scale", False),
    ],
)  # fmt: skip
def test_a_wrong_answer_of_every_kind_is_named_at_the_lock(kind: str, answer: Any) -> None:
    assert problems({"answers": {"q": answer}}, QUESTIONS[kind]) == {"answers.q"}


@pytest.mark.parametrize("kind", list(QUESTIONS))
def test_a_required_answer_is_asked_for_at_the_lock_only(kind: str) -> None:
    missing: Any
    for missing in ({}, {"answers": {}}, {"answers": {"q": None}}, {"answers": None}):
        assert problems(missing, QUESTIONS[kind]) == {"answers.q"}
        assert problems(missing, QUESTIONS[kind], complete=False) == set()


@pytest.mark.parametrize("kind", list(QUESTIONS))
def test_an_optional_answer_may_be_left_out(kind: str) -> None:
    assert problems({}, replace(QUESTIONS[kind], required=False)) == set()


def test_a_half_typed_number_or_text_may_be_drafted() -> None:
    assert problems({"answers": {"q": 300}}, QUESTIONS["number"], complete=False) == set()
    assert problems({"answers": {"q": "UP"}}, QUESTIONS["text"], complete=False) == set()
    assert problems({"answers": {"q": "x" * 99}}, QUESTIONS["text"], complete=False) == {"answers.q"}


def test_the_diagnosis_is_one_of_the_classes_or_indeterminate_where_allowed() -> None:
    assert problems({"diagnosis": None}) == {"diagnosis"}
    assert problems({"diagnosis": None}, complete=False) == set()
    assert problems({"diagnosis": "flu"}, complete=False) == {"diagnosis"}
    assert problems({"diagnosis": INDETERMINATE}) == {"diagnosis"}
    assert problems({"diagnosis": INDETERMINATE}, indeterminate=True) == set()
    assert problems({"diagnosis": ["normal"]}) == {"diagnosis"}


@pytest.mark.parametrize("rating", [-1, 101, 50.5, "50", True, float("nan"), [], {}])
def test_every_rating_is_a_whole_number_from_0_to_100(rating: Any) -> None:
    assert problems({"ratings": {"normal": rating, "covid": 5}}, ratings=True) == {"ratings.normal"}


def test_every_class_is_rated_where_ratings_are_on_and_none_is_kept_where_they_are_off() -> None:
    assert problems({"ratings": {"normal": 0}}, ratings=True) == {"ratings.covid"}
    assert problems({"ratings": {"normal": 0, "covid": 100}}, ratings=True) == set()
    clean, _ = checked({"diagnosis": "normal", "ratings": {"normal": 3}}, form(), complete=True)
    assert clean["ratings"] == {}


@pytest.mark.parametrize(
    "change",
    [
        {"slice": 10}, {"slice": -1}, {"slice": 2.5}, {"slice": "3"}, {"points": [[48, 3]]}, {"points": [[3, 64]]},
        {"points": [[-1, 3]]}, {"points": []}, {"points": [[1, 2], [3, 4]]}, {"points": [[1]]}, {"points": [["1", 2]]},
        {"points": [[float("nan"), 2]]}, {"points": "12"}, {"kind": "circle"}, {"kind": None}, {"plane": "coronal"},
        {"question": "other"}, {"slice": 10**400}, {"points": [[10**400, 0]]}, {"label": "\x00"},
        {"question": ["q"]}, {"kind": "length", "points": [[1, 2], [3, 4]]},
    ],
)  # fmt: skip
def test_a_mark_outside_the_volume_or_of_the_wrong_kind_is_refused(change: dict[str, Any]) -> None:
    assert "marks" in problems({"marks": [{**POINT, **change}]}, QUESTIONS["mark"])


@pytest.mark.parametrize(("plane", "images", "columns", "rows"), [("coronal", 64, 48, 10), ("sagittal", 48, 64, 10)])
def test_marks_of_the_other_planes_are_held_to_their_own_images(
    plane: str, images: int, columns: int, rows: int
) -> None:
    last = {**POINT, "plane": plane, "slice": images - 1, "points": [[columns - 0.5, rows - 0.5]], "question": None}
    ellipse = {**last, "id": "m2", "kind": "ellipse", "points": [[1, 2], [30, 9]]}
    clean, fields = checked({"diagnosis": "normal", "marks": [last, ellipse]}, form(), complete=True)
    assert (fields, [(mark["plane"], mark["slice"]) for mark in clean["marks"]]) == ({}, [(plane, images - 1)] * 2)
    for wrong in ({"slice": images}, {"points": [[columns, 1]]}, {"points": [[1, rows]]}, {"plane": "oblique"}):
        assert problems({"marks": [{**last, **wrong}]}) == {"marks"}


def test_marks_and_key_images_inside_the_volume_are_kept() -> None:
    box = {**POINT, "id": "m2", "kind": "box", "points": [[-0.5, -0.5], [47.5, 63.5]], "question": None}
    content = {"diagnosis": "normal", "marks": [POINT, box], "key_slices": [9, 0, 9]}
    clean, fields = checked(content, form(QUESTIONS["mark"]), complete=True)
    assert fields == {}
    assert [mark["kind"] for mark in clean["marks"]] == ["point", "box"]
    assert clean["key_slices"] == [0, 9]


@pytest.mark.parametrize("key_slices", [[10], [-1], ["1"], [1.5], "1", [1] * 500])
def test_key_images_outside_the_volume_are_refused(key_slices: Any) -> None:
    assert problems({"key_slices": key_slices}) == {"key_slices"}


def test_what_is_not_asked_is_not_kept() -> None:
    content = {"diagnosis": "normal", "answers": {"other": 1}, "arm": "aided", "practice": True, "truth": "covid"}
    clean, fields = checked(content, form(), complete=True)
    assert fields == {}
    assert clean == {**EMPTY, "diagnosis": "normal"}


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*EMPTY, "q", "kind"]), inner),
    max_leaves=12,
)


@given(_JSON | st.fixed_dictionaries({name: _JSON for name in EMPTY}), st.sampled_from(list(QUESTIONS)), st.booleans())
def test_anything_at_all_is_answered_and_what_is_kept_passes_again(content: Any, kind: str, complete: bool) -> None:
    asked = form(QUESTIONS[kind], indeterminate=True, ratings=True)
    clean, fields = checked(content, asked, complete=complete)
    assert all(text.endswith(".") for text in fields.values())
    json.dumps(clean, allow_nan=False)
    if not fields:
        assert checked(clean, asked, complete=complete) == (clean, {})
