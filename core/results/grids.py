"""Rows as grids participant x case, the form in which the statistics take them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.results.rows import ARMS, Participant, StudyFacts, StudyRows
from core.stats.confusion import FAILURE, INDETERMINATE, MISSING, Codes, counts
from core.stats.reads import ReadTable


@dataclass(frozen=True, slots=True)
class Grid:
    """Reads of m participants on n cases in one arm; the AI, if any, is the last participant.

    calls: int64 (m, n), codes as core.stats.confusion has them; truth: int64 (n,). scores: float64 (m, n, k), the
    ratings of readers and the probabilities of the AI, NaN without. seconds: float64 (m, n). position: int32 (m, n).
    case: int32 (n,) places in `study.cases`. `twice` counts reads left out because the same reader read the case before
    in the same arm.
    """

    people: tuple[Participant, ...]
    calls: Codes
    truth: Codes
    scores: NDArray[np.float64]
    seconds: NDArray[np.float64]
    position: NDArray[np.int32]
    case: NDArray[np.int32]
    arm: str
    twice: int = 0

    @property
    def ai(self) -> int | None:
        """Place of the AI among the participants."""
        last = len(self.people) - 1
        return last if self.people and self.people[last].is_ai else None

    def members(self, group: str) -> list[int]:
        """Places of a group's readers who read at least one case."""
        return [
            at for at, one in enumerate(self.people) if one.group == group and bool((self.calls[at] != MISSING).any())
        ]

    @property
    def readers(self) -> list[int]:
        """Places of every reader who read at least one case."""
        return [at for at, one in enumerate(self.people) if not one.is_ai and bool((self.calls[at] != MISSING).any())]


def arm_shown(rows: StudyRows) -> str:
    """Return the readers' arm that is compared with the AI: unaided unless only aided reads are left."""
    return rows.arms[0] if rows.arms else ARMS[0]


def grid_of(rows: StudyRows, *, arm: str | None = None) -> Grid:
    """Lay the rows of one arm (default: `arm_shown`) and the AI's rows out as a grid; the first read of a case counts.

    Cases are those that any of these rows has; participants are all of the study.
    """
    study = rows.study
    chosen = arm or arm_shown(rows)
    kept = (rows.arm == ARMS.index(chosen)) | rows.is_ai
    who, place = rows.participant[kept], rows.case[kept]
    used = np.flatnonzero(np.bincount(place))  # a tenth of the time of np.unique on 100,000 rows
    column = np.searchsorted(used, place)
    flat = who.astype(np.int64) * max(len(used), 1) + column
    order = np.argsort(rows.session[kept], kind="stable")[::-1]  # the earliest session is written last and stays
    shape = (len(study.participants), len(used))
    calls = np.full(shape, MISSING, np.int64)
    seconds = np.full(shape, np.nan)
    position = np.zeros(shape, np.int32)
    scores = np.full((*shape, len(study.codes)), np.nan)
    if len(flat):
        machine = rows.is_ai[kept]
        values = np.where(machine[:, None], rows.probabilities[kept], rows.ratings[kept])
        calls.flat[flat[order]] = codes_of(rows.call[kept][order], len(study.codes))
        seconds.flat[flat[order]] = rows.seconds[kept][order]
        position.flat[flat[order]] = rows.position[kept][order]
        scores.reshape(-1, len(study.codes))[flat[order]] = values[order]
    twice = int(len(flat) - np.count_nonzero(calls != MISSING))
    truth = rows.case_truth[used].astype(np.int64) if len(used) else np.zeros(0, np.int64)
    return Grid(study.participants, calls, truth, scores, seconds, position, used.astype(np.int32), chosen, twice)


def codes_of(call: NDArray[np.int16], classes: int) -> Codes:
    """Return places in `study.outcomes` as codes of core.stats.confusion."""
    chosen = np.select([call < 0, call < classes, call == classes], [MISSING, call, INDETERMINATE], FAILURE)
    return np.asarray(chosen, np.int64)


