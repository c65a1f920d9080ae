"""Where the report answers the items of reporting checklists, or that it does not, by what the study holds."""

from dataclasses import dataclass

from core.report.checklist_items import CHECKLISTS
from core.results.case_strata import attributes_of, recorded
from core.results.rows import StudyFacts
from core.results.story import Story
from core.results.truth_panel import has_labels
from core.study.prespecification import SUBGROUPS, Prespecification
from core.study.words import Arm, Design

EDITIONS = (
    "Editions: STARD 2015 (Bossuyt et al.); STARD-AI (Sounderajah et al., Nat Med 2025;31:3283-3289); CLAIM 2024 "
    "update (Tejani et al., Radiol Artif Intell 2024;6:e240300); GRRAS (Kottner et al., J Clin Epidemiol "
    "2011;64:96-106); FDA guidance 1698, Clinical Performance Assessment of CADe devices, issued 28 September 2022, by "
    "section. Items are in our words."
)
ONE_SESSION = "Does not apply: every case is read in one session"


@dataclass(frozen=True, slots=True)
class Item:
    """One item: its checklist, number or topic there, what it asks, and the name of the answer that would serve it."""

    checklist: str
    number: str
    asks: str
    answer: str


@dataclass(frozen=True, slots=True)
class Mapped:
    """An item and where it is answered, or that it does not apply; None is "not answered"."""

    item: Item
    where: str | None

    @property
    def applies(self) -> bool:
        """False where this study's design leaves nothing to answer."""
        return self.where != ONE_SESSION


ITEMS = tuple(Item(name, *row) for name, rows in CHECKLISTS.items() for row in rows)


def mapped(study: StudyFacts, story: Story) -> list[Mapped]:
    """Return every item with the place of its answer in this report, or None."""
    answers = {name: where for name, where in _answers(study, story).items() if where}
    return [Mapped(item, answers.get(item.answer)) for item in ITEMS]


def _answers(study: StudyFacts, story: Story) -> dict[str, str]:
    """Return what answers there are: name to the section that gives it, "" for what was left empty."""
    protocol = study.protocol
    plan, reference = protocol.prespecification, protocol.reference
    ai, flow = study.ai, story.flow
    people = [participant for participant in study.participants if not participant.is_ai]
    aided = study.design != Design.INDEPENDENT or protocol.independent_arm == Arm.AIDED
    card = {name.lower() for name in ai.card} if ai else set()
    planned = "Protocol, prespecification"
    known = recorded(study)

    def given(what: object, where: str) -> str:
        return where if what else ""

    acquisition = given(
        known["slice thickness"][0] and known["manufacturer"][0], _of(known, "slice thickness", "manufacturer")
    )
    return {
        "title": "Title",
        "flow": "Flow",
        "protocol": "Protocol",
        "audit": "Every read and AI output is stored and exported; the audit chain shows later changes",
        "independent": "Protocol: no reader received another's read before unblinding",
        "reproduce": "Compute it again",
        "deidentification": "Protocol: allow-list at upload, before anything is stored",
        "indeterminate": f"{planned}: {plan.indeterminate}",
        "missing": f"{planned}: {plan.missing}; Flow",
        "statistics": given(flow.locked_reads, "Statistics and references"),
        "confusion": given(flow.locked_reads, "Confusion"),
        "estimates": given(flow.locked_reads, "Comparison; Metrics"),
        "sensitivity": given(flow.locked_reads, "Sensitivity to missing and undecided reads"),
        "standalone": given(flow.ai_reads, "Comparison; Metrics"),
        "agreement": given(len(people) > 1 and flow.locked_reads, "Agreement"),
        "variability": given(len(people) > 1 and flow.locked_reads, "MRMC; Agreement"),
        "classes": given(len(study.classes) > 2, "Flow, cases by class"),
        "hypothesis": given(plan.hypothesis != "none", planned),
        "scoring": f"{planned}: undecided {plan.indeterminate}, missing {plan.missing}",
        "eligibility": given(plan.eligibility, planned),
        "sample_size": given((plan.planned_cases or plan.planned_readers) and plan.sample_size_rationale, planned),
        "reader_number": given(plan.planned_readers and plan.sample_size_rationale, planned),
        "success": given(plan.hypothesis != "none", "Prespecified comparison"),
        "secondary": given(plan.family, planned),
        "ethics": given(plan.ethics, planned),
        "study_type": given(plan.study_type, planned),
        "sites": given(plan.sites, planned),
        "sampling": given(plan.sampling, planned),
        "funding": given(plan.funding, planned),
        "limitations": given(plan.limitations, planned),
        "registration": given(plan.registration, planned),
        "information": given(plan.clinical_information, f"{planned}; the truth is kept from readers until unblinding"),
        "prevalence": given(plan.prevalence_told and plan.eligibility, planned),
        "multiplicity": given(plan.hypothesis != "none", f"{planned}: {plan.multiplicity}"),
        "reference": given(reference.rests_on and reference.who, "Protocol, reference standard"),
        "reference_who": given(reference.who, "Protocol, reference standard"),
        "reference_blinding": given(reference.blinded_to, "Protocol, reference standard"),
        "reference_interval": given(reference.interval, "Protocol, reference standard"),
        "truth": given(
            reference.who and all(case.truth_source for case in study.cases), "Protocol, reference standard"
        ),
        "annotators": given(has_labels(study), "Agreement: the experts who set the truth"),
        "ai": given(ai, "The AI"),
        "rule": given(ai and ai.parameters, "The AI: rule and parameters"),
        "training": given(ai and ai.training_patients, "The AI: patients that trained and tuned it"),
        "card": given(card, "The AI, model card"),
        "card_users": given(any("user" in name for name in card), "The AI, model card"),
        "card_training": given(any("train" in name for name in card), "The AI, model card"),
        "explained": given(ai and aided and protocol.aided.heat, "Protocol: heat map shown to readers"),
        "control": given(study.design != Design.INDEPENDENT, "Protocol: unaided arm; MRMC"),
        "orders": given(story.order_seeds, "Compute it again: seeds of the stored orders"),
        "washout": given(protocol.washout_days >= 28, "Protocol") if study.design == Design.CROSSOVER else ONE_SESSION,
        "ratings": given(protocol.ratings, "Protocol: 0 to 100 for every class"),
        "practice": given(flow.practice_cases, "Flow: practice cases"),
        "baseline": given(known["age"][0] and known["sex"][0], _of(known, "age", "sex")),
        "acquisition": acquisition,
        "preprocessing": given(acquisition and ai and ai.parameters, f"{acquisition}; The AI: rule and parameters"),
        "subgroups": given(_people_split(study) and flow.locked_reads, _subgroups(plan)),
        "readers": given(people and all(person.years is not None for person in people), "Readers"),
    }


def _of(known: dict[str, tuple[int, int]], *names: str) -> str:
    """Return where cases are described, with the number of cases each attribute is known of."""
    parts = [f"{name} known of {known[name][0]} of {known[name][1]} cases" for name in names]
    return f"Characteristics: {', '.join(parts)}"


def _people_split(study: StudyFacts) -> bool:
    """Tell whether sex or age splits the cases: groups of people, not of scanners."""
    cases = [case for case in study.cases if not case.practice]
    return any(attribute.pair for attribute in attributes_of(cases) if attribute.key in ("sex", "age"))


def _subgroups(plan: Prespecification) -> str:
    named = [name.lower() for key, name in SUBGROUPS.items() if key in plan.subgroups]
    return f"Subgroups: {', '.join(named)} prespecified" if named else "Subgroups: all exploratory"
