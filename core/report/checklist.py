"""Where the report answers the items of reporting checklists, or that it does not. Topics in our words, by item number.

Sources: STARD 2015 (Bossuyt et al.) with additions of STARD-AI (Sounderajah et al. 2025), CLAIM 2024 (Tejani et al.
2024), and FDA guidance on clinical performance assessment of computer-assisted detection (2022), for MRMC studies.
"""

from dataclasses import dataclass

from core.report.rows import StudyFacts
from core.report.story import Story
from core.report.verdict import protocol_of

Answers = dict[str, str]


@dataclass(frozen=True, slots=True)
class Item:
    """One item: its checklist, number or topic there, what it asks, and the name of the answer that would serve it."""

    checklist: str
    number: str
    asks: str
    answer: str


@dataclass(frozen=True, slots=True)
class Mapped:
    """An item and where it is answered; None is "not answered"."""

    item: Item
    where: str | None


STARD, CLAIM, FDA = "STARD 2015 / STARD-AI", "CLAIM 2024", "FDA, MRMC studies"
ITEMS = tuple(
    Item(*row)
    for row in (
        (STARD, "1", "study of diagnostic accuracy, named so", "title"),
        (STARD, "4", "objectives and hypotheses", "hypothesis"),
        (STARD, "5", "prospective or retrospective", "none"),
        (STARD, "6", "eligibility criteria", "eligibility"),
        (STARD, "7-9", "how, where and when participants were found; sampling", "none"),
        (STARD, "10a", "index test: the AI, so that it can be repeated", "ai"),
        (STARD, "10a, AI", "version, weights and parameters of the AI", "ai"),
        (STARD, "AI", "data that trained and tuned the AI, apart from these cases", "training"),
        (STARD, "10b-11", "reference standard and why it was chosen", "reference"),
        (STARD, "12a", "thresholds of the index test, prespecified or exploratory", "rule"),
        (STARD, "13a", "what readers knew of the reference standard", "blinding"),
        (STARD, "13b", "what assessors of the reference standard knew", "reference_blinding"),
        (STARD, "14-15", "methods of estimating and comparing accuracy", "statistics"),
        (STARD, "15", "indeterminate results of the tests", "indeterminate"),
        (STARD, "16", "missing data", "missing"),
        (STARD, "17", "analyses of variability, prespecified or exploratory", "verdict"),
        (STARD, "18", "intended sample size", "sample_size"),
        (STARD, "19", "flow of participants", "flow"),
        (STARD, "20", "baseline characteristics of participants", "none"),
        (STARD, "21", "distribution of severity and of alternative diagnoses", "classes"),
        (STARD, "22", "time between index test and reference standard", "reference_interval"),
        (STARD, "23", "cross table of results against the reference standard", "confusion"),
        (STARD, "24", "estimates of accuracy with their precision", "comparison"),
        (STARD, "25", "adverse events", "none"),
        (STARD, "26-27", "limitations and implications", "none"),
        (STARD, "28", "registration", "registration"),
        (STARD, "29", "where the protocol can be had", "protocol"),
        (STARD, "30", "funding", "none"),
        (CLAIM, "5-6", "study design and goal", "hypothesis"),
        (CLAIM, "7", "data sources", "none"),
        (CLAIM, "8", "inclusion and exclusion criteria", "eligibility"),
        (CLAIM, "9", "preprocessing", "ai"),
        (CLAIM, "11", "de-identification", "deidentification"),
        (CLAIM, "12", "how missing data were handled", "missing"),
        (CLAIM, "14-16", "reference standard: definition, rationale, source of annotations", "reference"),
        (CLAIM, "18", "variability between readers", "agreement"),
        (CLAIM, "19-20", "partitions of the data and that they share no patient", "training"),
        (CLAIM, "21", "sample size and how it was determined", "sample_size"),
        (CLAIM, "22-23", "model, software and versions", "ai"),
        (CLAIM, "25-26", "training and choice of the final model", "card"),
        (CLAIM, "28", "metrics of performance", "comparison"),
        (CLAIM, "29", "measures of significance and uncertainty", "statistics"),
        (CLAIM, "30", "robustness or sensitivity analysis", "sensitivity"),
        (CLAIM, "31", "explainability", "none"),
        (CLAIM, "33", "testing on external data", "none"),
        (CLAIM, "34-35", "registration; flow of cases", "flow"),
        (CLAIM, "36", "demographic and clinical characteristics", "none"),
        (CLAIM, "38", "estimates of performance and their precision", "comparison"),
        (CLAIM, "39", "failure analysis", "failures"),
        (CLAIM, "42-43", "protocol, software and data for repeating it", "reproduce"),
        (FDA, "design", "design, arms, randomisation and order of reading", "orders"),
        (FDA, "readers", "number, qualification and experience of readers", "readers"),
        (FDA, "training", "training of readers with the device", "practice"),
        (FDA, "washout", "washout between arms", "washout"),
        (FDA, "cases", "selection and enrichment of cases, prevalence told to readers", "prevalence"),
        (FDA, "truth", "reference standard and truthing process", "reference"),
        (FDA, "information", "clinical information given to readers", "information"),
        (FDA, "scoring", "rating scale and questions", "questions"),
        (FDA, "endpoint", "primary endpoint, hypothesis and margin", "hypothesis"),
        (FDA, "analysis", "reader and case variability in the analysis", "mrmc"),
        (FDA, "multiplicity", "control of multiplicity", "multiplicity"),
        (FDA, "missing", "missing reads and excluded cases", "missing"),
        (FDA, "stand-alone", "performance of the device alone", "comparison"),
        (FDA, "deviations", "deviations from the protocol", "deviations"),
    )
)


