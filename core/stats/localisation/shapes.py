"""Shapes that readers draw, in mm, and how two of them meet: distance of centres and intersection over union.

Any three axes will do, as long as marks and truth share them. A length counts as the sphere around it. A box that is
flat along an axis (drawn on one slice) is compared in the plane it was drawn on, with the shadow of the other shape.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

from core.stats.estimate import StatsError

Place = tuple[float, float, float]  # mm
FLAT = 1e-6  # mm; a side below this has no extent


@dataclass(frozen=True, slots=True)
class Point:
    """A place without extent."""

    at: Place


@dataclass(frozen=True, slots=True)
class Length:
    """A line between two places, such as the longest diameter."""

    a: Place
    b: Place


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-parallel box between two opposite corners."""

    a: Place
    b: Place


@dataclass(frozen=True, slots=True)
class Sphere:
    """A ball around a place; radius in mm."""

    centre: Place
    radius: float


Shape = Point | Length | Box | Sphere


def check(shape: Shape) -> None:
    """Raise StatsError for a shape with a number that is not finite, or without the extent its kind needs."""
    if isinstance(shape, Point):
        numbers: tuple[float, ...] = shape.at
    elif isinstance(shape, Sphere):
        numbers = (*shape.centre, shape.radius)
    else:
        numbers = (*shape.a, *shape.b)
    if not all(map(math.isfinite, numbers)):
        raise StatsError("A mark's place is not a number; give every coordinate in mm.")
    if isinstance(shape, Sphere) and shape.radius <= 0:
        raise StatsError(f"A sphere's radius is {shape.radius:g} mm; give a radius above 0.")
    if isinstance(shape, Box) and sum(abs(a - b) > FLAT for a, b in zip(shape.a, shape.b, strict=True)) < 2:
        raise StatsError("A box has no area; give two corners that differ along at least two axes.")
    if isinstance(shape, Length) and math.dist(shape.a, shape.b) <= FLAT:
        raise StatsError("A length has no extent; give two places that differ.")


def centre(shape: Shape) -> Place:
    """The middle of a shape."""
    if isinstance(shape, Point):
        return shape.at
    if isinstance(shape, Sphere):
        return shape.centre
    x, y, z = ((a + b) / 2 for a, b in zip(shape.a, shape.b, strict=True))
    return x, y, z


def distance(a: Shape, b: Shape) -> float:
    """Distance of the middles, mm."""
    return math.dist(centre(a), centre(b))


def overlap(a: Shape, b: Shape, *, reach: float = 0.0) -> float:
    """Intersection over union, 0 to 1; of areas where one of the shapes is flat.

    The plane of a flat shape may pass the other at up to `reach` mm. Raises StatsError for a point, which has no
    extent.
    """
    for shape in (a, b):
        if isinstance(shape, Point):
            raise StatsError("A point has no extent, so nothing overlaps it; use an acceptance radius.")
    spans = [list(zip(*_spans(shape), strict=True)) for shape in (a, b)]
    kept = [k for k in range(3) if all(span[k][1] - span[k][0] > FLAT for span in spans)]
    for k in set(range(3)) - set(kept):
        if spans[0][k][0] - reach > spans[1][k][1] + FLAT or spans[1][k][0] - reach > spans[0][k][1] + FLAT:
            return 0.0
    if len(kept) < 2:
        return 0.0
    balls = [_radius(shape) for shape in (a, b)]
    sizes = [_size(span, ball, kept) for span, ball in zip(spans, balls, strict=True)]
    both = _shared([[span[k] for k in kept] for span in spans], balls)
    return both / (sizes[0] + sizes[1] - both)


Span = tuple[float, float]


def _spans(shape: Shape) -> tuple[Place, Place]:
    """Lowest and highest place of a shape along each axis."""
    if isinstance(shape, Box):
        pairs = list(zip(shape.a, shape.b, strict=True))
        (x0, y0, z0), (x1, y1, z1) = [min(p) for p in pairs], [max(p) for p in pairs]
        return (x0, y0, z0), (x1, y1, z1)
    x, y, z = centre(shape)
    r = _radius(shape) or 0.0
    return (x - r, y - r, z - r), (x + r, y + r, z + r)


def _radius(shape: Shape) -> float | None:
    """Radius of the ball a shape stands for, None for a box."""
    if isinstance(shape, Sphere):
        return shape.radius
    if isinstance(shape, Length):
        return math.dist(shape.a, shape.b) / 2
    return None if isinstance(shape, Box) else 0.0


