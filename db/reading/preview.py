"""The reading page as the readers of a study will have it, for those who prepare the study. Nothing of it is stored.

A preview shows one case: the first practice case, or the first case where there is none. Its phases are the arms of
the design, one after the other.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import Forbidden, NotFound
from core.study.answers import EMPTY, checked
from core.study.clinical import ClinicalNote
from core.study.reading_clock import Reading
from core.study.words import Arm, Beginning, Design, Look
from db import permissions
from db.ai.reads import AiReadInfo
from db.models import Case, Study, StudyCase
from db.permissions import Right
from db.reading.access import NOT_REVEALED, Overlay, case_access, displayed
from db.reading.rules import classes_of, form_for
from db.reading.types import CaseAccess, DraftState, InvalidContent, NextRead, OpenRead, OverlayAccess
from db.study import clinical
from db.study.ais import ais_of, read_of
from db.study.info import row

NO_CASE = "This study has no case yet. Add one at the step Cases; then its readers' page can be seen here."
OVER = "This was the preview. Nothing of it was kept. Readers go on with their next case here."


def phase(
    session: Session, study_id: int, number: int, *, since: datetime, at: datetime, by: int, before: object = None
) -> NextRead:
    """Return what a reader would have before them in one phase, from 0; after the last one, that it is over.

    `before` holds the answers of the phase before. The clock runs from `since`. Raises Forbidden.
    """
    study = _study(session, study_id, by)
    arms = _arms(study)
    case = _case(session, study, by=by, at=at)
    if case is None or number >= len(arms):
        return NextRead(study.id, _title(study), None, None, NO_CASE if case is None else OVER, None)
    arm, seconds = arms[number], max(0.0, (at - since).total_seconds())
    found = _ai(session, study, case) if arm == Arm.AIDED else None
    opened = OpenRead(
        token=f"{number}-{int(since.timestamp())}",
        read_id=0,
        case=case,
        position=1,
        total=1,
        practice=True,
        arm=arm,
        session=1,
        attempt=1,
        classes=classes_of(session, study),
        protocol=study.protocol,
        draft=DraftState(0, _first(session, study, number, case, before), None, None, chosen=False),
        clock=Reading(seconds, seconds, None, paused=False),
        ai=None if found is None else displayed(session, study, found),
        clinical=_clinical(session, study, case.case_number, arm),
        clinical_waits=False,
        upcoming=None,
        streak=0,
        streak_began=None,
    )
    return NextRead(study.id, _title(study), opened, None, None, None)


def check(session: Session, study_id: int, content: object, *, complete: bool, by: int, at: datetime) -> dict[str, Any]:
    """Return the answers as a draft or, with `complete`, a lock would take them; raises InvalidContent, Forbidden."""
    study = _study(session, study_id, by)
    form = form_for(session, study, volume(session, study_id, by=by, at=at).shape)
    clean, fields = checked(content, form, complete=complete)
    if fields:
        raise InvalidContent(fields)
    return clean


def volume(session: Session, study_id: int, *, by: int, at: datetime) -> CaseAccess:
    """Return the volume that the preview shows; raises NotFound, Forbidden."""
    case = _case(session, _study(session, study_id, by), by=by, at=at)
    if case is None:
        raise NotFound(NO_CASE)
    return case


def overlay(session: Session, study_id: int, name: Overlay, *, by: int, at: datetime) -> OverlayAccess:
    """Return the AI read whose masks or heat maps the preview shows; raises Forbidden where it shows none."""
    study, case = _study(session, study_id, by), volume(session, study_id, by=by, at=at)
    found = _ai(session, study, case) if Arm.AIDED in _arms(study) else None
    if found is None:
        raise Forbidden(NOT_REVEALED)
    shown = displayed(session, study, found)
    if not (shown.lungs if name == "lungs" else shown.heat):
        raise Forbidden(NOT_REVEALED)
    return OverlayAccess(case, found, lungs=shown.lungs, heat=shown.heat)


def _study(session: Session, study_id: int, by: int) -> Study:
    permissions.require(session, study_id, by, Right.MANAGE)
    return row(session, study_id)


def _title(study: Study) -> str:
    return f"Preview: {study.title}"


def _arms(study: Study) -> tuple[Arm, ...]:
    return (study.protocol.independent_arm,) if study.design == Design.INDEPENDENT else (Arm.UNAIDED, Arm.AIDED)


def _case(session: Session, study: Study, *, by: int, at: datetime) -> CaseAccess | None:
    query = select(Case.number).join(StudyCase, StudyCase.case_id == Case.id).where(StudyCase.study_id == study.id)
    number = session.scalar(query.order_by(StudyCase.practice.desc(), StudyCase.added_at, Case.number).limit(1))
    if number is None:
        return None
    return case_access(session, account_id=by, study_id=study.id, case_number=number, at=at)


def _ai(session: Session, study: Study, case: CaseAccess) -> AiReadInfo | None:
    ais = ais_of(session, study)
    return read_of(session, ais[0], case.series_id) if ais else None


def _first(session: Session, study: Study, number: int, case: CaseAccess, before: object) -> dict[str, Any]:
    """Return what a phase begins with: nothing, or the answers before it where the protocol says so."""
    if number and study.design == Design.SEQUENTIAL and study.protocol.aided_begins == Beginning.FILLED:
        return checked(before, form_for(session, study, case.shape), complete=False)[0]
    return dict(EMPTY)


def _clinical(session: Session, study: Study, number: int, arm: Arm) -> ClinicalNote | None:
    """Return the clinical information that a reader of this arm is shown, at once or after a first diagnosis."""
    shown = study.protocol.clinical
    look = shown.unaided if arm == Arm.UNAIDED else shown.aided
    return None if look == Look.NEVER else clinical.of_study(session, study.id).get(number) or ClinicalNote()
