"""Marks of readers on images: the CSV of marks beside the CSV of truth, as arrays for the figures of merit.

Marks: columns reader, treatment, case, kind, lesion, rating; one row a mark. kind is `lesion` (lesion number `lesion`
was hit), `nonlesion` (a mark anywhere else) or `none` (the case was read and not marked).
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.stats.columns import Column, Ints, Rows, as_number, first, numbers_of, places, require
from core.stats.estimate import Bools, Floats, StatsError
from core.stats.ids import refuse_lookalikes
from core.stats.localisation.truth import TRUTH_COLUMNS, Truth, clustered, lesion_numbers, naming, read_rows, truth_of

MARK_COLUMNS = ("reader", "treatment", "case", "kind", "lesion", "rating")
KINDS = ("lesion", "nonlesion", "none")
UNMARKED = -np.inf  # the rating of a case or lesion without a mark: below every mark


@dataclass(frozen=True, slots=True)
class Marks:
    """Marks of m = t x r cells (treatment by treatment) on n cases with L lesions; names in the order of the files."""

    treatments: tuple[str, ...]
    readers: tuple[str, ...]
    truth: Truth
    hits: Floats  # (m, L) highest rating of each lesion, UNMARKED without a mark
    false_cell: Ints  # (F,) cell, case and rating of each nonlesion mark
    false_case: Ints
    false_rating: Floats
    notes: tuple[str, ...] = ()

    def highest_false(self) -> Floats:
        """Highest nonlesion rating of every case (m, n), UNMARKED without a nonlesion mark."""
        out = np.full((len(self.hits), len(self.truth.cases)), UNMARKED)
        np.maximum.at(out, (self.false_cell, self.false_case), self.false_rating)
        return out

    def false_counts(self) -> Floats:
        """Nonlesion marks on every case (m, n)."""
        out = np.zeros((len(self.hits), len(self.truth.cases)))
        np.add.at(out, (self.false_cell, self.false_case), 1.0)
        return out

    def highest_hit(self) -> Floats:
        """Highest lesion rating of every case (m, n), UNMARKED where no lesion is marked."""
        out = np.full((len(self.hits), len(self.truth.cases)), UNMARKED)
        np.maximum.at(out.T, self.truth.lesion_case, self.hits.T)
        return out


def read_marks(
    path: Path, truth: Path, *, one_treatment: bool = False, forced: bool = False, cluster: str | None = None
) -> Marks:
    """Marks of two CSV files; StatsError names file, row and remedy of whatever cannot be used.

    `one_treatment` puts all readers into one treatment, whatever theirs is called (each must have just one); `forced`
    asks for exactly one mark a case and one lesion a diseased case (LROC); `cluster` names a column of one of the files
    that says which cases belong together.
    """
    if cluster in (*MARK_COLUMNS, *TRUTH_COLUMNS):
        raise StatsError(f"--cluster: the column {cluster} cannot be the cluster; name one such as patient.")
    with naming(truth):
        of_truth = read_rows(truth, needed=TRUTH_COLUMNS)
        known = truth_of(of_truth)
        if forced:
            _refuse_second_lesion(known)
        if cluster in of_truth.columns:
            known = clustered(known, of_truth, cluster)
    with naming(path):
        rows = read_rows(path, needed=MARK_COLUMNS)
        found = marks_of(rows, known, truth_name=truth.name, one_treatment=one_treatment, forced=forced)
        if cluster is None or cluster in of_truth.columns:
            return found
        if cluster not in rows.columns:
            raise StatsError(f"--cluster: neither this file nor {truth.name} has the column '{cluster}'; name one.")
        return replace(found, truth=clustered(known, rows, cluster))


def marks_of(
    rows: Rows, truth: Truth, *, truth_name: str = "the truth", one_treatment: bool = False, forced: bool = False
) -> Marks:
    """Marks of parsed rows against their truth; see read_marks. Raises StatsError."""
    require(rows, ("reader", "treatment", "case", "kind"))
    for name in ("reader", "case"):
        refuse_lookalikes(rows, name)
    kind = _kinds(rows)
    if one_treatment:
        rows = _in_one_treatment(rows)
    treatments, readers = rows["treatment"].present(), rows["reader"].present()
    cell = places(rows["treatment"], treatments) * len(readers) + places(rows["reader"], readers)
    case = _cases(rows, truth, truth_name)
    rating = numbers_of(rows, "rating", blank=True, remedy="write a number with a decimal point")
    number = lesion_numbers(rows)
    _refuse_contradictions(rows, kind, number, rating)
    lesion = _lesions(rows, kind, number, case, truth, truth_name)
    n = len(truth.cases)
    where = cell * n + case
    _refuse_beside_none(rows, kind, where)
    if forced:
        _refuse_unforced(rows, kind, where)
    _refuse_gaps(where, (treatments, readers, truth.cases), truth_name)
    hit, false = kind == 0, kind == 1
    hits = np.full((len(treatments) * len(readers), len(truth.weight)), UNMARKED)
    np.maximum.at(hits, (cell[hit], lesion[hit]), rating[hit])
    again = int(hit.sum()) - np.unique(cell[hit] * max(1, len(truth.weight)) + lesion[hit]).size
    notes = (
        (f"{again} mark{'s' * (again > 1)} on a lesion that has a higher or equal mark: only the highest counts.",)
        if again
        else ()
    )
    return Marks(treatments, readers, truth, hits, cell[false], case[false], rating[false], notes)


def _in_one_treatment(rows: Rows) -> Rows:
    """The rows with the treatment that most of them have, such as where an AI has a treatment name of its own."""
    column = rows["treatment"]
    used = np.unique(np.stack([rows["reader"].codes, column.codes]), axis=1)[0]
    if np.unique(used).size < used.size:
        reader = rows["reader"].texts[used[np.flatnonzero(np.diff(used) == 0)[0]]]
        raise StatsError(
            f"Column treatment: reader {reader} has rows in more than one treatment; an AI is compared with readers in "
            "one, so keep the rows of one."
        )
    name = column.texts[int(np.bincount(column.codes).argmax())]
    one = Column(column.name, np.zeros_like(column.codes), (name,))
    return replace(rows, columns=rows.columns | {"treatment": one})


def _kinds(rows: Rows) -> Ints:
    column = rows["kind"]
    found = np.asarray(column.each(lambda x: KINDS.index(x.casefold()) if x.casefold() in KINDS else -1), np.int64)
    at = first(found < 0)
    if at is not None:
        raise StatsError(
            f"Row {rows.lines[at]}, column kind: '{column.texts[column.codes[at]]}' is no kind of mark; "
            "write lesion, nonlesion, or none for a case read without marks."
        )
    return found


def _cases(rows: Rows, truth: Truth, truth_name: str) -> Ints:
    column = rows["case"]
    case = places(column, truth.cases, other=-1)
    at = first(case < 0)
    if at is not None:
        name = column.texts[column.codes[at]]
        same = [c for c in truth.cases if as_number(c) == as_number(name)]
        hint = f" (probably the '{same[0]}' there)" if same else ""
        raise StatsError(
            f"Row {rows.lines[at]}, column case: case '{name}' is not in {truth_name}{hint}; add its truth, "
            "or write the same name in both files."
        )
    return case


def _refuse_contradictions(rows: Rows, kind: Ints, number: Ints, rating: Floats) -> None:
    """A mark needs a rating, `lesion` a number; `nonlesion` and `none` have no number, `none` no rating."""
    blank = np.isnan(rating)
    for bad, column, what in (
        ((kind == 0) & (number == 0), "lesion", "a mark on a lesion needs its number; write it, or kind nonlesion"),
        ((kind == 1) & (number > 0), "lesion", "a nonlesion mark has no lesion; empty it, or write kind lesion"),
        ((kind == 2) & (number > 0), "lesion", "a row of kind none has no lesion; empty it, or write kind lesion"),
        ((kind < 2) & blank, "rating", "empty; a mark needs a rating, so write a number"),
        ((kind == 2) & ~blank, "rating", "a row of kind none has no rating; empty it, or write the kind of the mark"),
    ):
        at = first(bad)
        if at is not None:
            raise StatsError(f"Row {rows.lines[at]}, column {column}: {what}.")


def _lesions(rows: Rows, kind: Ints, number: Ints, case: Ints, truth: Truth, truth_name: str) -> Ints:
    """Index of the lesion of every row among the truth's, -1 where the row has none."""
    most = int(max(number.max(), truth.lesion_number.max(initial=0))) + 1
    keys = truth.lesion_case * most + truth.lesion_number
    order = np.argsort(keys)
    key = case * most + number
    at_key = np.searchsorted(keys[order], key).clip(max=max(0, keys.size - 1))
    lesion = order[at_key] if keys.size else np.zeros_like(key)
    known = keys[lesion] == key if keys.size else np.zeros(key.size, bool)
    at = first((kind == 0) & ~known)
    if at is not None:
        name = truth.cases[case[at]]
        if not truth.diseased[case[at]]:
            said = f"case {name} has no lesion in {truth_name}; write kind nonlesion, or mend the truth"
        else:
            has = ", ".join(str(v) for v in sorted(truth.lesion_number[truth.lesion_case == case[at]]))
            said = f"case {name} has no lesion {number[at]} in {truth_name}, only {has}; mend the number, or the truth"
        raise StatsError(f"Row {rows.lines[at]}, column lesion: {said}.")
    return np.where(kind == 0, lesion, -1)


