"""Which pixels, masks and AI output somebody may have now. Every route goes through here (design rule 1)."""

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import Forbidden
from core.study.class_map import ClassMap
from core.study.protocol import AidedDisplay
from core.study.words import Arm
from db import permissions
from db.ai import reads as ai_reads
from db.ai.reads import AiReadInfo
from db.models import Case, Read, Series, Study, StudyCase, StudyClass
from db.permissions import MAX_ID, Right
from db.reading.queue import Queue, Step, active_reader, open_step, own_read, queue, reader_of
from db.reading.types import AiShown, CaseAccess, OverlayAccess
from db.study.ais import ais_of, read_of
from db.truth import members as panel_members

NOT_YOURS = "This case is not yours to see now. Open your work list and go on from there."
NOT_REVEALED = "The AI's output is not shown for this read."
Overlay = Literal["lungs", "heat"]


def case_access(session: Session, *, account_id: int, study_id: int, case_number: int, at: datetime) -> CaseAccess:
    """Return the volume of a case if this account may see it now; raises Forbidden otherwise.

    A reader: the case of the read that is theirs now and the one next case. Those who manage the study and do not
    read in it, and its truth panel before it is opened: any of its cases. Unknown cases get the same answer as
    forbidden ones.
    """
    if study_id > MAX_ID or case_number > MAX_ID:
        raise Forbidden(NOT_YOURS)
    if panel_members.may_label(session, study_id, account_id):
        return _any_case(session, study_id, case_number)
    if reader_of(session, study_id, account_id) is None:
        if not permissions.may(session, study_id, account_id, Right.MANAGE):
            raise Forbidden(NOT_YOURS)
        return _any_case(session, study_id, case_number)
    study, reader = active_reader(session, study_id, account_id)
    found = queue(session, study, reader)
    step = open_step(session, found, at)
    allowed = [step, upcoming(session, found, at)] if step and step.read else [step]
    for candidate in allowed:
        if candidate is not None:
            access = volume(session, candidate.case_id)
            if access.case_number == case_number:
                return access
    raise Forbidden(NOT_YOURS)


def ai_overlay_access(
    session: Session, *, account_id: int, token: str, at: datetime, overlay: Overlay | None = None
) -> OverlayAccess:
    """Return the AI read behind the overlays of a read: only while it is the reader's own open aided read.

    With `overlay` it is refused where the protocol does not show that one.
    """
    read, owner = own_read(session, account_id, token, hold=False)
    study, reader = active_reader(session, owner.study_id, account_id)
    found = queue(session, study, reader)
    step = open_step(session, found, at)
    mine_now = step is not None and step.read is read
    if not mine_now or read.arm != Arm.AIDED or read.ai_shown_at is None:
        raise Forbidden(NOT_REVEALED)
    shown = shown_ai(session, study, read)
    if shown is None or read.ai_read_id is None:
        raise Forbidden(NOT_REVEALED)
    if (overlay == "lungs" and not shown.lungs) or (overlay == "heat" and not shown.heat):
        raise Forbidden(NOT_REVEALED)
    ai = ai_reads.by_id(session, read.ai_read_id)
    return OverlayAccess(volume(session, read.case_id), ai, lungs=shown.lungs, heat=shown.heat)


def upcoming(session: Session, queue: Queue, at: datetime) -> Step | None:
    """Return the first step of the one next case: the only one whose pixels may be fetched ahead."""
    now = open_step(session, queue, at)
    if now is None:
        return None
    others = (step for step in queue.pending if step.case_id != now.case_id and step.session == now.session)
    found = next(others, None)
    return None if found is not None and found.held is not None and found.held > at else found


def volume(session: Session, case_id: int) -> CaseAccess:
    """Return the stored volume of a case."""
    number, row = session.execute(
        select(Case.number, Series).join(Series, Series.case_id == Case.id).where(Case.id == case_id)
    ).one()
    return CaseAccess(
        case_number=number,
        series_id=row.id,
        storage_key=row.storage_key,
        shape=(row.slices, row.rows, row.columns),
        spacing_mm=tuple(row.spacing_mm),
        z_mm=tuple(row.z_mm),
    )


