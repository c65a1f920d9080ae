"""Places of findings: the lesions of a truth, the marks of readers and AIs. Kept as JSON; a table brings them in mm.

A table has one row a lesion or mark: `case`, `finding` (needed where several are marked), `shape` (point, box, length,
sphere, none), `x`, `y`, `z` in the patient's coordinates (DICOM, LPS, mm), `x2`, `y2`, `z2` for the other corner or
end, `radius` for a sphere; `rating` for marks. A row of shape none says that the case has none.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import InvalidInput
from core.stats.estimate import StatsError
from core.stats.localisation.shapes import Box, Length, Point, Shape, Sphere, check
from core.study.answers import PLANES
from core.study.findings import Finding
from core.study.tables import Table
from core.study.truth_csv import case_number

Mm = tuple[float, float, float]
SHAPES = ("point", "box", "length", "sphere", "none")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a finding is. A mark has a rating, a lesion none."""

    finding: str
    shape: Shape
    rating: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        shape = self.shape
        kind = type(shape).__name__.lower()
        if isinstance(shape, Point):
            points = [list(shape.at)]
        elif isinstance(shape, Sphere):
            points = [list(shape.centre)]
        else:
            points = [list(shape.a), list(shape.b)]
        more = {"radius": shape.radius} if isinstance(shape, Sphere) else {}
        rated = {} if self.rating is None else {"rating": self.rating}
        return {"finding": self.finding, "shape": kind, "points": points, **more, **rated}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Place":
        """Return what `to_json` made."""
        points = [_mm(point) for point in data["points"]]
        return cls(data["finding"], shape_of(data["shape"], points, data.get("radius")), data.get("rating"))

    def moved(self, to: Any) -> "Place":
        """Return it with every place mapped by `to`; radii stay."""
        shape = self.shape
        moved: Shape
        if isinstance(shape, Point):
            moved = Point(to(shape.at))
        elif isinstance(shape, Sphere):
            moved = Sphere(to(shape.centre), shape.radius)
        else:
            moved = type(shape)(to(shape.a), to(shape.b))
        return Place(self.finding, moved, self.rating)


def shape_of(kind: str, points: Sequence[Mm], radius: float | None) -> Shape:
    """Return a shape by its name; a sphere without radius has its rim as second point."""
    if kind == "point":
        return Point(points[0])
    if kind == "sphere":
        return Sphere(points[0], math.dist(points[0], points[1]) if radius is None else float(radius))
    return Box(points[0], points[1]) if kind == "box" else Length(points[0], points[1])


def place_of_mark(mark: Mapping[str, Any], spacing_mm: Sequence[float]) -> Place:
    """Return a reader's mark of a finding in mm of the volume's grid (x, y, z).

    A shape without extent, set by a click without a drag, is a point.
    """
    images, rows, columns = PLANES[mark.get("plane", "axial")]
    points = []
    for column, row in mark["points"]:
        zyx = [0.0, 0.0, 0.0]
        zyx[images], zyx[rows], zyx[columns] = mark["slice"], row, column
        z, y, x = (value * step for value, step in zip(zyx, spacing_mm, strict=True))
        points.append((x, y, z))
    shape = shape_of(mark["kind"], points, None)
    try:
        check(shape)
    except StatsError:
        shape = Point(points[0])
    return Place(mark["finding"], shape, mark.get("rating"))


@dataclass(frozen=True, slots=True)
class PlaceSheet:
    """What a table of lesions or marks says: the places of each case it names. It is taken only without faults."""

    places: Mapping[int, tuple[Place, ...]]
    faults: tuple[str, ...]


def read_places(table: Table, *, findings: Sequence[Finding], case_numbers: Collection[int], rated: bool) -> PlaceSheet:
    """Return the places of a table, and a sentence for every row that does not fit. `rated`: marks need a rating."""
    marked = [finding.code for finding in findings if finding.mark]
    if not marked:
        raise InvalidInput("No finding of this study is marked on the image; choose a kind of mark for one first.")
    header = [name.strip().lower() for name in table.header]
    needed = ("case", "shape", *(("finding",) if len(marked) > 1 else ()), *(("rating",) if rated else ()))
    if missing := [name for name in needed if name not in header]:
        raise InvalidInput(f"The first row must name the columns; {' and '.join(missing)} not found there.")
    reader = _PlaceReader(marked, set(case_numbers), rated)
    faults = []
    for line, cells in table.rows:
        given = {name: cells[at].strip() if at < len(cells) else "" for at, name in enumerate(header)}
        try:
            reader.take(given)
        except (InvalidInput, StatsError) as error:
            faults.append(f"Row {line}: {error}")
    return PlaceSheet({case: tuple(found) for case, found in reader.found.items()}, tuple(faults))


@dataclass(slots=True)
class _PlaceReader:
    marked: list[str]
    cases: set[int]
    rated: bool
    found: dict[int, list[Place]]

    def __init__(self, marked: list[str], cases: set[int], rated: bool) -> None:
        self.marked, self.cases, self.rated, self.found = marked, cases, rated, {}

    def take(self, given: Mapping[str, str]) -> None:
        number, wrong = case_number(given["case"][:40], 0, self.cases, {})
        if number is None:
            raise InvalidInput(wrong[0].message)
        mine = self.found.setdefault(number, [])
        kind = given["shape"].lower()
        if kind not in SHAPES:
            raise InvalidInput(f"“{given['shape'][:40]}” is no shape; write {', '.join(SHAPES)}.")
        if kind == "none":
            return
        code = given.get("finding", "") or (self.marked[0] if len(self.marked) == 1 else "")
        if code not in self.marked:
            raise InvalidInput(f"“{code[:40]}” is no finding that is marked; use {', '.join(self.marked)}.")
        names = ("x2", "y2", "z2") if kind in ("box", "length") else ()
        points = [_mm([_number(given, name) for name in ("x", "y", "z")])]
        points += [_mm([_number(given, name) for name in names])] if names else []
        shape = shape_of(kind, points, _number(given, "radius") if kind == "sphere" else None)
        check(shape)
        mine.append(Place(code, shape, _number(given, "rating") if self.rated else None))


def _number(given: Mapping[str, str], name: str) -> float:
    text = given.get(name, "")
    try:
        value = float(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InvalidInput(f"column {name} needs a number in mm, not “{text[:40]}”." if name != "rating" else
                           f"column rating needs a number, not “{text[:40]}”.")  # fmt: skip
    return value


def _mm(values: Sequence[float]) -> Mm:
    x, y, z = (float(value) for value in values)
    return x, y, z
