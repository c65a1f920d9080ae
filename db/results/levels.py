"""Which level of each finding readers and AIs gave, as places in the protocol's levels."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.results.findings import FAILED, NO_PART, NOT_SAID
from core.study.class_map import ClassMap
from core.study.findings import Finding
from core.study.lesions import Place, place_of_mark
from db.study.ais import AiOfStudy

USUAL = 0.5  # from this probability on a finding is called, where the AI's card names no other


def levels_of(asked: Sequence[Finding], given: Sequence[Sequence[str | None]], count: int) -> NDArray[np.int16]:
    """Return (reads, findings) places of the levels that readers gave; `given` has the codes by finding."""
    found = np.full((count, len(asked)), NOT_SAID, np.int16)
    for at, (finding, codes) in enumerate(zip(asked, given, strict=True)):
        place = {code: level for level, code in enumerate(finding.codes)}
        found[:, at] = [place.get(code or "", NOT_SAID) for code in codes]
    return found


def threshold_of(ai: AiOfStudy) -> float:
    """Return the probability from which on an AI's finding is present."""
    stated = ai.model.card.get("threshold")
    return float(stated) if isinstance(stated, int | float) else USUAL


def ai_levels(
    asked: Sequence[Finding],
    counts_as: ClassMap,
    reads: Sequence[Any],
    probabilities: Sequence[Mapping[str, float]],
    threshold: float,
) -> NDArray[np.int16]:
    """Return (reads, findings) places of the levels that an AI's reads come to: absent, or just present.

    An AI of findings calls each by its probability, where it has one; any other, and one without probabilities, has
    called present what its call counts as.
    """
    found = np.full((len(reads), len(asked)), NO_PART, np.int16)
    for at, finding in enumerate(asked):
        if not counts_as.sources(finding.code):
            continue
        for row, (read, likely) in enumerate(zip(reads, probabilities, strict=True)):
            if read.call is None:
                found[row, at] = FAILED
                continue
            by_probability = not counts_as.exclusive and finding.code in likely
            present = (
                likely[finding.code] >= threshold if by_probability else counts_as.outcome(read.call) == finding.code
            )
            found[row, at] = finding.positive_from if present else 0
    return found


def marks_of(texts: Sequence[str | None], spacing: Sequence[Sequence[float]]) -> NDArray[np.object_]:
    """Return (reads,) tuples of the Places that readers marked, in mm of each volume's grid; `texts` are JSON."""
    found = np.empty(len(texts), object)
    for at, (text, steps) in enumerate(zip(texts, spacing, strict=True)):
        marks = [mark for mark in json.loads(text or "[]") or [] if mark.get("finding")]
        found[at] = tuple(place_of_mark(mark, steps) for mark in marks)
    return found


def ai_marks(known: Mapping[int, tuple[Place, ...]], cases: Sequence[int]) -> NDArray[np.object_]:
    """Return (reads,) the Places an AI marked in these cases, None where it brought none for the case."""
    found = np.empty(len(cases), object)
    for at, case in enumerate(cases):
        found[at] = known.get(case)
    return found
