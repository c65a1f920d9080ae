"""Gaps that several panels have in common: the same words wherever the same thing is missing."""

import numpy as np

from core.results.blocks import Gap
from core.results.case_strata import recorded
from core.results.rows import AI, StudyFacts
from core.results.study_results import StudyResults
from core.stats.analyse import Analysis

FEWEST = 3  # readers who can stand for readers at large
NOBODY = Gap("No reader has locked a read.", "Loosen the filters; without any set, have a copy of the study read.")
NO_AI = Gap("The AI has read none of these cases.", "Copy the study and choose an AI in it before it is opened.")
ONE_CASE = Gap("There is one case only.", "It says nothing about other cases; loosen the filters, or plan for more.")
UPLOAD = "What files say of it is kept at upload; tags in the case library can split cases too."
NO_RATINGS = "Switch ratings on in the next study's protocol; an AUC from the diagnosis alone is not given."


def nobody(results: StudyResults) -> list[Gap]:
    """Return that nobody has read."""
    return [NOBODY] if results.rows.is_ai.all() else []


def few_people(results: StudyResults) -> list[Gap]:
    """Return that nobody has read, or one reader only."""
    count = len(np.unique(results.rows.participant[~results.rows.is_ai]))
    if not count:
        return [NOBODY]
    if count == 1:
        what = "One reader has read: figures are of this reader only."
        return [Gap(what, f"From {FEWEST} readers on they can stand for readers at large.")]
    return []


def no_ai(results: StudyResults) -> list[Gap]:
    """Return that the AI has read nothing."""
    return [] if results.rows.is_ai.any() else [NO_AI]


def one_case(results: StudyResults) -> list[Gap]:
    """Return that there is one case only."""
    return [ONE_CASE] if len(np.unique(results.rows.case)) == 1 else []


def missing_reads(results: StudyResults) -> list[Gap]:
    """Return how many reads of the arm shown are missing."""
    count = int(results.reads.missing.sum())
    if not count:
        return []
    what = f"{count} reads of these cases are missing; they are left out, never counted as right or wrong."
    return [Gap(what, "The report shows what other rules for missing reads would give.")]


def no_ratings(analysis: Analysis) -> list[Gap]:
    """Return who gave no ratings or probabilities, so that no AUC is shown."""
    people = [reader for reader in analysis.readers if reader.group != AI]
    silent = [reader.reader for reader in people if not any(each.auc.n for each in reader.scores)]
    said = []
    if people and len(silent) == len(people):
        said.append("No reader gave ratings: there are points, but no curve and no AUC of readers.")
    elif silent:
        said.append(f"No ratings from {', '.join(silent[:8])}: no AUC of theirs.")
    machines = [reader for reader in analysis.readers if reader.group == AI]
    for machine in machines:
        if machine.n > machine.failures and not any(each.auc.n for each in machine.scores):
            who = "The AI" if len(machines) == 1 else machine.reader
            said.append(f"{who} gave calls without probabilities: a point, but no curve.")
    return [Gap(sentence, NO_RATINGS) for sentence in said]


def unrecorded(study: StudyFacts) -> list[Gap]:
    """Return which attributes no case has."""
    empty = [name for name, (known, _) in recorded(study).items() if not known]
    return [Gap(f"Not recorded for any case: {', '.join(empty)}.", UPLOAD)] if empty else []
