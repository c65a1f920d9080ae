"""The long rows of a study in memory: one row a read, people's and the AI's alike, in columns.

Every panel, figure and export works on these columns and on nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.study.clinical import ClinicalNote
from core.study.lesions import Place
from core.study.protocol import Protocol
from core.study.words import Arm, Design, StudyState

AI = "AI"  # group of the AIs among the readers, and the name of a single one, as the statistics commands expect it
ARMS = (*Arm, "ai")  # codes of the arm column; the AI reads alone
INDETERMINATE = "indeterminate"
FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class ClassFacts:
    """One diagnosis of the study."""

    code: str
    label: str
    colour: str
    positive: bool


@dataclass(frozen=True, slots=True)
class Participant:
    """A reader by pseudonym, or an AI (group "AI")."""

    name: str
    group: str
    years: float | None = None
    withdrawn: bool = False

    @property
    def is_ai(self) -> bool:
        """Whether this is an AI."""
        return self.group == AI


@dataclass(frozen=True, slots=True)
class CaseAttributes:
    """What was kept of a case beside its pixels; None was not recorded. Age in years, 89 stands for 89 and above."""

    sex: str | None = None
    age: int | None = None
    manufacturer: str | None = None
    model: str | None = None
    kernel: str | None = None
    kvp: float | None = None
    thickness_mm: float | None = None
    orientation: str | None = None
    slices: int | None = None


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """One case with its reference standard. `patient` tells patients apart and nothing more.

    `labels` are what the members of the truth panel gave it, each on their own, in the same order for every case; None
    where a member gave none, empty without a panel.
    `clinical` is what readers could be told of it.
    In a study of findings `levels` has the level of each by code, and `truth` says whether any is present; `lesions`
    are in mm of the volume's grid.
    """

    number: int
    truth: str
    truth_version: int
    truth_source: str
    patient: int
    tags: tuple[str, ...]
    practice: bool
    about: CaseAttributes = CaseAttributes()
    labels: tuple[str | None, ...] = ()
    clinical: ClinicalNote | None = None
    levels: Mapping[str, str] = field(default_factory=dict)
    lesions: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class AiFacts:
    """One AI of a study: what ran, under which rule, from which weights, on what.

    `reader` is its name in the rows; `classes` says what each of its classes counts as, None where it is left out.
    """

    reader: str
    name: str
    version: str
    sha256: str
    rule: str
    parameters: dict[str, Any]
    card: dict[str, Any]
    device: str | None
    training_patients: int
    classes: dict[str, str | None]

    @property
    def title(self) -> str:
        """Name and version."""
        return f"{self.name} {self.version}"


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """What is known of a study beside its rows. `protocol` is the protocol as frozen at opening.

    `finding` names the question of a study of findings that these facts are about (core.results.findings).
    """

    id: int
    title: str
    design: Design
    state: StudyState
    classes: tuple[ClassFacts, ...]
    groups: tuple[str, ...]
    participants: tuple[Participant, ...]
    cases: tuple[CaseFacts, ...]
    protocol: Protocol
    ais: tuple[AiFacts, ...]  # first the one that aided readers are shown
    seed: int | None
    opened_at: datetime | None
    unblinded_at: datetime | None
    finding: str = ""

    @property
    def ai(self) -> AiFacts | None:
        """The AI that hypotheses are about and that aided readers are shown; None without an AI."""
        return self.ais[0] if self.ais else None

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of the classes, in the study's order."""
        return tuple(study_class.code for study_class in self.classes)

    @property
    def outcomes(self) -> tuple[str, ...]:
        """What a read can come out as: the classes, indeterminate, failure of the AI."""
        return (*self.codes, INDETERMINATE, FAILURE)

    def label(self, code: str) -> str:
        """Return the label of a class code; other outcomes are their own label."""
        return next((study_class.label for study_class in self.classes if study_class.code == code), code)

    def figure_label(self, figure: str) -> str:
        """Return a figure's name with the class by its label: "sensitivity covid" as "sensitivity COVID-19"."""
        kind, _, code = figure.partition(" ")
        return f"{kind} {self.label(code)}" if code in self.codes else figure


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows are looked at; an empty tuple means all. The AI's rows stay whatever group or arm is chosen."""

    groups: tuple[str, ...] = ()
    arms: tuple[str, ...] = ()
    sessions: tuple[int, ...] = ()
    classes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    practice: bool = False


