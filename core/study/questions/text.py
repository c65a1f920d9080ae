"""A text."""

import re
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from core.study.questions.question import Cell, Question
from core.study.questions.settings import Setting, TextSetting, WholeSetting
from core.study.questions.values import plain

LONGEST_TEXT = 4000  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Question):
    """A text of at most `max_length` characters that matches the regular expression `pattern` as a whole."""

    title: ClassVar[str] = "Text"
    settings: ClassVar[tuple[Setting, ...]] = (
        WholeSetting(field="max_length", label="Most characters", low=1, high=LONGEST_TEXT, start=500),
        TextSetting(field="pattern", label="Form of the answer (regular expression)"),
    )

    kind: Literal["text"] = "text"
    max_length: int | None = None
    pattern: str | None = None

    def faults(self) -> list[str]:
        """The length is possible, the pattern is one."""
        faults = []
        if self.max_length is not None and not 1 <= self.max_length <= LONGEST_TEXT:
            faults.append(f"takes a length from 1 to {LONGEST_TEXT} characters")
        if self.pattern:
            try:
                re.compile(self.pattern)
            except re.error:
                faults.append("has a pattern that is not a regular expression")
        return faults

    def answer_fault(self, answer: Any, *, complete: bool) -> str | None:
        """A text of the length asked for; when complete, of the form asked for."""
        limit = self.max_length or LONGEST_TEXT
        if not isinstance(answer, str):
            return "takes text"
        if not plain(answer):
            return "takes plain text"
        if len(answer) > limit:
            return f"takes at most {limit} characters"
        if complete and self.required and not answer.strip():
            return "needs an answer"
        if complete and self.pattern and not re.fullmatch(self.pattern, answer):
            return "does not have the form asked for"
        return None

    def cells(self, answer: Any) -> tuple[Cell, ...]:
        """The text."""
        return (answer,)

    def said(self, answer: Any) -> str:
        """The text."""
        return str(answer)
