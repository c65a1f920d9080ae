"""What a question is, whatever its kind."""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from pydantic import ConfigDict

from core.study.questions.settings import Setting

ID = re.compile(r"[a-z][a-z0-9_]{0,39}")
NOTHING_ELSE = ConfigDict(extra="forbid")  # a misspelt field in an imported protocol must not become a default
Cell = str | int | float | None  # of an export


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to choose. The code is stored, the label shown and exported."""

    __pydantic_config__: ClassVar[ConfigDict] = NOTHING_ELSE

    code: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question(ABC):
    """One question. Nothing is preset on the reading page: a default would pull answers.

    Each kind adds a field `kind` with its word as the only value and default.
    """

    __pydantic_config__: ClassVar[ConfigDict] = NOTHING_ELSE
    title: ClassVar[str]
    settings: ClassVar[tuple[Setting, ...]]

    id: str
    label: str
    help: str = ""
    required: bool = True
    kind: str

    @abstractmethod
    def faults(self) -> list[str]:
        """Return what keeps the question from being asked, each as the rest of a sentence."""

    @abstractmethod
    def answer_fault(self, answer: Any, *, complete: bool) -> str | None:
        """Return what is wrong with a given answer, as the rest of a sentence; drafts need not be `complete`."""

    @abstractmethod
    def cells(self, answer: Any) -> tuple[Cell, ...]:
        """Return the cells of an answer in an export, one for each of `columns`; None where it was not given."""

    @abstractmethod
    def said(self, answer: Any) -> str:
        """Return a given answer as people read it."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the export's columns after the question's text; "" is the answer itself."""
        return ("",)

    def answer(self, content: dict[str, Any]) -> Any:
        """Return what answers this question in the content of a read; None where nothing does."""
        given = (content.get("answers") or {}).get(self.id)
        return None if given in ("", []) else given

    def without_words(self) -> Self:
        """Return the question with its texts for readers emptied."""
        words = {
            setting.field: setting.emptied(getattr(self, setting.field)) for setting in self.settings if setting.words
        }
        return replace(self, label="", help="", **words)


def repeated(values: list[str]) -> list[str]:
    """Return the values that occur more than once."""
    return sorted({value for value in values if values.count(value) > 1})
