"""Another algorithm joins by a table of its calls: all of it is stored, or nothing."""

from core import clock
from core.ai.calls_csv import Calls, fingerprint
from core.errors import InvalidInput, NotFound
from db import cases
from db.ai import models as ai_models
from db.ai import reads as ai_reads
from db.ai.models import ModelInfo
from db.ai.reads import NewCall
from db.engine import Session, open_session, open_view

NO_PARAMETERS = "csv"  # calls that came as a CSV were made elsewhere; there are no parameters of ours
RULE = "paper"  # the rule such calls are kept under; they were made by none of ours


def unknown_cases(calls: Calls, *, by: int) -> tuple[str, ...]:
    """Return a sentence for every case of the table that does not exist, or is not shared with `by`."""
    with open_view() as session:
        known = _series(session, by)
    return tuple(
        f"case {row.case_number} does not exist or is not shared with you"
        for row in calls.rows
        if row.case_number not in known
    )


def take_calls(data: bytes, calls: Calls, *, name: str, version: str, by: int) -> ModelInfo:
    """Register the algorithm and store its calls, all or none; raises ParallaxError naming what does not fit."""
    if calls.problems:
        raise InvalidInput(f"Nothing was imported. {calls.problems[0]}.")
    at = clock.now()
    with open_session() as session:
        known = _series(session, by)
        if unknown := [str(row.case_number) for row in calls.rows if row.case_number not in known]:
            raise NotFound(f"Nothing was imported. Cases {', '.join(unknown)} do not exist or are not shared with you.")
        model = ai_models.register_model(
            session,
            name=name,
            version=version,
            kind="csv",
            sha256=fingerprint(data),
            classes=list(calls.classes),
            card={
                "source": "calls uploaded as a CSV",
                "cases": len(calls.rows),
                "classes": list(calls.classes),
                "outputs": "findings" if calls.findings else "one class a case",
                "notes": list(calls.notes),
            },
            manifest=[],
            at=at,
            by=by,
            added=True,
        )
        for row in calls.rows:
            call = NewCall(RULE, row.call, row.failure, row.probabilities, {}, [], None, None)
            ai_reads.store(
                session,
                series_id=known[row.case_number],
                model_id=model.id,
                parameters_hash=NO_PARAMETERS,
                scores=None,
                calls=[call],
                at=at,
                by=by,
            )
    return model


def _series(session: Session, by: int) -> dict[int, int]:
    return {case.number: case.series_id for case in cases.every(session, by=by)}
