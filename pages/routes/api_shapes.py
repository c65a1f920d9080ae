"""What the interface for scripts answers, as pydantic models: answers and their description come of the same ones."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field


class Shape(BaseModel):
    """A frozen answer, made of the attributes of db's values."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class StudyOut(Shape):
    """A study: times are UTC; counts leave practice cases and withdrawn readers out."""

    id: int
    title: str
    state: str = Field(description="draft, checked, open, closed or unblinded")
    design: str = Field(description="independent, sequential or crossover")
    cases: int
    practice: int = Field(description="practice cases")
    readers: int
    created_at: datetime
    opened_at: datetime | None


class StudiesOut(Shape):
    """The studies that the token's person has a part in running, newest first."""

    studies: list[StudyOut]


class CaseOut(Shape):
    """A case of a study by its number; nothing of its truth."""

    number: int
    practice: bool
    tags: list[str]


class CasesOut(Shape):
    """The cases of a study, by number."""

    cases: list[CaseOut]


class ReaderProgressOut(Shape):
    """How far one reader is; practice left out. Seconds are active ones, None until three reads give a pace."""

    pseudonym: str
    group: str
    locked: int
    total: int
    median_seconds: float | None
    finish: datetime | None = Field(description="when the rest is done at the pace of the last fortnight")
    last_lock: datetime | None
    withdrawn: bool


class ProgressOut(Shape):
    """How far the reading is: counts and times, never answers."""

    locked: int
    total: int
    readers: list[ReaderProgressOut]


class ErrorOut(Shape):
    """A refusal: a code for programs, a sentence for people."""

    error: str
    message: str