def read_table(rows: StudyRows) -> ReadTable:
    """Lay all arms out as the table that `python -m core analyse` makes of the long export; without practice rows."""
    study = rows.study
    kept = rows.take(~rows.practice) if rows.practice.any() else rows
    arms = [ARMS[arm] for arm in dict.fromkeys(kept.arm[~kept.is_ai].tolist())]
    grids = [grid_of(kept, arm=arm) for arm in arms] or [grid_of(kept)]
    first = grids[0]
    cases = np.flatnonzero(np.bincount(kept.case))
    people = [at for at, one in enumerate(study.participants) if not one.is_ai and (kept.participant == at).any()]
    shape = (len(grids), len(people), len(cases))
    prediction = np.full(shape, MISSING, np.int64)
    scores = np.full((*shape, len(study.codes)), np.nan)
    seconds, position = np.full(shape, np.nan), np.full(shape, np.nan)
    for arm, grid in enumerate(grids):
        at = np.searchsorted(cases, grid.case)
        read = grid.calls[people] != MISSING
        prediction[arm][:, at] = grid.calls[people]
        scores[arm][:, at] = grid.scores[people]
        seconds[arm][:, at] = grid.seconds[people]
        position[arm][:, at] = np.where(read, grid.position[people], np.nan)
    ai = first.ai if kept.is_ai.any() else None
    return ReadTable(
        classes=study.codes,
        cases=tuple(str(study.cases[case].number) for case in cases),
        truth=kept.case_truth[cases].astype(np.int64),
        readers=tuple(study.participants[at].name for at in people),
        groups=tuple(study.participants[at].group for at in people),
        arms=tuple(arms) or ("",),
        prediction=prediction,
        scores=scores,
        probabilities=np.full_like(scores, np.nan),
        seconds=seconds,
        position=position,
        ai_prediction=_of_ai(first, cases, first.calls, MISSING, ai),
        ai_scores=_of_ai(first, cases, first.scores, np.nan, ai),
        ai_probabilities=_of_ai(first, cases, first.scores, np.nan, ai),
        ai_seconds=_of_ai(first, cases, first.seconds, np.nan, ai),
    )


def _of_ai(grid: Grid, cases: NDArray[np.int64], values: NDArray[Any], empty: float, ai: int | None) -> Any:
    """Return one row of values for the AI, over all cases; None without an AI."""
    if ai is None:
        return None
    out = np.full((len(cases), *values.shape[2:]), empty, values.dtype)
    out[np.searchsorted(cases, grid.case)] = values[ai]
    return out


def confusion(grid: Grid, members: list[int], *, classes: int) -> NDArray[np.int64]:
    """Return pooled counts (classes, classes + 2) of some participants: rows truth, columns outcomes."""
    return np.asarray(counts(grid.truth, grid.calls[members], classes).sum(axis=0), np.int64)


def cases_read(grid: Grid, members: list[int]) -> int:
    """Return how many cases at least one of some participants has read."""
    return int((grid.calls[members] != MISSING).any(axis=0).sum())


def cases_in_cell(
    study: StudyFacts, grid: Grid, members: list[int], *, truth: int, called: str
) -> list[tuple[int, list[str]]]:
    """Return (case number, readers) of one cell of a confusion matrix; `called` is a label as the matrix shows it."""
    names = [*(one.label for one in study.classes), "Indeterminate", "AI failure"]
    place = names.index(called)
    code = place if place < len(study.classes) else (INDETERMINATE, FAILURE)[place - len(study.classes)]
    hits = (grid.calls[members] == code) & (grid.truth == truth)[None, :]
    return [
        (study.cases[grid.case[at]].number, [grid.people[members[row]].name for row in np.flatnonzero(hits[:, at])])
        for at in np.flatnonzero(hits.any(axis=0))
    ]
