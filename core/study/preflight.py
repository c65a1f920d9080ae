"""What stands between a study and its opening, as sentences that name it. Pure: the facts come from the database."""

from collections import Counter
from dataclasses import fields

from core.errors import InvalidInput
from core.imaging.volume import Attributes
from core.study import consequences
from core.study.classes import class_problems
from core.study.identifiers import identifying
from core.study.orders import make_orders
from core.study.preflight_ai import ai_remarks
from core.study.preflight_facts import AREAS, Area, CaseFacts, Facts, Remark, named
from core.study.preflight_findings import findings_remarks
from core.study.prespecification import prespecification_problems
from core.study.protocol import protocol_problems
from core.study.reference_standard import contradictions


def check(facts: Facts) -> tuple[Remark, ...]:
    """Return everything found, blockers first, each part of the study in its order."""
    codes = tuple(study_class.code for study_class in facts.classes)
    chosen = facts.protocol.prespecification
    prespecified = prespecification_problems(
        chosen, codes=codes, groups=facts.groups, design=facts.design, ratings=facts.protocol.ratings
    )
    by_reader = any(case.truth_by_reader for case in facts.cases)
    found: list[Remark] = [
        *(Remark("protocol", text) for text in class_problems(facts.classes, findings=bool(facts.protocol.findings))),
        *(Remark("truth" if "Reference" in text else "protocol", text) for text in protocol_problems(facts.protocol)),
        *_texts(facts),
        *_cases(facts),
        *_uninformed(facts),
        *_truth(facts, codes),
        *(Remark("truth", text, blocks=False) for text in contradictions(facts.protocol, by_reader=by_reader)),
        *_readers(facts),
        *ai_remarks(facts),
        *(Remark("prespecification", text) for text in prespecified),
        *_planned(facts),
        *findings_remarks(facts),
    ]
    areas = list(AREAS)
    return tuple(sorted(found, key=lambda finding: (not finding.blocks, areas.index(finding.area))))


def _texts(facts: Facts) -> list[Remark]:
    found = []
    if what := identifying(facts.title):
        found.append(Remark("protocol", f"The title looks as if it held {what}; readers see it.", blocks=False))
    named_parts: tuple[tuple[Area, str, str], ...] = (
        *(("protocol", "diagnosis", study_class.label) for study_class in facts.classes),
        *(("protocol", "question", question.label) for question in facts.protocol.questions),
        *(("readers", "reader group", name) for name in facts.groups),
    )
    for area, part, name in named_parts:
        if what := identifying(name, names=False):
            found.append(Remark(area, f"The {part} “{name}” looks as if it held {what}; rename it."))
    for case in facts.cases:
        for tag in case.tags:
            if what := identifying(tag):
                found.append(Remark("cases", f"A tag of case {case.number} looks like {what}; change it."))
        found += _attributes(case)
    return found


def _attributes(case: CaseFacts) -> list[Remark]:
    """Look at what the upload kept of the headers once more: its names against the allow-list, its texts as such."""
    again = "withdraw it and upload it again."
    kept = {field.name for field in fields(Attributes)}
    found = [
        Remark("cases", f"Case {case.number} keeps {name}, which is not on the list of what may be kept; {again}")
        for name in sorted(set(case.attributes) - kept)
    ]
    for name, value in case.attributes.items():
        if name in kept and isinstance(value, str) and (what := identifying(value, names=False)):
            found.append(Remark("cases", f"The {name} of case {case.number} looks like {what}; {again}"))
    return found


def _cases(facts: Facts) -> list[Remark]:
    found = []
    if not any(not case.practice for case in facts.cases):
        found.append(Remark("cases", "The study has no cases yet; take some in on the Cases step."))
    for case in facts.cases:
        if case.opens is not None:
            found.append(Remark("cases", f"Case {case.number} does not open: {case.opens}"))
    if gone := [case.number for case in facts.cases if case.withdrawn]:
        found.append(Remark("cases", f"Withdrawn from the library: case {named(gone)}; take it out of the study."))
    patients: dict[int, list[int]] = {}
    for case in facts.cases:
        patients.setdefault(case.patient_id, []).append(case.number)
    for same in patients.values():
        if len(same) > 1:
            found.append(Remark("cases", f"Of the same patient: cases {named(same)}; take all but one out again."))
    try:
        if facts.plan.readers and facts.plan.cases:
            make_orders(facts.plan, seed=0)
            found += _shared_out(facts)
    except InvalidInput as error:
        found.append(Remark("cases", str(error)))
    return found