def mapped(study: StudyFacts, story: Story) -> list[Mapped]:
    """Return every item with the place of its answer in this report, or None."""
    answers = _answers(study, story)
    return [Mapped(item, answers.get(item.answer)) for item in ITEMS]


def _answers(study: StudyFacts, story: Story) -> Answers:
    """Return the answers this study has: name to the section that gives it. What was left empty has no answer."""
    protocol = protocol_of(study)
    plan, reference = protocol.prespecification, protocol.reference
    sections = {
        "title": "Title",
        "flow": "Flow",
        "statistics": "Statistics and references",
        "missing": "Protocol, prespecification; Flow",
        "indeterminate": "Protocol, prespecification; Confusion",
        "confusion": "Confusion",
        "comparison": "AI and readers",
        "classes": "Flow",
        "deviations": "Deviations",
        "protocol": "Protocol",
        "reproduce": "Compute it again",
        "verdict": "Prespecified comparison",
        "blinding": "Protocol: readers never received the truth before unblinding; the platform enforces it",
        "deidentification": "Protocol: allow-list at upload, before anything is stored",
        "sensitivity": "Sensitivity to missing and undecided reads",
        "mrmc": "Statistics and references",
        "multiplicity": f"Protocol, prespecification: {plan.multiplicity}",
    }
    given = {
        "hypothesis": plan.hypothesis != "none" and "Protocol, prespecification",
        "eligibility": plan.eligibility and "Protocol, prespecification",
        "sample_size": (plan.planned_cases or plan.planned_readers) and "Protocol, prespecification",
        "registration": plan.registration and "Protocol, prespecification",
        "information": plan.clinical_information and "Protocol, prespecification",
        "prevalence": plan.prevalence_told and "Protocol, prespecification",
        "reference": reference.rests_on and "Protocol, reference standard",
        "reference_blinding": reference.blinded_to and "Protocol, reference standard",
        "reference_interval": reference.interval and "Protocol, reference standard",
        "ai": study.ai and "The AI",
        "rule": study.ai and "The AI",
        "training": study.ai and study.ai.training_patients and "The AI",
        "card": study.ai and study.ai.card and "The AI, model card",
        "failures": story.flow.ai_failures and "Confusion; Flow",
        "agreement": sum(not one.is_ai for one in study.participants) > 1 and "Agreement",
        "orders": story.order_seeds and "Protocol; Compute it again",
        "readers": study.participants and "Readers",
        "practice": story.flow.practice_cases and "Flow",
        "washout": study.design == "crossover" and "Protocol",
        "questions": (protocol.questions or protocol.ratings) and "Protocol",
    }
    return sections | {name: str(where) for name, where in given.items() if where}
