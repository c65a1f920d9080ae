"""The protocol of a study: what readers are asked, under which rules, and what was settled beforehand.

The database keeps it as JSON and parses it where a row is loaded (db/models/base.py); protocol files are the same JSON.
Nothing else reads it as a dict. Parsing checks its shape; `protocol_problems` says what
is still missing before a study can open.
"""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, ClassVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from core.errors import InvalidInput
from core.study.ais import StudyAi
from core.study.allocation import Allocation, allocation_problems
from core.study.clinical import Clinical
from core.study.findings import Acceptance, Finding, finding_problems
from core.study.prespecification import Prespecification, ReferenceStandard, reference_problems
from core.study.questions.question import NOTHING_ELSE
from core.study.questions.registry import KINDS, StoredQuestion, question_problems
from core.study.words import Arm, Beginning, CrossoverUnit, FirstSlice, FirstWindow

__all__ = ["AidedDisplay", "Prespecification", "Protocol", "ReferenceStandard"]

WASHOUT_DAYS = 28  # four weeks, the usual choice between two readings of the same cases


@dataclass(frozen=True, slots=True)
class AidedDisplay:
    """What of the AI's output a reader is shown in the aided arm."""

    __pydantic_config__: ClassVar[ConfigDict] = NOTHING_ELSE

    call: bool = True
    probabilities: bool = True
    slice_scores: bool = True
    counts: bool = True
    lungs: bool = True
    heat: bool = True


@dataclass(frozen=True, slots=True)
class Protocol:
    """Rules of reading, questions, reference standard and prespecification. Times in seconds, minutes or days as named.

    `independent_arm` is the arm of an independent design. `crossover_unit`: a whole session is read in one arm, or in
    each session half of the cases with the AI. `aided_begins`: whether the aided read of a sequential design begins
    with the unaided answers filled in or blank. A break of 0 cases or minutes is never prompted.
    """

    __pydantic_config__: ClassVar[ConfigDict] = NOTHING_ELSE

    instructions: str = ""
    end_text: str = "Thank you. Every case of this study is read and locked."
    questions: tuple[StoredQuestion, ...] = ()
    ais: tuple[StudyAi, ...] = ()
    findings: tuple[Finding, ...] = ()
    acceptance: Acceptance = field(default_factory=Acceptance)
    indeterminate: bool = True
    ratings: bool = True
    undo: bool = True
    open_at: FirstSlice = FirstSlice.LUNGS
    window: FirstWindow = FirstWindow.LUNG
    clock_visible: bool = False
    idle_after_s: int = 120
    min_plausible_s: int = 5
    practice_feedback: bool = False
    independent_arm: Arm = Arm.UNAIDED
    crossover_unit: CrossoverUnit = CrossoverUnit.SESSION
    aided_begins: Beginning = Beginning.FILLED
    washout_days: int = WASHOUT_DAYS
    stratified_orders: bool = False
    allocation: Allocation = field(default_factory=Allocation)
    clinical: Clinical = field(default_factory=Clinical)
    break_after_cases: int = 30
    break_after_minutes: int = 60
    aided: AidedDisplay = field(default_factory=AidedDisplay)
    readers_may_author_truth: bool = False
    signatures: bool = False  # opening, closing and unblinding ask for the password again
    reference: ReferenceStandard = field(default_factory=ReferenceStandard)
    prespecification: Prespecification = field(default_factory=Prespecification)

    def to_json(self) -> dict[str, Any]:
        """Return the protocol as plain JSON values."""
        made: dict[str, Any] = _adapter().dump_python(self, mode="json")
        return made

    @classmethod
    def from_json(cls, data: object) -> "Protocol":
        """Return the protocol kept in JSON values; what is absent gets its default.

        Raises InvalidInput naming every field that is unknown or has not the right type.
        """
        try:
            made: Protocol = _adapter().validate_python(data)
        except ValidationError as error:
            places = [_sentence(problem["loc"], problem["type"], problem["msg"]) for problem in error.errors()]
            raise InvalidInput("The protocol cannot be read. " + "; ".join(places) + ".") from None
        return made

    def without_wording(self) -> "Protocol":
        """Return the protocol with its texts for readers emptied: what stays is what a change of words keeps."""
        questions = tuple(question.without_words() for question in self.questions)
        return replace(self, instructions="", end_text="", questions=questions)


def protocol_problems(protocol: Protocol) -> tuple[str, ...]:
    """Return a sentence for every rule that cannot be kept as it is; the prespecification has its own function."""
    found = [*question_problems(protocol.questions), *finding_problems(protocol.findings, protocol.acceptance)]
    if protocol.findings and not protocol.undo:
        found.append("A study of several findings lets answers change until locked; switch that on.")
    limits = (
        ("The idle limit", protocol.idle_after_s, 10, 3600, "seconds"),
        ("The shortest plausible time", protocol.min_plausible_s, 0, 600, "seconds"),
        ("The washout", protocol.washout_days, 0, 3650, "days"),
        ("The break prompt", protocol.break_after_cases, 0, 1000, "cases"),
        ("The break prompt", protocol.break_after_minutes, 0, 600, "minutes"),
    )
    for name, value, low, high, unit in limits:
        if not low <= value <= high:
            found.append(f"{name} lies between {low} and {high} {unit}.")
    return (*found, *allocation_problems(protocol.allocation), *reference_problems(protocol.reference))


def _sentence(place: tuple[int | str, ...], kind: str, message: str) -> str:
    if kind == "union_tag_invalid":
        place = (*place, "kind")
    # a question's place has its kind in it, which no file has there
    parts = [part for at, part in enumerate(place) if part not in KINDS or not at or isinstance(place[at - 1], str)]
    name = ".".join(str(part) for part in parts) or "protocol"
    return f"{name} is not a field of it" if kind == "unexpected_keyword_argument" else f"{name}: {message}"


@lru_cache(maxsize=1)
def _adapter() -> TypeAdapter[Protocol]:
    return TypeAdapter(Protocol)
