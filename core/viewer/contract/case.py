"""A case as the viewer shows it: its volume, classes, answers on the image, and the AI's output."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from core.viewer.contract.bodies import Body

Plane = Literal["axial", "coronal", "sagittal"]
Phase = Literal["unaided", "aided"]
MarkKind = Literal["point", "box", "length", "ellipse", "sphere"]
Point = tuple[float, float]  # column and row of the image, in pixels
Shape = tuple[int, int, int]  # (z, y, x)
OLDER = ConfigDict(extra="ignore", protected_namespaces=())  # kept in the database, perhaps since an older version


class ImageMark(Body):
    """A mark on an image, in pixels of its plane. A mark of a finding has a rating from 0 to 100 of its own."""

    model_config = OLDER

    id: str
    kind: MarkKind
    plane: Plane = "axial"
    slice: int
    points: list[Point]
    question: str | None = None
    label: str = ""
    finding: str | None = None
    rating: int | None = None


class Content(Body):
    """What a reader has answered so far; `findings` has the level of each, where a study asks for several."""

    model_config = OLDER

    diagnosis: str | None = None
    ratings: dict[str, int] = Field(default_factory=dict)
    findings: dict[str, str] = Field(default_factory=dict)
    answers: dict[str, Any] = Field(
        default_factory=dict
    )  # by question id; each kind of question has its own type of answer
    marks: list[ImageMark] = Field(default_factory=list)
    key_slices: list[int] = Field(default_factory=list)


class Orientation(Body):
    """Letters at the four sides of an axial image."""

    left: str
    right: str
    top: str
    bottom: str


class VolumeInfo(Body):
    """A volume before its slices arrive from `url`. Lengths in mm."""

    url: str
    shape: Shape
    spacing_mm: tuple[float, float, float]
    z_mm: list[float]
    orientation: Orientation
    coarse_shape: Shape | None
    lungs_middle: int


class ClassChoice(Body):
    """One diagnosis to choose."""

    code: str
    label: str
    letter: str
    colour: str


class AiModel(Body):
    """The model behind an AI's output."""

    name: str
    version: str
    sha256: str


class AiOutput(Body):
    """What the protocol shows of the AI; None for what it does not. `slices` holds a score for each class."""

    model_config = OLDER

    call: str | None = None
    call_label: str | None = None
    failure: str | None = None
    classes: list[str] | None = None
    probabilities: dict[str, float] | None = None
    counts: dict[str, int] | None = None
    deciding_slices: list[int] | None = None
    abnormal_share: float | None = None
    warnings: list[str] | None = None
    rule: str | None = None
    model: AiModel | None = None
    slices: list[list[float] | None]
    heat_slices: list[int]
    label: str
    masks_url: str | None
    heat_url: str | None
