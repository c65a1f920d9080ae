"""Clinical information of a study's cases: imported as a table, taken back import by import, frozen at the opening."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from core.errors import Conflict, InvalidInput
from core.study.clinical import ClinicalNote, ClinicalRow
from db import audit, permissions
from db.models import Case, ClinicalNoteRow, StudyCase
from db.permissions import Actor, Right
from db.study.design import editing


def notes(session: Session, study_id: int, *, by: Actor) -> dict[int, ClinicalNote]:
    """Return what is known by case number, to those who manage the study; raises Forbidden."""
    permissions.require(session, study_id, by, Right.MANAGE)
    return of_study(session, study_id)


def of_study(session: Session, study_id: int) -> dict[int, ClinicalNote]:
    """Return what is known by case number. For verbs of db only."""
    query = (
        select(Case.number, ClinicalNoteRow)
        .join(ClinicalNoteRow, ClinicalNoteRow.case_id == Case.id)
        .join(StudyCase, (StudyCase.case_id == Case.id) & (StudyCase.study_id == ClinicalNoteRow.study_id))
        .where(ClinicalNoteRow.study_id == study_id)
        .order_by(ClinicalNoteRow.batch)
    )
    return {number: _note(row) for number, row in session.execute(query)}  # the newest import is the last


def of_case(session: Session, study_id: int, case_id: int) -> ClinicalNote | None:
    """Return what is known of one case; None where nothing is. For verbs of db only."""
    query = select(ClinicalNoteRow).where(ClinicalNoteRow.study_id == study_id, ClinicalNoteRow.case_id == case_id)
    row = session.scalar(query.order_by(ClinicalNoteRow.batch.desc()).limit(1))
    return None if row is None else _note(row)


def take(session: Session, study_id: int, rows: Sequence[ClinicalRow], *, by: int, at: datetime) -> int:
    """Store the rows of a table before the study opens; return how many. Raises InvalidInput, Conflict."""
    editing(session, study_id, by=by, at=at)
    cases = select(Case.number, Case.id).join(StudyCase).where(StudyCase.study_id == study_id)
    ids = {number: case_id for number, case_id in session.execute(cases)}
    gone = [row.case_number for row in rows if row.case_number not in ids]
    if gone:
        raise InvalidInput(f"Case {gone[0]} is not in the study any more; reload the page.")
    batch = _newest(session, study_id) + 1
    session.add_all(
        ClinicalNoteRow(
            study_id=study_id, case_id=ids[row.case_number], batch=batch, age=row.note.age, sex=row.note.sex,
            text=row.note.text, prior=row.note.prior, author_id=by, at=at,
        )
        for row in rows
    )  # fmt: skip
    session.flush()
    audit.record(session, kind="clinical information imported", at=at, actor_id=by, study_id=study_id,
                 detail={"cases": len(rows), "import": batch})  # fmt: skip
    return len(rows)


def undo(session: Session, study_id: int, *, by: int, at: datetime) -> int:
    """Take the newest import back before the study opens; return how many rows it had. Raises Conflict."""
    editing(session, study_id, by=by, at=at)
    batch = _newest(session, study_id)
    if not batch:
        raise Conflict("There is no import to take back.")
    mine = (ClinicalNoteRow.study_id == study_id, ClinicalNoteRow.batch == batch)
    count = session.scalar(select(func.count()).select_from(ClinicalNoteRow).where(*mine)) or 0
    session.execute(delete(ClinicalNoteRow).where(*mine))
    audit.record(session, kind="clinical information taken back", at=at, actor_id=by, study_id=study_id,
                 detail={"cases": count, "import": batch})  # fmt: skip
    return count


def _newest(session: Session, study_id: int) -> int:
    return session.scalar(select(func.max(ClinicalNoteRow.batch)).where(ClinicalNoteRow.study_id == study_id)) or 0


def _note(row: ClinicalNoteRow) -> ClinicalNote:
    return ClinicalNote(row.age, row.sex, row.text, row.prior)
