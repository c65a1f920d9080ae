"""Which diagnosis of a study each class of an AI counts as: many to one, or left out by choice."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.study.classes import INDETERMINATE, StudyClass

NONE_OF_IT = {"normal", "negative", "no", "none", "absent", "healthy", "clear", "without", "benign", "unremarkable"}
LITTLE = {"a", "an", "and", "of", "on", "or", "the", "other", "with", "in", "class", "finding", "findings", "yes"}


@dataclass(frozen=True, slots=True)
class ClassMap:
    """The classes of an AI by the code they count as; None leaves a class out, an absent one is not mapped yet.

    `exclusive`: one class a case, so that probabilities add up. Findings that can occur together have the highest one.
    """

    to_study: Mapping[str, str | None]
    exclusive: bool = True

    def outcome(self, call: str) -> str:
        """Return the diagnosis that a call counts as; a call that counts as none is indeterminate."""
        return self.to_study.get(call) or INDETERMINATE

    def sources(self, code: str) -> tuple[str, ...]:
        """Return the AI's classes that count as a diagnosis, in the AI's order."""
        return tuple(name for name, counts_as in self.to_study.items() if counts_as == code)

    def probabilities(self, given: Mapping[str, float], codes: Sequence[str]) -> dict[str, float]:
        """Return the probability of each diagnosis that has one; a diagnosis that the AI does not know has none."""
        found = {}
        for code in codes:
            parts = [float(given[name]) for name in self.sources(code) if given.get(name) is not None]
            if parts:
                found[code] = min(1.0, sum(parts)) if self.exclusive else max(parts)
        return found

    def names(self, ai_classes: Sequence[str]) -> tuple[str, ...]:
        """Return what the AI's classes count as, each once, in the AI's order; one left out keeps the AI's name."""
        return tuple(dict.fromkeys(self.to_study.get(name) or name for name in ai_classes))

    def joined(self, ai_classes: Sequence[str], values: Sequence[float]) -> tuple[float, ...]:
        """Return values given for the AI's classes, such as a slice's probabilities, for `names`."""
        found: dict[str, float] = {}
        for name, value in zip(ai_classes, values, strict=False):
            code = self.to_study.get(name) or name
            there = found.get(code)
            found[code] = value if there is None else there + value if self.exclusive else max(there, value)
        return tuple(min(1.0, value) for value in found.values())

    def counts(self, given: Mapping[str, int]) -> dict[str, int]:
        """Return counts by diagnosis; what counts as none keeps the AI's own name."""
        found: dict[str, int] = {}
        for name, count in given.items():
            code = self.to_study.get(name) or name
            found[code] = found.get(code, 0) + count
        return found


def named_by_classes(classes: Iterable[StudyClass], ai_classes: Iterable[str]) -> dict[str, str | None]:
    """Return the map that the classes themselves give: each names the AI's class it stands for, else has its name."""
    known = set(ai_classes)
    by_name = {study_class.ai_class or study_class.code: study_class.code for study_class in reversed(list(classes))}
    return {name: code for name, code in by_name.items() if name in known}


def guessed(
    ai_classes: Sequence[str], classes: Sequence[StudyClass], labels: Mapping[str, str] | None = None
) -> dict[str, str | None]:
    """Return what the AI's classes most likely count as; a class that resembles none is absent.

    A class counts as the diagnosis that names it, or has its name; else one whose words are in the AI's own `labels`.
    Where only one diagnosis is a disease, everything that is not "normal" or the like counts as it.
    """
    found: dict[str, str | None] = {}
    named = {study_class.ai_class: study_class.code for study_class in reversed(classes) if study_class.ai_class}
    negative = [
        study_class.code for study_class in classes if _is_negative(study_class.code) or _is_negative(study_class.label)
    ]
    diseases = [study_class.code for study_class in classes if study_class.code not in negative]
    for name in ai_classes:
        same = next(
            (
                study_class.code
                for study_class in classes
                if _plain(name) in (_plain(study_class.code), _plain(study_class.label))
            ),
            None,
        )
        found_code = named.get(name) or same
        if found_code is None and _is_negative(name):
            found_code = negative[0] if len(negative) == 1 else None
        elif found_code is None:
            own = _words(name) | _words((labels or {}).get(name, ""))
            alike = [
                study_class.code
                for study_class in classes
                if study_class.code in diseases and _words(study_class.label) & own
            ]
            found_code = alike[0] if len(alike) == 1 else diseases[0] if len(diseases) == 1 and negative else None
        if found_code is not None:
            found[name] = found_code
    return found


def completed(
    stored: Mapping[str, str | None],
    ai_classes: Sequence[str],
    classes: Sequence[StudyClass],
    labels: Mapping[str, str] | None = None,
) -> dict[str, str | None]:
    """Return a map without what no longer exists, with a guess for each class it does not name."""
    codes = {study_class.code for study_class in classes}
    kept = {name: code for name, code in stored.items() if name in ai_classes and (code is None or code in codes)}
    guess = guessed(ai_classes, classes, labels)
    return {name: kept[name] if name in kept else guess[name] for name in ai_classes if name in kept or name in guess}


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", text.casefold())


def _words(text: str) -> set[str]:
    """Return the words that tell one class from another."""
    return {word for word in re.split(r"[^a-z0-9]+", text.casefold()) if len(word) > 1} - LITTLE - NONE_OF_IT


def _is_negative(text: str) -> bool:
    words = set(re.split(r"[^a-z0-9]+", text.casefold()))
    return bool(words & NONE_OF_IT)
