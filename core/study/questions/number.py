"""A number, with a unit."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from core.study.questions.question import Cell, Question
from core.study.questions.settings import NumberSetting, Setting, TextSetting
from core.study.questions.values import finite


@dataclass(frozen=True, slots=True, kw_only=True)
class Number(Question):
    """A number from `min` to `max` in steps of `step` from `min` (or 0), in `unit`."""

    title: ClassVar[str] = "Number"
    settings: ClassVar[tuple[Setting, ...]] = (
        NumberSetting(field="min", label="Smallest"),
        NumberSetting(field="max", label="Largest"),
        NumberSetting(field="step", label="Step"),
        TextSetting(field="unit", label="Unit"),
    )

    kind: Literal["number"] = "number"
    min: float | None = None
    max: float | None = None
    step: float | None = None
    unit: str | None = None

    def faults(self) -> list[str]:
        """The range has a width, the step is above zero."""
        faults = []
        if self.min is not None and self.max is not None and self.min >= self.max:
            faults.append("needs a smallest value below its largest")
        if self.step is not None and self.step <= 0:
            faults.append("needs a step above zero")
        return faults

    def answer_fault(self, answer: Any, *, complete: bool) -> str | None:
        """A number; when complete, one in the range and on a step."""
        if not finite(answer):
            return "takes a number"
        if not complete:
            return None
        low, high = self.min, self.max
        if (low is not None and answer < low) or (high is not None and answer > high):
            ends = (f"from {low:g}" if low is not None else "", f"up to {high:g}" if high is not None else "")
            return f"takes a number {' '.join(end for end in ends if end)}"
        if self.step:
            steps = (answer - (low or 0)) / self.step
            if abs(steps - round(steps)) > 1e-6:
                return f"takes steps of {self.step:g}"
        return None

    def cells(self, answer: Any) -> tuple[Cell, ...]:
        """The number."""
        return (answer,)

    def said(self, answer: Any) -> str:
        """The number with its unit."""
        return f"{answer} {self.unit}" if self.unit else str(answer)
