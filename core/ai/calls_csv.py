"""The calls of any other algorithm, as a CSV: so that it joins a study as an AI reader. Imports no torch."""

import csv
import hashlib
import io
from dataclasses import dataclass

from core.ai.parameters import CLASSES
from core.errors import InvalidInput

TOLERANCE = 0.01  # how far a row of probabilities may sum from 1, for rounding


@dataclass(frozen=True, slots=True)
class CallRow:
    """One case's call by another algorithm; probabilities by class, empty when the file has none."""

    case_number: int
    call: str | None
    failure: str | None
    probabilities: dict[str, float]


def parse(data: bytes) -> tuple[CallRow, ...]:
    """Read columns case, call and, if given, prob_normal, prob_cap, prob_covid (0 to 1, summing to 1).

    An empty call is a failure of the algorithm on that case. Raises InvalidInput naming every bad row and column;
    then nothing is taken.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput("The file is not UTF-8 text; save it as CSV (UTF-8) and upload it again.") from None
    reader = csv.DictReader(io.StringIO(text), delimiter=";" if ";" in text.partition("\n")[0] else ",")
    columns = reader.fieldnames or []
    missing = [name for name in ("case", "call") if name not in columns]
    if missing:
        raise InvalidInput(f"The column {missing[0]} is missing; the first line names the columns: case,call,…")
    problems: list[str] = []
    rows: list[CallRow] = []
    seen: set[int] = set()
    for line, row in enumerate(reader, start=2):
        try:
            made = _row(row)
            if made.case_number in seen:
                raise InvalidInput(f"case {made.case_number} stands twice; keep one row")
            seen.add(made.case_number)
            rows.append(made)
        except InvalidInput as error:
            problems.append(f"row {line}: {error}")
    if problems:
        shown = "; ".join(problems[:10])
        raise InvalidInput(f"Nothing was taken. {shown}{' …' if len(problems) > 10 else ''}.")
    if not rows:
        raise InvalidInput("The file has no rows below its column names.")
    return tuple(rows)


def fingerprint(data: bytes) -> str:
    """Return the SHA-256 of the file, which stands for the weights of an algorithm that came as a CSV."""
    return hashlib.sha256(data).hexdigest()


def _row(row: dict[str, str | None]) -> CallRow:
    case = (row.get("case") or "").strip()
    if not case.isdigit():
        raise InvalidInput("column case needs a case number")
    call = (row.get("call") or "").strip().lower()
    if call and call not in CLASSES:
        raise InvalidInput(f"column call needs one of {', '.join(CLASSES)}, or nothing where the algorithm failed")
    probabilities: dict[str, float] = {}
    for name in CLASSES:
        value = (row.get(f"prob_{name}") or "").strip().replace(",", ".")
        if not value:
            continue
        try:
            probabilities[name] = float(value)
        except ValueError:
            raise InvalidInput(f"column prob_{name} needs a number from 0 to 1") from None
        if not 0 <= probabilities[name] <= 1:
            raise InvalidInput(f"column prob_{name} needs a number from 0 to 1")
    if probabilities and len(probabilities) < len(CLASSES):
        raise InvalidInput("probabilities are needed for every class, or for none")
    if probabilities and abs(sum(probabilities.values()) - 1) > TOLERANCE:
        raise InvalidInput("the probabilities must sum to 1")
    failure = None if call else "the algorithm gave no call"
    return CallRow(int(case), call or None, failure, probabilities if call else {})
