"""What the check before opening looks at, and what it says: plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from core.study.ais import AiFacts
from core.study.classes import StudyClass
from core.study.lesions import Place
from core.study.orders import Plan
from core.study.protocol import Protocol
from core.study.words import Arm, Design

Area = Literal["protocol", "cases", "truth", "readers", "ai", "prespecification"]
AREAS: dict[Area, str] = {
    "protocol": "Protocol",
    "cases": "Cases",
    "truth": "Truth",
    "readers": "Readers",
    "ai": "AI",
    "prespecification": "Prespecification",
}


@dataclass(frozen=True, slots=True)
class Remark:
    """One sentence about one part of the study. What does not block is worth a look before opening."""

    area: Area
    message: str
    blocks: bool = True


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """A case of the study. `opens` is None when its volume opens in storage, else why it does not.

    `attributes` is what was kept of the files' headers; `levels` and `lesions` are the truth of a study of findings.
    """

    number: int
    patient_id: int
    practice: bool
    withdrawn: bool
    tags: tuple[str, ...]
    attributes: Mapping[str, object]
    opens: str | None
    truth: str | None
    truth_by_reader: bool
    informed: bool = True  # whether clinical information is known
    levels: Mapping[str, str] = field(default_factory=dict)
    lesions: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class ReaderFacts:
    """A reader. `ready` means that the account can sign in, `staff` that it coordinates or administrates too."""

    name: str
    group: str
    ready: bool
    disabled: bool
    staff: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the check looks at. `panel` counts voting members.

    `ais` has the AIs that are registered, the one that readers are shown first; `unregistered` names the others.
    """

    title: str
    design: Design
    protocol: Protocol
    classes: tuple[StudyClass, ...]
    groups: tuple[str, ...]
    cases: tuple[CaseFacts, ...]
    readers: tuple[ReaderFacts, ...]
    ais: tuple[AiFacts, ...]
    plan: Plan
    panel: int = 0
    unregistered: tuple[str, ...] = ()

    @property
    def shows_ai(self) -> bool:
        """Whether readers see the AI in any arm."""
        return self.design != Design.INDEPENDENT or self.protocol.independent_arm == Arm.AIDED


def named(numbers: Sequence[int], *, most: int = 12) -> str:
    """Return case numbers as part of a sentence, shortened when there are many."""
    shown = ", ".join(str(number) for number in sorted(numbers)[:most])
    return shown if len(numbers) <= most else f"{shown} and {len(numbers) - most} more"