def reveal(session: Session, study: Study, read: Read, at: datetime) -> None:
    """Fix, once, which AI read an aided read shows and what of it; called when the read opens."""
    if read.arm != Arm.AIDED or read.ai_shown_at is not None or study.ai_model_id is None:
        return
    shown = ais_of(session, study)[0]
    found = read_of(session, shown, volume(session, read.case_id).series_id)
    if found is not None:
        read.ai_read_id = found.id
        read.ai_output = _output(session, study, shown.classes, found, study.protocol.aided)
        read.ai_shown_at = at


def shown_ai(session: Session, study: Study, read: Read) -> AiShown | None:
    """Return what an aided read shows of the AI read that was fixed for it; None before, and in an unaided arm."""
    if read.arm != Arm.AIDED or read.ai_read_id is None or read.ai_shown_at is None:
        return None
    return displayed(session, study, ai_reads.by_id(session, read.ai_read_id), read.ai_output)


def displayed(session: Session, study: Study, ai: AiReadInfo, output: dict[str, Any] | None = None) -> AiShown:
    """Return what the protocol shows of an AI read; `output` as it was kept, else as it would be kept now."""
    counts_as, display = ais_of(session, study)[0].classes, study.protocol.aided
    return AiShown(
        output=_output(session, study, counts_as, ai, display) if output is None else output,
        slices=slices_of(counts_as, ai) if display.slice_scores else (),
        heat_slices=ai.heat_slices if display.heat else (),
        lungs=display.lungs and bool(ai.slice_probabilities),
        heat=display.heat and bool(ai.heat_slices),
    )


def slices_of(counts_as: ClassMap, ai: AiReadInfo) -> tuple[tuple[float, ...] | None, ...]:
    """Return the probabilities of every slice for the names that the output's `classes` have."""
    return tuple(
        slice_probability and counts_as.joined(ai.model.classes, slice_probability)
        for slice_probability in ai.slice_probabilities
    )


def whole_output(session: Session, study: Study, counts_as: ClassMap, ai: AiReadInfo) -> dict[str, Any]:
    """Return an AI's whole output in the study's classes. For those who see everything: never for a reader."""
    return _output(session, study, counts_as, ai, AidedDisplay())


def _output(
    session: Session, study: Study, counts_as: ClassMap, ai: AiReadInfo, display: AidedDisplay
) -> dict[str, Any]:
    """Return what the reader is shown, in the study's classes where they are mapped; kept with the read."""
    query = select(StudyClass.code, StudyClass.label).where(StudyClass.study_id == study.id)
    labels = {code: label for code, label in session.execute(query)}
    call = (counts_as.to_study.get(ai.call) or ai.call) if ai.call and display.call else None
    given = [name for name in ai.model.classes if name in ai.probabilities]
    probabilities = counts_as.joined(given, [ai.probabilities[name] for name in given])
    return {
        "call": call,
        "call_label": labels.get(call, call) if call else None,
        "failure": ai.failure,
        "classes": list(counts_as.names(ai.model.classes)),
        "probabilities": dict(zip(counts_as.names(given), probabilities, strict=True))
        if display.probabilities
        else None,
        "counts": counts_as.counts(ai.counts) if display.counts else None,
        "deciding_slices": list(ai.deciding_slices) if display.slice_scores else None,
        "abnormal_share": ai.abnormal_share if display.counts else None,
        "warnings": list(ai.warnings) if display.call else None,
        "rule": ai.rule,
        "model": {"name": ai.model.name, "version": ai.model.version, "sha256": ai.model.sha256},
    }


def _any_case(session: Session, study_id: int, case_number: int) -> CaseAccess:
    case_id = session.scalar(
        select(StudyCase.case_id)
        .join(Case, Case.id == StudyCase.case_id)
        .where(StudyCase.study_id == study_id, Case.number == case_number)
    )
    if case_id is None:
        raise Forbidden(NOT_YOURS)
    return volume(session, case_id)
