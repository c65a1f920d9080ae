"""The table of ratings that `mrmc` and `standalone` read: columns reader, treatment, case, truth, rating."""

from dataclasses import dataclass

import numpy as np

from core.stats.columns import (
    Rows,
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
from core.stats.estimate import Bools, Floats, Ints, StatsError
from core.stats.ids import refuse_lookalikes, within_clusters

__all__ = ["AI", "RATING_COLUMNS", "Readings", "parse_rows", "read_rows", "readings", "split_ai"]

RATING_COLUMNS = ("reader", "treatment", "case", "truth", "rating")
AI = "AI"  # the reader of this name is the AI
TRUTHS = {"0": 0, "0.0": 0, "1": 1, "1.0": 1}
WRITE = "write a number with a decimal point, or delete the row if the case was not read"


@dataclass(frozen=True, slots=True)
class Readings:
    """values (t, r, n), NaN where a reader did not read a case in a treatment; truth (n,), True for positive."""

    values: Floats
    truth: Bools
    treatments: tuple[str, ...]
    readers: tuple[str, ...]
    cases: tuple[str, ...]
    clusters: tuple[str, ...] | None = None  # of each case, such as its patient

    def cluster_codes(self) -> Ints | None:
        """The cluster of each case as a number, None where cases are not clustered."""
        return None if self.clusters is None else np.unique(np.array(self.clusters), return_inverse=True)[1].ravel()


def readings(rows: Rows, *, cluster: str | None = None) -> Readings:
    """Arrays of a table with RATING_COLUMNS; truth must be 0 or 1, and the same in every row of a case.

    `cluster` names the column of what several cases belong to, such as the patient; an id of a case may then be used
    again in another cluster.

    Raises StatsError naming row, column and remedy for an empty or non-numeric value, a truth that is neither 0 nor 1
    or that contradicts an earlier row, and a reading given twice.
    """
    require(rows, RATING_COLUMNS[:3])
    for name in RATING_COLUMNS[:3]:
        refuse_lookalikes(rows, name)
    rows, cluster_of = within_clusters(rows, cluster)
    column = rows["truth"]
    at = first(column.each(lambda text: text not in TRUTHS))
    if at is not None:
        text = column.texts[column.codes[at]]
        raise StatsError(
            f"Row {rows.lines[at]}, column truth: '{text}' is neither 0 nor 1; write 1 for positive, 0 for not."
        )
    values = numbers_of(rows, "rating", blank=False, remedy=WRITE)
    truths = one_value(rows, "case", "truth")
    names = tuple(natural(rows[name].present()) for name in ("treatment", "reader", "case"))
    where = tuple(places(rows[name], axis) for name, axis in zip(("treatment", "reader", "case"), names, strict=True))
    shape = tuple(len(axis) for axis in names)
    flat = np.ravel_multi_index(where, shape)
    refuse_twice(flat, rows.lines, "reader, treatment and case")
    out = np.full(shape, np.nan)
    out.flat[flat] = values
    truth = np.array([bool(TRUTHS[truths[name]]) for name in names[2]])
    clusters = tuple(cluster_of[name] for name in names[2]) if cluster_of else None
    return Readings(out, truth, names[0], names[1], names[2], clusters)


def split_ai(table: Readings) -> tuple[Floats, Floats, tuple[str, ...]]:
    """Ratings of the AI (n,) and of the readers (K, n), and the readers' names; one treatment a reader.

    The AI may have a treatment name of its own. Raises StatsError without the reader "AI", without other readers, or
    where the readers read in several treatments.
    """
    if AI not in table.readers:
        raise StatsError(f"Column reader: no row has the reader {AI}; name the AI's rows {AI}.")
    if len(table.readers) < 2:
        raise StatsError(f"Column reader: every row is of the reader {AI}; add the rows of the readers.")
    read = ~np.isnan(table.values)
    at = table.readers.index(AI)
    others = [j for j in range(len(table.readers)) if j != at]
    for who, members in ((f"the reader {AI}", [at]), ("the readers", others)):
        used = [table.treatments[i] for i in range(len(table.treatments)) if read[i, members].any()]
        if len(used) > 1:
            raise StatsError(
                f"Column treatment: {who} read in {len(used)} treatments ({', '.join(used)}); keep the rows of one."
            )
    merged = np.nansum(table.values, axis=0)
    merged[~read.any(axis=0)] = np.nan
    return merged[at], merged[others], tuple(table.readers[j] for j in others)
