"""The long table of a study, one row a read, as arrays for the analysis.

Columns reader, group, case, truth, prediction; if there: prob_<class> (0..1), rating_<class>, seconds, position, arm,
session, attempt, practice, assigned. The reader named AI and every reader of the group AI are AIs. An empty prediction
is a missing read. So is a read without a row, unless the column `assigned` (1 or 0) says which reads the design asks
for, as in a split-plot design or one with a sample of cases per reader: then every such read has a row.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from core.stats.columns import (
    Rows,
    as_number,
    first,
    natural,
    numbers_of,
    one_value,
    parse_rows,
    places,
    read_rows,
    refuse_twice,
    require,
)
from core.stats.confusion import FAILURE, INDETERMINATE, MISSING, Codes
from core.stats.estimate import Bools, Floats, Ints, StatsError
from core.stats.ids import numbered, refuse_lookalikes, within_clusters
from core.stats.roc import TOLERANCE
from core.stats.table import AI

READ_COLUMNS = ("reader", "group", "case", "truth", "prediction")
UNDECIDED = {"indeterminate": INDETERMINATE, "failure": FAILURE, "": MISSING}
Number = TypeVar("Number", np.int64, np.float64)
MOST_CLASSES = 20
YES, NO = {"1", "true", "yes"}, {"0", "false", "no", ""}


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Rows left out, why, and how many."""

    reason: str
    rows: int


@dataclass(frozen=True, slots=True)
class AiReads:
    """The reads of one AI on n cases with C classes; arrays as in ReadTable, without the axes of arms and readers."""

    name: str
    prediction: Codes  # (n,)
    scores: Floats  # (n, C)
    probabilities: Floats  # (n, C)
    seconds: Floats  # (n,)

    def of_cases(self, at: NDArray[np.int64]) -> "AiReads":
        """Return its reads of some cases, `at` (k,) their places."""
        return AiReads(self.name, self.prediction[at], self.scores[at], self.probabilities[at], self.seconds[at])


