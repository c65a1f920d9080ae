"""The marks of one finding, scored against its lesions: what `python -m core froc` and the page are both made of."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from core.errors import InvalidInput
from core.results.findings import Question, chosen_question
from core.results.rows import ARMS, StudyRows
from core.spreadsheet import csv_text
from core.stats.columns import parse_rows
from core.stats.localisation.marks import MARK_COLUMNS, Marks, marks_of
from core.stats.localisation.scoring import Lesion, Mark, Overlap, Radius, Score, mark_rows, score
from core.stats.localisation.truth import TRUTH_COLUMNS, truth_of
from core.study.findings import Acceptance
from core.study.lesions import Place
from core.study.words import Arm

Compared = Literal["ai", "arms"]


@dataclass(frozen=True, slots=True)
class ScoredRead:
    """One read of one case, by an AI where `ai`: its marks of the finding and what became of them."""

    reader: str
    treatment: str
    case: int
    ai: bool
    marks: tuple[Mark, ...]
    found: Score


def accepted(chosen: Acceptance) -> Radius | Overlap:
    """Return the protocol's rule as the scoring takes it."""
    return Radius(chosen.radius_mm) if chosen.rule == "radius" else Overlap(chosen.overlap, chosen.reach_mm)


def marked_question(rows: StudyRows) -> Question | None:
    """Return the question that these rows are of, where its finding is marked on the image."""
    if rows.whole is None:
        return None
    question = chosen_question(rows.whole.study, rows.study.finding)
    return question if question.finding.mark else None


def lesions_of(places: Sequence[Place], code: str) -> tuple[Lesion, ...]:
    """Return the lesions of a finding in a case, numbered from 1 in the order of its truth."""
    mine = [place for place in places if place.finding == code]
    return tuple(Lesion(number, place.shape) for number, place in enumerate(mine, start=1))


def scored_reads(rows: StudyRows) -> tuple[ScoredRead, ...]:
    """Score every read of rows of one finding; practice is left out. An AI that brought no marks is not among them.

    Raises InvalidInput where the finding is not marked.
    """
    question = marked_question(rows)
    if question is None:
        raise InvalidInput("This finding is not marked on the image.")
    accept = accepted(rows.study.protocol.acceptance)
    code, found = question.finding.code, []
    for at in range(len(rows)):
        drawn = rows.answers["marks"][at]
        if drawn is None or rows.practice[at]:
            continue
        case, person = rows.study.cases[rows.case[at]], rows.study.participants[rows.participant[at]]
        mine = tuple(Mark(place.shape, float(place.rating or 0)) for place in drawn if place.finding == code)
        read = score(mine, lesions_of(case.lesions, code), accept)
        found.append(ScoredRead(person.name, ARMS[rows.arm[at]], case.number, person.is_ai, mine, read))
    return tuple(found)


def marks_csv(reads: Sequence[ScoredRead]) -> str:
    """Return the marks file of `froc`."""
    return _text(
        MARK_COLUMNS,
        (
            (r.reader, r.treatment, str(r.case), kind, lesion, float(rating) if rating else "")
            for r in reads
            for kind, lesion, rating in mark_rows(r.marks, r.found)
        ),
    )


def truth_csv(rows: StudyRows, reads: Sequence[ScoredRead]) -> str:
    """Return the truth file of `froc`: every lesion of a case counts the same within it."""
    question, read = marked_question(rows), {r.case for r in reads}
    lines: list[tuple[str, ...]] = []
    for case in rows.study.cases:
        if case.number in read and question is not None:
            mine = lesions_of(case.lesions, question.finding.code)
            weight = repr(1 / len(mine)) if mine else "0"
            lines += [(str(case.number), "1", str(lesion.number), weight) for lesion in mine] or [
                (str(case.number), "0", "0", "0")
            ]
    return _text(TRUTH_COLUMNS, lines)


def compared(reads: Sequence[ScoredRead], compare: Compared, ai: str = "") -> tuple[ScoredRead, ...]:
    """Return the reads that are analysed together: readers' arms, or one AI beside the readers' first arm.

    Only cases that all of them read in every arm: the analysis of marks needs complete data.
    """
    people = [read for read in reads if not read.ai]
    arms = sorted({read.treatment for read in people}, key=lambda arm: arm != Arm.UNAIDED)
    kept = [read for read in people if compare == "arms" or read.treatment == arms[0]]
    if compare == "ai":
        kept += [read for read in reads if read.ai and read.reader == ai]
    cells = {(read.reader, read.treatment) for read in kept}
    count = Counter(read.case for read in kept)
    whole = {case for case, times in count.items() if times >= len(cells)}
    return tuple(read for read in kept if read.case in whole)


def blocks_of(reads: Sequence[ScoredRead]) -> list[tuple[str, ...]]:
    """Return the readers who read some of the same cases, in blocks: one of all readers unless cases were split."""
    cases: dict[str, set[int]] = {}
    for read in reads:
        if not read.ai:
            cases.setdefault(read.reader, set()).add(read.case)
    blocks: list[set[str]] = []
    for reader, mine in cases.items():
        near = [block for block in blocks if any(cases[other] & mine for other in block)]
        blocks = [block for block in blocks if block not in near] + [set().union({reader}, *near)]
    return [tuple(reader for reader in cases if reader in block) for block in blocks]


def marks_of_reads(rows: StudyRows, reads: Sequence[ScoredRead], *, one_treatment: bool) -> Marks:
    """Return the marks as the figures of merit take them, by way of the very files that are exported."""
    truth = truth_of(parse_rows(truth_csv(rows, reads), needed=TRUTH_COLUMNS))
    return marks_of(parse_rows(marks_csv(reads), needed=MARK_COLUMNS), truth, one_treatment=one_treatment)


def _text(header: Sequence[str], lines: Iterable[Sequence[str | float]]) -> str:
    return csv_text([header, *lines])
