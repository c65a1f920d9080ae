"""What stands between a study of several findings and its opening, beside what every study needs."""

from collections.abc import Mapping, Sequence

from core.study.findings import Finding
from core.study.lesions import Place
from core.study.preflight_facts import Facts, Remark, named
from core.study.prespecification import Prespecification
from core.study.protocol import Protocol


def findings_remarks(facts: Facts) -> list[Remark]:
    """Return what is to be said of the findings of a study; nothing where it asks for one diagnosis."""
    asked, labels = facts.protocol.findings, {study_class.code: study_class.label for study_class in facts.classes}
    if not asked:
        return []
    known = {case.number: (case.levels, case.lesions) for case in facts.cases if case.truth is not None}
    found = [Remark("truth", text, blocks) for text, blocks in _truth(asked, labels, known)]
    numbers = [case.number for case in facts.cases]
    for ai in facts.ais:
        who = "The AI" if len(facts.ais) == 1 else ai.title
        said = _ai(asked, labels, who, ai.counts_as, ai.marked, numbers)
        found += [Remark("ai", text, blocks) for text, blocks in said]
    return found + [
        Remark("truth" if text.startswith("Reference") else "prespecification", text)
        for text in _plan(facts.protocol, labels)
    ]


def _truth(
    findings: Sequence[Finding],
    labels: Mapping[str, str],
    known: Mapping[int, tuple[Mapping[str, str], Sequence[Place]]],
) -> list[tuple[str, bool]]:
    """Return sentences on the truth of those cases, by number, that have one, each with whether it blocks."""
    found: list[tuple[str, bool]] = []
    for finding in findings:
        label = labels.get(finding.code, finding.code)
        lost = [number for number, (levels, _) in known.items() if levels.get(finding.code) not in finding.codes]
        if lost:
            found.append((f"{label} has no truth in case {named(lost)}; say whether it is present.", True))
        there = [number for number, (levels, _) in known.items() if finding.present(levels.get(finding.code))]
        if known and not lost and len(there) in (0, len(known)):
            word = "no case" if not there else "every case"
            text = f"{label} is present in {word}: neither its AUC nor "
            found.append((text + ("its sensitivity" if not there else "its specificity") + " can be known.", False))
        if finding.mark:
            found += _places(finding, label, known, there)
    return found


def _places(
    finding: Finding,
    label: str,
    known: Mapping[int, tuple[Mapping[str, str], Sequence[Place]]],
    there: Sequence[int],
) -> list[tuple[str, bool]]:
    placed = {n for n, (_, lesions) in known.items() if any(place.finding == finding.code for place in lesions)}
    found = []
    if unplaced := sorted(set(there) - placed):
        found.append((f"{label} is present without a place in case {named(unplaced)}; bring its lesions.", True))
    if wrong := sorted(placed - set(there)):
        found.append((f"{label} has a place but is absent in case {named(wrong)}; correct one of them.", True))
    return found


def _ai(
    findings: Sequence[Finding], labels: Mapping[str, str], who: str, counts_as: Mapping[str, str | None],
    marked: Sequence[int], cases: Sequence[int],
) -> list[tuple[str, bool]]:  # fmt: skip
    """Return sentences on what an AI says of the findings; `marked` are the cases that it brought marks for."""
    found: list[tuple[str, bool]] = []
    for finding in findings:
        label = labels.get(finding.code, finding.code)
        sources = [name for name, code in counts_as.items() if code == finding.code]
        if not sources:
            found.append((f"{who} has no class that counts as {label}: it takes no part there.", False))
        elif len(sources) > 1:
            found.append((f"{who}: {', '.join(sources)} count as {label}.", False))
    if any(finding.mark for finding in findings):
        lost = sorted(set(cases) - set(marked))
        if not marked:
            found.append((f"{who} brought no marks: it takes no part in the localisation.", False))
        elif lost:
            found.append((f"{who} has no marks on record for case {named(lost)}; a row of shape none says none.", True))
    return found


def _plan(protocol: Protocol, labels: Mapping[str, str]) -> list[str]:
    """Return what keeps the prespecification and the reference standard from fitting several findings."""
    chosen: Prespecification = protocol.prespecification
    found = []
    if chosen.hypothesis != "none" and chosen.endpoint_class not in labels:
        found.append("Prespecification: choose the finding that the primary endpoint is about.")
    others = {code for _, _, code in (name.partition(" ") for name in chosen.family) if code}
    if chosen.multiplicity != "single" and others - {chosen.endpoint_class}:
        found.append(
            "Prespecification: the family names endpoints of the primary finding; other findings are compared, "
            "adjusted by Holm, on the page Findings."
        )
    if protocol.reference.panel:
        found.append(
            "Reference standard: a panel labels one diagnosis; enter the truth of findings by case or from a table."
        )
    return found
