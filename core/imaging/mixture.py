"""Which images of a series belong to one reconstruction: one series number may hold two kernels or two scans.

Images are never joined across what is fixed in a reconstruction (frame of reference, kernel, image type, energy,
phase and so on). What changes within a scan tells two scans apart by how it runs along the table:

- An acquisition number is a scan of its own. Blocks of few slices that follow each other, or a number a slice, are the
  steps of one step-and-shoot scan.
- Times and image numbers rise or fall along one scan. Where they run over the same part of the body twice, these are
  two scans; so are slices that a pause of a minute or more separates.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.imaging.frames import Frame

FEW = 8  # slices; more in one step of the table are believed only of a scan that says it is step-and-shoot
STEPS = 3  # blocks; two are two scans
SWEEP = 4  # slices; fewer have an order by chance
ORDERED = 0.95  # rank correlation of order and depth within one scan
PAUSE_S = 60.0
PAUSE_RATIO = 5.0  # of the longest other pause
SPAN = 0.8  # of the whole length; phases of one heart or breath cover the same part of the body

Values = NDArray[np.float64]
Labels = Sequence[object]
Split = dict[object, list[Frame]]


@dataclass(frozen=True, slots=True)
class Part:
    """Images of one reconstruction. mixed names what tells it from others of its series; problem is a sentence."""

    frames: tuple[Frame, ...]
    mixed: tuple[str, ...] = ()
    problem: str = ""


def parts_of(frames: Sequence[Frame]) -> list[Part]:
    """Return the images of one series by reconstruction, in an order that does not depend on that of the files."""
    kept: dict[tuple[tuple[str, str], ...], list[Frame]] = {}
    for frame in frames:
        kept.setdefault(frame.marks.fixed, []).append(frame)
    words = _different(list(kept))
    return [part for _, group in sorted(kept.items()) for part in _scans(group, words)]


def _different(kinds: Sequence[tuple[tuple[str, str], ...]]) -> tuple[str, ...]:
    """Return the words of what is not the same in all kinds."""
    counted = Counter(pair for kind in kinds for pair in kind)
    return tuple(dict.fromkeys(word for kind in kinds for word, value in kind if counted[word, value] < len(kinds)))


def _scans(frames: Sequence[Frame], mixed: tuple[str, ...]) -> Iterator[Part]:
    """Yield the scans among images of one kind of reconstruction."""
    if len(frames) < 2 * STEPS:
        yield Part(tuple(frames), mixed)
        return
    depths = _depths(frames)
    for word, split in _splits(frames, depths):
        for group in split.values():
            yield from _scans(group, tuple(dict.fromkeys((*mixed, word))))
        return
    yield Part(tuple(frames), mixed, _problem(frames, depths))


def _splits(frames: Sequence[Frame], depths: Values) -> Iterator[tuple[str, Split]]:
    """Yield ways that tell two scans apart, each with its word; the first is meant to be used."""
    marks = [frame.marks for frame in frames]
    for labels in ([mark.acquisition for mark in marks], [mark.event for mark in marks]):
        if len(set(labels)) == 1 or _is_step_and_shoot(labels, depths, stated=marks[0].step_and_shoot):
            continue
        numbers = _numbers(labels)
        sweeps = _sweeps(numbers, depths) if numbers is not None and 2 * len(set(labels)) > len(labels) else None
        if sweeps is not None or 2 * len(set(labels)) <= len(labels):
            yield "acquisition", _split(frames, sweeps or labels)
    labels = [mark.trigger for mark in marks]
    if 1 < len(set(labels)) <= len(labels) // SWEEP and _cover_the_same(labels, depths):
        yield "phase", _split(frames, labels)
    for word, times in (
        ("acquisition time", [mark.acquired for mark in marks]),
        ("content time", [mark.made for mark in marks]),
        ("time of the series", [mark.begun for mark in marks]),
        ("image number", [mark.number for mark in marks]),
    ):
        numbers = _numbers(times)
        if numbers is None:
            continue
        found = _sweeps(numbers, depths)
        if found is None and word != "image number":
            found = _pause(numbers)
        if found is not None:
            yield word, _split(frames, found)


def _problem(frames: Sequence[Frame], depths: Values) -> str:
    """Return a sentence where images are of several scans that nothing tells apart, or nothing."""
    acquisitions = [frame.marks.acquisition for frame in frames]
    several = len(set(acquisitions)) > 1
    if several and not _is_step_and_shoot(acquisitions, depths, stated=frames[0].marks.step_and_shoot):
        return "The acquisition numbers of this series follow no order, so it mixes several scans; export one alone."
    numbers = Counter(frame.marks.number for frame in frames)
    again = sum(count for number, count in numbers.items() if count > 1 and number is not None)
    if len(numbers) > 1 and 2 * again >= len(frames):
        return f"{again} images of this series share their numbers, so it mixes two series; export one series alone."
    return ""


def _split(frames: Sequence[Frame], labels: Labels) -> Split:
    split: Split = {}
    for label, frame in sorted(zip(labels, frames, strict=True), key=lambda pair: _natural(pair[0])):
        split.setdefault(label, []).append(frame)
    return split


def _natural(label: object) -> tuple[bool, float, str]:
    text = str(label)
    return not text.isdecimal(), float(text) if text.isdecimal() else 0.0, text


def _depths(frames: Sequence[Frame]) -> Values:
    """Return how far each image lies along the normal of the first, mm."""
    orientation = np.array(frames[0].orientation)
    normal = np.cross(orientation[:3], orientation[3:])
    return np.array([frame.position for frame in frames]) @ normal


def _numbers(values: Sequence[object]) -> Values | None:
    """Return values as numbers, or None where one is absent, none, or all are the same."""
    try:
        numbers = np.array([float(str(value)) for value in values])
    except ValueError:
        return None
    return numbers if np.ptp(numbers) > 0 else None


def _is_step_and_shoot(labels: Labels, depths: Values, *, stated: bool) -> bool:
    """Whether groups are the steps of one scan: equal blocks, one after another along the table, in their order."""
    in_order = [labels[index] for index in np.argsort(depths, kind="stable")]
    blocks = [label for place, label in enumerate(in_order) if place == 0 or label != in_order[place - 1]]
    if len(blocks) < STEPS or len(blocks) > len(set(blocks)):
        return False
    numbers = _numbers(blocks)
    if numbers is None or not (np.all(np.diff(numbers) > 0) or np.all(np.diff(numbers) < 0)):
        return False
    sizes = Counter(in_order)
    inner = {sizes[label] for label in blocks[1:-1]}
    largest = max(inner)
    even = len(inner) == 1 and sizes[blocks[0]] <= largest and sizes[blocks[-1]] <= largest
    return even and (largest < FEW or stated)


def _cover_the_same(labels: Labels, depths: Values) -> bool:
    spans = [np.ptp([depth for label, depth in zip(labels, depths, strict=True) if label == own]) for own in {*labels}]
    return bool(min(spans) >= SPAN * np.ptp(depths))


def _sweeps(values: Values, depths: Values) -> list[int] | None:
    """Return which run along the table each slice is of, or None where all are of one."""
    for direction in (1, -1):
        order = np.lexsort((direction * depths, values))
        along, length = depths[order], np.ptp(depths)
        jumps = np.flatnonzero(np.abs(np.diff(along)) > length / 2) + 1
        turns = (np.argmin(along), np.argmax(along), np.argmin(along) + 1, np.argmax(along) + 1)
        gap = np.argmax(np.diff(values[order])) + 1
        for cuts in (jumps, *(np.array([turn]) for turn in turns), np.array([gap])):
            runs = np.split(along, cuts)
            if len(runs) > 1 and _are_scans(runs):
                which = np.empty(len(values), int)
                which[order] = np.repeat(np.arange(len(runs)), [len(run) for run in runs])
                return [int(label) for label in which]
    return None


def _are_scans(runs: Sequence[Values]) -> bool:
    """Whether each run is in order along the table, and they cover much of the same part of the body."""
    if min(len(run) for run in runs) < SWEEP or not all(_is_ordered(run) for run in runs):
        return False
    return any(_overlap(first, second) for place, first in enumerate(runs) for second in runs[place + 1 :])


def _is_ordered(depths: Values) -> bool:
    ranks = np.argsort(np.argsort(depths, kind="stable"), kind="stable")
    return bool(abs(np.corrcoef(ranks, np.arange(len(ranks)))[0, 1]) >= ORDERED)


def _overlap(first: Values, second: Values) -> bool:
    within = np.sum((first >= second.min()) & (first <= second.max()))
    back = np.sum((second >= first.min()) & (second <= first.max()))
    return bool(within + back >= min(len(first), len(second)))


def _pause(times: Values) -> list[int] | None:
    """Return which side of a long pause each slice was made on, or None where there is none."""
    order = np.sort(times)
    gaps = np.diff(order)
    longest = int(np.argmax(gaps))
    others = np.delete(gaps, longest)
    few = min(longest + 1, len(times) - longest - 1) < 2
    if few or gaps[longest] < PAUSE_S or (others.size and gaps[longest] < PAUSE_RATIO * others.max()):
        return None
    return [int(time > order[longest]) for time in times]
