"""The AIs that a study names in its protocol, and the check of them before the study opens."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from pydantic import ConfigDict

from core.study.questions.question import NOTHING_ELSE


@dataclass(frozen=True, slots=True)
class StudyAi:
    """One AI that takes part. `classes` says what each of its classes counts as, None where it is left out.

    The first of a study is the one that aided readers are shown and that hypotheses are about.
    """

    __pydantic_config__: ClassVar[ConfigDict] = NOTHING_ELSE

    name: str
    version: str
    rule: str = "paper"
    classes: dict[str, str | None] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Name and version."""
        return f"{self.name} {self.version}"


@dataclass(frozen=True, slots=True)
class CaseAi:
    """What an AI made of one case of the study; never what it called."""

    state: Literal["none", "call", "failure"]
    warned: bool = False
    parameters: str | None = None


@dataclass(frozen=True, slots=True)
class AiFacts:
    """An AI of the study as the check sees it: its own classes, what they count as, and its reads by case number.

    `marked` has the cases that it brought marks of findings for;
    `trained_on` those of patients that trained it; `patients_known` is False where nobody can say which did.
    """

    title: str
    classes: tuple[str, ...]
    counts_as: Mapping[str, str | None]
    reads: Mapping[int, CaseAi]
    trained_on: tuple[int, ...] = ()
    patients_known: bool = True
    marked: tuple[int, ...] = ()
