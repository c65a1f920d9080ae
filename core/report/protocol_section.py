"""The protocol as a section of the report: rules, prespecification, reference standard."""

from collections.abc import Iterator
from typing import Any

from core.results.blocks import Block, Facts, Heading
from core.results.rows import StudyFacts
from core.results.verdict import endpoint_in_words, margin_in_words, name_in_words
from core.study.consequences import allocated
from core.study.prespecification import MULTIPLICITY, SUBGROUPS, THIN_MM, Prespecification, tested_endpoints
from core.study.protocol import Protocol
from core.study.words import Arm, Design


def protocol_section(study: StudyFacts) -> Iterator[Block]:
    """Yield the rules of reading, what was prespecified, and the reference standard, as tables."""
    protocol = study.protocol
    plan, reference = protocol.prespecification, protocol.reference
    rules: dict[str, Any] = {
        "design": study.design,
        "opened": study.opened_at,
        "unblinded": study.unblinded_at,
        "classes": [
            f"{study_class.label}{' (positive)' if study_class.positive else ''}" for study_class in study.classes
        ],
        "ratings per class": protocol.ratings,
        "indeterminate allowed": protocol.indeterminate,
        "questions": [question.label for question in protocol.questions],
        "washout, days": protocol.washout_days if study.design == Design.CROSSOVER else "does not apply",
        "AI output shown to readers": _shown(protocol, study.design),
        "idle after, s": protocol.idle_after_s,
        "instructions": protocol.instructions,
        "blinding": "readers never received the truth or another's read before unblinding",
        "de-identification": "allow-list of tags at upload, before anything is stored",
    }
    if protocol.clinical.used:
        rules["clinical information shown"] = protocol.clinical.said()
    if not protocol.allocation.crossed:
        rules["cases of each reader"] = allocated(protocol.allocation)
    fixed: dict[str, Any] = {
        "primary endpoint": endpoint_in_words(study, plan),
        "comparison": plan.comparison.replace("_", " "),
        "comparator": plan.comparator,
        "hypothesis": plan.hypothesis,
        "margin": margin_in_words(plan),
        "rationale of the margin": plan.margin_rationale,
        "alpha": plan.alpha,
        "readers": plan.readers,
        "multiplicity": MULTIPLICITY[plan.multiplicity],
        "endpoints tested together": [name_in_words(study, name) for name in tested_endpoints(plan)],
        "subgroups": [SUBGROUPS.get(name, name) for name in plan.subgroups],
        "cuts of age and slice thickness": _cuts(plan),
        "planned cases and readers": [plan.planned_cases or "not recorded", plan.planned_readers or "not recorded"],
        "sample size": plan.sample_size_rationale,
        "missing reads": plan.missing,
        "indeterminate reads": plan.indeterminate,
        "clinical information": plan.clinical_information,
        "prevalence told": plan.prevalence_told,
        "ethics": plan.ethics,
        "registration": plan.registration,
        "eligibility": plan.eligibility,
        "type of study": plan.study_type,
        "sites and dates": plan.sites,
        "sampling": plan.sampling,
        "funding": plan.funding,
        "limitations": plan.limitations,
    }
    truth: dict[str, Any] = {
        "rests on": reference.rests_on,
        "by whom": reference.who,
        "time from CT": reference.interval,
        "blinded to": reference.blinded_to,
        "panel": f"{reference.panel_size} members" if reference.panel else "no",
    }
    yield Facts(rules)
    yield Heading("Prespecification")
    yield Facts(fixed)
    yield Heading("Reference standard")
    yield Facts(truth)


def _cuts(plan: Prespecification) -> str:
    age = "the median" if plan.age_cut is None else f"{plan.age_cut} years"
    thickness = THIN_MM if plan.thickness_cut_mm is None else plan.thickness_cut_mm
    said = {"age": age, "thickness": f"{thickness:g} mm"}
    return ", ".join(said[name] for name in said if name in plan.subgroups) or "none"


def _shown(protocol: Protocol, design: Design) -> str:
    if design == Design.INDEPENDENT and protocol.independent_arm == Arm.UNAIDED:
        return "none: no aided reads"
    shown = [name.replace("_", " ") for name, on in protocol.to_json()["aided"].items() if on]
    return ", ".join(shown) or "nothing"
