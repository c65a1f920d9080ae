"""The files a study is taken away in; the command line and the browser write the same ones."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from core.export.kinds import MARKED, Kind
from core.export.long import csv_pieces, json_pieces
from core.export.marks import file_of_marks
from core.export.mrmc_programs import Compare, Program, mrmc_pieces
from core.results.rows import StudyRows


@dataclass(frozen=True, slots=True)
class File:
    """A file to be written piece by piece; `pieces` can be taken once."""

    name: str
    mime: str
    pieces: Iterator[str]


Writer = Callable[[StudyRows, str, Compare, str], File]


def file_of(rows: StudyRows, kind: Kind, *, positive: str = "", compare: Compare = "ai", ai: str = "") -> File:
    """Return the file of `kind` of these rows; `positive` (default: the study's) and `compare` serve MRMC programs.

    Marks and lesions of a finding are for `froc`; `ai` names the one beside the readers, the first without it.

    What cannot be written is refused here, in words (InvalidInput), and not in the middle of a download.
    """
    study = rows.study
    chosen = next((study_class.code for study_class in study.classes if study_class.positive), study.codes[-1])
    return WRITERS[kind](rows, positive or chosen, compare, ai)


def _name(rows: StudyRows) -> str:
    study = rows.study
    return f"study-{study.id}" + (f"-{study.finding}" if study.finding else "")


def _csv(rows: StudyRows, positive: str, compare: Compare, ai: str) -> File:
    return _file(f"{_name(rows)}.csv", "text/csv", csv_pieces(rows))


def _json(rows: StudyRows, positive: str, compare: Compare, ai: str) -> File:
    return _file(f"{_name(rows)}.json", "application/json", json_pieces(rows))


def _mrmc(program: Program) -> Writer:
    def write(rows: StudyRows, positive: str, compare: Compare, ai: str) -> File:
        pieces = mrmc_pieces(rows, program=program, positive=positive, compare=compare)
        return _file(f"{_name(rows)}-{program}-{positive}-{compare}.imrmc", "text/plain", pieces)

    return write


def _marked(kind: Kind) -> Writer:
    def write(rows: StudyRows, positive: str, compare: Compare, ai: str) -> File:
        text = file_of_marks(rows, kind, compare=compare, ai=ai)
        return _file(f"{_name(rows)}-{kind}.csv", "text/csv", iter([text]))

    return write


def _file(name: str, mime: str, pieces: Iterator[str]) -> File:
    return File(name, mime, chain([next(pieces)], pieces))


WRITERS: Mapping[Kind, Writer] = {
    "csv": _csv,
    "json": _json,
    "imrmc": _mrmc("imrmc"),
    "rjafroc": _mrmc("rjafroc"),
    **{kind: _marked(kind) for kind in MARKED},
}
