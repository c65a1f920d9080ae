"""The questions a study asks of every case, beside the diagnosis."""

import re
from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import ConfigDict

Kind = Literal["choice", "choices", "number", "text", "scale", "mark"]
KINDS: tuple[Kind, ...] = ("choice", "choices", "number", "text", "scale", "mark")
KIND_NAMES: dict[str, str] = {
    "choice": "One choice",
    "choices": "Several choices",
    "number": "Number",
    "text": "Text",
    "scale": "Scale 0 to 100",
    "mark": "Mark on the image",
}
ID = re.compile(r"[a-z][a-z0-9_]{0,39}")
LONGEST_TEXT = 4000  # characters
NOTHING_ELSE = ConfigDict(extra="forbid")  # a misspelt field in an imported protocol must not become a default


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to choose. The code is stored, the label shown and exported."""

    __pydantic_config__: ClassVar[ConfigDict] = NOTHING_ELSE

    code: str
    label: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question. Fields that its kind does not use stay None.

    A scale runs from 0 to 100 between two verbal anchors and starts without a value, as a default would pull answers.
    """

    __pydantic_config__: ClassVar[ConfigDict] = NOTHING_ELSE

    id: str
    kind: Kind
    label: str
    help: str = ""
    required: bool = True
    options: tuple[Option, ...] = ()
    min: float | None = None
    max: float | None = None
    step: float | None = None
    unit: str | None = None
    pattern: str | None = None
    max_length: int | None = None
    anchors: tuple[str, str] | None = None
    mark: Literal["point", "box", "length"] | None = None


def question_problems(questions: tuple[Question, ...]) -> tuple[str, ...]:
    """Return a sentence for everything that keeps these questions from being asked."""
    found = []
    for number, question in enumerate(questions, start=1):
        name = f"Question {number} ({question.label or 'without a text'})"
        found += [f"{name} {problem}." for problem in _problems(question)]
    ids = [question.id for question in questions]
    found += [f"The question id {twice} is used twice; change one." for twice in _repeated(ids)]
    return tuple(found)


def _problems(question: Question) -> list[str]:
    found = []
    if not question.label.strip():
        found.append("needs a text")
    if not ID.fullmatch(question.id):
        found.append("needs an id of small letters, digits and _, starting with a letter, 40 characters at most")
    check = {"choice": _options, "choices": _options, "number": _number, "text": _text, "scale": _scale, "mark": _mark}
    return found + check[question.kind](question)


def _options(question: Question) -> list[str]:
    codes = [option.code for option in question.options]
    if len(codes) < 2:
        return ["needs at least two options"]
    found = [f"has the option {twice} twice" for twice in _repeated(codes)]
    if not all(option.code.strip() and option.label.strip() for option in question.options):
        found.append("has an option without a text")
    return found


def _number(question: Question) -> list[str]:
    found = []
    if question.min is not None and question.max is not None and question.min >= question.max:
        found.append("needs a smallest value below its largest")
    if question.step is not None and question.step <= 0:
        found.append("needs a step above zero")
    return found


def _text(question: Question) -> list[str]:
    found = []
    if question.max_length is not None and not 1 <= question.max_length <= LONGEST_TEXT:
        found.append(f"takes a length from 1 to {LONGEST_TEXT} characters")
    if question.pattern:
        try:
            re.compile(question.pattern)
        except re.error:
            found.append("has a pattern that is not a regular expression")
    return found


def _scale(question: Question) -> list[str]:
    if question.anchors is None or not all(anchor.strip() for anchor in question.anchors):
        return ["needs words for both ends of its scale"]
    return []


def _mark(question: Question) -> list[str]:
    return [] if question.mark else ["needs to say whether it asks for a point, a box or a length"]


def _repeated(values: list[str]) -> list[str]:
    return sorted({value for value in values if values.count(value) > 1})