def _refuse_beside_none(rows: Rows, kind: Ints, where: Ints) -> None:
    order = np.argsort(where, kind="stable")
    inside = where[order]
    start = np.searchsorted(inside, inside, "left")
    end = np.searchsorted(inside, inside, "right")
    crowded = np.zeros(where.size, bool)
    crowded[order] = (end - start > 1) & (kind[order] == 2)
    at = first(crowded)
    if at is not None:
        other = int(np.flatnonzero((where == where[at]) & (np.arange(where.size) != at))[0])
        raise StatsError(
            f"Row {rows.lines[at]}, column kind: none, but row {rows.lines[other]} has the same reader, treatment and "
            "case; delete one of the two rows."
        )


def _refuse_unforced(rows: Rows, kind: Ints, where: Ints) -> None:
    at = first(kind == 2)
    if at is not None:
        raise StatsError(
            f"Row {rows.lines[at]}, column kind: none, but LROC needs one mark on every case; "
            "add the mark, or analyse these marks with froc."
        )
    order = np.argsort(where, kind="stable")
    same = np.flatnonzero(where[order][1:] == where[order][:-1])
    if same.size:
        again = int(order[same + 1].min())
        before = int(np.flatnonzero(where == where[again])[0])
        raise StatsError(
            f"Row {rows.lines[again]}, column case: a second mark beside row {rows.lines[before]}, but LROC has one "
            "mark a case; keep the one with the highest rating, or analyse these marks with froc."
        )


