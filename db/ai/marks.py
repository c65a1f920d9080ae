"""Where an AI marked findings, brought by a table for the cases of a study."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import InvalidInput
from core.study.lesions import Place
from db import audit
from db.ai import models as ai_models
from db.models import AiMarks, Case, Series, StudyCase
from db.study.design import editing


def take_marks(
    session: Session, study_id: int, model_id: int, places: Mapping[int, Sequence[Place]], *, by: int, at: datetime
) -> int:
    """Store an AI's marks in these cases of a draft by number, all or none; return how many cases.

    A case with no places is one that the AI read without marking anything. Raises InvalidInput for a case that is not
    in the study, Conflict once it was opened.
    """
    study = editing(session, study_id, by=by, at=at)
    ai_models.model(session, model_id)
    query = select(Case.number, Series.id).join(Series, Series.case_id == Case.id).join(StudyCase)
    series = {number: one for number, one in session.execute(query.where(StudyCase.study_id == study.id))}
    if unknown := sorted(set(places) - set(series)):
        raise InvalidInput(f"Case {unknown[0]} is not a case of this study.")
    for number, mine in places.items():
        kept = [place.to_json() for place in mine]
        session.add(AiMarks(series_id=series[number], model_id=model_id, marks=kept, author_id=by, at=at))
    session.flush()
    detail = {"model": model_id, "cases": len(places)}
    audit.record(session, kind="AI marks taken", at=at, actor_id=by, study_id=study_id, detail=detail)
    return len(places)


def newest(session: Session, model_id: int, series: Sequence[int]) -> dict[int, int]:
    """Return the id of the newest marks of an AI by series. For verbs of db only."""
    query = select(AiMarks.series_id, AiMarks.id).where(AiMarks.model_id == model_id).order_by(AiMarks.id)
    wanted = set(series)
    return {one: marks for one, marks in session.execute(query) if one in wanted}
