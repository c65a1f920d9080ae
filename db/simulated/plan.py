"""What a simulated study is made of: its known parameters."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from core.study.words import Design, StudyState

CLASSES = (
    ("normal", "Normal", "N", "#009e73"),
    ("cap", "CAP", "P", "#e69f00"),
    ("covid", "COVID-19", "V", "#d55e00"),
)
BEGAN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Plan:
    """What is simulated. Accuracies are the chance that a read is right; seconds are geometric means."""

    novices: int = 2
    experts: int = 2
    cases: int = 98
    share: tuple[float, float, float] = (24 / 98, 19 / 98, 55 / 98)
    accuracy: tuple[float, float, float] = (0.85, 0.94, 0.93)  # novices, experts, AI
    seconds: tuple[float, float, float] = (52.0, 49.0, 21.0)
    ratings: bool = True
    ai: bool = True
    ai_failures: int = 1
    indeterminate: float = 0.01
    missing: float = 0.01
    design: Design = Design.INDEPENDENT  # or "sequential": every case unaided, then aided
    practice: int = 2
    attributes: bool = True  # whether sex, age and scanner of the cases are known, of most of them
    slices: int = 4  # of every case; only those that are pictured have pixels
    state: StudyState = StudyState.UNBLINDED
    seed: int = 7
    title: str = "Simulated study"
    protocol: tuple[tuple[str, Any], ...] = ()
