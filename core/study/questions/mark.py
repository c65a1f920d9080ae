"""Marks on the image."""

import json
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from core.study.questions.question import Cell, Question
from core.study.questions.settings import OneOfSetting, Setting

SHAPES = {"point": "a point", "box": "a box", "length": "a length"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark(Question):
    """Any number of marks of one shape. They stand among the marks of the read, which name the question."""

    title: ClassVar[str] = "Mark on the image"
    settings: ClassVar[tuple[Setting, ...]] = (OneOfSetting(field="mark", label="Readers mark", options=SHAPES),)

    kind: Literal["mark"] = "mark"
    mark: Literal["point", "box", "length"] | None = None

    def faults(self) -> list[str]:
        """A shape is chosen."""
        return [] if self.mark else ["needs to say whether it asks for a point, a box or a length"]

    def answer_fault(self, answer: Any, *, complete: bool) -> str | None:
        """Nothing is kept among the answers: marks are checked as marks."""
        return "is answered by marks on the image"

    def answer(self, content: dict[str, Any]) -> Any:
        """Return the marks that answer this question."""
        return [mark for mark in content.get("marks") or [] if mark.get("question") == self.id] or None

    def cells(self, answer: Any) -> tuple[Cell, ...]:
        """The marks as JSON: images counted from 0, axial ones from the apex; points in pixels.

        A mark of another plane than the axial one says which.
        """
        if answer is None:
            return (None,)
        places = [
            {**({} if one.get("plane", "axial") == "axial" else {"plane": one["plane"]}), "slice": one["slice"],
             "points": one["points"]}
            for one in answer
        ]  # fmt: skip
        return (json.dumps(places, ensure_ascii=False),)

    def said(self, answer: Any) -> str:
        """How many marks there are."""
        return f"{len(answer)} mark{'' if len(answer) == 1 else 's'}"
