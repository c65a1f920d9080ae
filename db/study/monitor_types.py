"""What the monitor of a study returns: counts and times, never what somebody answered."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Cell:
    """One reader and one case: how many of its reads are locked, and whether one is open now or was reset."""

    reader_id: int
    case_number: int
    practice: bool
    locked: int
    total: int
    open: bool
    resets: int


@dataclass(frozen=True, slots=True)
class ReaderProgress:
    """One reader's progress; practice left out. Seconds are active ones; None until three reads give a pace.

    `note` tells who joined the open study and who dropped out of it, when and why.
    """

    reader_id: int
    pseudonym: str
    group: str
    locked: int
    total: int
    median_seconds: float | None
    minutes_left: int | None
    per_day: float | None
    finish: datetime | None
    last_lock: datetime | None
    withdrawn: bool
    silent: bool
    started: bool
    note: str


@dataclass(frozen=True, slots=True)
class MadeAgain:
    """A read that was superseded by a new attempt, and why."""

    pseudonym: str
    case_number: int
    session: int
    arm: str
    attempt: int
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Outlier:
    """A read whose times stand out. `kind` is 'too fast', 'mostly idle' or 'very slow'."""

    read_id: int
    reader_id: int
    pseudonym: str
    case_number: int
    session: int
    arm: str
    kind: str
    active_seconds: float
    raw_seconds: float


@dataclass(frozen=True, slots=True)
class LockedRead:
    """A read that may be reset: whose, of which case, when locked; the newest attempt only."""

    read_id: int
    pseudonym: str
    case_number: int
    session: int
    arm: str
    attempt: int
    locked_at: datetime | None


@dataclass(frozen=True, slots=True)
class StudyProgress:
    """What the monitor shows. `cells` are those of the first cases, of `cases` in all."""

    readers: tuple[ReaderProgress, ...]
    cells: tuple[Cell, ...]
    cases: int
    outliers: tuple[Outlier, ...]
    made_again: tuple[MadeAgain, ...]

    @property
    def locked(self) -> int:
        """Reads locked by readers who are still in the study."""
        return sum(reader.locked for reader in self.readers if not reader.withdrawn)

    @property
    def total(self) -> int:
        """Reads wanted from readers who are still in the study."""
        return sum(reader.total for reader in self.readers if not reader.withdrawn)
