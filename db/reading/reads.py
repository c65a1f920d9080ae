"""The verbs of reading: open or resume, save the draft, record events, lock. The browser decides nothing.

Which case, in which arm, whether it is practice, and every time come from the database and from `at`.
"""

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core import __version__
from core.errors import Conflict
from core.study.answers import checked
from core.study.words import Arm, Design, ReadState
from db.models import Draft, Read, Reader, ReadingOrder, Study
from db.reading.access import ai_overlay_access, case_access, reveal, shown_ai, upcoming, volume
from db.reading.events import add_events, clock_of, must_be_tab, totals
from db.reading.informed import inform, show_clinical, shown_note, waits
from db.reading.queue import (
    Queue,
    Step,
    active_reader,
    count_lock,
    gate,
    newest_of_case,
    open_step,
    own_read,
    queue,
    streak,
)
from db.reading.resets import reset, reset_effect
from db.reading.rules import began_with, classes_of, feedback, first_content, form_of
from db.reading.types import DraftState, InvalidContent, Locked, NextRead, OpenRead, StaleDraft
from db.reading.work_list import progress
from db.study import orders, places

__all__ = [
    "add_events",
    "ai_overlay_access",
    "case_access",
    "lock",
    "next_read",
    "progress",
    "reset",
    "reset_effect",
    "save_draft",
    "show_clinical",
]

TAKEN_OVER = "This case was opened in another tab or browser, which holds it now. Take over here to go on."
STALE = "These answers were changed elsewhere since; the newer ones are shown."
STANDS = "In this study the first diagnosis of a case stands; it cannot be changed."
LOCKED = "This case is locked already; nothing of it changes any more."


def next_read(session: Session, *, account_id: int, study_id: int, at: datetime) -> NextRead:
    """Open the reader's next read, or resume the open one; the same answer however often and wherever it is asked.

    Raises Forbidden when the account may not read in this study now.
    """
    study, reader = active_reader(session, study_id, account_id, hold=True)
    places.keep(session, reader.id)
    return _next(session, queue(session, study, reader), at)


def save_draft(
    session: Session, *, account_id: int, token: str, revision: int, tab: str, content: object, at: datetime
) -> DraftState:
    """Store the answers so far, based on `revision`; the same post sent twice is stored once.

    Raises StaleDraft with the current draft when the edit is based on an older one or another tab holds the case,
    InvalidContent when an answer has not the right shape.
    """
    must_be_tab(tab)
    study, read, draft = _own(session, account_id, token)
    _must_be_current(session, study, read, draft, at)
    clean, fields = checked(content, form_of(session, study, read), complete=False)
    if fields:
        raise InvalidContent(fields)
    if draft.tab == tab and draft.revision == revision + 1 and draft.content == clean:
        return _draft(draft)
    _must_hold(draft, revision, tab)
    _must_stand(study, draft, clean)
    _write(draft, clean, tab, at)
    session.flush()
    return _draft(draft)


def lock(
    session: Session, *, account_id: int, token: str, revision: int, tab: str, content: object, at: datetime
) -> Locked:
    """Lock the read with these answers and open the next one; the same lock posted twice is stored once.

    Raises StaleDraft as `save_draft` does, InvalidContent naming each field that is missing or wrong, Conflict when
    the image was never shown.
    """
    must_be_tab(tab)
    study, read, draft = _own(session, account_id, token)
    if read.state == ReadState.LOCKED and draft.tab == tab:
        return Locked(read.id, study.id, next_read(session, account_id=account_id, study_id=study.id, at=at))
    found = _must_be_current(session, study, read, draft, at)
    _must_hold(draft, revision, tab)
    clean, fields = checked(content, form_of(session, study, read), complete=True)
    if fields:
        raise InvalidContent(fields)
    _must_stand(study, draft, clean)
    clock = clock_of(session, study, read, at)
    if clock.started_at is None:
        raise Conflict("The image of this case has not been shown yet; wait until it appears, then lock again.")
    _write(draft, clean, tab, at)
    counters, screen = totals(draft.counters)
    read.content, read.diagnosis, read.diagnosis_changed_at = clean, clean["diagnosis"], draft.diagnosis_changed_at
    read.counters, read.screen, read.app_version = counters, screen, __version__
    read.raw_seconds, read.active_seconds = round(clock.raw_seconds, 3), round(clock.active_seconds, 3)
    read.shown_at = clock.started_at
    read.state, read.locked_at = ReadState.LOCKED, at
    count_lock(found.reader, at)
    session.flush()
    orders.settle(session, found.reader.id)
    return Locked(read.id, study.id, _next(session, queue(session, study, found.reader), at))


