"""What stands between a study and its opening, as sentences that name it. Pure: the facts come from the database."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Literal

from core.errors import InvalidInput
from core.imaging.volume import Attributes
from core.study import consequences
from core.study.ais import AiFacts, CaseAi
from core.study.classes import StudyClass, class_problems
from core.study.identifiers import identifying
from core.study.lesions import Place
from core.study.orders import Plan, make_orders
from core.study.preflight_findings import ai_sentences, plan_sentences, truth_sentences
from core.study.prespecification import prespecification_problems
from core.study.protocol import Protocol, protocol_problems
from core.study.reference_standard import contradictions
from core.study.words import Arm, Design

Area = Literal["protocol", "cases", "truth", "readers", "ai", "prespecification"]
AREAS: dict[Area, str] = {
    "protocol": "Protocol",
    "cases": "Cases",
    "truth": "Truth",
    "readers": "Readers",
    "ai": "AI",
    "prespecification": "Prespecification",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about one part of the study. What does not block is worth a look before opening."""

    area: Area
    message: str
    blocks: bool = True


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """A case of the study. `opens` is None when its volume opens in storage, else why it does not.

    `attributes` is what was kept of the files' headers; `levels` and `lesions` are the truth of a study of findings.
    """

    number: int
    patient_id: int
    practice: bool
    withdrawn: bool
    tags: tuple[str, ...]
    attributes: Mapping[str, object]
    opens: str | None
    truth: str | None
    truth_by_reader: bool
    informed: bool = True  # whether clinical information is known
    levels: Mapping[str, str] = field(default_factory=dict)
    lesions: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class ReaderFacts:
    """A reader. `ready` means that the account can sign in, `staff` that it coordinates or administrates too."""

    name: str
    group: str
    ready: bool
    disabled: bool
    staff: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the check looks at. `panel` counts voting members.

    `ais` has the AIs that are registered, the one that readers are shown first; `unregistered` names the others.
    """

    title: str
    design: Design
    protocol: Protocol
    classes: tuple[StudyClass, ...]
    groups: tuple[str, ...]
    cases: tuple[CaseFacts, ...]
    readers: tuple[ReaderFacts, ...]
    ais: tuple[AiFacts, ...]
    plan: Plan
    panel: int = 0
    unregistered: tuple[str, ...] = ()

    @property
    def shows_ai(self) -> bool:
        """Whether readers see the AI in any arm."""
        return self.design != Design.INDEPENDENT or self.protocol.independent_arm == Arm.AIDED


def check(facts: Facts) -> tuple[Finding, ...]:
    """Return everything found, blockers first, each part of the study in its order."""
    codes = tuple(study_class.code for study_class in facts.classes)
    chosen = facts.protocol.prespecification
    prespecified = prespecification_problems(
        chosen, codes=codes, groups=facts.groups, design=facts.design, ratings=facts.protocol.ratings
    )
    by_reader = any(case.truth_by_reader for case in facts.cases)
    found: list[Finding] = [
        *(Finding("protocol", text) for text in class_problems(facts.classes, findings=bool(facts.protocol.findings))),
        *(Finding("truth" if "Reference" in text else "protocol", text) for text in protocol_problems(facts.protocol)),
        *_texts(facts),
        *_cases(facts),
        *_uninformed(facts),
        *_truth(facts, codes),
        *(Finding("truth", text, blocks=False) for text in contradictions(facts.protocol, by_reader=by_reader)),
        *_readers(facts),
        *_ai(facts),
        *(Finding("prespecification", text) for text in prespecified),
        *_planned(facts),
        *_findings(facts),
    ]
    areas = list(AREAS)
    return tuple(sorted(found, key=lambda finding: (not finding.blocks, areas.index(finding.area))))


def named(numbers: Sequence[int], *, most: int = 12) -> str:
    """Return case numbers as part of a sentence, shortened when there are many."""
    shown = ", ".join(str(number) for number in sorted(numbers)[:most])
    return shown if len(numbers) <= most else f"{shown} and {len(numbers) - most} more"


def _texts(facts: Facts) -> list[Finding]:
    found = []
    if what := identifying(facts.title):
        found.append(Finding("protocol", f"The title looks as if it held {what}; readers see it.", blocks=False))
    named_parts: tuple[tuple[Area, str, str], ...] = (
        *(("protocol", "diagnosis", study_class.label) for study_class in facts.classes),
        *(("protocol", "question", question.label) for question in facts.protocol.questions),
        *(("readers", "reader group", name) for name in facts.groups),
    )
    for area, part, name in named_parts:
        if what := identifying(name, names=False):
            found.append(Finding(area, f"The {part} “{name}” looks as if it held {what}; rename it."))
    for case in facts.cases:
        for tag in case.tags:
            if what := identifying(tag):
                found.append(Finding("cases", f"A tag of case {case.number} looks like {what}; change it."))
        found += _attributes(case)
    return found


def _attributes(case: CaseFacts) -> list[Finding]:
    """Look at what the upload kept of the headers once more: its names against the allow-list, its texts as such."""
    again = "withdraw it and upload it again."
    kept = {field.name for field in fields(Attributes)}
    found = [
        Finding("cases", f"Case {case.number} keeps {name}, which is not on the list of what may be kept; {again}")
        for name in sorted(set(case.attributes) - kept)
    ]
    for name, value in case.attributes.items():
        if name in kept and isinstance(value, str) and (what := identifying(value, names=False)):
            found.append(Finding("cases", f"The {name} of case {case.number} looks like {what}; {again}"))
    return found


def _cases(facts: Facts) -> list[Finding]:
    found = []
    if not any(not case.practice for case in facts.cases):
        found.append(Finding("cases", "The study has no cases yet; take some in on the Cases step."))
    for case in facts.cases:
        if case.opens is not None:
            found.append(Finding("cases", f"Case {case.number} does not open: {case.opens}"))
    if gone := [case.number for case in facts.cases if case.withdrawn]:
        found.append(Finding("cases", f"Withdrawn from the library: case {named(gone)}; take it out of the study."))
    patients: dict[int, list[int]] = {}
    for case in facts.cases:
        patients.setdefault(case.patient_id, []).append(case.number)
    for same in patients.values():
        if len(same) > 1:
            found.append(Finding("cases", f"Of the same patient: cases {named(same)}; take all but one out again."))
    try:
        if facts.plan.readers and facts.plan.cases:
            make_orders(facts.plan, seed=0)
            found += _shared_out(facts)
    except InvalidInput as error:
        found.append(Finding("cases", str(error)))
    return found


def _uninformed(facts: Facts) -> list[Finding]:
    """Name the cases without clinical information where readers are to be shown it."""
    bare = [case.number for case in facts.cases if not case.informed]
    if not facts.protocol.clinical.used or not bare:
        return []
    return [
        Finding("cases", f"Without clinical information: case {named(bare)}; readers see none there.", blocks=False)
    ]


def _shared_out(facts: Facts) -> list[Finding]:
    """Say, where readers read some of the cases each, how often every case is read and what that costs in power."""
    if facts.plan.allocation.crossed:
        return []
    found = [Finding("readers", consequences.in_words(facts.plan), blocks=False)]
    if len(facts.plan.readers) > 1:
        found.append(Finding("readers", consequences.power_in_words(facts.plan), blocks=False))
    return found


def _truth(facts: Facts, codes: tuple[str, ...]) -> list[Finding]:
    found = []
    if missing := [case.number for case in facts.cases if case.truth is None]:
        found.append(Finding("truth", f"Without truth: case {named(missing)}."))
    reference = facts.protocol.reference
    if missing and reference.panel and facts.panel < reference.panel_size:
        text = f"The truth panel has {facts.panel} of {reference.panel_size} members; add the others."
        found.append(Finding("truth", text))
    unknown = [case.number for case in facts.cases if case.truth is not None and case.truth not in codes]
    if unknown and not facts.protocol.findings:
        found.append(Finding("truth", f"The truth is none of the study's classes: case {named(unknown)}; correct it."))
    by_reader = [case.number for case in facts.cases if case.truth_by_reader]
    if by_reader and not facts.protocol.readers_may_author_truth:
        found.append(Finding("truth", f"The truth was authored by a reader of the study: case {named(by_reader)}."))
    present = {case.truth for case in facts.cases if not case.practice}
    absent = [study_class.label for study_class in facts.classes if study_class.code not in present]
    if absent and not missing and not facts.protocol.findings:
        text = f"No case has the truth {', '.join(absent)}: nothing can be said about sensitivity there."
        found.append(Finding("truth", text, blocks=False))
    return found


def _findings(facts: Facts) -> list[Finding]:
    asked, labels = facts.protocol.findings, {one.code: one.label for one in facts.classes}
    if not asked:
        return []
    known = {case.number: (case.levels, case.lesions) for case in facts.cases if case.truth is not None}
    found = [Finding("truth", text, blocks) for text, blocks in truth_sentences(asked, labels, known)]
    numbers = [case.number for case in facts.cases]
    for ai in facts.ais:
        who = "The AI" if len(facts.ais) == 1 else ai.title
        said = ai_sentences(asked, labels, who, ai.counts_as, ai.marked, numbers)
        found += [Finding("ai", text, blocks) for text, blocks in said]
    return found + [
        Finding("truth" if text.startswith("Reference") else "prespecification", text)
        for text in plan_sentences(facts.protocol, labels)
    ]


def _readers(facts: Facts) -> list[Finding]:
    found = []
    members = Counter(reader.group for reader in facts.readers)
    for group in facts.groups:
        if not members[group]:
            found.append(Finding("readers", f"The group {group} has no reader; add one or remove the group."))
        elif members[group] == 1:
            text = f"The group {group} has one reader: nothing can be said beyond that reader."
            found.append(Finding("readers", text, blocks=False))
    for reader in facts.readers:
        if reader.disabled:
            found.append(Finding("readers", f"The account of {reader.name} is disabled; enable it or take them out."))
        elif not reader.ready:
            text = f"{reader.name} has not set a password yet; send the invitation link."
            found.append(Finding("readers", text, blocks=False))
        if reader.staff:
            text = (
                f"{reader.name} coordinates too and could see truth and AI before reading; better make another account."
            )
            found.append(Finding("readers", text, blocks=False))
    return found


def _ai(facts: Facts) -> list[Finding]:
    found = [
        Finding("ai", f"The AI {name} is not registered here; add it on the page AI models, or take it out.")
        for name in facts.unregistered
    ]
    if not facts.ais:
        chosen = facts.protocol.prespecification
        if facts.shows_ai:
            return [*found, Finding("ai", "No AI is chosen, but the design shows one to readers.")]
        if chosen.comparison == "ai_vs_readers" and chosen.hypothesis != "none":
            return [*found, Finding("ai", "No AI is chosen, but the prespecified comparison is with one.")]
        return [*found, Finding("ai", "No AI is chosen: the study compares readers only.", blocks=False)]
    for ai in facts.ais:
        found += _one_ai(facts, ai, "The AI" if len(facts.ais) == 1 else ai.title)
    if facts.shows_ai and len(facts.ais) > 1:
        text = f"Aided readers are shown {facts.ais[0].title}; the other AIs are compared and never shown."
        found.append(Finding("ai", text, blocks=False))
    return found


def _one_ai(facts: Facts, ai: AiFacts, who: str) -> list[Finding]:
    found = [*_mapping(facts.classes, ai, who, findings=bool(facts.protocol.findings))]
    reads = {case.number: ai.reads.get(case.number, CaseAi("none")) for case in facts.cases}
    if not ai.patients_known:
        text = f"Nobody can say which patients trained {_low(who)}: whether it knows a case already cannot be checked."
        found.append(Finding("ai", text, blocks=False))
    if ai.trained_on:
        text = f"{who} was trained or tuned on the patient of case {named(ai.trained_on)}; "
        found.append(Finding("ai", text + "take it out or choose another AI."))
    if missing := [number for number, read in reads.items() if read.state == "none"]:
        text = f"{who} has not read case {named(missing)} under this rule; the step AI shows how far it is."
        found.append(Finding("ai", text))
    if failed := [number for number, read in reads.items() if read.state == "failure"]:
        text = f"{who} failed on case {named(failed)}; it counts as a failure of the AI in the results."
        found.append(Finding("ai", text, blocks=False))
    if warned := [number for number, read in reads.items() if read.warned]:
        text = f"{who} warned of its read of case {named(warned)}: look at the scan, or take the case out."
        found.append(Finding("ai", text, blocks=False))
    if len({read.parameters for read in reads.values() if read.state == "call"}) > 1:
        found.append(Finding("ai", f"{who} read the cases under different parameters; let it read them all again."))
    return found


def _low(who: str) -> str:
    return "the AI" if who == "The AI" else who


def _mapping(classes: tuple[StudyClass, ...], ai: AiFacts, who: str, *, findings: bool) -> list[Finding]:
    """Look at what the AI's classes count as: what is not mapped blocks, what is joined or left out is said."""
    found, whose = [], "The AI's class" if who == "The AI" else f"{who}: its class"
    labels = {study_class.code: study_class.label for study_class in classes}
    for name in ai.classes:
        code = ai.counts_as.get(name)
        if name not in ai.counts_as:
            text = f"{whose} {name} is mapped to no class of the study; choose one, or leave it out, on the step AI."
            found.append(Finding("ai", text))
        elif code is None and not findings:
            text = f"{whose} {name} is left out: a case called so counts as undecided, so as wrong."
            found.append(Finding("ai", text, blocks=False))
        elif code is not None and code not in labels:
            found.append(Finding("ai", f"{whose} {name} is mapped to {code}, which is no class of the study any more."))
    if findings:
        return found
    for study_class in classes:
        sources = [name for name in ai.classes if ai.counts_as.get(name) == study_class.code]
        if not sources:
            text = (
                f"{who} has no class that counts as {study_class.label}: "
                "it can never be right there, and has no ROC of it."
            )
            found.append(Finding("ai", text, blocks=False))
        elif len(sources) > 1:
            joined = f"{', '.join(sources[:-1])} and {sources[-1]}"
            text = f"{who}: {joined} count as {study_class.label}, and their probabilities are added up."
            found.append(Finding("ai", text, blocks=False))
    return found


def _planned(facts: Facts) -> list[Finding]:
    chosen = facts.protocol.prespecification
    cases = sum(not case.practice for case in facts.cases)
    found = []
    for planned, there, what in (
        (chosen.planned_cases, cases, "cases"),
        (chosen.planned_readers, len(facts.readers), "readers"),
    ):
        if planned is not None and planned != there:
            found.append(
                Finding("prespecification", f"{planned} {what} were planned, the study has {there}.", blocks=False)
            )
    for text, name in (
        (chosen.ethics, "ethics approval or its waiver"),
        (chosen.registration, "the registration"),
        (chosen.eligibility, "who and what was eligible"),
        (chosen.study_type, "the type of study, prospective or retrospective"),
        (chosen.sites, "where and when the cases were collected"),
        (chosen.sampling, "how the cases were sampled"),
        (chosen.funding, "funding"),
        (chosen.clinical_information, "the clinical information readers get"),
        (chosen.prevalence_told, "what readers are told about prevalence"),
    ):
        if not text.strip():
            found.append(
                Finding("prespecification", f"Nothing is said about {name}; a report will say so.", blocks=False)
            )
    return found
