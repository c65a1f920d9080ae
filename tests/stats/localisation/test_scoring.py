"""Marks are matched with lesions as a plain matcher matches them, ties included; overlaps are those of a fine grid."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.stats.estimate import StatsError
from core.stats.localisation.scoring import Lesion, Mark, Overlap, Radius, Score, mark_rows, score
from core.stats.localisation.shapes import Box, Length, Point, Shape, Sphere, centre, distance, overlap

quick = settings(max_examples=150, deadline=None)
near = st.integers(-6, 6).map(float)  # a coarse grid, so that ties are common
places = st.tuples(near, near, near)


def boxes() -> st.SearchStrategy[Box]:
    sides = st.tuples(*[st.integers(1, 6).map(float)] * 3)
    return st.builds(lambda a, s: Box(a, (a[0] + s[0], a[1] + s[1], a[2] + s[2])), places, sides)


solids: st.SearchStrategy[Shape] = st.one_of(
    boxes(),
    st.builds(Sphere, places, st.integers(1, 6).map(float)),
    st.builds(lambda a, s: Length(a, (a[0] + s, a[1], a[2])), places, st.integers(1, 8).map(float)),
)
shapes = st.one_of(solids, st.builds(Point, places))
ratings = st.integers(0, 3).map(float)


def plain(marks: list[Mark], lesions: list[Lesion], closeness) -> tuple[list[tuple[str, int | None]], list[int]]:
    """The rule in loops. closeness(mark, lesion) is None where it is not close enough, else smaller is nearer."""
    of: list[int | None] = []
    for mark in marks:
        chosen, least = None, math.inf
        for lesion in sorted(lesions, key=lambda x: x.number):
            near = closeness(mark.shape, lesion.shape)
            if near is not None and near < least:
                chosen, least = lesion, near
        of.append(chosen.number if chosen else None)
    out: list[tuple[str, int | None]] = [("false", None)] * len(marks)
    for lesion in lesions:
        mine = [k for k, number in enumerate(of) if number == lesion.number]
        for k in mine:
            out[k] = ("repeat", lesion.number)
        top = [k for k in mine if marks[k].rating == max(marks[i].rating for i in mine)]
        if top:
            nearest = min(closeness(marks[k].shape, lesion.shape) for k in top)
            winner = next(k for k in top if closeness(marks[k].shape, lesion.shape) == nearest)
            out[winner] = ("hit", lesion.number)
    return out, sorted({x.number for x in lesions} - set(of))


def lesions_of(found: list[Shape]) -> list[Lesion]:
    return [Lesion(len(found) - k, shape) for k, shape in enumerate(found)]  # numbers run the other way


def outcomes(found: Score) -> tuple[list[tuple[str, int | None]], list[int]]:
    return [(s.outcome, s.lesion) for s in found.marks], list(found.missed)


@quick
@given(st.lists(st.builds(Mark, shapes, ratings), max_size=6), st.lists(shapes, max_size=4), st.integers(1, 8))
def test_marks_within_a_radius_are_matched_as_in_plain_loops(marks, found, mm):
    def close(a: Shape, b: Shape) -> float | None:
        d = round(math.sqrt(sum((p - q) ** 2 for p, q in zip(middle(a), middle(b), strict=True))), 6)
        return d if d <= mm else None

    lesions = lesions_of(found)
    assert outcomes(score(marks, lesions, Radius(mm))) == plain(marks, lesions, close)


def middle(shape: Shape) -> list[float]:
    if isinstance(shape, Point):
        return list(shape.at)
    if isinstance(shape, Sphere):
        return list(shape.centre)
    return [(a + b) / 2 for a, b in zip(shape.a, shape.b, strict=True)]


@quick
@given(st.lists(st.builds(Mark, boxes(), ratings), max_size=6), st.lists(boxes(), max_size=4),
       st.sampled_from([0.05, 0.2, 0.5]))  # fmt: skip
def test_boxes_that_overlap_are_matched_as_in_plain_loops(marks, found, share):
    def close(a: Box, b: Box) -> float | None:
        both = math.prod(max(0.0, min(a.b[k], b.b[k]) - max(a.a[k], b.a[k])) for k in range(3))
        union = sum(math.prod(x.b[k] - x.a[k] for k in range(3)) for x in (a, b)) - both
        iou = round(both / union, 6)
        return -iou if iou >= share else None

    lesions = lesions_of(found)
    assert outcomes(score(marks, lesions, Overlap(share))) == plain(marks, lesions, close)


@settings(max_examples=25, deadline=None)
@given(solids, solids)
def test_overlap_is_the_share_of_grains_that_both_shapes_hold(a, b):
    ends = np.array([corner for shape in (a, b) for corner in corners(shape)])
    axes = [np.linspace(low, high, 70) + (high - low) / 140 for low, high in zip(ends.min(0), ends.max(0), strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    one, other = inside(a, grid), inside(b, grid)
    counted = np.count_nonzero(one & other) / np.count_nonzero(one | other)
    assert overlap(a, b) == pytest.approx(counted, abs=0.05)
    assert overlap(a, b) == pytest.approx(overlap(b, a), abs=1e-7)
    assert overlap(a, a) == pytest.approx(1.0, abs=1e-9)


def corners(shape: Shape) -> list[np.ndarray]:
    if isinstance(shape, Box):
        return [np.array(shape.a), np.array(shape.b)]
    assert not isinstance(shape, Point)
    radius = shape.radius if isinstance(shape, Sphere) else math.dist(shape.a, shape.b) / 2
    return [np.array(middle(shape)) - radius, np.array(middle(shape)) + radius]


def inside(shape: Shape, grid: np.ndarray) -> np.ndarray:
    if isinstance(shape, Box):
        return np.all((grid >= shape.a) & (grid <= shape.b), axis=-1)
    assert not isinstance(shape, Point)
    radius = shape.radius if isinstance(shape, Sphere) else math.dist(shape.a, shape.b) / 2
    return np.sum((grid - np.array(middle(shape))) ** 2, axis=-1) <= radius**2


def test_a_ball_in_a_box_has_its_whole_volume_and_a_half_its_half():
    ball = Sphere((0, 0, 0), 3.0)
    volume = 4 / 3 * math.pi * 27
    assert overlap(ball, Box((-4, -4, -4), (4, 4, 4))) == pytest.approx(volume / 512, rel=1e-7)
    half = Box((0, -4, -4), (4, 4, 4))
    assert overlap(ball, half) == pytest.approx((volume / 2) / (volume / 2 + 256), rel=1e-7)
    eighth = Box((0, 0, 0), (1, 1, 1))
    assert overlap(ball, eighth) == pytest.approx(1 / volume, rel=1e-7)


def test_a_box_drawn_on_one_slice_is_compared_in_its_plane():
    flat = Box((-3, -3, 1), (3, 3, 1))
    ball = Sphere((0, 0, 0), 3.0)
    assert overlap(flat, ball) == pytest.approx(math.pi * 9 / 36, rel=1e-9)
    assert overlap(flat, Box((-3, -3, 0), (3, 3, 2))) == pytest.approx(1.0)
    away = Box((-3, -3, 4), (3, 3, 4))
    assert overlap(away, ball) == 0
    assert overlap(away, ball, reach=1.0) > 0.5
    assert overlap(flat, Box((-3, 0, -3), (3, 0, 3))) == 0  # planes that cross share a line only


@quick
@given(st.lists(st.builds(Mark, shapes, ratings), max_size=6), st.lists(shapes, max_size=4), st.randoms())
def test_the_order_of_marks_and_lesions_changes_no_row_of_the_marks_file(marks, found, random):
    lesions = lesions_of(found)
    before = sorted(mark_rows(marks, score(marks, lesions, Radius(5))))
    random.shuffle(marks)
    random.shuffle(lesions)
    assert sorted(mark_rows(marks, score(marks, lesions, Radius(5)))) == before


@quick
@given(st.lists(st.builds(Mark, shapes, ratings), min_size=1, max_size=6), st.lists(shapes, max_size=4))
def test_other_ratings_change_no_lesion_of_a_mark_and_every_lesion_is_hit_at_most_once(marks, found):
    lesions = lesions_of(found)
    one = score(marks, lesions, Radius(5))
    other = score([replace(mark, rating=-mark.rating) for mark in marks], lesions, Radius(5))
    assert [s.lesion for s in one.marks] == [s.lesion for s in other.marks]
    hits = [s.lesion for s in one.marks if s.outcome == "hit"]
    assert len(hits) == len(set(hits))
    assert sorted([*hits, *one.missed]) == sorted(lesion.number for lesion in lesions)


@quick
@given(shapes, shapes)
def test_a_mark_at_exactly_the_radius_is_close_enough(a, b):
    assume(distance(a, b) > 0.5)
    mark, lesion = Mark(a, 1.0), Lesion(1, b)
    assert score([mark], [lesion], Radius(distance(a, b))).marks[0].outcome == "hit"
    assert score([mark], [lesion], Radius(distance(a, b) - 0.01)).missed == (1,)
    assert centre(a) == tuple(middle(a))


ROUND = Sphere((0, 0, 0), 2.0)


@pytest.mark.parametrize(
    ("mark", "lesion", "accept", "words"),
    [
        (Mark(Point((0, 0, math.nan)), 1), Lesion(1, ROUND), Radius(5), "coordinate in mm"),
        (Mark(Point((0, 0, 0)), math.nan), Lesion(1, ROUND), Radius(5), "no rating"),
        (Mark(Point((0, 0, 0)), math.inf), Lesion(1, ROUND), Radius(5), "no rating"),
        (Mark(Point((0, 0, 0)), 1), Lesion(1, ROUND), Overlap(0.5), "acceptance radius"),
        (Mark(ROUND, 1), Lesion(1, Sphere((0, 0, 0), 0)), Radius(5), "radius above 0"),
        (Mark(Box((0, 0, 0), (1, 0, 0)), 1), Lesion(1, ROUND), Radius(5), "no area"),
        (Mark(Length((1, 1, 1), (1, 1, 1)), 1), Lesion(1, ROUND), Radius(5), "no extent"),
        (Mark(ROUND, 1), Lesion(0, ROUND), Radius(5), "number the lesions"),
        (Mark(ROUND, 1), Lesion(1, ROUND), Radius(0), "accepts nothing"),
        (Mark(ROUND, 1), Lesion(1, ROUND), Radius(math.inf), "accepts nothing"),
        (Mark(ROUND, 1), Lesion(1, ROUND), Overlap(1.5), "at most 1"),
    ],
)
def test_what_cannot_be_scored_is_refused_in_words(mark, lesion, accept, words):
    with pytest.raises(StatsError, match=words):
        score([mark], [lesion], accept)


def test_a_lesion_numbered_twice_is_refused():
    with pytest.raises(StatsError, match="each once"):
        score([], [Lesion(1, ROUND), Lesion(1, ROUND)], Radius(5))
