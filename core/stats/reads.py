"""The long table of a study, one row a read, as arrays for the analysis.

Columns reader, group, case, truth, prediction; if there: prob_<class> (0..1), rating_<class>, seconds, position, arm,
session, attempt, practice. The reader named AI is the AI. An empty prediction is a missing read.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.stats.confusion import FAILURE, INDETERMINATE, MISSING, Codes
from core.stats.estimate import Floats, StatsError
from core.stats.table import AI, Rows, natural, number, parse_rows, read_rows, refuse_twice, required

READ_COLUMNS = ("reader", "group", "case", "truth", "prediction")
UNDECIDED = {"indeterminate": INDETERMINATE, "failure": FAILURE, "": MISSING}
YES, NO = {"1", "true", "yes"}, {"0", "false", "no", ""}


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Rows left out, why, and how many."""

    reason: str
    rows: int


@dataclass(frozen=True, slots=True)
class ReadTable:
    """All reads of a study: r readers in a arms on n cases with C classes; codes as in confusion.py.

    `scores` are ratings or probabilities (higher means more of that class), NaN where none was given; `probabilities`
    the same where they are probabilities. The AI's arrays lack the first two axes and are None without an AI.
    """

    classes: tuple[str, ...]
    cases: tuple[str, ...]
    truth: Codes  # (n,)
    readers: tuple[str, ...]
    groups: tuple[str, ...]  # one a reader
    arms: tuple[str, ...]
    prediction: Codes  # (a, r, n)
    scores: Floats  # (a, r, n, C)
    probabilities: Floats  # (a, r, n, C)
    seconds: Floats  # (a, r, n)
    position: Floats  # (a, r, n)
    ai_prediction: Codes | None  # (n,)
    ai_scores: Floats | None  # (n, C)
    ai_probabilities: Floats | None  # (n, C)
    ai_seconds: Floats | None  # (n,)
    exclusions: tuple[Exclusion, ...] = ()
    notes: tuple[str, ...] = ()


def read_table(path: Path) -> ReadTable:
    """Reads of a CSV file; StatsError names row, column and remedy of whatever cannot be used."""
    return table_of(read_rows(path, needed=READ_COLUMNS))


def table_from_text(text: str) -> ReadTable:
    """Reads of a CSV text, such as a study's long export."""
    return table_of(parse_rows(text, needed=READ_COLUMNS))