def _next(session: Session, found: Queue, at: datetime) -> NextRead:
    study, protocol = found.study, found.study.protocol
    given = feedback(session, found)
    if not found.pending:
        return NextRead(study.id, study.title, None, given, protocol.end_text, None)
    door = gate(session, found, at)
    if not door.open:
        return NextRead(study.id, study.title, None, given, door.message, door.opens_at)
    step = found.pending[0]
    read = step.read or _open(session, found, step, at)
    _begin(session, found, read)
    reveal(session, study, read, at)
    inform(session, study, read, at)
    session.flush()
    ahead = upcoming(session, found, at)
    in_a_row, began = streak(found.reader, at)
    opened = OpenRead(
        token=read.token,
        read_id=read.id,
        case=volume(session, read.case_id),
        position=step.place,
        total=step.of,
        practice=read.practice,
        arm=read.arm,
        session=read.session,
        attempt=read.attempt,
        classes=classes_of(session, study),
        protocol=protocol,
        draft=_draft(session.get_one(Draft, read.id)),
        clock=clock_of(session, study, read, at),
        ai=shown_ai(session, study, read),
        clinical=shown_note(session, study, read),
        clinical_waits=waits(study, read),
        upcoming=volume(session, ahead.case_id) if ahead else None,
        streak=in_a_row,
        streak_began=began,
    )
    return NextRead(study.id, study.title, opened, given, None, None)


def _open(session: Session, found: Queue, step: Step, at: datetime) -> Read:
    """Insert the read of a step, or return the row that a faster request has inserted."""
    read = Read(
        token=secrets.token_urlsafe(24),
        reader_id=found.reader.id,
        case_id=step.case_id,
        arm=step.arm,
        session=step.session,
        attempt=1,
        position=step.position,
        practice=step.practice,
        state=ReadState.OPEN,
        opened_at=at,
        content={},
        counters={},
        ai_output={},
        began_with=began_with(found.study, step.arm),
    )
    try:
        with session.begin_nested():
            session.add(read)
            session.flush()
            session.add(Draft(read_id=read.id, revision=0, content={}, counters={}))
    except IntegrityError:
        query = select(Read).where(Read.reader_id == found.reader.id, Read.case_id == step.case_id)
        return session.scalars(query.where(Read.arm == step.arm, Read.session == step.session)).one()
    order = select(ReadingOrder).where(ReadingOrder.reader_id == found.reader.id, ReadingOrder.session == step.session)
    places.advance(session, session.scalars(order).one(), sequential=found.study.design == Design.SEQUENTIAL)
    return read


def _begin(session: Session, found: Queue, read: Read) -> None:
    """Give a draft that nobody has touched what it begins with: the unaided answers may be newer than its row."""
    draft = session.get_one(Draft, read.id)
    if draft.revision == 0 and read.shown_at is None:
        mine = newest_of_case(session, read.reader_id, read.case_id)
        before = (own for own in mine if (own.arm, own.session) == (Arm.UNAIDED, read.session))
        unaided = next(before, None)
        draft.content = first_content(found.study, read.arm, unaided)


def _own(session: Session, account_id: int, token: str) -> tuple[Study, Read, Draft]:
    """Return the account's read with this token, its row held until the transaction ends."""
    read, owner = own_read(session, account_id, token, hold=True)
    draft = session.get_one(Draft, read.id, populate_existing=True)
    return session.get_one(Study, owner.study_id), read, draft


def _must_be_current(session: Session, study: Study, read: Read, draft: Draft, at: datetime) -> Queue:
    """Return the reader's queue if this read is the one they may work on now."""
    _, reader = active_reader(session, study.id, session.get_one(Reader, read.reader_id).account_id)
    if read.state == ReadState.LOCKED:
        raise StaleDraft("taken_over", LOCKED, _draft(draft))
    found = queue(session, study, reader)
    step = open_step(session, found, at)
    if step is None or step.read is not read:
        raise StaleDraft("taken_over", "Another case is yours now; reload the page.", _draft(draft))
    return found


def _must_hold(draft: Draft, revision: int, tab: str) -> None:
    if draft.tab is not None and draft.tab != tab:
        raise StaleDraft("taken_over", TAKEN_OVER, _draft(draft))
    if draft.revision != revision:
        raise StaleDraft("stale", STALE, _draft(draft))


def _must_stand(study: Study, draft: Draft, clean: dict[str, Any]) -> None:
    """Hold a reader to the first diagnosis they chose, where the protocol lets answers not be taken back."""
    before = draft.content.get("diagnosis")
    chosen = draft.diagnosis_changed_at is not None and before is not None
    if chosen and clean["diagnosis"] != before and not study.protocol.undo:
        raise InvalidContent({"diagnosis": STANDS})


def _write(draft: Draft, clean: dict[str, Any], tab: str, at: datetime) -> None:
    if draft.content.get("diagnosis") != clean["diagnosis"]:
        draft.diagnosis_changed_at = at
    draft.content, draft.tab, draft.saved_at = clean, tab, at
    draft.revision += 1


def _draft(draft: Draft) -> DraftState:
    return DraftState(
        draft.revision, draft.content, draft.tab, draft.saved_at, chosen=draft.diagnosis_changed_at is not None
    )