@dataclass(frozen=True, slots=True)
class StudyRows:
    """Columns of n rows; k classes.

    participant, case: int32 places in `study.participants` and `study.cases`. call: int16 place in `study.outcomes`.
    arm: int8 place in ARMS. ratings: float64 (n, k), a reader's 0-100 ratings, NaN without. probabilities: float64
    (n, k), the AI's, NaN for readers. seconds: active seconds of a reader, stored volume to call for the AI, NaN
    unknown. ai_call: the AI's call that was shown, -1 where none was. assigned: int32 (k, 3), participant, case and arm
    of every read that an incomplete design asks for, practice left out; None where every reader reads every case.
    `extra` holds the rest of a row as columns of texts and numbers, empty unless asked for.
    `answers` has what a study of findings is answered by: "levels", int16 (n, findings), the place of the level given,
    and "marks", the Places (mm of the grid) of each read, None where an AI has none on record. `whole` are the rows of
    all findings where these are of one question.
    """

    study: StudyFacts
    participant: NDArray[np.int32]
    case: NDArray[np.int32]
    arm: NDArray[np.int8]
    session: NDArray[np.int32]
    attempt: NDArray[np.int32]
    position: NDArray[np.int32]
    practice: NDArray[np.bool_]
    call: NDArray[np.int16]
    ai_call: NDArray[np.int16]
    ratings: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    seconds: NDArray[np.float64]
    raw_seconds: NDArray[np.float64]
    assigned: NDArray[np.int32] | None = None
    extra: dict[str, NDArray[Any]] = field(default_factory=dict)
    answers: dict[str, NDArray[Any]] = field(default_factory=dict)
    whole: "StudyRows | None" = None

    def __len__(self) -> int:
        return len(self.participant)

    @property
    def truth(self) -> NDArray[np.int16]:
        """Place of each row's true class in `study.codes`."""
        return self.case_truth[self.case]

    @property
    def case_truth(self) -> NDArray[np.int16]:
        """Place of each case's true class in `study.codes`."""
        place = {code: at for at, code in enumerate(self.study.codes)}
        return np.array([place[case.truth] for case in self.study.cases], np.int16)

    @property
    def is_ai(self) -> NDArray[np.bool_]:
        """Which rows are an AI's."""
        return np.asarray(self.arm == ARMS.index("ai"))

    def unread(self) -> list[tuple[int, int, int]]:
        """Return participant, case and arm of the reads an incomplete design asks for that were not made.

        Of readers, cases and arms that have rows, as the statistics see no others.
        """
        if self.assigned is None:
            return []
        study = ~self.practice
        people = study & ~self.is_ai
        made = set(zip(*(column[people].tolist() for column in (self.participant, self.case, self.arm)), strict=True))
        known = [set(column.tolist()) for column in (self.participant[people], self.case[study], self.arm[people])]
        return [
            (participant, case, arm)
            for participant, case, arm in self.assigned.tolist()
            if (participant, case, arm) not in made and participant in known[0] and case in known[1] and arm in known[2]
        ]

    @property
    def arms(self) -> list[str]:
        """Arms that readers' rows have, unaided first."""
        return [ARMS[arm] for arm in np.flatnonzero(np.bincount(self.arm[~self.is_ai]))]

    @property
    def sessions(self) -> list[int]:
        """Sessions that readers' rows have."""
        found: list[int] = np.flatnonzero(np.bincount(self.session[~self.is_ai])).tolist()
        return found

    def take(self, mask: NDArray[np.bool_]) -> "StudyRows":
        """Return the rows where `mask` (n,) holds."""
        columns = {name: getattr(self, name)[mask] for name in COLUMNS}
        extra = {name: column[mask] for name, column in self.extra.items()}
        answers = {name: column[mask] for name, column in self.answers.items()}
        return replace(self, **columns, extra=extra, answers=answers)

    def where(self, chosen: Filter) -> "StudyRows":
        """Return the rows a filter leaves."""
        keep = np.ones(len(self), bool)
        people = ~self.is_ai
        if not chosen.practice:
            keep &= ~self.practice
        if chosen.groups:
            member = np.array([participant.group in chosen.groups for participant in self.study.participants], bool)
            keep &= member[self.participant] | ~people
        if chosen.arms:
            keep &= np.isin(self.arm, [ARMS.index(arm) for arm in chosen.arms if arm in ARMS]) | ~people
        if chosen.sessions:
            keep &= np.isin(self.session, chosen.sessions) | ~people
        if chosen.classes or chosen.tags:
            fits = [
                (not chosen.classes or case.truth in chosen.classes)
                and (not chosen.tags or bool(set(chosen.tags) & set(case.tags)))
                for case in self.study.cases
            ]
            keep &= np.array(fits, bool)[self.case]
        whole = None if self.whole is None else self.whole.where(replace(chosen, classes=()))
        if keep.all() and whole is self.whole:
            return self
        return replace(self.take(keep), whole=whole)


COLUMNS = (
    "participant",
    "case",
    "arm",
    "session",
    "attempt",
    "position",
    "practice",
    "call",
    "ai_call",
    "ratings",
    "probabilities",
    "seconds",
    "raw_seconds",
)