@dataclass(frozen=True, slots=True)
class ReadTable:
    """All reads of a study: r readers in a arms on n cases with C classes; codes as in confusion.py.

    `scores` are ratings or probabilities (higher means more of that class), NaN where none was given; `probabilities`
    the same where they are probabilities. The first of `ais` is the one that aided readers were shown. `assigned` says
    which reads the design asks for, None for all: what it does not ask for is no missing read.
    """

    classes: tuple[str, ...]
    cases: tuple[str, ...]
    truth: Codes  # (n,)
    readers: tuple[str, ...]
    groups: tuple[str, ...]  # one a reader
    arms: tuple[str, ...]
    prediction: Codes  # (a, r, n)
    scores: Floats  # (a, r, n, C)
    probabilities: Floats  # (a, r, n, C)
    seconds: Floats  # (a, r, n)
    position: Floats  # (a, r, n)
    ais: tuple[AiReads, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    notes: tuple[str, ...] = ()
    clusters: Ints | None = None  # (n,) what each case belongs to, such as a patient; None where cases stand alone
    assigned: Bools | None = None  # (a, r, n)

    @property
    def ai_prediction(self) -> Codes | None:
        """What the first AI called (n,), None without an AI."""
        return self.ais[0].prediction if self.ais else None

    @property
    def missing(self) -> Bools:
        """Which reads of the design were not made (a, r, n)."""
        return lacking(self.prediction, self.assigned)


def lacking(prediction: Codes, assigned: Bools | None) -> Bools:
    """Which of the reads that a design asks for (None: all) were not made."""
    unread = prediction == MISSING
    return np.asarray(unread if assigned is None else unread & assigned)


def read_table(path: Path, *, cluster: str | None = None) -> ReadTable:
    """Reads of a CSV file; StatsError names row, column and remedy of whatever cannot be used."""
    return table_of(read_rows(path, needed=READ_COLUMNS), cluster=cluster)


def table_from_text(text: str, *, cluster: str | None = None) -> ReadTable:
    """Reads of a CSV text, such as a study's long export."""
    return table_of(parse_rows(text, needed=READ_COLUMNS), cluster=cluster)


def table_of(rows: Rows, *, cluster: str | None = None) -> ReadTable:
    """Reads of parsed rows: practice reads and reads superseded by a later attempt are left out and counted.

    `cluster` names the column of what several cases belong to, such as the patient. Where each has one case only, the
    analysis is that of cases that stand alone, and a note says so.

    Raises StatsError for a label that is no class, a case with two truths, a reader in two groups, or a read given
    twice.
    """
    rows, cluster_of = within_clusters(rows, cluster)
    rows, exclusions = _kept(rows)
    require(rows, ("reader", "case", "truth"))
    refuse_lookalikes(rows, "case")
    refuse_lookalikes(rows, "reader")
    classes = _classes(rows)
    truth_of, group_of = one_value(rows, "case", "truth"), one_value(rows, "reader", "group")
    _refuse_unknown(rows, classes)
    codes = _codes(rows, classes)
    cases = natural(rows["case"].present())
    case = places(rows["case"], cases)
    truth = np.array([classes.index(truth_of[name]) for name in cases])
    machines = [name for name in rows["reader"].present() if AI in (name, group_of[name])]
    is_ai = np.asarray(rows["reader"].each(lambda name: name in machines), bool)
    groups = list(dict.fromkeys(group_of[name] for name in rows["reader"].present()))
    people = [name for name in rows["reader"].present() if name not in machines]
    people.sort(key=lambda name: (groups.index(group_of[name]), natural_key(name)))
    arms = rows.take(~is_ai).optional("arm").present() or ("",)
    probability, scores = _scores(rows, classes, codes)
    seconds, position = (numbers_of(rows, name, blank=True, least=0.0) for name in ("seconds", "position"))
    shape = (len(arms), len(people), len(cases))
    mine = ~is_ai
    at = (places(rows.optional("arm"), arms)[mine], places(rows["reader"], people)[mine], case[mine])
    if people:
        refuse_twice(np.ravel_multi_index(at, shape), rows.lines[mine], "reader, arm and case")
    clusters, notes = numbered(cluster, cluster_of, cases) if cluster else (None, ())

    def spread(values: NDArray[Number], empty: float) -> NDArray[Number]:
        out = np.full(shape + values.shape[1:], empty, values.dtype)
        out[at] = values[mine]
        return out

    def of_ai(name: str) -> AiReads:
        one = np.asarray(rows["reader"].each(lambda text: text == name), bool)
        own = _ai_rows(rows, name, one, case, codes, scores, len(cases))

        def spread(values: NDArray[Number], empty: float) -> NDArray[Number]:
            out = np.full((len(cases), *values.shape[1:]), empty, values.dtype)
            out[case[own]] = values[own]
            return out

        return AiReads(
            name, spread(codes, MISSING), spread(scores, np.nan), spread(probability, np.nan), spread(seconds, np.nan)
        )

    return ReadTable(
        classes=classes,
        cases=cases,
        truth=truth,
        readers=tuple(people),
        groups=tuple(group_of[name] for name in people),
        arms=arms,
        prediction=spread(codes, MISSING),
        scores=spread(scores, np.nan),
        probabilities=spread(probability, np.nan),
        seconds=spread(seconds, np.nan),
        position=spread(position, np.nan),
        ais=tuple(of_ai(name) for name in machines),
        exclusions=exclusions,
        notes=notes,
        clusters=clusters,
        assigned=spread(_yes(rows, "assigned").astype(np.int64), 0) == 1 if "assigned" in rows.columns else None,
    )


def natural_key(name: str) -> tuple[int, float, str]:
    """Sorts numbers by value before texts by alphabet."""
    value = as_number(name)
    return (1, 0.0, name) if math.isnan(value) else (0, value, name)


def _kept(rows: Rows) -> tuple[Rows, tuple[Exclusion, ...]]:
    """Rows that count: no practice, and of each reader, case, arm and session only the highest attempt."""
    practice = _yes(rows, "practice")
    attempt = np.nan_to_num(numbers_of(rows, "attempt", blank=True), nan=1.0)
    key = np.zeros(len(rows.lines), np.int64)
    for name in ("reader", "case", "arm", "session"):
        part = rows.optional(name)
        key = key * len(part.texts) + part.codes
    _, where = np.unique(key, return_inverse=True)
    last = np.full(where.max() + 1, -np.inf)
    np.maximum.at(last, where[~practice], attempt[~practice])
    superseded = (attempt < last[where]) & ~practice
    keep = ~practice & ~superseded
    if not keep.any():
        raise StatsError("Column practice: every row is a practice read; there is nothing to analyse.")
    left = (("practice read", practice), ("superseded by a later attempt", superseded))
    return rows.take(keep), tuple(Exclusion(reason, int(out.sum())) for reason, out in left if out.any())


def _yes(rows: Rows, name: str) -> Bools:
    """Where a column of 1 and 0 says 1; empty is 0."""
    column = rows.optional(name)
    at = first(column.each(lambda text: text.casefold() not in YES | NO))
    if at is not None:
        text = column.texts[column.codes[at]]
        raise StatsError(f"Row {rows.lines[at]}, column {name}: '{text}' is neither 1 nor 0; write one of them.")
    return np.asarray(column.each(lambda text: text.casefold() in YES), bool)


def _classes(rows: Rows) -> tuple[str, ...]:
    """The classes in order: that of the columns prob_ or rating_, else of the labels in truth and prediction."""
    named: tuple[str, ...] = ()
    for prefix in ("prob_", "rating_"):
        named = named or tuple(name.removeprefix(prefix) for name in rows.columns if name.startswith(prefix))
    labels = [label for label in rows["prediction"].present() if label.casefold() not in UNDECIDED]
    every = natural([*rows["truth"].present(), *labels, *named])
    found = named if len(named) > 1 else every  # one column alone does not name every class
    if len(found) < 2:
        raise StatsError(f"Column truth: the only class is {found[0]}; an analysis needs two classes or more.")
    if len(found) > MOST_CLASSES:
        raise StatsError(
            f"Column prediction: {len(found)} different labels in truth and prediction; these are not classes. Give at "
            f"most {MOST_CLASSES}, and numbers in columns rating_CLASS or prob_CLASS."
        )
    return found


def _refuse_unknown(rows: Rows, classes: tuple[str, ...]) -> None:
    known = ", ".join(classes)
    for name, allowed, remedy in (
        ("truth", set(), "mend the label"),
        ("prediction", set(UNDECIDED), "write indeterminate or failure, or leave it empty if the case was not read"),
    ):
        column = rows[name]
        bad = [text not in classes and text.casefold() not in allowed for text in column.texts]
        at = first(np.array(bad)[column.codes])
        if at is not None:
            text = column.texts[column.codes[at]]
            raise StatsError(
                f"Row {rows.lines[at]}, column {name}: '{text}' is not one of the classes {known}; {remedy}."
            )


def _codes(rows: Rows, classes: tuple[str, ...]) -> Codes:
    """The prediction of every row as a code (see confusion.py)."""
    known = {label: k for k, label in enumerate(classes)}
    return np.asarray(rows["prediction"].each(lambda x: known[x] if x in known else UNDECIDED[x.casefold()]), np.int64)


def _scores(rows: Rows, classes: tuple[str, ...], codes: Codes) -> tuple[Floats, Floats]:
    """Probabilities (rows, C), and scores: the same, or ratings where a row has no probability; none if not read."""
    probability = np.stack([numbers_of(rows, f"prob_{c}", blank=True, least=0.0, most=1.0) for c in classes], axis=1)
    rating = np.stack([numbers_of(rows, f"rating_{c}", blank=True) for c in classes], axis=1)
    for values in (probability, rating):
        values[codes == MISSING] = np.nan
    total = np.nansum(probability, axis=1)
    at = first(total > 1 + TOLERANCE)
    if at is not None:
        raise StatsError(
            f"Row {rows.lines[at]}, columns {', '.join(f'prob_{c}' for c in classes)}: the probabilities add up to "
            f"{total[at]:.3g}, more than 1; mend them."
        )
    if len(classes) == 2:  # one probability of two classes tells the other
        known = ~np.isnan(probability)
        for a, b in ((0, 1), (1, 0)):
            only = known[:, a] & ~known[:, b]
            probability[only, b] = 1 - probability[only, a]
    return probability, np.where(np.isnan(probability), rating, probability)


def _ai_rows(rows: Rows, name: str, is_ai: Bools, case: Codes, codes: Codes, scores: Floats, cases: int) -> Codes:
    """Indices of an AI's rows, one a case; a second row of a case (another arm or session) must say the same."""
    who = "the AI" if name == AI else f"the AI {name}"
    at = np.flatnonzero(is_ai)
    start = np.full(cases, -1)
    start[case[at][::-1]] = at[::-1]  # the first row of a case stays
    other = at[codes[at] != codes[start[case[at]]]]
    if other.size:
        raise StatsError(
            f"Row {rows.lines[other[0]]}, column prediction: {who} calls this case otherwise than in row "
            f"{rows.lines[start[case[other[0]]]]}; keep the rows of one AI run."
        )
    parts = np.stack([case[at], rows.optional("arm").codes[at], rows.optional("session").codes[at]])
    refuse_twice(np.unique(parts, axis=1, return_inverse=True)[1].ravel(), rows.lines[at], "AI and case")
    first_of = start[case[at]]
    other = at[((scores[at] != scores[first_of]) & ~(np.isnan(scores[at]) & np.isnan(scores[first_of]))).any(axis=1)]
    if other.size:
        raise StatsError(
            f"Row {rows.lines[other[0]]}: {who} has other probabilities or ratings for this case than in row "
            f"{rows.lines[start[case[other[0]]]]}; keep the rows of one AI run."
        )
    return np.asarray(start[start >= 0])
