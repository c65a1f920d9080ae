"""What stands between a study and its opening on the side of its AIs."""

from core.study.ais import AiFacts, CaseAi
from core.study.classes import StudyClass
from core.study.preflight_facts import Facts, Remark, named


def ai_remarks(facts: Facts) -> list[Remark]:
    """Return what is to be said of the AIs of a study: whether they have read, and how their classes count."""
    found = [
        Remark("ai", f"The AI {name} is not registered here; add it on the page AI models, or take it out.")
        for name in facts.unregistered
    ]
    if not facts.ais:
        chosen = facts.protocol.prespecification
        if facts.shows_ai:
            return [*found, Remark("ai", "No AI is chosen, but the design shows one to readers.")]
        if chosen.comparison == "ai_vs_readers" and chosen.hypothesis != "none":
            return [*found, Remark("ai", "No AI is chosen, but the prespecified comparison is with one.")]
        return [*found, Remark("ai", "No AI is chosen: the study compares readers only.", blocks=False)]
    for ai in facts.ais:
        found += _one_ai(facts, ai, "The AI" if len(facts.ais) == 1 else ai.title)
    if facts.shows_ai and len(facts.ais) > 1:
        text = f"Aided readers are shown {facts.ais[0].title}; the other AIs are compared and never shown."
        found.append(Remark("ai", text, blocks=False))
    return found


def _one_ai(facts: Facts, ai: AiFacts, who: str) -> list[Remark]:
    found = [*_mapping(facts.classes, ai, who, findings=bool(facts.protocol.findings))]
    reads = {case.number: ai.reads.get(case.number, CaseAi("none")) for case in facts.cases}
    if not ai.patients_known:
        text = f"Nobody can say which patients trained {_low(who)}: whether it knows a case already cannot be checked."
        found.append(Remark("ai", text, blocks=False))
    if ai.trained_on:
        text = f"{who} was trained or tuned on the patient of case {named(ai.trained_on)}; "
        found.append(Remark("ai", text + "take it out or choose another AI."))
    if missing := [number for number, read in reads.items() if read.state == "none"]:
        text = f"{who} has not read case {named(missing)} under this rule; the step AI shows how far it is."
        found.append(Remark("ai", text))
    if failed := [number for number, read in reads.items() if read.state == "failure"]:
        text = f"{who} failed on case {named(failed)}; it counts as a failure of the AI in the results."
        found.append(Remark("ai", text, blocks=False))
    if warned := [number for number, read in reads.items() if read.warned]:
        text = f"{who} warned of its read of case {named(warned)}: look at the scan, or take the case out."
        found.append(Remark("ai", text, blocks=False))
    if len({read.parameters for read in reads.values() if read.state == "call"}) > 1:
        found.append(Remark("ai", f"{who} read the cases under different parameters; let it read them all again."))
    return found


def _low(who: str) -> str:
    return "the AI" if who == "The AI" else who


def _mapping(classes: tuple[StudyClass, ...], ai: AiFacts, who: str, *, findings: bool) -> list[Remark]:
    """Look at what the AI's classes count as: what is not mapped blocks, what is joined or left out is said."""
    found, whose = [], "The AI's class" if who == "The AI" else f"{who}: its class"
    labels = {study_class.code: study_class.label for study_class in classes}
    for name in ai.classes:
        code = ai.counts_as.get(name)
        if name not in ai.counts_as:
            text = f"{whose} {name} is mapped to no class of the study; choose one, or leave it out, on the step AI."
            found.append(Remark("ai", text))
        elif code is None and not findings:
            text = f"{whose} {name} is left out: a case called so counts as undecided, so as wrong."
            found.append(Remark("ai", text, blocks=False))
        elif code is not None and code not in labels:
            found.append(Remark("ai", f"{whose} {name} is mapped to {code}, which is no class of the study any more."))
    if findings:
        return found
    for study_class in classes:
        sources = [name for name in ai.classes if ai.counts_as.get(name) == study_class.code]
        if not sources:
            text = (
                f"{who} has no class that counts as {study_class.label}: "
                "it can never be right there, and has no ROC of it."
            )
            found.append(Remark("ai", text, blocks=False))
        elif len(sources) > 1:
            joined = f"{', '.join(sources[:-1])} and {sources[-1]}"
            text = f"{who}: {joined} count as {study_class.label}, and their probabilities are added up."
            found.append(Remark("ai", text, blocks=False))
    return found