def _size(span: list[Span], ball: float | None, kept: list[int]) -> float:
    """Area or volume, in the axes kept."""
    if ball is None:
        return math.prod(span[k][1] - span[k][0] for k in kept)
    return math.pi * ball**2 if len(kept) == 2 else 4 / 3 * math.pi * ball**3


def _shared(spans: list[list[Span]], balls: list[float | None]) -> float:
    """Area or volume of the intersection of boxes and balls, given by their spans along two or three axes."""
    (a, b), (ra, rb) = spans, balls
    common = [(max(p[0], q[0]), min(p[1], q[1])) for p, q in zip(a, b, strict=True)]
    if any(high <= low for low, high in common):
        return 0.0
    if ra is None and rb is None:
        return math.prod(high - low for low, high in common)
    if ra is not None and rb is not None:
        gap = math.dist([sum(p) / 2 for p in a], [sum(p) / 2 for p in b])
        return _lens(gap, ra, rb, flat=len(a) == 2)
    r, ball, box = (ra, a, b) if ra is not None else (rb or 0.0, b, a)
    sides = [(low - sum(p) / 2, high - sum(p) / 2) for (low, high), p in zip(box, ball, strict=True)]
    return _disc_in_rectangle(r, *sides) if len(sides) == 2 else _ball_in_box(r, sides)


def _lens(gap: float, ra: float, rb: float, *, flat: bool) -> float:
    """Intersection of two discs or two balls whose centres are `gap` apart."""
    small = min(ra, rb)
    if gap >= ra + rb:
        return 0.0
    if gap <= abs(ra - rb):
        return math.pi * small**2 if flat else 4 / 3 * math.pi * small**3
    if not flat:
        return math.pi * (ra + rb - gap) ** 2 * (gap**2 + 2 * gap * (ra + rb) - 3 * (ra - rb) ** 2) / (12 * gap)
    x = (gap**2 + ra**2 - rb**2) / (2 * gap)
    return _cap(ra, x) + _cap(rb, gap - x)


def _cap(r: float, x: float) -> float:
    """Area of a disc's part beyond a line at distance x of its centre (x may be negative)."""
    return r**2 * math.acos(max(-1.0, min(1.0, x / r))) - x * math.sqrt(max(0.0, r**2 - x**2))


def _disc_in_rectangle(r: float, x: Span, y: Span) -> float:
    """Area of a disc around the origin within a rectangle, piece by piece between the places where its rim crosses."""
    left, right = max(x[0], -r), min(x[1], r)
    if left >= right or r <= 0:
        return 0.0
    rims = [math.sqrt(r**2 - side**2) for side in y if abs(side) < r]
    cuts = sorted({left, right, *(v for rim in rims for v in (-rim, rim) if left < v < right)})
    area = 0.0
    for low, high in pairwise(cuts):
        rim = math.sqrt(max(0.0, r**2 - ((low + high) / 2) ** 2))
        under = _under_rim(r, high) - _under_rim(r, low)
        top = y[1] * (high - low) if y[1] < rim else under
        bottom = y[0] * (high - low) if y[0] > -rim else -under
        area += max(0.0, top - bottom) if min(y[1], rim) > max(y[0], -rim) else 0.0
    return area


def _under_rim(r: float, x: float) -> float:
    """Integral of sqrt(r^2 - x^2) from 0 to x."""
    return (x * math.sqrt(max(0.0, r**2 - x**2)) + r**2 * math.asin(max(-1.0, min(1.0, x / r)))) / 2


def _ball_in_box(r: float, sides: list[Span]) -> float:
    """Volume of a ball around the origin within a box: the discs of its slices, integrated."""
    from scipy.integrate import quad

    x, y, z = sides
    low, high = max(z[0], -r), min(z[1], r)
    corners = [u**2 + v**2 for u in x for v in y] + [u**2 for u in (*x, *y)]
    bends = {s * math.sqrt(r**2 - square) for square in corners if square < r**2 for s in (-1, 1)}
    pieces = sorted({low, high, *(v for v in bends if low < v < high)})

    def slice_at(h: float) -> float:
        return _disc_in_rectangle(math.sqrt(max(0.0, r**2 - h**2)), x, y)

    return float(sum(quad(slice_at, a, b, epsabs=1e-9, epsrel=1e-9)[0] for a, b in pairwise(pieces)))
