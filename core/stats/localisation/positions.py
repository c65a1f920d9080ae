"""Marks and lesions by their places in mm, from CSV files, scored into the marks and truth files of `froc`.

Marks: columns reader, treatment, case, rating, shape, x, y, z. Lesions: case, lesion, shape, x, y, z, and weight where
they do not count the same. shape is point, box or length (other corner or end in x2, y2, z2), sphere (radius), or none:
a read without marks, a case without lesions.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.stats.columns import Rows, numbers_of, refuse_twice, require
from core.stats.estimate import StatsError
from core.stats.localisation.marks import MARK_COLUMNS
from core.stats.localisation.scoring import Lesion, Mark, Outcome, Overlap, Radius, mark_rows, score
from core.stats.localisation.shapes import Box, Length, Place, Point, Shape, Sphere, check
from core.stats.localisation.truth import TRUTH_COLUMNS, WEIGHTS_ADD_UP, lesion_numbers, naming, read_rows

PLACED_MARKS = ("reader", "treatment", "case", "rating", "shape", "x", "y", "z")
PLACED_LESIONS = ("case", "lesion", "shape", "x", "y", "z")
SHAPES = ("point", "box", "length", "sphere", "none")
Read = tuple[str, str, str]  # reader, treatment, case


@dataclass(frozen=True, slots=True)
class Scoring:
    """The scored study: its two files as CSV texts, and how many marks of each reader had which outcome."""

    marks: str
    truth: str
    counts: dict[tuple[str, str], Counter[Outcome | str]]  # by treatment and reader; "missed" counts lesions


def score_files(marks: Path, lesions: Path, accept: Radius | Overlap) -> Scoring:
    """Score every read of the marks file; StatsError names file, row and remedy of whatever cannot be used."""
    with naming(lesions):
        known, weights = _lesions(read_rows(lesions, needed=PLACED_LESIONS))
    with naming(marks):
        reads = _marks(read_rows(marks, needed=PLACED_MARKS), set(known), lesions.name)
    rows: list[tuple[str, ...]] = []
    counts: dict[tuple[str, str], Counter[Outcome | str]] = {}
    for (reader, treatment, case), drawn in reads.items():
        found = score(drawn, known[case], accept)
        rows += [(reader, treatment, case, *row) for row in mark_rows(drawn, found)]
        counter = counts.setdefault((treatment, reader), Counter())
        counter.update(s.outcome for s in found.marks)
        counter["missed"] += len(found.missed)
    truth = [
        row
        for case, those in known.items()
        for row in (
            [(case, "1", str(x.number), repr(weights[case, x.number])) for x in those] or [(case, "0", "0", "0")]
        )
    ]
    return Scoring(_text(MARK_COLUMNS, rows), _text(TRUTH_COLUMNS, truth), counts)


def _text(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([header, *rows])
    return out.getvalue()


def _marks(rows: Rows, cases: set[str], lesions_name: str) -> dict[Read, list[Mark]]:
    require(rows, ("reader", "treatment", "case", "shape"))
    rating = numbers_of(rows, "rating", blank=True).tolist()
    names = zip(*(rows[name].values() for name in ("reader", "treatment", "case")), strict=True)
    reads: dict[Read, list[Mark]] = {}
    none: dict[Read, int] = {}
    for read, shape, z, line in zip(names, _shapes(rows), rating, rows.lines.tolist(), strict=True):
        if read[2] not in cases:
            raise StatsError(
                f"Row {line}, column case: case '{read[2]}' is not in {lesions_name}; add its lesions, or a row of "
                "shape none."
            )
        if read in none or (shape is None and read in reads):
            raise StatsError(
                f"Row {line}, column shape: this reader, treatment and case has a row of shape none and another row; "
                "delete one of them."
            )
        drawn = reads.setdefault(read, [])
        if shape is None:
            none[read] = line
        elif np.isnan(z):
            raise StatsError(f"Row {line}, column rating: empty; a mark needs a rating, so write a number.")
        else:
            drawn.append(Mark(shape, z))
    return reads


def _lesions(rows: Rows) -> tuple[dict[str, list[Lesion]], dict[tuple[str, int], float]]:
    """Lesions of every case, and their weights: 1/n each where the file gives none."""
    require(rows, ("case", "shape"))
    number = lesion_numbers(rows)
    refuse_twice(rows["case"].codes * (int(number.max()) + 1) + number, rows.lines, "case and lesion")
    weight = numbers_of(rows, "weight", blank=True, least=0.0, most=1.0)
    found: dict[str, list[Lesion]] = {}
    given: dict[tuple[str, int], float] = {}
    empty: set[str] = set()
    for case, n, shape, w, line in zip(
        rows["case"].values(), number.tolist(), _shapes(rows), weight.tolist(), rows.lines.tolist(), strict=True
    ):
        if (shape is None) != (n == 0) or case in empty or (shape is None and case in found):
            raise StatsError(
                f"Row {line}, column lesion: a case has either one row of lesion 0 and shape none, or lesions numbered "
                "1, 2, 3 with their shapes; mend the row."
            )
        mine = found.setdefault(case, [])
        if shape is None:
            empty.add(case)
        else:
            mine.append(Lesion(n, shape))
            given[case, n] = w
    if all(np.isnan(w) for w in given.values()):
        given = {(case, n): 1 / len(found[case]) for case, n in given}
    elif any(np.isnan(w) for w in given.values()):
        case, n = next(key for key, w in given.items() if np.isnan(w))
        raise StatsError(f"Column weight: lesion {n} of case {case} has none; give every lesion a weight, or none.")
    for case, mine in found.items():
        total = sum(given[case, lesion.number] for lesion in mine)
        if mine and abs(total - 1) > WEIGHTS_ADD_UP:
            raise StatsError(f"Column weight: the weights of case {case} sum to {total:.6g}; make them sum to 1.")
    return found, given


def _shapes(rows: Rows) -> Iterator[Shape | None]:
    """The shape of every row, None for none."""
    columns = [numbers_of(rows, name, blank=True).tolist() for name in ("x", "y", "z", "x2", "y2", "z2", "radius")]
    kinds = rows["shape"].values()
    for kind, line, *numbers in zip(kinds, rows.lines.tolist(), *columns, strict=True):
        x, y, z, x2, y2, z2, radius = numbers
        yield _shape(kind.casefold(), (x, y, z), (x2, y2, z2), radius, line)


def _shape(kind: str, a: Place, b: Place, radius: float, line: int) -> Shape | None:
    if kind not in SHAPES:
        raise StatsError(f"Row {line}, column shape: '{kind}' is no shape; write {', '.join(SHAPES)}.")
    if kind == "none":
        return None
    shapes: dict[str, Shape] = {
        "point": Point(a),
        "box": Box(a, b),
        "length": Length(a, b),
        "sphere": Sphere(a, radius),
    }
    needed = (*a, *b) if kind in ("box", "length") else (*a, radius) if kind == "sphere" else a
    if any(np.isnan(v) for v in needed):
        extra = {"box": ", x2, y2 and z2", "length": ", x2, y2 and z2", "sphere": " and radius"}.get(kind, "")
        raise StatsError(f"Row {line}, column shape: a {kind} needs numbers in x, y, z{extra}, in mm; fill them in.")
    try:
        check(shapes[kind])
    except StatsError as error:
        said = str(error)
        raise StatsError(f"Row {line}, column shape: {said[0].lower()}{said[1:]}") from None
    return shapes[kind]
