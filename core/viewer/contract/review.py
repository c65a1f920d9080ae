"""The bodies of looking a case over: one case of an unblinded study, or images alone."""

from typing import Any, Literal

from core.viewer.contract.bodies import Body
from core.viewer.contract.case import AiOutput, ImageMark, Phase, VolumeInfo


class ReviewClass(Body):
    """One class of the study."""

    code: str
    label: str
    colour: str


class ReviewTruth(Body):
    """The reference standard that the study was opened with."""

    code: str
    label: str
    version: int
    versions: int
    source: str
    rests_on: list[str]


class ReviewAi(AiOutput):
    """The AI's whole output, and how long it took."""

    seconds: float | None


class ReviewRead(Body):
    """One locked read. `ratings` by label; `answers` pairs questions with answers."""

    reader: str
    group: str
    arm: Phase
    session: int
    label: str
    right: bool
    seconds: float | None
    ratings: dict[str, int]
    answers: list[tuple[str, str]]
    marks: list[ImageMark]
    key_slices: list[int]


class Review(Body):
    """GET review: everything about one case."""

    case: int
    practice: bool
    tags: list[str]
    volume: VolumeInfo
    classes: list[ReviewClass]
    truth: ReviewTruth | None
    ai: ReviewAi | None
    reads: list[ReviewRead]


class Look(Body):
    """Images alone, with the reader's own keys."""

    title: str
    volume: VolumeInfo
    bindings: dict[str, Any]


class Mounted(Body):
    """What the component is started with: a study to read, a case of it to look over, or images alone."""

    study_id: int | None = None
    case: int | None = None
    look: Look | None = None
    api: str = ""
    rendering: Literal["cpu", "gpu"] | None = None