def table_of(rows: Rows) -> ReadTable:
    """Reads of parsed rows: practice reads and reads superseded by a later attempt are left out and counted.

    Raises StatsError for a label that is no class, a case with two truths, a reader in two groups, or a read given
    twice.
    """
    cells = {name: rows.column(name) for name in rows.columns}
    kept, exclusions = _kept(rows, cells)
    if not kept.size:
        raise StatsError("Column practice: every row is a practice read or superseded; nothing is left to analyse.")
    cells = {name: [column[k] for k in kept] for name, column in cells.items()}
    lines = [rows.lines[k] for k in kept]
    for name in ("reader", "case", "truth"):
        for text, line in zip(cells[name], lines, strict=True):
            required(text, line=line, column=name)
    classes = _classes(cells)
    truth_of = _one_value(cells["case"], cells["truth"], lines, what="truth", whose="case")
    group_of = _one_value(cells["reader"], cells["group"], lines, what="group", whose="reader")
    code = {label: k for k, label in enumerate(classes)}
    for text, line in zip(cells["truth"], lines, strict=True):
        if text not in code:
            raise StatsError(f"Row {line}, column truth: '{text}' is not one of the classes {', '.join(classes)}.")
    codes = np.fromiter(
        (_code(text, code, line) for text, line in zip(cells["prediction"], lines, strict=True)), np.int64, len(lines)
    )
    cases = natural(cells["case"])
    order = {name: k for k, name in enumerate(cases)}
    truth = np.array([code[truth_of[name]] for name in cases])
    case = np.fromiter((order[name] for name in cells["case"]), np.int64, len(lines))
    is_ai = np.fromiter((name == AI for name in cells["reader"]), bool, len(lines))
    people = tuple(name for name in dict.fromkeys(cells["reader"]) if name != AI)
    people = tuple(sorted(people, key=lambda name: (list(group_of.values()).index(group_of[name]), natural_key(name))))
    arms = tuple(dict.fromkeys(a for a, ai in zip(_column(cells, "arm", lines), is_ai, strict=True) if not ai)) or ("",)
    probability, scores = _scores(cells, classes, lines, codes)
    seconds, position = (_numbers(cells, name, lines, least=0.0) for name in ("seconds", "position"))
    seat = {name: k for k, name in enumerate(people)}
    arm = {name: k for k, name in enumerate(arms)}
    shape = (len(arms), len(people), len(cases))
    mine = ~is_ai
    at = (
        np.fromiter((arm.get(a, 0) for a in _column(cells, "arm", lines)), np.int64, len(lines))[mine],
        np.fromiter((seat.get(name, 0) for name in cells["reader"]), np.int64, len(lines))[mine],
        case[mine],
    )
    refuse_twice(
        np.ravel_multi_index(at, shape) if people else np.zeros(0, np.int64),
        [line for line, ai in zip(lines, is_ai, strict=True) if not ai], "reader, arm and case",
    )  # fmt: skip

    def spread(values: np.ndarray, empty: float) -> np.ndarray:
        out = np.full(shape + values.shape[1:], empty, values.dtype)
        out[at] = values[mine]
        return out

    ai = _ai_rows(np.flatnonzero(is_ai), case, codes, lines, len(cases)) if is_ai.any() else None

    def of_ai(values: np.ndarray, empty: float) -> np.ndarray | None:
        if ai is None:
            return None
        out = np.full((len(cases), *values.shape[1:]), empty, values.dtype)
        out[case[ai]] = values[ai]
        return out

    return ReadTable(
        classes, cases, truth, people, tuple(group_of[name] for name in people), arms, spread(codes, MISSING),
        spread(scores, np.nan), spread(probability, np.nan), spread(seconds, np.nan), spread(position, np.nan),
        of_ai(codes, MISSING), of_ai(scores, np.nan), of_ai(probability, np.nan), of_ai(seconds, np.nan), exclusions,
    )  # fmt: skip


def natural_key(name: str) -> tuple[int, float, str]:
    """Sorts numbers by value before texts by alphabet."""
    try:
        return 0, float(name), name
    except ValueError:
        return 1, 0.0, name


def _column(cells: dict[str, list[str]], name: str, lines: list[int]) -> list[str]:
    return cells.get(name) or [""] * len(lines)


def _kept(rows: Rows, cells: dict[str, list[str]]) -> tuple[Codes, tuple[Exclusion, ...]]:
    """Indices of rows that count: no practice, and of each reader, case, arm and session only the highest attempt."""
    n = len(rows.lines)
    practice = np.zeros(n, bool)
    for k, text in enumerate(cells.get("practice", ())):
        if text.casefold() not in YES | NO:
            raise StatsError(f"Row {rows.lines[k]}, column practice: '{text}' is neither 1 nor 0; write one of them.")
        practice[k] = text.casefold() in YES
    superseded = np.zeros(n, bool)
    if "attempt" in cells:
        attempts = [number(text or "1", line=line, column="attempt") for text, line in zip(
            cells["attempt"], rows.lines, strict=True)]  # fmt: skip
        blank = [""] * n
        keys = list(
            zip(cells["reader"], cells["case"], cells.get("arm", blank), cells.get("session", blank), strict=True)
        )
        last: dict[tuple[str, ...], float] = {}
        for key, attempt in zip(keys, attempts, strict=True):
            last[key] = max(attempt, last.get(key, attempt))
        superseded = np.array([a < last[key] for key, a in zip(keys, attempts, strict=True)]) & ~practice
    found = [("practice read", practice), ("superseded by a later attempt", superseded)]
    return np.flatnonzero(~practice & ~superseded), tuple(
        Exclusion(reason, int(rows_.sum())) for reason, rows_ in found if rows_.any()
    )


