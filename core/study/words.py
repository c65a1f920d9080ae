"""The words of a study as enumerations: the values that the database, the browser and the exports share.

A member is its own stored text, so that rows, addresses and files stay readable. Kinds of questions have a folder of
their own (core/study/questions/).
"""

from enum import StrEnum


class Role(StrEnum):
    """What an account may do in the installation. `NONE` is the plain account; what it may do, its studies say."""

    ADMINISTRATOR = "administrator"
    COORDINATOR = "coordinator"
    AUDITOR = "auditor"
    NONE = "reader"  # the stored value of the first version, kept


class StudyRole(StrEnum):
    """What an account may do in one study. Readers have rows of their own, with group and pseudonym."""

    OWNER = "owner"
    COORDINATOR = "coordinator"
    OBSERVER = "observer"
    STATISTICIAN = "statistician"
    READER = "reader"


class StudyState(StrEnum):
    """The life of a study, in its order."""

    DRAFT = "draft"
    CHECKED = "checked"
    OPEN = "open"
    CLOSED = "closed"
    UNBLINDED = "unblinded"

    @property
    def editable(self) -> bool:
        """Whether the design may still change."""
        return self in (StudyState.DRAFT, StudyState.CHECKED)


class Design(StrEnum):
    """How often, and in which arms, a reader reads a case."""

    INDEPENDENT = "independent"  # once, in the protocol's arm
    SEQUENTIAL = "sequential"  # unaided, then aided, within one session
    CROSSOVER = "crossover"  # unaided in one session, aided in the other

    @property
    def sessions(self) -> int:
        """How many sessions a reader has."""
        return 2 if self is Design.CROSSOVER else 1


class Arm(StrEnum):
    """Whether a reader has the AI's output beside the images."""

    UNAIDED = "unaided"
    AIDED = "aided"


class ReadState(StrEnum):
    """Whether a read may still change. A locked one never does; a newer attempt supersedes it."""

    OPEN = "open"
    LOCKED = "locked"


class Beginning(StrEnum):
    """What the form of an aided read shows first in a sequential design: the unaided answers, or nothing."""

    FILLED = "filled"
    BLANK = "blank"


class CrossoverUnit(StrEnum):
    """What is read in one arm in a crossover design: a whole session, or half of the cases of each session.

    `UNAIDED_FIRST`: nobody begins with the AI, so that the order of the arms is not balanced.
    """

    SESSION = "session"
    CASE = "case"
    UNAIDED_FIRST = "unaided_first"


class FirstSlice(StrEnum):
    """Where a case opens on the reading page."""

    LUNGS = "lungs"
    TOP = "top"
    MIDDLE = "middle"


class Allocate(StrEnum):
    """Which of a study's cases a reader reads."""

    ALL = "all"  # fully crossed
    SAMPLE = "sample"  # some cases each, so that every case is read about equally often
    SPLIT_PLOT = "split_plot"  # blocks of cases to blocks of readers, fully crossed within a block


class Look(StrEnum):
    """When a reader is shown the clinical information of a case in an arm."""

    NEVER = "never"
    BEFORE = "before"  # from the opening of the case on
    AFTER = "after"  # on request, once a first diagnosis was given on the images alone


class FirstWindow(StrEnum):
    """The window a case opens with; width and level stand in the viewer (core/viewer/src/viewer/windows.js)."""

    LUNG = "lung"
    SOFT = "soft"
    WIDE = "wide"
    ANGIO = "angio"
    LIVER = "liver"
    BONE = "bone"