def _uninformed(facts: Facts) -> list[Remark]:
    """Name the cases without clinical information where readers are to be shown it."""
    bare = [case.number for case in facts.cases if not case.informed]
    if not facts.protocol.clinical.used or not bare:
        return []
    return [Remark("cases", f"Without clinical information: case {named(bare)}; readers see none there.", blocks=False)]


def _shared_out(facts: Facts) -> list[Remark]:
    """Say, where readers read some of the cases each, how often every case is read and what that costs in power."""
    if facts.plan.allocation.crossed:
        return []
    found = [Remark("readers", consequences.in_words(facts.plan), blocks=False)]
    if len(facts.plan.readers) > 1:
        found.append(Remark("readers", consequences.power_in_words(facts.plan), blocks=False))
    return found


def _truth(facts: Facts, codes: tuple[str, ...]) -> list[Remark]:
    found = []
    if missing := [case.number for case in facts.cases if case.truth is None]:
        found.append(Remark("truth", f"Without truth: case {named(missing)}."))
    reference = facts.protocol.reference
    if missing and reference.panel and facts.panel < reference.panel_size:
        text = f"The truth panel has {facts.panel} of {reference.panel_size} members; add the others."
        found.append(Remark("truth", text))
    unknown = [case.number for case in facts.cases if case.truth is not None and case.truth not in codes]
    if unknown and not facts.protocol.findings:
        found.append(Remark("truth", f"The truth is none of the study's classes: case {named(unknown)}; correct it."))
    by_reader = [case.number for case in facts.cases if case.truth_by_reader]
    if by_reader and not facts.protocol.readers_may_author_truth:
        found.append(Remark("truth", f"The truth was authored by a reader of the study: case {named(by_reader)}."))
    present = {case.truth for case in facts.cases if not case.practice}
    absent = [study_class.label for study_class in facts.classes if study_class.code not in present]
    if absent and not missing and not facts.protocol.findings:
        text = f"No case has the truth {', '.join(absent)}: nothing can be said about sensitivity there."
        found.append(Remark("truth", text, blocks=False))
    return found


def _readers(facts: Facts) -> list[Remark]:
    found = []
    members = Counter(reader.group for reader in facts.readers)
    for group in facts.groups:
        if not members[group]:
            found.append(Remark("readers", f"The group {group} has no reader; add one or remove the group."))
        elif members[group] == 1:
            text = f"The group {group} has one reader: nothing can be said beyond that reader."
            found.append(Remark("readers", text, blocks=False))
    for reader in facts.readers:
        if reader.disabled:
            found.append(Remark("readers", f"The account of {reader.name} is disabled; enable it or take them out."))
        elif not reader.ready:
            text = f"{reader.name} has not set a password yet; send the invitation link."
            found.append(Remark("readers", text, blocks=False))
        if reader.staff:
            text = (
                f"{reader.name} coordinates too and could see truth and AI before reading; better make another account."
            )
            found.append(Remark("readers", text, blocks=False))
    return found


def _planned(facts: Facts) -> list[Remark]:
    chosen = facts.protocol.prespecification
    cases = sum(not case.practice for case in facts.cases)
    found = []
    for planned, there, what in (
        (chosen.planned_cases, cases, "cases"),
        (chosen.planned_readers, len(facts.readers), "readers"),
    ):
        if planned is not None and planned != there:
            found.append(
                Remark("prespecification", f"{planned} {what} were planned, the study has {there}.", blocks=False)
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
                Remark("prespecification", f"Nothing is said about {name}; a report will say so.", blocks=False)
            )
    return found