def _classes(cells: dict[str, list[str]]) -> tuple[str, ...]:
    """The classes in order: that of the columns prob_ or rating_, else of the labels in truth and prediction."""
    for prefix in ("prob_", "rating_"):
        named = tuple(name.removeprefix(prefix) for name in cells if name.startswith(prefix))
        if named:
            break
    labels = [*cells["truth"], *(label for label in set(cells["prediction"]) if label.casefold() not in UNDECIDED)]
    found = named if len(named) > 1 else natural([*labels, *named])  # one column alone does not name every class
    if len(found) < 2:
        raise StatsError(f"Column truth: the only class is {found[0]}; an analysis needs two classes or more.")
    return found


def _code(text: str, code: dict[str, int], line: int) -> int:
    known = code.get(text)
    if known is not None:
        return known
    undecided = UNDECIDED.get(text.casefold())
    if undecided is None:
        raise StatsError(
            f"Row {line}, column prediction: '{text}' is not one of the classes {', '.join(code)}, indeterminate or "
            "failure; mend the label, or leave it empty if the case was not read."
        )
    return undecided


def _one_value(keys: list[str], values: list[str], lines: list[int], *, what: str, whose: str) -> dict[str, str]:
    found: dict[str, tuple[str, int]] = {}
    for key, value, line in zip(keys, values, lines, strict=True):
        first = found.setdefault(key, (value, line))
        if first[0] != value:
            raise StatsError(
                f"Row {line}, column {what}: {whose} {key} has '{value}' here but '{first[0]}' in row {first[1]}; "
                f"a {whose} has one {what}."
            )
    return {key: value for key, (value, _) in found.items()}


def _numbers(cells: dict[str, list[str]], name: str, lines: list[int], *, least: float, most: float = np.inf) -> Floats:
    """A column of numbers, NaN where empty or without the column; StatsError outside least..most."""
    texts = cells.get(name)
    if texts is None:
        return np.full(len(lines), np.nan)
    given = np.array([bool(text) for text in texts])
    try:
        out = np.array([text or "nan" for text in texts], dtype=np.float64)
        good = np.isfinite(out) & (out >= least) & (out <= most) | ~given
    except ValueError:
        out, good = np.full(len(lines), np.nan), np.zeros(len(lines), bool)
    if not good.all():  # slowly, to name the row
        for k in np.flatnonzero(given & ~good):
            out[k] = number(texts[k], line=lines[k], column=name)
            if not least <= out[k] <= most:
                raise StatsError(
                    f"Row {lines[k]}, column {name}: {texts[k]} is outside {least:g} to {most:g}; mend it."
                )
    return out


def _scores(
    cells: dict[str, list[str]], classes: tuple[str, ...], lines: list[int], codes: Codes
) -> tuple[Floats, Floats]:
    """Probabilities (rows, C), and scores: the same, or ratings where a row has no probability. None for missing
    reads.
    """
    probability = np.stack([_numbers(cells, f"prob_{c}", lines, least=0.0, most=1.0) for c in classes], axis=1)
    rating = np.stack([_numbers(cells, f"rating_{c}", lines, least=-np.inf) for c in classes], axis=1)
    for values in (probability, rating):
        values[codes == MISSING] = np.nan
    if len(classes) == 2:  # one probability of two classes tells the other
        known = ~np.isnan(probability)
        for a, b in ((0, 1), (1, 0)):
            only = known[:, a] & ~known[:, b]
            probability[only, b] = 1 - probability[only, a]
    return probability, np.where(np.isnan(probability), rating, probability)


def _ai_rows(at: Codes, case: Codes, codes: Codes, lines: list[int], cases: int) -> Codes:
    """Rows of the AI, one a case; a second row of a case (another arm or session) must say the same."""
    first = np.full(cases, -1)
    for k in at:
        earlier = first[case[k]]
        if earlier < 0:
            first[case[k]] = k
        elif codes[k] != codes[earlier]:
            raise StatsError(
                f"Row {lines[k]}, column prediction: the AI calls this case otherwise than in row {lines[earlier]}; "
                "keep the rows of one AI run."
            )
    return np.asarray(first[first >= 0])
