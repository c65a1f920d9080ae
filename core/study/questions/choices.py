"""Any number of some options."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from core.study.questions.choice import OPTIONS, label_of, options_faults
from core.study.questions.question import Cell, Option, Question
from core.study.questions.settings import Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices(Question):
    """Several of `options`; the list of their codes is stored."""

    title: ClassVar[str] = "Several choices"
    settings: ClassVar[tuple[Setting, ...]] = (OPTIONS,)

    kind: Literal["choices"] = "choices"
    options: tuple[Option, ...] = ()

    def faults(self) -> list[str]:
        """Options are at least two, differ, and have texts."""
        return options_faults(self.options)

    def answer_fault(self, answer: Any, *, complete: bool) -> str | None:
        """A list of codes of options, each once."""
        codes = {option.code for option in self.options}
        right = isinstance(answer, list) and all(isinstance(item, str) and item in codes for item in answer)
        return None if right and len(set(answer)) == len(answer) else "takes some of its options, each once"

    def cells(self, answer: Any) -> tuple[Cell, ...]:
        """The labels of the options, joined by "; "."""
        return (None if answer is None else self.said(answer),)

    def said(self, answer: Any) -> str:
        """The labels of the options, joined by "; "."""
        return "; ".join(label_of(self.options, code) for code in answer)