def _refuse_second_lesion(truth: Truth) -> None:
    counts = np.bincount(truth.lesion_case, minlength=len(truth.cases))
    at = first(counts > 1)
    if at is not None:
        raise StatsError(
            f"Case {truth.cases[at]} has {counts[at]} lesions, but LROC is for one lesion a case; "
            "leave the case out, or analyse these marks with froc."
        )


def _refuse_gaps(where: Ints, names: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]], truth_name: str) -> None:
    shape = tuple(len(axis) for axis in names)
    read: Bools = np.zeros(shape, bool)
    read.flat[where] = True
    if read.all():
        return
    unread = np.flatnonzero(~read.reshape(-1, shape[2]).any(axis=0))
    if unread.size:
        raise StatsError(
            f"No reader has a row for case {names[2][unread[0]]} of {truth_name} ({unread.size} such "
            f"case{'s' * (unread.size > 1)}); add rows of kind none if readers saw it, else take the case out."
        )
    i, j, k = (int(axis[0]) for axis in np.nonzero(~read))
    if not read[i, j].any():
        raise StatsError(
            f"Reader {names[1][j]} read nothing in treatment {names[0][i]}, but every reader must read every case in "
            "every treatment; leave out that reader or treatment (--ai for an AI with a treatment of its own)."
        )
    missing = int((~read).sum())
    raise StatsError(
        f"Reader {names[1][j]} has no row for case {names[2][k]} in treatment {names[0][i]} ({missing} such "
        f"reading{'s are' if missing > 1 else ' is'} missing); add a row of kind none if the case was read and not "
        "marked, else leave the case, the reader or the treatment out."
    )
