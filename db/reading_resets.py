"""A coordinator lets a read be made again: a new attempt supersedes, the old row stays as it is."""

import secrets
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import Conflict, Forbidden, InvalidInput, NotFound
from db import audit
from db.models import Account, Case, Draft, Read, Reader, Study
from db.reading_access import STAFF
from db.reading_queue import newest_reads, reader_of
from db.reading_rules import first_content


def reset(session: Session, *, read_id: int, reason: str, by: int, at: datetime) -> int:
    """Open a new attempt of a read and return its id; the reader finds it before the cases not yet read.

    Raises Conflict where the new attempt could not be blind, or the read was reset before.
    """
    reason = reason.strip()
    if not 5 <= len(reason) <= 500:
        raise InvalidInput("Give the reason for the reset in 5 to 500 characters.")
    old = session.scalar(select(Read).where(Read.id == read_id).with_for_update())
    if old is None:
        raise NotFound("This read does not exist.")
    reader = session.get_one(Reader, old.reader_id)
    study = session.get_one(Study, reader.study_id)
    _may_reset(session, study, by)
    if reader.withdrawn_at is not None:
        raise Conflict("This reader has been withdrawn; their reads stay as they are.")
    newest = newest_reads(session, reader.id)
    if newest[old.case_id, old.arm, old.session] is not old:
        raise Conflict("This read was reset already; reset its newest attempt.")
    aided = newest.get((old.case_id, "aided", old.session))
    if study.design == "sequential" and old.arm == "unaided" and aided is not None and aided.ai_shown_at is not None:
        raise Conflict("This reader has seen the AI's output for this case; only the aided read can be reset.")
    new = Read(
        token=secrets.token_urlsafe(24),
        reader_id=old.reader_id,
        case_id=old.case_id,
        arm=old.arm,
        session=old.session,
        attempt=old.attempt + 1,
        attempt_reason=reason,
        position=old.position,
        practice=old.practice,
        state="open",
        opened_at=at,
        content={},
        counters={},
        ai_output={},
    )
    session.add(new)
    session.flush()
    unaided = newest.get((old.case_id, "unaided", old.session))
    session.add(Draft(read_id=new.id, revision=0, content=first_content(study, old.arm, unaided), counters={}))
    number = session.scalars(select(Case.number).where(Case.id == old.case_id)).one()
    detail = {"reader": reader.pseudonym, "case": number, "arm": old.arm, "session": old.session}
    detail |= {"attempt": new.attempt, "reason": reason}
    audit.record(session, kind="read reset", at=at, actor_id=by, study_id=study.id, detail=detail)
    session.flush()
    return new.id


def _may_reset(session: Session, study: Study, by: int) -> None:
    account = session.get(Account, by)
    if account is None or account.role not in STAFF:
        raise Forbidden("Only a coordinator may reset a read.")
    if reader_of(session, study.id, by) is not None:
        raise Forbidden("A reader of this study may not reset its reads; ask another coordinator.")
    if study.state != "open":
        raise Conflict("Reads can be reset only while the study is open.")
