"""A level of an ordered scale, such as CO-RADS 1 to 5 or image quality from poor to excellent."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from core.study.questions.choice import label_of, options_faults
from core.study.questions.question import Cell, Option, Question
from core.study.questions.settings import OptionsSetting, Setting

MOST_LEVELS = 11  # as many as 0 to 10; finer judgements belong on a scale from 0 to 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade(Question):
    """One of ordered levels, the lowest first in `options`; the code of the level is stored.

    Exports give the level by its label and by its rank, 1 for the lowest, as weighted kappas need it.
    """

    title: ClassVar[str] = "Grade on an ordered scale"
    settings: ClassVar[tuple[Setting, ...]] = (
        OptionsSetting(field="options", label="Levels from the lowest to the highest, one a line"),
    )

    kind: Literal["grade"] = "grade"
    options: tuple[Option, ...] = ()

    def faults(self) -> list[str]:
        """Levels are 2 to MOST_LEVELS, differ, and have texts."""
        many = [f"takes at most {MOST_LEVELS} levels"] if len(self.options) > MOST_LEVELS else []
        return options_faults(self.options) + many

    def answer_fault(self, answer: Any, *, complete: bool) -> str | None:
        """The code of a level."""
        right = isinstance(answer, str) and answer in self._codes()
        return None if right else "takes one of its levels"

    @property
    def columns(self) -> tuple[str, ...]:
        """The level, and its rank."""
        return ("", "rank")

    def cells(self, answer: Any) -> tuple[Cell, ...]:
        """The label of the level, and its rank from 1."""
        if answer is None:
            return (None, None)
        codes = self._codes()
        return self.said(answer), codes.index(answer) + 1 if answer in codes else None

    def said(self, answer: Any) -> str:
        """The label of the level."""
        return label_of(self.options, answer)

    def _codes(self) -> list[str]:
        return [option.code for option in self.options]
