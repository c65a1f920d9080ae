"""What a results panel is made of, as plain values: pages draw them, the report prints them, tests read them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import plotly.graph_objects as go

Row = dict[str, object]
Named = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading within a panel."""

    text: str


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence. "verdict" is the answer to what was prespecified, "said" to quote, "warn" not to overlook."""

    text: str
    kind: Literal["note", "verdict", "said", "warn"] = "note"


@dataclass(frozen=True, slots=True)
class Gap:
    """Something missing, in a sentence, and the remedy, in another."""

    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Chart:
    """One figure. `note` says in one line what is drawn; `method` how it was computed; `data` are rows for the CSV.

    `picked` gives the blocks that a click on a point shows, by the point's `customdata`. `width` is in pixels, all
    there is without one.
    """

    key: str
    title: str
    figure: go.Figure
    note: str
    data: list[dict[str, Any]] = field(default_factory=list)
    method: str = ""
    picked: Callable[[Any], "Iterable[Block]"] | None = None
    width: int | None = None

    @property
    def drawn(self) -> bool:
        """Whether anything is drawn; empty axes are not shown."""
        return bool(self.figure.data)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows with a line beneath; `method` says how they were computed. `links` are columns of addresses."""

    key: str
    rows: list[Row]
    note: str = ""
    method: str = ""
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """Names with values; an empty value is said to be not recorded."""

    pairs: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Beside:
    """Charts beside each other, each `width` pixels wide; they wrap where there is no room."""

    charts: tuple[Chart, ...]
    width: int


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A link to the page of a case."""

    study_id: int
    number: int


@dataclass(frozen=True, slots=True)
class Code:
    """A command to copy."""

    text: str


Block = Heading | Note | Gap | Chart | Table | Facts | Beside | OpenCase | Code


@dataclass(frozen=True, slots=True)
class Choice:
    """A control with options. Paper shows `on_paper`, or the default where that is None.

    `key` names it in the page's address, unless it is not `shared`.
    """

    key: str
    label: str
    options: tuple[str, ...]
    default: tuple[str, ...]
    named: Named = str
    look: Literal["buttons", "list", "many"] = "buttons"
    on_paper: tuple[str, ...] | None = None
    shared: bool = True


@dataclass(frozen=True, slots=True)
class Number:
    """A control for a number; `value` None means none is given, which `placeholder` explains."""

    key: str
    label: str
    value: float | None
    low: float
    high: float
    step: float = 1
    help: str = ""
    placeholder: str = ""


class Surface(Protocol):
    """What a panel is shown on. A page asks a person; paper, and tests, take the defaults."""

    @property
    def narrow(self) -> bool:
        """Whether charts of several small ones have room for two beside each other only."""

    @property
    def paper(self) -> bool:
        """Whether nothing can be clicked."""

    def choose(self, choice: Choice) -> tuple[str, ...]:
        """Return the options chosen: one, or any number of a choice that looks like "many"."""

    def number(self, number: Number) -> float | None:
        """Return the number given."""


@dataclass(frozen=True, slots=True)
class Unattended:
    """A surface on which nobody chooses: the report's paper, or a page with every control as it begins."""

    paper: bool = True
    narrow: bool = False

    def choose(self, choice: Choice) -> tuple[str, ...]:
        """Return what paper shows, or the default."""
        return choice.on_paper if self.paper and choice.on_paper is not None else choice.default

    def number(self, number: Number) -> float | None:
        """Return the number it begins with."""
        return number.value
