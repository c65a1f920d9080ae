"""A study's rows as the table that the statistics take, and views of that table."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.results.rows import ARMS, StudyFacts, StudyRows
from core.stats.confusion import FAILURE, INDETERMINATE, MISSING, Codes, counts
from core.stats.ids import clusters_among
from core.stats.reader_figures import Set
from core.stats.reads import AiReads, ReadTable

NO_DIAGNOSIS = {INDETERMINATE: "Indeterminate", FAILURE: "AI failure"}


def read_table(rows: StudyRows, *, practice: bool = False) -> ReadTable:
    """Lay the rows out as the table that `python -m core analyse` makes of the long export.

    Practice rows are left out unless asked for. Where a reader read a case in two sessions of one arm, the first
    counts. Patients with several cases are clusters. Scores are a reader's ratings, or the AI's probabilities.
    """
    study, classes = rows.study, len(rows.study.codes)
    kept = rows if practice or not rows.practice.any() else rows.take(~rows.practice)
    cases = np.flatnonzero(np.bincount(kept.case))  # a tenth of the time of np.unique on 100,000 rows
    readers = np.flatnonzero(np.bincount(kept.participant[~kept.is_ai]))
    arms = list(dict.fromkeys(kept.arm[~kept.is_ai].tolist()))
    place = np.zeros(len(ARMS), np.int64)
    place[arms] = np.arange(len(arms))
    last = np.argsort(kept.session, kind="stable")[::-1]  # the earliest session is written last and stays
    own = last[~kept.is_ai[last]]
    at = (
        place[kept.arm[own]],
        np.searchsorted(readers, kept.participant[own]),
        np.searchsorted(cases, kept.case[own]),
    )
    shape = (max(1, len(arms)), len(readers), len(cases))
    calls = codes_of(kept.call, classes)
    prediction = np.full(shape, MISSING, np.int64)
    scores = np.full((*shape, classes), np.nan)
    seconds, position = np.full(shape, np.nan), np.full(shape, np.nan)
    prediction[at], scores[at] = calls[own], kept.ratings[own]
    seconds[at], position[at] = kept.seconds[own], kept.position[own]
    machines = np.flatnonzero(np.bincount(kept.participant[kept.is_ai])).tolist() if kept.is_ai.any() else []
    return ReadTable(
        classes=study.codes,
        cases=tuple(str(study.cases[case].number) for case in cases),
        truth=kept.case_truth[cases].astype(np.int64),
        readers=tuple(study.participants[reader].name for reader in readers),
        groups=tuple(study.participants[reader].group for reader in readers),
        arms=tuple(ARMS[arm] for arm in arms) or ("",),
        prediction=prediction,
        scores=scores,
        probabilities=np.full_like(scores, np.nan),
        seconds=seconds,
        position=position,
        ais=tuple(_ai(kept, machine, cases, calls) for machine in machines),
        assigned=None if rows.assigned is None else _assigned(rows.assigned, place, arms, readers, cases, prediction),
        clusters=clusters_among(np.array([study.cases[case].patient for case in cases])),
    )


def _assigned(
    asked: NDArray[np.int32],
    place: NDArray[np.int64],
    arms: list[int],
    readers: NDArray[np.int64],
    cases: NDArray[np.int64],
    prediction: Codes,
) -> NDArray[np.bool_]:
    """Return which cells the design asks for (a, r, n); what was read is of the design, whatever the orders say."""
    made = np.asarray(prediction != MISSING)
    known = np.isin(asked[:, 0], readers) & np.isin(asked[:, 1], cases) & np.isin(asked[:, 2], arms)
    participant, case, arm = asked[known].T
    made[place[arm], np.searchsorted(readers, participant), np.searchsorted(cases, case)] = True
    return made


def _ai(kept: StudyRows, participant: int, cases: NDArray[np.int64], calls: Codes) -> AiReads:
    """Return the reads of one AI on the places `cases`."""
    mine = np.flatnonzero(kept.participant == participant)
    at = np.searchsorted(cases, kept.case[mine])
    prediction = np.full(len(cases), MISSING, np.int64)
    scores, seconds = np.full((len(cases), len(kept.study.codes)), np.nan), np.full(len(cases), np.nan)
    prediction[at], scores[at], seconds[at] = calls[mine], kept.probabilities[mine], kept.seconds[mine]
    return AiReads(kept.study.participants[participant].name, prediction, scores, scores, seconds)


def codes_of(call: NDArray[np.int16], classes: int) -> Codes:
    """Return places in `study.outcomes` as codes of core.stats.confusion."""
    chosen = np.select([call < 0, call < classes, call == classes], [MISSING, call, INDETERMINATE], FAILURE)
    return np.asarray(chosen, np.int64)


def arm_shown(table: ReadTable) -> str:
    """Return the readers' arm that is compared with the AI: unaided unless only aided reads are left."""
    return ARMS[0] if ARMS[0] in table.arms else table.arms[0]


