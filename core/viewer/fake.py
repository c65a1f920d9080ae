"""A study in memory that answers as the real one does: revisions, one holder of a case, locks stored once.

The harness serves it to a browser; tests look into it and make it fail as networks and servers do.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from core.imaging import wire
from core.imaging.packing import coarse, lungs_middle
from core.imaging.volume import Volume
from core.viewer.contract.bodies import Body, Refusal
from core.viewer.contract.case import AiOutput, Content, Orientation, Phase, VolumeInfo
from core.viewer.contract.reading import (
    ClinicalInfo,
    Clock,
    Draft,
    DraftEdit,
    DraftSaved,
    Event,
    EventPost,
    EventsTaken,
    FormInfo,
    Invalid,
    Locked,
    NothingLeft,
    OpenClock,
    OpenRead,
    PracticeFeedback,
    ReadInfo,
    Stale,
    StudyName,
    Upcoming,
    ViewerInfo,
)

Answer = tuple[int, Body]  # status and body

SAVED_AT = "2026-01-01T00:00:00Z"
EMPTY: dict[str, Any] = {"diagnosis": None, "ratings": {}, "answers": {}, "marks": [], "key_slices": []}
CLASSES = [
    {"code": "normal", "label": "Normal", "letter": "n", "colour": "#6f8f7a"},
    {"code": "cap", "label": "CAP", "letter": "a", "colour": "#b08a4e"},
    {"code": "covid", "label": "COVID-19", "letter": "c", "colour": "#a4616b"},
]
FORM: dict[str, Any] = {
    "title": "Case",
    "classes": CLASSES,
    "indeterminate": True,
    "ratings": True,
    "questions": [],
    "undo": True,
    "clock_visible": False,
}


@dataclass
class FakeRead:
    """One read as the server would hold it."""

    token: str
    case: int
    phase: Phase = "unaided"
    practice: bool = False
    revision: int = 0
    content: dict[str, Any] = field(default_factory=lambda: dict(EMPTY))
    chosen: bool = False  # the reader has set the diagnosis in this read
    tab: str | None = None
    locked: dict[str, Any] | None = None
    events: dict[tuple[str, int], str] = field(default_factory=dict)
    counters: dict[str, Any] = field(default_factory=dict)

    @property
    def kinds(self) -> list[str]:
        """Kinds of the events received, in the order of their numbers."""
        return [kind for _, kind in sorted(self.events.items(), key=lambda item: item[0][1])]


@dataclass
class Fake:
    """A study in memory. Change its fields between requests to make the page meet other states."""

    cases: list[Volume]
    reads: list[FakeRead]
    form: dict[str, Any] = field(default_factory=lambda: dict(FORM))
    open_at: str = "top"
    window: str = "lung"
    clinical: dict[str, Any] | None = None  # of every case
    clinical_after: bool = False  # it waits for a first diagnosis
    bindings: dict[str, Any] = field(default_factory=dict)
    orientation: dict[str, str] = field(default_factory=lambda: {"left": "R", "right": "L", "top": "A", "bottom": "P"})
    idle_after_s: float = 120.0
    heartbeat_s: float = 10.0
    ai: dict[str, Any] | None = None
    lungs: NDArray[np.uint8] | None = None  # (z, y, x), of every case
    heat: NDArray[np.uint8] | None = None  # (k, h, w), of every case
    feedback: dict[str, Any] | None = None
    rest: str | None = None
    paused: bool = False
    signed_in: bool = True
    pixel_limit: int | None = None  # a stream breaks after so many slices, once
    trouble: Callable[[str, str], int | None] = lambda method, path: None
    gate: Callable[[int], None] = lambda n: None  # called before each slice is sent; may wait
    log: list[str] = field(default_factory=list)
    lock_refusal: dict[str, str] = field(default_factory=dict)  # fields of one 422
    lock_posts: int = 0

    @classmethod
    def of(cls, *cases: Volume, **options: Any) -> Self:
        """A study whose reads are the cases in order."""
        return cls(list(cases), [FakeRead(f"token{n}", n) for n in range(1, len(cases) + 1)], **options)

    def slice(self, case: int, z: int) -> NDArray[np.int16]:
        """One slice of a case, int16 HU (y, x)."""
        found: NDArray[np.int16] = self.cases[case - 1].hu[z]
        return found

    def frame(self, case: int, z: int) -> bytes:
        """One slice of a case as it is sent."""
        return wire.packed(self.slice(case, z))

    def coarse(self, case: int) -> bytes:
        """The coarse view of a case as it is sent."""
        small = coarse(self.cases[case - 1].hu)
        return wire.packed(small.reshape(-1, small.shape[2]))

    @property
    def current(self) -> FakeRead | None:
        """The read that is the reader's now."""
        return next((read for read in self.reads if read.locked is None), None)


