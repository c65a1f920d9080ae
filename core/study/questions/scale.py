"""A place on a continuous scale from 0 to 100."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from core.study.questions.question import Cell, Question
from core.study.questions.settings import PairSetting, Setting
from core.study.questions.values import whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale(Question):
    """A whole number from 0 to 100 between two verbal `anchors`; it starts without a value."""

    title: ClassVar[str] = "Scale 0 to 100"
    settings: ClassVar[tuple[Setting, ...]] = (PairSetting(field="anchors", label="Words at 0", second="Words at 100"),)

    kind: Literal["scale"] = "scale"
    anchors: tuple[str, str] | None = None

    def faults(self) -> list[str]:
        """Both ends have words."""
        if self.anchors is None or not all(anchor.strip() for anchor in self.anchors):
            return ["needs words for both ends of its scale"]
        return []

    def answer_fault(self, answer: Any, *, complete: bool) -> str | None:
        """A whole number from 0 to 100."""
        return None if whole(answer) and 0 <= answer <= 100 else "takes a whole number from 0 to 100"

    def cells(self, answer: Any) -> tuple[Cell, ...]:
        """The number."""
        return (answer,)

    def said(self, answer: Any) -> str:
        """The number."""
        return str(answer)
