"""What the verbs of reading return: frozen values, nothing of them more than a reader may know at that moment."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.errors import Conflict, InvalidInput
from core.study.clinical import ClinicalNote
from core.study.protocol import Protocol
from core.study.reading_clock import Reading
from db.ai.reads import AiReadInfo


class StaleDraft(Conflict):
    """The draft moved on, or another tab holds the case. `reason` is 'stale' or 'taken_over'."""

    def __init__(self, reason: str, message: str, draft: "DraftState") -> None:
        super().__init__(message)
        self.reason = reason
        self.draft = draft


class InvalidContent(InvalidInput):
    """An answer cannot be taken as it is; `fields` says why, by field name ("diagnosis", "answers.<id>", ...)."""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(" ".join(fields.values()))
        self.fields = fields


@dataclass(frozen=True, slots=True)
class CaseAccess:
    """A volume somebody may fetch now. `shape` is (z, y, x); lengths in mm; `z_mm` holds one value a slice."""

    case_number: int
    series_id: int
    storage_key: str
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    z_mm: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class OverlayAccess:
    """The AI read whose masks and heat maps somebody may fetch now, and the volume they lie on.

    `lungs` and `heat` tell which of the two the protocol shows; the other is not to be handed out.
    """

    case: CaseAccess
    ai: AiReadInfo
    lungs: bool
    heat: bool


@dataclass(frozen=True, slots=True)
class AiShown:
    """What of an AI read the protocol shows in the aided arm. `output` is kept with the read as it was shown."""

    output: dict[str, Any]
    slices: tuple[tuple[float, ...] | None, ...]
    heat_slices: tuple[int, ...]
    lungs: bool
    heat: bool


@dataclass(frozen=True, slots=True)
class DraftState:
    """The draft of an open read. A write names the revision it is based on; `tab` holds the case.

    `chosen` tells that the reader has set the diagnosis in this read, not only found it filled in.
    """

    revision: int
    content: dict[str, Any]
    tab: str | None
    saved_at: datetime | None
    chosen: bool


@dataclass(frozen=True, slots=True)
class Feedback:
    """The reference standard of a practice case that this reader has just locked."""

    case_number: int
    diagnosis: str | None
    truth: str
    truth_label: str
    correct: bool


@dataclass(frozen=True, slots=True)
class ClassChoice:
    """One diagnosis as the reader chooses it."""

    code: str
    label: str
    letter: str
    colour: str


@dataclass(frozen=True, slots=True)
class OpenRead:
    """The read a reader has before them. `position` and `total` count practice and study cases apart.

    `streak` reads were locked in a row without a break, the first of them locked at `streak_began`. `clinical_waits`
    tells that clinical information can be asked for once there is a first diagnosis.
    """

    token: str
    read_id: int
    case: CaseAccess
    position: int
    total: int
    practice: bool
    arm: str
    session: int
    attempt: int
    classes: tuple[ClassChoice, ...]
    protocol: Protocol
    draft: DraftState
    clock: Reading
    ai: AiShown | None
    clinical: ClinicalNote | None
    clinical_waits: bool
    upcoming: CaseAccess | None
    streak: int
    streak_began: datetime | None


@dataclass(frozen=True, slots=True)
class NextRead:
    """What comes next for a reader in a study: a read, or the sentence that says why there is none."""

    study_id: int
    title: str
    read: OpenRead | None
    feedback: Feedback | None
    message: str | None
    opens_at: datetime | None


@dataclass(frozen=True, slots=True)
class Locked:
    """A lock that holds, now or since an earlier post, and what comes next."""

    read_id: int
    study_id: int
    next: NextRead


@dataclass(frozen=True, slots=True)
class StudyProgress:
    """One study on a reader's work list: the counts are of its present session, practice cases apart.

    A case is done when every phase of it is locked. `minutes_left` is None until three reads tell the pace;
    `waiting` is the sentence that says when a session opens that is not open yet.
    """

    study_id: int
    title: str
    state: str
    session: int
    sessions: int
    done: int
    total: int
    practice_done: int
    practice_total: int
    minutes_left: int | None
    can_read: bool
    started: bool
    opens_at: datetime | None
    waiting: str | None
    instructions: str
