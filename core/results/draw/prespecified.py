"""What was prespecified and what came out, as blocks."""

from collections.abc import Iterator

from core.results.blocks import Block, Note, Row, Table
from core.results.draw.text import STAR, p_text, percent, points, points_between
from core.results.study_results import StudyResults
from core.results.verdict import Verdict


def verdict_blocks(results: StudyResults) -> Iterator[Block]:
    """Yield the prespecified question, its answer, and the table of the endpoints; or that there was none."""
    said = results.verdict
    if not said.tested:
        yield Note("Exploratory: nothing was prespecified, and no figure here is a verdict.")
        return
    yield Note(f"Prespecified: {said.endpoint} · {said.hypothesis}")
    yield Note(said.words, "verdict")
    if said.test is not None:
        yield Note(f"AI {percent(said.test.ai)}, readers {percent(said.test.readers)}.")
    yield Table("verdict", verdict_table(said), *verdict_notes(said))
    if results.filtered:
        yield Note("The filters do not touch this verdict: it is of the whole study.")


def verdict_table(said: Verdict) -> list[Row]:
    """Return the prespecified endpoints: difference, interval, p as it is and, where there are several, adjusted."""
    rows: list[Row] = []
    for test in said.tested:
        row: Row = {
            "endpoint": test.endpoint,
            "verdict": test.words,
            "difference": points(test.difference),
            "interval": points_between(test.ci) + (STAR if test.flag else ""),
            "p": p_text(test.p),
        }
        if said.adjustment:
            row[f"p adjusted ({said.adjustment})"] = p_text(test.p_adjusted)
        rows.append({**row, "method": test.method or "–"})
    return rows


def verdict_notes(said: Verdict) -> tuple[str, str]:
    """Return the line beneath the table of prespecified endpoints, and its method."""
    method = "Intervals at the prespecified alpha"
    if said.adjustment:
        method += (
            f", not adjusted. p adjusted over {len(said.tested)} endpoints ({said.adjustment}); verdicts follow it"
        )
    sided = "one-sided, against half of alpha" if said.hypothesis.startswith("non-inferiority") else "two-sided"
    flags = "".join(f" * {flag}." for flag in dict.fromkeys(test.flag for test in said.tested if test.flag))
    return f"Differences in percentage points, of areas in hundredths.{flags}", f"{method}. p {sided}."
