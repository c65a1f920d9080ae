"""What reads show along the way: drift over the reading order, difficult cases, and reads that were too fast."""

from dataclasses import dataclass

import numpy as np

from core.stats.confusion import MISSING
from core.stats.estimate import finite
from core.stats.reads import ReadTable

PARTS = 10  # the reading order is cut into so many parts
LEAST = 6  # reads of a group that make a drift


@dataclass(frozen=True, slots=True)
class Drift:
    """Median seconds and accuracy of a group by part of the reading order; `position` is the mean one of a part.

    Undecided reads count as incorrect. Seconds are None where no read of the part has a time.
    """

    group: str
    arm: str
    position: tuple[float, ...]
    seconds: tuple[float | None, ...]
    accuracy: tuple[float, ...]
    reads: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CaseFigure:
    """How many readers read a case in an arm, and how many were right; the AI is not among them."""

    case: str
    truth: str
    arm: str
    read: int
    right: int

    @property
    def share(self) -> float | None:
        """Share of the readers who were right; None where nobody read the case."""
        return self.right / self.read if self.read else None


@dataclass(frozen=True, slots=True)
class TooFast:
    """A reader's reads in an arm that took less than `shortest` seconds; they stay in every other figure."""

    reader: str
    arm: str
    shortest: float
    reads: int
    cases: tuple[str, ...]


def drifts(table: ReadTable) -> tuple[Drift, ...]:
    """Drift of every group and arm with six reads or more that have a position; none where positions are unknown.

    The positions are cut at their tenths, reads of a group pooled.
    """
    found = []
    for arm, name in enumerate(table.arms):
        for group in dict.fromkeys(table.groups):
            inside = np.array([own == group for own in table.groups])
            known = (table.prediction[arm][inside] != MISSING) & ~np.isnan(table.position[arm][inside])
            at = table.position[arm][inside][known]
            if at.size < LEAST:
                continue
            seconds = table.seconds[arm][inside][known]
            right = (table.prediction[arm][inside] == table.truth)[known]
            edges = np.unique(np.quantile(at, np.linspace(0, 1, PARTS + 1)))
            part = np.clip(np.searchsorted(edges, at, side="right") - 1, 0, max(len(edges) - 2, 0))
            parts = [part == half for half in np.unique(part)]
            found.append(
                Drift(
                    group,
                    name,
                    tuple(float(at[half].mean()) for half in parts),
                    tuple(_median(seconds[half]) for half in parts),
                    tuple(float(right[half].mean()) for half in parts),
                    tuple(int(half.sum()) for half in parts),
                )
            )
    return tuple(found)


def case_figures(table: ReadTable) -> tuple[CaseFigure, ...]:
    """Every case in every arm, in the order of the table."""
    found = []
    for arm, name in enumerate(table.arms):
        read = (table.prediction[arm] != MISSING).sum(axis=0).tolist()
        right = (table.prediction[arm] == table.truth).sum(axis=0).tolist()
        labels = [table.classes[code] for code in table.truth.tolist()]
        for case, truth, n, good in zip(table.cases, labels, read, right, strict=True):
            found.append(CaseFigure(case, truth, name, n, good))
    return tuple(found)


def too_fast(table: ReadTable, *, shortest: float) -> tuple[TooFast, ...]:
    """Readers with reads under `shortest` seconds, arm by arm; a read without a time is none."""
    found = []
    for arm, name in enumerate(table.arms):
        for i, reader in enumerate(table.readers):
            read = table.prediction[arm, i] != MISSING
            fast = read & (table.seconds[arm, i] < shortest)
            if fast.any():
                cases = tuple(table.cases[at] for at in np.flatnonzero(fast))
                found.append(TooFast(reader, name, shortest, int(read.sum()), cases))
    return tuple(found)


def _median(seconds: np.ndarray) -> float | None:
    known = seconds[~np.isnan(seconds)]
    return finite(float(np.median(known))) if known.size else None
