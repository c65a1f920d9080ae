"""One of some options."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from core.study.questions.question import Cell, Option, Question, repeated
from core.study.questions.settings import OptionsSetting, Setting

OPTIONS = OptionsSetting(field="options", label="Answers to choose from, one a line")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Question):
    """One of `options`; the code of the option is stored."""

    title: ClassVar[str] = "One choice"
    settings: ClassVar[tuple[Setting, ...]] = (OPTIONS,)

    kind: Literal["choice"] = "choice"
    options: tuple[Option, ...] = ()

    def faults(self) -> list[str]:
        """Options are at least two, differ, and have texts."""
        return options_faults(self.options)

    def answer_fault(self, answer: Any, *, complete: bool) -> str | None:
        """The code of an option."""
        codes = {option.code for option in self.options}
        return None if isinstance(answer, str) and answer in codes else "takes one of its options"

    def cells(self, answer: Any) -> tuple[Cell, ...]:
        """The label of the option."""
        return (None if answer is None else self.said(answer),)

    def said(self, answer: Any) -> str:
        """The label of the option."""
        return label_of(self.options, answer)


def options_faults(options: tuple[Option, ...]) -> list[str]:
    """Return what keeps options from being offered."""
    codes = [option.code for option in options]
    if len(codes) < 2:
        return ["needs at least two options"]
    faults = [f"has the option {twice} twice" for twice in repeated(codes)]
    if not all(option.code.strip() and option.label.strip() for option in options):
        faults.append("has an option without a text")
    return faults


def label_of(options: tuple[Option, ...], code: Any) -> str:
    """Return the label of an option by its code; of a code that is no option, the code."""
    return next((option.label or option.code for option in options if option.code == code), str(code))
