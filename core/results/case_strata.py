"""Attributes of cases and the levels they split the cases by: sex, age, slice thickness and so on."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from core.results.rows import CaseFacts, StudyFacts
from core.study.prespecification import SUBGROUPS, THIN_MM

UNKNOWN = "not recorded"
RARE = 10  # cases; levels of fewer are joined, so that no row stands for a few patients
SEXES = {"F": "female", "M": "male"}


@dataclass(frozen=True, slots=True)
class Level:
    """One level of an attribute and its cases, as places in the list that was split."""

    name: str
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Attribute:
    """How one attribute splits the cases. `known`: it was recorded for any case. `pair`: two levels, without overlap,
    are all that was recorded; they come first.
    """

    key: str
    label: str
    levels: tuple[Level, ...]
    known: bool
    pair: bool

    @property
    def splits(self) -> bool:
        """Whether there is more than one level."""
        return self.known and len(self.levels) > 1


def attributes_of(
    cases: list[CaseFacts], *, age_cut: float | None = None, thickness_cut_mm: float | None = None
) -> list[Attribute]:
    """Return every attribute of SUBGROUPS with its levels that have a case; cases without it are a level of their own.

    Ages (years) are split at or below the cut, or the median of these cases, and above; thicknesses at THIN_MM.
    """
    about = [case.about for case in cases]
    ages = [case.age for case in about]
    cut = age_cut if age_cut is not None else median([age for age in ages if age is not None] or [0])
    named = "" if age_cut is not None else " (median)"
    thin = THIN_MM if thickness_cut_mm is None else thickness_cut_mm
    texts = {
        "kernel": [case.kernel for case in about],
        "manufacturer": [case.manufacturer for case in about],
        "kvp": [None if case.kvp is None else f"{case.kvp:g} kV" for case in about],
        "orientation": [case.orientation for case in about],
    }
    made = {key: _named(key, values) for key, values in texts.items()}
    made["sex"] = _sex(cases)
    made["age"] = _cut("age", ages, cut, f"≤ {cut:g} years{named}", f"> {cut:g} years")
    made["thickness"] = _cut(
        "thickness", [case.thickness_mm for case in about], thin, f"≤ {thin:g} mm", f"> {thin:g} mm"
    )
    made["tag"] = _tags([case.tags for case in cases])
    return [made[key] for key in SUBGROUPS]


def joined(values: list[str | None]) -> list[str | None]:
    """Return the texts with those of fewer than RARE cases under one name, unless there is one text only."""
    count = Counter(value for value in values if value)
    rare = {value for value, n in count.items() if n < RARE}
    if len(count) < 2:
        return values
    return [_other(rare) if value in rare else value for value in values]


def sexes(cases: list[CaseFacts]) -> tuple[list[str | None], str]:
    """Return female, male or None for each case, and the name of None: others are too few for a row of their own."""
    others = any(case.about.sex and case.about.sex not in SEXES for case in cases)
    return [SEXES.get(case.about.sex or "") for case in cases], f"other or {UNKNOWN}" if others else UNKNOWN


def recorded(study: StudyFacts) -> dict[str, tuple[int, int]]:
    """Return for age, sex, slice thickness and manufacturer: cases it is known of, and cases, practice left out."""
    about = [case.about for case in study.cases if not case.practice]
    known = {
        "age": sum(case.age is not None for case in about),
        "sex": sum(bool(case.sex) for case in about),
        "slice thickness": sum(case.thickness_mm is not None for case in about),
        "manufacturer": sum(bool(case.manufacturer) for case in about),
    }
    return {name: (count, len(about)) for name, count in known.items()}


NAMED = 3  # kinds that a joined row names


def _other(kinds: set[str]) -> str:
    """Name the kinds that are joined, so that a row says what it holds."""
    names = sorted(kinds)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"other: {', '.join(names[:NAMED])}{more}"


def _sex(cases: list[CaseFacts]) -> Attribute:
    values, unknown = sexes(cases)
    levels = [(name, [value == name for value in values]) for name in SEXES.values()]
    return _attribute("sex", levels, [value is None for value in values], unknown=unknown)


def _named(key: str, values: list[str | None]) -> Attribute:
    values = joined(values)
    count = Counter(value for value in values if value)
    order = sorted(count, key=lambda name: (name.startswith("other"), -count[name], name))
    levels = [(name, [value == name for value in values]) for name in order]
    return _attribute(key, levels, [not value for value in values])


def _cut(key: str, values: Sequence[float | None], cut: float, below: str, above: str) -> Attribute:
    levels = [
        (below, [value is not None and value <= cut for value in values]),
        (above, [value is not None and value > cut for value in values]),
    ]
    return _attribute(key, levels, [value is None for value in values])


def _tags(tags: list[tuple[str, ...]]) -> Attribute:
    """Return a level a tag; a case may have several, so that two levels may share cases."""
    count = Counter(tag for tags_ in tags for tag in tags_)
    rare = {tag for tag, n in count.items() if n < RARE} if len(count) > 1 else set()
    levels = [(tag, [tag in tags_ for tags_ in tags]) for tag in sorted(count.keys() - rare)]
    levels += [(_other(rare), [bool(rare & set(tag)) for tag in tags])] if rare else []
    made = _attribute("tag", levels, [not tag for tag in tags])
    shared = made.pair and set(made.levels[0].places) & set(made.levels[1].places)
    return replace(made, pair=made.pair and not shared)


def _attribute(
    key: str, levels: list[tuple[str, list[bool]]], without: list[bool], *, unknown: str = UNKNOWN
) -> Attribute:
    found = [Level(name, _places(held)) for name, held in levels if any(held)]
    missing = [Level(unknown, _places(without))] if any(without) else []
    return Attribute(key, SUBGROUPS[key], (*found, *missing), known=bool(found), pair=len(found) == 2)


def _places(held: list[bool]) -> tuple[int, ...]:
    return tuple(place for place, holds in enumerate(held) if holds)
