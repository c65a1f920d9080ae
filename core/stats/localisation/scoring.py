"""Score the marks of one read of one case: which lesion each one hits, which lesions are missed, which marks are false.

The rule. A mark belongs to the nearest lesion it is close enough to, by distance of the middles or by overlap; of two
equally near, to the lower number. A lesion counts once, with the highest rating of its marks; its other marks are
repeats, neither hits nor false. A mark close to no lesion is false. Ratings never decide which lesion a mark hits.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from core.stats.estimate import StatsError
from core.stats.localisation.shapes import Shape, check, distance, overlap

Outcome = Literal["hit", "repeat", "false"]
DIGITS = 6  # nearness is compared to a millionth (mm or share), so that rounding decides no tie


@dataclass(frozen=True, slots=True)
class Mark:
    """What a reader or an AI drew, and how sure they were."""

    shape: Shape
    rating: float


@dataclass(frozen=True, slots=True)
class Lesion:
    """A true finding, numbered within its case from 1."""

    number: int
    shape: Shape


@dataclass(frozen=True, slots=True)
class Radius:
    """Close enough: the middles of mark and lesion are at most `mm` apart."""

    mm: float


@dataclass(frozen=True, slots=True)
class Overlap:
    """Close enough: intersection over union is at least `share`; a flat mark may pass the lesion at `reach` mm."""

    share: float
    reach: float = 0.0


@dataclass(frozen=True, slots=True)
class Scored:
    """What became of one mark. `nearness` is mm or the overlap with `lesion`, None for a false mark."""

    outcome: Outcome
    lesion: int | None = None
    nearness: float | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """Outcomes of the marks in their order, and the numbers of the lesions that nobody marked."""

    marks: tuple[Scored, ...]
    missed: tuple[int, ...]


def score(marks: Sequence[Mark], lesions: Sequence[Lesion], accept: Radius | Overlap) -> Score:
    """Match the marks of one read with the lesions of its case; see the rule above.

    Raises StatsError for a lesion number given twice or below 1, a rating that is not finite, a shape without the
    extent it needs, and an acceptance radius or overlap that accepts nothing.
    """
    _check(marks, lesions, accept)
    ordered = sorted(lesions, key=lambda lesion: lesion.number)
    nearest = [_nearest(mark, ordered, accept) for mark in marks]
    best: dict[int, int] = {}
    for k, (mark, near) in enumerate(zip(marks, nearest, strict=True)):
        if near is None:
            continue
        held = best.get(near[1])
        if held is None or (-mark.rating, near[0]) < (-marks[held].rating, (nearest[held] or near)[0]):
            best[near[1]] = k
    return Score(
        tuple(
            Scored("false")
            if near is None
            else Scored("hit" if best[near[1]] == k else "repeat", near[1], abs(near[0]))
            for k, near in enumerate(nearest)
        ),
        tuple(lesion.number for lesion in ordered if lesion.number not in best),
    )


def _nearest(mark: Mark, lesions: Sequence[Lesion], accept: Radius | Overlap) -> tuple[float, int] | None:
    """Nearness (smaller is nearer) and number of the lesion the mark belongs to; None if it is close to none."""
    found = []
    for lesion in lesions:
        if isinstance(accept, Radius):
            near = round(distance(mark.shape, lesion.shape), DIGITS)
            close = near <= round(accept.mm, DIGITS)
        else:
            near = -round(overlap(mark.shape, lesion.shape, reach=accept.reach), DIGITS)
            close = -near >= round(accept.share, DIGITS)
        if close:
            found.append((near, lesion.number))
    return min(found, default=None)


def _check(marks: Sequence[Mark], lesions: Sequence[Lesion], accept: Radius | Overlap) -> None:
    if isinstance(accept, Radius) and not (0 < accept.mm < math.inf):
        raise StatsError(f"An acceptance radius of {accept.mm:g} mm accepts nothing; give a radius above 0.")
    if isinstance(accept, Overlap) and not (0 < accept.share <= 1 and 0 <= accept.reach < math.inf):
        raise StatsError(f"An overlap of {accept.share:g} is no share; give one above 0 and at most 1.")
    numbers = [lesion.number for lesion in lesions]
    for number in numbers:
        if number < 1 or numbers.count(number) > 1:
            raise StatsError(f"Lesion {number}: number the lesions of a case 1, 2, 3, each once.")
    for mark in marks:
        if not math.isfinite(mark.rating):
            raise StatsError("A mark has no rating; give every mark a number.")
    for shape in (*(mark.shape for mark in marks), *(lesion.shape for lesion in lesions)):
        check(shape)


def mark_rows(marks: Sequence[Mark], found: Score) -> Iterator[tuple[str, str, str]]:
    """Kind, lesion and rating of the rows that a scored read adds to a marks file; `none` without marks."""
    kept = [(mark, s) for mark, s in zip(marks, found.marks, strict=True) if s.outcome != "repeat"]
    for mark, s in kept:
        hit = s.outcome == "hit"
        yield "lesion" if hit else "nonlesion", str(s.lesion) if hit else "", repr(float(mark.rating))
    if not kept:
        yield "none", "", ""
