"""What a simulated study came to: how its reads are shared out, and its figures, for a person and as plain values."""

from collections import Counter
from typing import Any

from core.results.answer import design_in_words
from core.results.draw.text import minus, p_text, points, points_between
from core.results.study_results import StudyResults
from core.study.orders import largest_imbalance
from db.engine import Session
from db.permissions import SYSTEM
from db.study import orders


def summary_of(session: Session, study_id: int, results: StudyResults) -> dict[str, Any]:
    """Return the balance of the stored orders and the comparisons of the analysis; `text` has them as sentences."""
    places = [place for place in orders.table(session, study_id, by=SYSTEM) if not place.practice]
    by_order: dict[tuple[int, str], list[int]] = {}
    for place in places:
        by_order.setdefault((place.session, place.pseudonym), []).append(place.case_number)
    sessions = {number for number, _ in by_order}
    each = [len(order) for order in by_order.values()]
    first = Counter(place.case_number for place in places if place.session == min(sessions))
    imbalance = max(
        largest_imbalance([order for (number, _), order in by_order.items() if number == session])
        for session in sessions
    )
    analysis = results.analysis
    compared = [
        {
            "figure": one.figure,
            "group": one.group,
            "arms": {each.treatment: each.estimate for each in one.result.treatments},
        }
        | {"difference": gap.estimate, "ci": gap.ci, "p": gap.p, "readers": one.result.n_readers, "method": "OR"}
        for one in analysis.arms_compared
        if one.result is not None
        for gap in one.result.differences
    ]
    pooled = [
        {"figure": one.figure, "group": one.group, "arms": {area.a: area.estimate for area in one.arms}}
        | {"difference": gap.estimate, "ci": gap.ci, "p": gap.p, "readers": one.readers, "method": "BDG"}
        for one in analysis.incomplete_arms
        for gap in one.differences
    ]
    balance = {
        "reads_per_reader_and_session": [min(each), max(each)],
        "readers_per_case": [min(first.values()), max(first.values())],
        "cases_unread": len(results.study.cases) - len(first),
        "mean_position_off_by": imbalance,
    }
    return {
        "study": results.study.title,
        "design": design_in_words(results),
        "reads": analysis.study.reads,
        "missing": analysis.study.missing,
        "balance": balance,
        "arms_compared": compared,
        "incomplete_arms": pooled,
        "notes": list(analysis.notes),
        "text": [
            design_in_words(results),
            f"{analysis.study.reads} reads, {analysis.study.missing} missing. Reads per reader and session "
            f"{_span(each)}, readers per case {_span(first.values())}; the mean position of a case is at most "
            f"{imbalance:.2f} places from the middle.",
            *(_line(one) for one in [*compared, *pooled]),
        ],
    }


def _span(counts: Any) -> str:
    low, high = min(counts), max(counts)
    return str(low) if low == high else f"{low} to {high}"


def _line(found: dict[str, Any]) -> str:
    ends = f" ({points_between(found['ci'])})" if found["ci"] else ""
    return (
        f"{found['figure']}, {found['group']}: difference {minus(points(found['difference']))} points{ends}, "
        f"p {p_text(found['p'])} ({found['method']}, {found['readers']} readers)"
    )
