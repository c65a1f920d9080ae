"""One CT image as the rest of this part knows it: where its pixels are, where it lies, how to turn it into HU."""

from dataclasses import dataclass

from core.imaging.identity import Identity
from core.imaging.source import Source
from core.imaging.volume import Attributes

Vector = tuple[float, float, float]
Six = tuple[float, float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """How the pixels of a file are stored."""

    rows: int
    columns: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    padding: tuple[int, int] | None  # stored values from..to, read with the sign of the pixels, inclusive
    transfer_syntax: str


@dataclass(frozen=True, slots=True, repr=False)
class Marks:
    """What tells the images of one reconstruction from those of another; core.imaging.mixture uses it.

    It is held in memory and shown by no repr: descriptions and UIDs are part of it. Times in s.
    """

    fixed: tuple[tuple[str, str], ...]  # what one reconstruction has in common, as (word for people, value)
    acquisition: str = ""
    event: str = ""  # UID of the irradiation event
    trigger: str = ""  # delay after the heart's or the breath's trigger
    acquired: float | None = None
    made: float | None = None  # when the image was reconstructed
    begun: float | None = None  # when the series was begun
    number: int | None = None
    step_and_shoot: bool = False  # the file says so


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Frame:
    """One image of a file. Lengths in mm, patient coordinates LPS. uid stays in memory."""

    source: Source
    index: int  # 0-based within the file
    pixels: PixelFormat
    position: Vector  # centre of the first voxel
    orientation: Six  # direction of rising column, then of rising row
    spacing: tuple[float, float]  # between rows, between columns
    slope: float
    intercept: float
    marks: Marks
    uid: str
    attributes: Attributes
    notes: tuple[str, ...] = ()  # what may show a name in the picture; see core.imaging.removed

    def __repr__(self) -> str:
        return f"Frame({self.source.place}, {self.index})"


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Header:
    """What one DICOM file holds: its images, and to which series and patient they belong, in memory only."""

    frames: tuple[Frame, ...]
    series_uid: str
    study_uid: str
    identity: Identity

    def __repr__(self) -> str:
        return f"Header(frames={len(self.frames)})"
