"""The cases of a study while its design may still change: taken in, taken out, set aside for practice."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core.errors import NotFound
from db import audit, permissions
from db.models import Case, StudyCase
from db.study.design import editing


def add_cases(
    session: Session, study_id: int, case_ids: Sequence[int], *, practice: bool = False, by: int, at: datetime
) -> int:
    """Take cases into a study and return how many were new; one that is in it already stays as it is."""
    editing(session, study_id, by=by, at=at)
    there = set(session.scalars(select(StudyCase.case_id).where(StudyCase.study_id == study_id)))
    new = [case_id for case_id in dict.fromkeys(case_ids) if case_id not in there]
    permissions.require_cases(session, new, by)
    known = set(session.scalars(select(Case.id).where(Case.id.in_(new), Case.withdrawn_at.is_(None))))
    if known != set(new):
        raise NotFound("One of these cases does not exist any more; reload the page.")
    session.add_all(StudyCase(study_id=study_id, case_id=case_id, practice=practice, added_at=at) for case_id in new)
    session.flush()
    if new:
        detail = {"count": len(new), "practice": practice}
        audit.record(session, kind="cases added", at=at, actor_id=by, study_id=study_id, detail=detail)
    return len(new)


def remove_cases(session: Session, study_id: int, case_ids: Sequence[int], *, by: int, at: datetime) -> None:
    """Take cases out of a study; their truth in it stays recorded."""
    editing(session, study_id, by=by, at=at)
    session.execute(delete(StudyCase).where(StudyCase.study_id == study_id, StudyCase.case_id.in_(case_ids)))
    audit.record(session, kind="cases removed", at=at, actor_id=by, study_id=study_id, detail={"count": len(case_ids)})


def set_practice(session: Session, study_id: int, case_ids: Sequence[int], *, by: int, at: datetime) -> None:
    """Make exactly these cases of a study its practice cases."""
    editing(session, study_id, by=by, at=at)
    chosen = set(case_ids)
    for link in session.scalars(select(StudyCase).where(StudyCase.study_id == study_id)):
        link.practice = link.case_id in chosen
    detail = {"count": len(chosen)}
    audit.record(session, kind="practice cases chosen", at=at, actor_id=by, study_id=study_id, detail=detail)
