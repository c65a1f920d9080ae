"""The truth of a localisation study: which cases have lesions, and the weight of each lesion within its case."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.stats.columns import (
    Column,
    Ints,
    Rows,
    as_number,
    first,
    numbers_of,
    one_value,
    places,
    refuse_twice,
    require,
)
from core.stats.columns import read_rows as read_columns
from core.stats.estimate import Bools, Floats, StatsError
from core.stats.ids import refuse_lookalikes

TRUTH_COLUMNS = ("case", "truth", "lesion", "weight")
WEIGHTS_ADD_UP = 1e-5  # a third written as 0.333333 passes, 0.33 does not
WORKBOOKS = (".xlsx", ".xls", ".ods")


@dataclass(frozen=True, slots=True)
class Truth:
    """n cases with L lesions, in the order of the file."""

    cases: tuple[str, ...]
    diseased: Bools  # (n,)
    lesion_case: Ints  # (L,) index of each lesion's case
    lesion_number: Ints  # (L,) its number within the case
    weight: Floats  # (L,) sums to 1 within a case
    cluster: Ints  # (n,) number of each case's cluster, from 0; every case its own unless several belong to a patient

    def sums(self, of_lesions: Floats) -> Floats:
        """Values of lesions (m, L) summed within each case (m, n)."""
        out = np.zeros((len(of_lesions), len(self.cases)))
        for row, values in zip(out, of_lesions, strict=True):
            row[:] = np.bincount(self.lesion_case, values, len(self.cases))
        return out


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Put the file's name before the sentence of a StatsError raised inside, for commands that read two files."""
    try:
        yield
    except StatsError as error:
        said = str(error)
        raise StatsError(said if path.name in said.partition(":")[0] else f"{path.name}: {said}") from None


def read_rows(path: Path, *, needed: tuple[str, ...]) -> Rows:
    """Rows of a CSV file; a workbook gets a sentence of its own. Raises StatsError."""
    if path.suffix.casefold() in WORKBOOKS:
        raise StatsError(
            f"{path.name} is a workbook; save its marks and its truth as two CSV files, "
            f"this one with the columns {', '.join(needed)}."
        )
    return read_columns(path, needed=needed)


def truth_of(rows: Rows) -> Truth:
    """Truth of parsed rows: one row a lesion, and one row with lesion 0 for a case without lesions.

    Raises StatsError for a case with both, a lesion or a case given twice, and weights that do not sum to 1.
    """
    require(rows, ("case", "truth"))
    refuse_lookalikes(rows, "case")
    diseased_row = _diseased(rows["truth"], rows)
    one_value(rows, "case", "truth")
    number = lesion_numbers(rows)
    for bad, remedy in (
        (diseased_row & (number == 0), "number the lesions of a diseased case 1, 2, 3"),
        (~diseased_row & (number > 0), "write lesion 0 for a case without lesions, or truth 1"),
    ):
        at = first(bad)
        if at is not None:
            raise StatsError(
                f"Row {rows.lines[at]}, column lesion: lesion {number[at]} in a case of truth {int(diseased_row[at])}; "
                f"{remedy}."
            )
    cases = rows["case"].present()
    case = places(rows["case"], cases)
    refuse_twice(case * (int(number.max()) + 1) + number, rows.lines, "case and lesion")
    weight = numbers_of(rows, "weight", blank=True, least=0.0, most=1.0)
    at = first(np.isnan(weight) & diseased_row)
    if at is not None:
        raise StatsError(
            f"Row {rows.lines[at]}, column weight: empty; write the lesion's weight, 1/n for each of n equal lesions."
        )
    diseased = np.zeros(len(cases), bool)
    diseased[case] = diseased_row
    lesion_case, of_lesion = case[diseased_row], weight[diseased_row]
    sums = np.bincount(lesion_case, of_lesion, len(cases))
    at = first(diseased_row & (np.abs(sums[case] - 1) > WEIGHTS_ADD_UP))
    if at is not None:
        raise StatsError(
            f"Row {rows.lines[at]}, column weight: the weights of case {cases[case[at]]} sum to {sums[case[at]]:.6g}; "
            "make them sum to 1 (1/n for each of n equal lesions)."
        )
    shares = of_lesion / sums[lesion_case]
    return Truth(cases, diseased, lesion_case, number[diseased_row], shares, np.arange(len(cases)))


def clustered(truth: Truth, rows: Rows, column: str) -> Truth:
    """The truth with cases in the clusters that a column of these rows gives; StatsError for a case in two clusters."""
    require(rows, (column,))
    refuse_lookalikes(rows, column)
    of_case = one_value(rows, "case", column)
    numbers = {name: k for k, name in enumerate(dict.fromkeys(of_case.values()))}
    return replace(truth, cluster=np.array([numbers[of_case[case]] for case in truth.cases]))


def lesion_numbers(rows: Rows) -> Ints:
    """Column lesion as whole numbers (rows,), 0 where empty; StatsError for anything else."""
    column = rows["lesion"]
    value = np.asarray(column.each(lambda text: as_number(text) if text else 0.0), np.float64)
    at = first(~((value >= 0) & (value == np.floor(value)) & (value < 1e6)))
    if at is not None:
        raise StatsError(
            f"Row {rows.lines[at]}, column lesion: '{column.texts[column.codes[at]]}' is not a lesion's number; "
            "number the lesions of a case 1, 2, 3."
        )
    return value.astype(np.int64)


def _diseased(column: Column, rows: Rows) -> Bools:
    value = np.asarray(column.each(as_number), np.float64)
    at = first((value != 0) & (value != 1))
    if at is not None:
        raise StatsError(
            f"Row {rows.lines[at]}, column truth: '{column.texts[column.codes[at]]}' is neither 0 nor 1; "
            "write 1 for a case with lesions, 0 for one without."
        )
    return np.asarray(value == 1)
