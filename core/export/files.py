"""The files a study is taken away in; the command line and the browser write the same ones."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from core.export.kinds import Kind
from core.export.long import csv_pieces, json_pieces
from core.export.mrmc_programs import Compare, mrmc_pieces
from core.results.rows import StudyRows


@dataclass(frozen=True, slots=True)
class File:
    """A file to be written piece by piece; `pieces` can be taken once."""

    name: str
    mime: str
    pieces: Iterator[str]


def file_of(rows: StudyRows, kind: Kind, *, positive: str = "", compare: Compare = "ai") -> File:
    """Return the file of `kind` of these rows; `positive` (default: the study's) and `compare` serve MRMC programs.

    What cannot be written is refused here, in words (InvalidInput), and not in the middle of a download.
    """
    study = rows.study
    if kind == "csv":
        return _file(f"study-{study.id}.csv", "text/csv", csv_pieces(rows))
    if kind == "json":
        return _file(f"study-{study.id}.json", "application/json", json_pieces(rows))
    chosen = positive or next(
        (study_class.code for study_class in study.classes if study_class.positive), study.codes[-1]
    )
    pieces = mrmc_pieces(rows, program=kind, positive=chosen, compare=compare)
    return _file(f"study-{study.id}-{kind}-{chosen}-{compare}.imrmc", "text/plain", pieces)


def _file(name: str, mime: str, pieces: Iterator[str]) -> File:
    return File(name, mime, chain([next(pieces)], pieces))
