"""The bodies of the reading page's routes: the next read, drafts, events, the lock, and the reader's own keys."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, SkipValidation, StringConstraints

from core.errors import InvalidInput
from core.study.questions.registry import StoredQuestion
from core.study.reading_clock import KINDS
from core.viewer.contract.bodies import Body, Refusal, Sent
from core.viewer.contract.case import AiOutput, ClassChoice, Content, Phase, VolumeInfo
from core.viewer.keys import ACTIONS


class Event(Body):
    """Something that happened in a tab, numbered there; `t` in ms since the read opened in it."""

    n: int
    kind: Annotated[str, Field(json_schema_extra={"enum": sorted(KINDS)})]
    t: float


class DraftEdit(Sent):
    """PUT draft and POST lock: the answers of a tab, based on a revision; core.study.answers judges the content."""

    revision: int
    tab: str = ""
    content: Annotated[Content | None, SkipValidation] = None


class EventPost(Sent):
    """POST events: those not yet answered, and the counters of the tab so far; db.reading.events judges each."""

    tab: str = ""
    seq: int = 0
    counters: dict[str, Any] = Field(default_factory=dict)
    events: list[Annotated[Event, SkipValidation]] = Field(default_factory=list)


KeyName = Annotated[str, StringConstraints(min_length=1, max_length=64)]
KeysOf = KeyName | Annotated[list[KeyName], Field(max_length=8)]


class Bindings(Sent):
    """PUT bindings: the keys that a reader has given to actions."""

    bindings: dict[str, KeysOf]

    @classmethod
    def parsed(cls, body: object) -> Self:
        """Return the bindings; raises InvalidInput also for an action that is not in the list of keys."""
        asked = super().parsed(body)
        unknown = sorted(set(asked.bindings) - set(ACTIONS))
        if unknown:
            raise InvalidInput(f"There is no action {unknown[0][:64]!r} to give a key to.")
        return asked


class Draft(Body):
    """The answers as the server holds them. `chosen`: the reader has set the diagnosis in this read."""

    revision: int
    content: Content
    chosen: bool


class Stale(Refusal):
    """409: the draft has moved on, or another tab holds the case."""

    error: Literal["stale", "taken_over"]
    draft: Draft


class Invalid(Refusal):
    """422: answers that cannot be taken, a sentence for each field."""

    error: Literal["invalid"] = "invalid"
    fields: dict[str, str]


class DraftSaved(Body):
    """PUT draft."""

    revision: int
    saved_at: str | None


class BindingsSaved(Body):
    """PUT bindings."""

    saved: Literal[True] = True


class Clock(Body):
    """The reading clock."""

    active_s: float
    raw_s: float
    started: bool
    paused: bool
    heartbeat_s: float


class OpenClock(Clock):
    """The clock of a read as it opens, with the seconds without action that make idle."""

    idle_after_s: float


class EventsTaken(Body):
    """POST events."""

    accepted: int
    locked: bool
    clock: Clock


class Level(Body):
    """A level of a finding; `present` tells from which on it counts as there."""

    code: str
    label: str
    present: bool


class FindingInfo(Body):
    """What is asked of a finding, by its class's code. `mark` is what is set on the image where it is seen."""

    code: str
    levels: list[Level]
    rated: bool
    mark: Literal["point", "box", "length", "sphere"] | None


class FormInfo(Body):
    """What is asked of the case: a diagnosis, or each of some findings; `forced` asks for one mark of each."""

    title: str
    classes: list[ClassChoice]
    indeterminate: bool
    ratings: bool
    questions: tuple[StoredQuestion, ...]
    findings: list[FindingInfo] = Field(default_factory=list)
    forced: bool = False
    undo: bool
    clock_visible: bool


class PracticeFeedback(Body):
    """The reference standard of the practice case that was just locked."""

    case: int
    diagnosis: str | None
    truth: str
    truth_label: str
    correct: bool


class StudyName(Body):
    """The study that is read."""

    id: int
    title: str


class ReadInfo(Body):
    """The read before the reader; `position` and `total` count practice and study cases apart."""

    token: str
    case: int
    position: int
    total: int
    practice: bool
    arm: Phase
    session: int
    phase: Phase
    attempt: int


class ViewerInfo(Body):
    """How the viewer opens, and the reader's own keys."""

    open_at: Literal["lungs", "top", "middle"] | int
    window: Literal["lung", "soft", "wide", "angio", "liver", "bone"]
    bindings: dict[str, Any]


class ClinicalInfo(Body):
    """Clinical information of the case, once it may be seen; age in years, 89 stands for 89 and above."""

    age: int | None
    sex: Literal["F", "M", "O"] | None
    text: str
    prior: str


class Upcoming(Body):
    """The case after this one: only its pixels are fetched ahead."""

    case: int
    volume: VolumeInfo


class OpenRead(Body):
    """GET next: a case to read."""

    done: Literal[False] = False
    read: ReadInfo
    form: FormInfo
    viewer: ViewerInfo
    draft: Draft
    clock: OpenClock
    volume: VolumeInfo
    ai: AiOutput | None
    clinical: ClinicalInfo | None
    clinical_waits: bool
    feedback: PracticeFeedback | None
    next: Upcoming | None
    break_: str | None = Field(serialization_alias="break")
    study: StudyName


class NothingLeft(Body):
    """GET next: no case now, and why."""

    done: Literal[True] = True
    message: str | None
    opens_on: str | None
    feedback: PracticeFeedback | None
    study: StudyName


class Locked(Body):
    """POST lock: the lock holds; what comes next."""

    locked: Literal[True] = True
    next: OpenRead | NothingLeft
