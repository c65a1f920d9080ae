"""What a results panel lacks, and what would fill it: one function a panel, the same words on every page."""

from dataclasses import dataclass

import numpy as np

from core.results.grids import grid_of
from core.results.panels.characteristics import recorded
from core.results.panels.roc import without_scores
from core.results.rows import AI, StudyFacts, StudyRows
from core.results.subgroups import Subgroups
from core.stats.analyse import Analysis
from core.stats.confusion import MISSING

FEWEST = 3  # readers who can stand for readers at large


@dataclass(frozen=True, slots=True)
class Gap:
    """Something missing, in a sentence, and the remedy, in another."""

    what: str
    remedy: str


NOBODY = Gap("No reader has locked a read.", "Loosen the filters; without any set, have a copy of the study read.")
NO_AI = Gap("The AI has read none of these cases.", "Copy the study and choose an AI in it before it is opened.")
ONE_CASE = Gap("There is one case only.", "It says nothing about other cases; loosen the filters, or plan for more.")
UPLOAD = "What files say of it is kept at upload; tags in the case library can part cases too."
NO_RATINGS = "Switch ratings on in the next study's protocol; an AUC from the diagnosis alone is not given."


def comparison_gaps(rows: StudyRows) -> list[Gap]:
    """Return what the comparison lacks: readers, AI, cases, single reads."""
    return [*_people(rows), *_ai(rows), *_cases(rows), *_holes(rows)]


def confusion_gaps(rows: StudyRows) -> list[Gap]:
    """Return what the matrices lack."""
    return [*_nobody(rows), *_ai(rows), *_holes(rows)]


def metrics_gaps(rows: StudyRows, found: Analysis) -> list[Gap]:
    """Return what the tables per class lack: readers, AI, ratings, a class without a case."""
    empty = [
        rows.study.label(code)
        for code, count in zip(found.study.classes, found.study.cases_by_class, strict=True)
        if not count
    ]
    gaps = [*_nobody(rows), *_ai(rows), *_cases(rows), *_ratings(found)]
    if empty:
        what = f"No case of {', '.join(empty)}: sensitivity and everything built on it do not exist."
        gaps.append(Gap(what, "Loosen the filters, or plan for cases of this class in the next study."))
    return gaps


def roc_gaps(rows: StudyRows, found: Analysis, code: str) -> list[Gap]:
    """Return what the curves of one class lack: readers, AI, ratings, cases of both kinds, ratings that differ."""
    gaps = [*_nobody(rows), *_ai(rows), *_ratings(found)]
    own = found.study.cases_by_class[found.study.classes.index(code)]
    if own in (0, found.study.cases):
        what = f"Every case is on one side of {rows.study.label(code)}: there is no curve."
        gaps.append(Gap(what, "Loosen the filters, or choose another class; a curve needs cases of both kinds."))
        return gaps
    flat = [
        one.reader
        for one in found.readers
        for each in one.scores
        if each.label == code and each.roc is not None and len(each.roc.fpr) == 2
    ]
    if flat:
        names = ", ".join(dict.fromkeys(flat))
        what = (
            f"{names}: every case has the same rating of {rows.study.label(code)}; all are tied, the AUC is one half."
        )
        gaps.append(
            Gap(
                what,
                "Ratings that differ from case to case make a curve; tell readers of the next study to use the scale.",
            )
        )
    return gaps


def mrmc_gaps(rows: StudyRows, found: Analysis) -> list[Gap]:
    """Return what comparing arms and groups lacks."""
    gaps = _people(rows)
    if not found.arms_compared:
        remedy = "It takes a sequential or crossover design, with the AI shown in one of the arms."
        gaps.append(Gap("These reads have one arm only.", remedy))
    elif not any(one.result for one in found.arms_compared):
        why = next((one.reason for one in found.arms_compared if one.reason), "no reader read in every arm")
        remedy = "It takes at least two cases that the same readers read in both arms."
        gaps.append(Gap(f"No figure could be compared between arms: {why}", remedy))
    gaps += _ratings(found) if found.arms_compared else []
    if len({group for _, group in found.study.readers}) < 2:
        remedy = "Two groups that read the same cases fill the table of groups."
        gaps.append(Gap("There is one group of readers only.", remedy))
    return gaps


