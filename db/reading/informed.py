"""Clinical information in a read: shown as the protocol says for its arm, and noted when that was (design rule 1)."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from core.errors import Conflict, Forbidden
from core.study.clinical import ClinicalNote
from core.study.words import Arm, Look, ReadState
from db.models import Draft, Read, Study
from db.reading.queue import active_reader, open_step, own_read, queue
from db.study import clinical

FIRST = "Give a first diagnosis on the images alone; then the clinical information can be shown."
NOT_SHOWN = "This study shows no clinical information for this read."


def when(study: Study, read: Read) -> Look:
    """Return when the protocol shows clinical information in the arm of a read."""
    shown = study.protocol.clinical
    return shown.unaided if read.arm == Arm.UNAIDED else shown.aided


def inform(session: Session, study: Study, read: Read, at: datetime) -> None:
    """Note once that a read shows clinical information from its opening on, where the protocol says so."""
    if when(study, read) == Look.BEFORE and read.clinical_shown_at is None:
        read.clinical_shown_at = at


def shown_note(session: Session, study: Study, read: Read) -> ClinicalNote | None:
    """Return the clinical information that a read shows now; None before it may be seen."""
    if read.clinical_shown_at is None or when(study, read) == Look.NEVER:
        return None
    return clinical.of_case(session, study.id, read.case_id) or ClinicalNote()


def waits(study: Study, read: Read) -> bool:
    """Whether clinical information can be asked for, once there is a first diagnosis."""
    return when(study, read) == Look.AFTER and read.clinical_shown_at is None


def _first(content: dict[str, Any]) -> str | None:
    """Return the diagnosis given so far, or as JSON the findings said so far."""
    if content.get("findings"):
        return json.dumps(content["findings"])[:1000]
    first = content.get("diagnosis")
    return None if first is None else str(first)


def show_clinical(session: Session, *, account_id: int, token: str, at: datetime) -> ClinicalNote:
    """Show the clinical information of the reader's own open read, and keep the diagnosis given before it.

    Asked again it answers the same. Raises Forbidden where the read is not theirs now or its arm shows none, Conflict
    before a first diagnosis was saved.
    """
    read, owner = own_read(session, account_id, token, hold=True)
    study, reader = active_reader(session, owner.study_id, account_id)
    step = open_step(session, queue(session, study, reader), at)
    if read.state != ReadState.OPEN or step is None or step.read is not read:
        raise Forbidden("Another case is yours now; reload the page.")
    if when(study, read) == Look.NEVER:
        raise Forbidden(NOT_SHOWN)
    if read.clinical_shown_at is None:
        first = _first(session.get_one(Draft, read.id, populate_existing=True).content)
        if first is None or read.shown_at is None:
            raise Conflict(FIRST)
        read.clinical_shown_at, read.first_diagnosis = at, first
        session.flush()
    return shown_note(session, study, read) or ClinicalNote()
