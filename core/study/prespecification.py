"""What a study commits itself to before the first read: endpoint, hypothesis, margins, people, paperwork."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import ConfigDict

from core.study.questions.question import NOTHING_ELSE
from core.study.words import Design

Endpoint = Literal["accuracy", "balanced_accuracy", "macro_f1", "sensitivity", "specificity", "auc"]
Comparison = Literal["ai_vs_readers", "aided_vs_unaided"]
Hypothesis = Literal["none", "superiority", "non-inferiority"]
Multiplicity = Literal["single", "holm", "hierarchical"]

ENDPOINTS: dict[str, str] = {
    "accuracy": "Accuracy over all classes",
    "balanced_accuracy": "Balanced accuracy (mean sensitivity of the classes)",
    "macro_f1": "Macro F1",
    "sensitivity": "Sensitivity for one class",
    "specificity": "Specificity for one class",
    "auc": "AUC for one class against the rest",
}
OF_ONE_CLASS = ("sensitivity", "specificity", "auc")
COMPARISONS: dict[str, str] = {
    "ai_vs_readers": "The AI against a group of readers",
    "aided_vs_unaided": "Reading with the AI against reading without it",
}
HYPOTHESES: dict[str, str] = {
    "none": "None: describe only, every figure exploratory",
    "superiority": "Superiority",
    "non-inferiority": "Non-inferiority",
}
MULTIPLICITY: dict[str, str] = {
    "single": "One primary endpoint, no adjustment",
    "holm": "Several, adjusted by Holm's method",
    "hierarchical": "Several, tested in a fixed order",
}
MISSING: dict[str, str] = {
    "wrong": "Counts as a wrong answer",
    "excluded": "Left out of the analysis",
    "own_class": "Reported as a class of its own",
}
ALL_READERS = "all"
SUBGROUPS: dict[str, str] = {
    "sex": "Sex",
    "age": "Age",
    "thickness": "Slice thickness",
    "kernel": "Kernel",
    "manufacturer": "Manufacturer",
    "kvp": "Tube voltage",
    "orientation": "Orientation",
    "tag": "Case tag",
}
THIN_MM = 1.5  # at or below it a CT of the chest counts as thin; common usage, nothing rests on it but subgroups


@dataclass(frozen=True, slots=True)
class Prespecification:
    """Frozen when the study opens; what is not in here is reported as exploratory.

    `margin` is a difference of the endpoint on its scale from 0 to 1. `comparator` is a group's name or "all". `family`
    names the endpoints tested beside the primary one, in order, as `endpoint` or `endpoint class`: "sensitivity covid".
    `subgroups` names attributes of cases, of SUBGROUPS; ages (years) and slice thicknesses (mm) are split at or below
    their cut and above it, ages at the median of the cases where no cut is given, thicknesses at THIN_MM.
    """

    __pydantic_config__: ClassVar[ConfigDict] = NOTHING_ELSE

    endpoint: Endpoint = "accuracy"
    endpoint_class: str | None = None
    comparison: Comparison = "ai_vs_readers"
    comparator: str = ALL_READERS
    hypothesis: Hypothesis = "none"
    margin: float | None = None
    margin_rationale: str = ""
    alpha: float = 0.05
    readers: Literal["random", "fixed"] = "random"
    multiplicity: Multiplicity = "single"
    family: tuple[str, ...] = ()
    planned_cases: int | None = None
    planned_readers: int | None = None
    sample_size_rationale: str = ""
    missing: Literal["wrong", "excluded", "own_class"] = "excluded"
    indeterminate: Literal["wrong", "excluded", "own_class"] = "wrong"
    clinical_information: str = ""
    prevalence_told: str = ""
    ethics: str = ""
    registration: str = ""
    eligibility: str = ""
    study_type: str = ""
    sites: str = ""
    sampling: str = ""
    funding: str = ""
    limitations: str = ""
    subgroups: tuple[str, ...] = ()
    age_cut: int | None = None
    thickness_cut_mm: float | None = None


@dataclass(frozen=True, slots=True)
class ReferenceStandard:
    """How the truth was established. `interval` is the time between the CT and what the truth rests on."""

    __pydantic_config__: ClassVar[ConfigDict] = NOTHING_ELSE

    rests_on: tuple[str, ...] = ()
    interval: str = ""
    who: str = ""
    blinded_to: str = ""
    panel: bool = False
    panel_size: int = 3


RESTS_ON = ("PCR", "clinical follow-up", "CT", "pathology", "microbiology", "expert panel")


def named(endpoint: str, code: str | None) -> str:
    """Return the name an endpoint has in a family."""
    return f"{endpoint} {code}" if code else endpoint


def tested_endpoints(chosen: Prespecification) -> tuple[str, ...]:
    """Return the names of the endpoints that are tested together: the primary one, then those of its family."""
    first = named(chosen.endpoint, chosen.endpoint_class if chosen.endpoint in OF_ONE_CLASS else None)
    return (first,) if chosen.multiplicity == "single" else tuple(dict.fromkeys((first, *chosen.family)))


def family_choices(labels: Mapping[str, str]) -> dict[str, str]:
    """Return every endpoint a family can name, in words; `labels` are the classes by code."""
    whole = {name: words for name, words in ENDPOINTS.items() if name not in OF_ONE_CLASS}
    each = {named(name, code): f"{ENDPOINTS[name]}: {label}" for name in OF_ONE_CLASS for code, label in labels.items()}
    return whole | each


def prespecification_problems(
    chosen: Prespecification, *, codes: tuple[str, ...], groups: tuple[str, ...], design: Design, ratings: bool
) -> tuple[str, ...]:
    """Return a sentence for everything that must be settled before the study can open."""
    found = []
    if chosen.endpoint in OF_ONE_CLASS and chosen.endpoint_class not in codes:
        found.append("Prespecification: choose the class that the primary endpoint is about.")
    if chosen.endpoint == "auc" and not ratings:
        found.append("Prespecification: AUC needs ratings from readers; switch ratings on or choose another endpoint.")
    if chosen.comparison == "aided_vs_unaided" and design == Design.INDEPENDENT:
        found.append("Prespecification: aided against unaided needs a sequential or a crossover design.")
    if chosen.comparator not in (ALL_READERS, *groups):
        found.append(f"Prespecification: there is no reader group {chosen.comparator}; choose the comparator again.")
    if not 0 < chosen.alpha < 1 or not math.isfinite(chosen.alpha):
        found.append("Prespecification: alpha lies between 0 and 1.")
    if "own_class" in (chosen.missing, chosen.indeterminate) and any(
        name.startswith("auc") for name in tested_endpoints(chosen)
    ):
        found.append(
            "Prespecification: in an AUC a missing or indeterminate read cannot be a class of its own: it has no rank; "
            "count it as wrong (the worst rank) or leave it out."
        )
    found += _margin_problems(chosen) + _family_problems(chosen, codes, ratings=ratings)
    return tuple(found + _subgroup_problems(chosen))


def _family_problems(chosen: Prespecification, codes: tuple[str, ...], *, ratings: bool) -> list[str]:
    if chosen.multiplicity == "single":
        return []
    known, others = family_choices(dict.fromkeys(codes, "")), tested_endpoints(chosen)[1:]
    found = [
        f"Prespecification: the family names {name}, which is no endpoint of this study; choose it from the list."
        for name in others
        if name not in known
    ]
    if not others:
        found.append("Prespecification: name the other endpoints of the family, or choose one primary endpoint.")
    if not ratings and any(name.startswith("auc ") for name in others):
        found.append("Prespecification: the family has an AUC, which needs ratings from readers; switch ratings on.")
    return found


def _subgroup_problems(chosen: Prespecification) -> list[str]:
    found = [
        f"Prespecification: {name} is no attribute to make subgroups by; choose it from the list."
        for name in chosen.subgroups
        if name not in SUBGROUPS
    ]
    if chosen.age_cut is not None and not 1 <= chosen.age_cut <= 88:
        found.append("Prespecification: the age that parts the subgroups lies between 1 and 88 years.")
    if chosen.thickness_cut_mm is not None and not 0 < chosen.thickness_cut_mm <= 20:
        found.append("Prespecification: the thickness that parts the subgroups lies between 0 and 20 mm.")
    return found


def _margin_problems(chosen: Prespecification) -> list[str]:
    if chosen.hypothesis != "non-inferiority":
        return []
    found = []
    if chosen.margin is None or not 0 < chosen.margin < 1:
        found.append("Prespecification: non-inferiority needs a margin between 0 and 1.")
    if not chosen.margin_rationale.strip():
        found.append("Prespecification: say why this margin is the largest loss that could be accepted.")
    return found


def reference_problems(reference: ReferenceStandard) -> tuple[str, ...]:
    """Return a sentence for everything missing in the description of the reference standard."""
    found = []
    if not reference.rests_on:
        found.append("Reference standard: say what the truth rests on, such as PCR or an expert panel.")
    if not reference.who.strip():
        found.append("Reference standard: say who established the truth.")
    if not reference.interval.strip():
        found.append("Reference standard: say how much time lay between the CT and what the truth rests on.")
    if reference.panel and not 2 <= reference.panel_size <= 15:
        found.append("Reference standard: a panel has 2 to 15 members.")
    return tuple(found)
