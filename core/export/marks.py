"""The marks of one finding, scored, and its lesions: the two files that `python -m core froc` reads."""

from core.errors import InvalidInput
from core.export.kinds import Kind
from core.results.localised import Compared, compared, marks_csv, scored_reads, truth_csv
from core.results.rows import StudyRows


def file_of_marks(rows: StudyRows, kind: Kind, *, compare: Compared, ai: str) -> str:
    """Return the file of marks or of lesions, with the readers' arms or, to compare an AI, the AI beside the readers.

    Raises InvalidInput where the finding is not marked, or nobody has read it.
    """
    reads = scored_reads(rows)
    machines = list(dict.fromkeys(read.reader for read in reads if read.ai))
    if ai and ai not in machines:
        raise InvalidInput(f"No marks of an AI {ai[:60]} are known; choose one of {', '.join(machines) or 'none'}.")
    kept = compared(reads, compare, ai or (machines[0] if machines else ""))
    if not kept:
        raise InvalidInput("There are no cases that every reader has read; finish the missing reads first.")
    return marks_csv(kept) if kind == "marks" else truth_csv(rows, kept)
