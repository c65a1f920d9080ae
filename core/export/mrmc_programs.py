"""The same reads for two public MRMC programs, one class against the rest, as their manuals ask for.

iMRMC (DIDSR/iMRMC: user manual 4.1.1, R help of `dfMRMC_example` and `undoIMRMCdf`, its test file test-missing-data):
free text, then "BEGIN DATA:" at the start of a line, then rows `reader,case,modality,score` in any order; the truth of
every case once, by reader "truth" (score 0 or 1); designs need not be fully crossed. It takes N0:, N1:, NR:
and NM: in any line of the text for sizes, so no other line has a colon. RJafroc (its function DfReadDataFile, format
"iMRMC", and its test file issue73): the same file named .imrmc, with whole numbers as ids, the four sizes given and
right, readers in numeric order, and every reader having rated every case in every modality exactly once.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from core.results.rows import ARMS, StudyRows
from core.study.words import Arm

Program = Literal["imrmc", "rjafroc"]
Compare = Literal["ai", "arms"]  # the AI beside the unaided readers, or the readers' arms


@dataclass(frozen=True, slots=True)
class _Scores:
    """Scores of (reader, case, modality) by place, NaN unrated; the last readers, `ais` of them, are AIs."""

    readers: list[str]
    modalities: list[str]
    cases: NDArray[np.int64]
    positive: NDArray[np.bool_]
    values: NDArray[np.float64]
    ais: int = 0
    failed: tuple[tuple[str, tuple[int, ...]], ...] = ()  # by AI, the cases it gave no score for

    @property
    def machines(self) -> list[str]:
        """Names of the AIs in the file."""
        return self.readers[len(self.readers) - self.ais :]


def mrmc_pieces(rows: StudyRows, *, program: Program, positive: str, compare: Compare) -> Iterator[str]:
    """Yield the file of `program` for class `positive` against the rest.

    compare "ai": for iMRMC the readers unaided and each AI as a modality of its own, so that none is averaged into the
    readers; for RJafroc one modality with the first AI as reader 0, as its CAD-against-radiologists analysis expects.
    "arms": unaided against aided, without AIs. A reader's score is the 0-100 rating of the class, an AI's its
    probability times 100. Raises InvalidInput, in words, where there is nothing to write.
    """
    scores = _scores(rows, positive, compare, one_ai=program == "rjafroc")
    if program == "rjafroc":
        scores = _crossed(scores)
    numeric = program == "rjafroc"
    names = _numbers(scores) if numeric else _texts(scores.readers)
    kinds = [str(n + 1) for n in range(len(scores.modalities))] if numeric else _texts(scores.modalities)
    apart = {} if numeric else dict(zip(scores.machines, names[len(names) - scores.ais :], strict=True))
    yield _header(rows, scores, names, [*kinds, *apart.values()], positive, program)
    yield "".join(
        f"{'-1' if numeric else 'truth'},{number},{0 if numeric else 'truth'},{int(is_one)}\n"
        for number, is_one in zip(scores.cases.tolist(), scores.positive.tolist(), strict=True)
    )
    for at, name in enumerate(names):
        block = scores.values[at]
        yield "".join(
            f"{name},{number},{apart.get(scores.readers[at], kinds[kind])},{float(block[case, kind])!r}\n"
            for case, number in enumerate(scores.cases.tolist())
            for kind in range(len(kinds))
            if not np.isnan(block[case, kind])
        )


def _scores(rows: StudyRows, positive: str, compare: Compare, *, one_ai: bool) -> _Scores:
    study = rows.study
    if positive not in study.codes:
        raise InvalidInput(f"The study has no class {positive}; choose one of {', '.join(study.codes)}.")
    column = study.codes.index(positive)
    arms = [ARMS.index(Arm.UNAIDED)] if compare == "ai" else [ARMS.index(arm) for arm in rows.arms]
    if compare == "arms" and len(arms) < 2:
        raise InvalidInput("These reads have one arm only; comparing arms needs unaided and aided reads.")
    values = np.full((len(study.participants), len(study.cases), len(arms)), np.nan)
    for place, arm in enumerate(arms):
        some = rows.arm == arm
        values[rows.participant[some], rows.case[some], place] = rows.ratings[some, column]
    if compare == "ai":
        machine = rows.is_ai
        values[rows.participant[machine], rows.case[machine], 0] = 100 * rows.probabilities[machine, column]
    first = next((at for at, participant in enumerate(study.participants) if participant.is_ai), None)
    people = [
        at
        for at, participant in enumerate(study.participants)
        if not participant.is_ai or (compare == "ai" and (at == first or not one_ai))
    ]
    rated = [at for at in people if not np.isnan(values[at]).all()]
    if rows.is_ai.all():
        raise InvalidInput("No reader has locked a read; these programs compare readers.")
    if not any(not study.participants[at].is_ai for at in rated):
        raise InvalidInput("No reader gave ratings; these programs need a rating per class, set in the study's form.")
    used = ~np.isnan(values[rated]).all(axis=(0, 2))
    truth = rows.case_truth[used] == column
    if truth.all() or not truth.any():
        raise InvalidInput(f"Every case is on one side of {positive}; both sides are needed.")
    return _Scores(
        readers=[study.participants[at].name for at in rated],
        modalities=[ARMS[arm] for arm in arms],
        cases=np.array([case.number for case in study.cases])[used],
        positive=truth,
        values=values[rated][:, used],
        ais=sum(study.participants[at].is_ai for at in rated),
        failed=tuple(
            (study.participants[at].name, _failed(rows, at, column)) for at in rated if study.participants[at].is_ai
        ),
    )


def _failed(rows: StudyRows, ai: int, column: int) -> tuple[int, ...]:
    """Numbers of the cases that an AI ran on without a score for the class."""
    lost = (rows.participant == ai) & np.isnan(rows.probabilities[:, column])
    return tuple(sorted({rows.study.cases[at].number for at in rows.case[lost].tolist()}))


def _crossed(scores: _Scores) -> _Scores:
    """Leave out the cases that somebody did not rate: RJafroc refuses a file with holes."""
    whole = ~np.isnan(scores.values).any(axis=(0, 2))
    truth = scores.positive[whole]
    if not truth.any() or truth.all():
        raise InvalidInput(
            "RJafroc needs cases that every reader rated in every arm, on both sides; there are none. "
            "Where reads are missing, or readers read different cases by design, use the iMRMC file, which may have "
            "holes."
        )
    return replace(scores, cases=scores.cases[whole], positive=truth, values=scores.values[:, whole])


def _header(
    rows: StudyRows, scores: _Scores, names: list[str], kinds: list[str], positive: str, program: Program
) -> str:
    left_out = len({int(case) for case in rows.case}) - len(scores.cases)
    told = [
        f"{rows.study.title} - {positive} against the rest",
        "Scores 0-100. The AI, where present, is a research demonstration.",
        f"Cases left out because somebody did not rate them - {left_out}" if program == "rjafroc" else "",
        *_failures(scores),
        *(f"reader {name} = {reader}" for name, reader in zip(names, scores.readers, strict=True)),
        *(f"modality {kind} = {arm}" for kind, arm in zip(kinds, [*scores.modalities, *_said(scores)], strict=False)),
    ]
    lines = [
        *(" ".join(line.replace(":", " ").split()) for line in told),
        "",
        f"N0: {int((~scores.positive).sum())}",
        f"N1: {int(scores.positive.sum())}",
        f"NR: {len(scores.readers)}",
        f"NM: {len(kinds)}",
        "",
        "BEGIN DATA:",
    ]
    return "\n".join(lines) + "\n"


def _said(scores: _Scores) -> list[str]:
    return ["the AI"] if scores.ais == 1 else [f"the AI {name}" for name in scores.machines]


def _failures(scores: _Scores) -> list[str]:
    found = []
    for said, (_, cases) in zip(_said(scores), scores.failed, strict=True):
        if cases:
            listed = " ".join(map(str, cases))
            found.append(f"Cases without a score of {said}, which failed on them - {len(cases)} (cases {listed})")
    return found or [""]


def _numbers(scores: _Scores) -> list[str]:
    """Return numeric ids: 0 for the AI, so that it sorts first, 1 and up for people."""
    people = iter(range(1, len(scores.readers) + 1))
    return ["0" if name in scores.machines else str(next(people)) for name in scores.readers]


def _texts(names: list[str]) -> list[str]:
    """Return names without commas and spaces, told apart where that makes two alike."""
    made: list[str] = []
    for name in names:
        plain = re.sub(r"[^A-Za-z0-9_.-]+", "_", name).strip("_") or "reader"
        plain = f"reader{plain}" if plain in ("-1", "truth") else plain
        made.append(plain if plain not in made else f"{plain}_{len(made) + 1}")
    return made