def one_arm(table: ReadTable, arm: str) -> ReadTable:
    """Return the view of one arm and the AI: readers with a read in it, cases that any of them or the AI read."""
    k = table.arms.index(arm)
    read = table.prediction[k] != MISSING
    people = np.flatnonzero(read.any(axis=1))
    used = read.any(axis=0)
    for ai in table.ais:
        used = used | (ai.prediction != MISSING)
    cases = np.flatnonzero(used)

    def part(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return values[k : k + 1, people][:, :, cases]

    return replace(
        table,
        cases=tuple(table.cases[at] for at in cases),
        truth=table.truth[cases],
        readers=tuple(table.readers[at] for at in people),
        groups=tuple(table.groups[at] for at in people),
        arms=(arm,),
        prediction=table.prediction[k : k + 1, people][:, :, cases],
        scores=part(table.scores),
        probabilities=part(table.probabilities),
        seconds=part(table.seconds),
        position=part(table.position),
        ais=tuple(ai.of_cases(cases) for ai in table.ais),
        assigned=None if table.assigned is None else table.assigned[k : k + 1, people][:, :, cases],
        clusters=None if table.clusters is None else clusters_among(table.clusters[cases]),
    )


def places_of(reads: Set, group: str) -> list[int]:
    """Return the places of a group's readers, or of the AIs, in a set."""
    return [at for at, name in enumerate(reads.groups) if name == group]


def confusion(table: ReadTable, reads: Set, at: list[int]) -> NDArray[np.int64]:
    """Return pooled counts (classes, classes + 2) of some readers: rows truth, columns outcomes."""
    return np.asarray(counts(table.truth, reads.prediction[at], len(table.classes)).sum(axis=0), np.int64)


def cases_read(reads: Set, at: list[int]) -> int:
    """Return how many cases at least one of some readers has read."""
    return int((reads.prediction[at] != MISSING).any(axis=0).sum())


def outcome_labels(study: StudyFacts) -> dict[int, str]:
    """Return what a read can come out as: code of core.stats.confusion to its label, classes first."""
    return {**{code: study_class.label for code, study_class in enumerate(study.classes)}, **NO_DIAGNOSIS}


def cases_in_cell(
    study: StudyFacts, table: ReadTable, reads: Set, at: list[int], *, truth: int, called: str
) -> list[tuple[int, list[str]]]:
    """Return (case number, readers) of one cell of a confusion matrix; `called` is a label as the matrix shows it."""
    code = next(code for code, label in outcome_labels(study).items() if label == called)
    hits = (reads.prediction[at] == code) & (table.truth == truth)[None, :]
    return [
        (int(table.cases[case]), [reads.names[at[row]] for row in np.flatnonzero(hits[:, case])])
        for case in np.flatnonzero(hits.any(axis=0))
    ]