def agreement_gaps(found: Analysis) -> list[Gap]:
    """Return what agreement lacks: a second reader, cases read by two, reads that differ."""
    if not found.agreement:
        remedy = "Loosen the filters, or plan for a second reader in the next study."
        return [Gap("Agreement needs two readers of the same cases.", remedy)]
    if max(one.result.n for one in found.agreement) == 1:
        return [ONE_CASE]
    without: dict[str, list[str]] = {}
    for one in found.agreement:
        if one.result.fleiss.value is None:
            name = f"{one.group} ({one.arm})" if one.arm else one.group
            without.setdefault(one.result.fleiss.reason or "it does not exist", []).append(name)
    remedy = "Kappa needs cases that two readers read, and reads of more than one category."
    return [Gap(f"No kappa of {', '.join(names)}: {reason}.", remedy) for reason, names in without.items()]


def bias_gaps(rows: StudyRows, found: Analysis) -> list[Gap]:
    """Return what automation bias lacks: both arms, the AI, and calls of the AI that were wrong."""
    if not found.switches:
        remedy = "It takes a sequential or crossover design."
        return [Gap("There are no reads of the same case without and with the AI.", remedy)]
    gaps = _ai(rows)
    if not gaps and not any(one.automation_bias.n for one in found.group_switches):
        remedy = "Automation bias shows on cases that the AI gets wrong and readers get right."
        gaps.append(Gap("No read was right without the AI where the AI was wrong.", remedy))
    return gaps


def times_gaps(rows: StudyRows, found: Analysis) -> list[Gap]:
    """Return what times and fatigue lack: times, positions, a second group or arm to compare."""
    gaps = _nobody(rows)
    if not any(one.times.n for one in found.readers):
        gaps.append(Gap("No read has a time.", "Times come from the reading page's clock with every locked read."))
    if not found.drifts:
        gaps.append(Gap("Too few reads to see a drift over the reading order.", "It takes six reads of one group."))
    if not found.times and not gaps:
        remedy = "Two groups, or reads in two arms, fill this table."
        gaps.append(Gap("There is nothing to compare times with.", remedy))
    return gaps


def characteristics_gaps(rows: StudyRows) -> list[Gap]:
    """Return what the characteristics lack: attributes that no case has, years that no reader has."""
    gaps = [*_people(rows), *_cases(rows), *attribute_gaps(rows.study)]
    people = [one for one in rows.study.participants if not one.is_ai]
    if people and all(one.years is None for one in people):
        remedy = "Enter them on the step Readers before the next study opens."
        gaps.append(Gap("No reader's years of experience are recorded.", remedy))
    return gaps


def attribute_gaps(study: StudyFacts) -> list[Gap]:
    """Return which attributes no case has."""
    empty = [name for name, (known, _) in recorded(study).items() if not known]
    return [Gap(f"Not recorded for any case: {', '.join(empty)}.", UPLOAD)] if empty else []


def subgroup_gaps(rows: StudyRows, found: Subgroups) -> list[Gap]:
    """Return what subgroups lack: readers, AI, attributes that part the cases."""
    gaps = [*_people(rows), *_ai(rows), *_cases(rows)]
    if found.unknown:
        gaps.append(Gap(f"Not recorded for any case: {', '.join(found.unknown).lower()}.", UPLOAD))
    if len(found.lines) == 1 and not gaps:
        what = f"All cases are alike in {', '.join(found.alike).lower()}."
        gaps.append(Gap(what, "Subgroups need cases that differ."))
    return gaps


def cases_gaps(rows: StudyRows) -> list[Gap]:
    """Return what the map of readers and cases lacks."""
    return [*_nobody(rows), *_ai(rows), *_holes(rows)]


def _nobody(rows: StudyRows) -> list[Gap]:
    return [NOBODY] if rows.is_ai.all() else []


def _people(rows: StudyRows) -> list[Gap]:
    count = len(np.unique(rows.participant[~rows.is_ai]))
    if not count:
        return [NOBODY]
    if count == 1:
        what = "One reader has read: figures are of this reader only."
        return [Gap(what, f"From {FEWEST} readers on they can stand for readers at large.")]
    return []


def _ai(rows: StudyRows) -> list[Gap]:
    return [] if rows.is_ai.any() else [NO_AI]


def _cases(rows: StudyRows) -> list[Gap]:
    return [ONE_CASE] if len(np.unique(rows.case)) == 1 else []


def _holes(rows: StudyRows) -> list[Gap]:
    grid = grid_of(rows)
    shown = [*grid.readers, *grid.members(AI)]
    count = int((grid.calls[shown] == MISSING).sum())
    if not count:
        return []
    what = f"{count} reads of these cases are missing; they are left out, never counted as right or wrong."
    return [Gap(what, "The report shows what other rules for missing reads would give.")]


def _ratings(found: Analysis) -> list[Gap]:
    return [Gap(sentence, NO_RATINGS) for sentence in without_scores(found)]