def next_answer(fake: Fake) -> OpenRead | NothingLeft:
    """What /next says now."""
    read = fake.current
    study = StudyName(id=1, title="Chest CT reader study")
    told, fake.feedback = fake.feedback, None
    feedback = None if told is None else PracticeFeedback.model_validate(told)
    if read is None:
        return NothingLeft(message="Thank you. Every case is read.", opens_on=None, feedback=feedback, study=study)
    place = fake.reads.index(read)
    following = next((other for other in fake.reads[place + 1 :] if other.case != read.case), None)
    rest, fake.rest = fake.rest, None
    return OpenRead(
        read=ReadInfo(
            token=read.token,
            case=read.case,
            position=place + 1,
            total=len(fake.reads),
            practice=read.practice,
            arm=read.phase,
            session=1,
            phase=read.phase,
            attempt=1,
        ),
        form=FormInfo.model_validate(fake.form),
        viewer=ViewerInfo.model_validate({"open_at": fake.open_at, "window": fake.window, "bindings": fake.bindings}),
        draft=_draft(read),
        clock=OpenClock(
            active_s=0.0,
            raw_s=0.0,
            started=False,
            paused=fake.paused,
            heartbeat_s=fake.heartbeat_s,
            idle_after_s=fake.idle_after_s,
        ),
        volume=_volume(fake, read.case),
        ai=AiOutput.model_validate(fake.ai) if fake.ai is not None and read.phase == "aided" else None,
        clinical=ClinicalInfo.model_validate(fake.clinical) if fake.clinical and not fake.clinical_after else None,
        clinical_waits=fake.clinical is not None and fake.clinical_after,
        feedback=feedback,
        next=Upcoming(case=following.case, volume=_volume(fake, following.case)) if following else None,
        break_=rest,
        study=study,
    )


def _volume(fake: Fake, case: int) -> VolumeInfo:
    ct = fake.cases[case - 1]
    small = coarse(ct.hu).shape
    return VolumeInfo(
        url=f"/api/studies/1/cases/{case}/slices",
        shape=ct.hu.shape,
        spacing_mm=ct.spacing_mm,
        z_mm=list(ct.z_mm),
        orientation=Orientation.model_validate(fake.orientation),
        coarse_shape=(small[0], small[1], small[2]),
        lungs_middle=lungs_middle(ct.hu),
    )


def take_events(fake: Fake, read: FakeRead, body: object) -> Answer:
    """POST events."""
    post = EventPost.parsed(body)
    events = [Event.model_validate(event, strict=True) for event in post.events]
    if read.locked is None:
        for event in events:
            read.events[post.tab, event.n] = event.kind
            if event.kind in ("painted", "take_over"):
                read.tab = post.tab
        for name, value in post.counters.items():
            read.counters[name] = value if isinstance(value, str) else max(value, read.counters.get(name, 0))
    if read.tab not in (None, post.tab):
        return _stale("taken_over", read)
    clock = Clock(active_s=1.0, raw_s=1.0, started="painted" in read.kinds, paused=False, heartbeat_s=fake.heartbeat_s)
    return 200, EventsTaken(accepted=len(events), locked=read.locked is not None, clock=clock)


def save_draft(fake: Fake, read: FakeRead, body: object) -> Answer:
    """PUT a draft; the same one sent twice is stored once."""
    edit = DraftEdit.parsed(body)
    content = _content(edit)
    if read.tab not in (None, edit.tab):
        return _stale("taken_over", read)
    if (read.tab, read.revision, read.content) == (edit.tab, edit.revision + 1, content):
        return 200, DraftSaved(revision=read.revision, saved_at=SAVED_AT)
    if edit.revision != read.revision:
        return _stale("stale", read)
    read.chosen |= content["diagnosis"] not in (None, read.content["diagnosis"])
    read.tab, read.content, read.revision = edit.tab, content, read.revision + 1
    return 200, DraftSaved(revision=read.revision, saved_at=SAVED_AT)


def lock_read(fake: Fake, read: FakeRead, body: object) -> Answer:
    """POST the lock; posted twice it is stored once."""
    edit = DraftEdit.parsed(body)
    fake.lock_posts += 1
    if read.locked is None:
        if read.tab not in (None, edit.tab):
            return _stale("taken_over", read)
        if edit.revision != read.revision:
            return _stale("stale", read)
        if fake.lock_refusal:
            fields, fake.lock_refusal = fake.lock_refusal, {}
            return 422, Invalid(message=" ".join(fields.values()), fields=fields)
        read.locked = _content(edit)
    return 200, Locked(next=next_answer(fake))


def show_clinical(fake: Fake, read: FakeRead, body: object) -> Answer:
    """POST clinical: only after a first diagnosis was saved."""
    if read.content["diagnosis"] is None:
        return 409, Refusal(error="conflict", message="Give a first diagnosis on the images alone.")
    return 200, ClinicalInfo.model_validate(fake.clinical)


def _content(edit: DraftEdit) -> dict[str, Any]:
    """What the page sent, which must be whole: here nothing else judges it."""
    return Content.model_validate(edit.content).model_dump(mode="json")


def _draft(read: FakeRead) -> Draft:
    return Draft(revision=read.revision, content=Content.model_validate(read.content), chosen=read.chosen)


def _stale(reason: Literal["stale", "taken_over"], read: FakeRead) -> Answer:
    message = "Another tab holds this case." if reason == "taken_over" else "The newer answers are shown."
    return 409, Stale(error=reason, message=message, draft=_draft(read))
