"""Who reads in a study: added while it is in draft; once it is open, joining and withdrawn with a reason."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core.errors import Conflict, InvalidInput, NotFound
from core.study.reasons import given_reason
from core.study.words import StudyState
from db import audit, permissions
from db.models import Account, Reader, ReaderGroup, Study
from db.permissions import Right
from db.study import orders
from db.study.design import editing
from db.study.info import ReaderInfo, people, row
from db.truth.authors import must_not_author


@dataclass(frozen=True, slots=True)
class Expertise:
    """What was recorded of somebody in a study: their group, and years of experience, None not recorded."""

    group: str
    years: float | None


def add_reader(
    session: Session, study_id: int, account_id: int, *, group: str, years: float | None = None, by: int, at: datetime
) -> ReaderInfo:
    """Make an account a reader of a study, in a group by name; the pseudonym is the next free R1, R2, ..."""
    editing(session, study_id, by=by, at=at)
    made = _add(session, study_id, account_id, group=group, years=years, at=at)
    detail = {"reader": made.pseudonym, "account": account_id, "group": group}
    audit.record(session, kind="reader added", at=at, actor_id=by, study_id=study_id, detail=detail)
    return _info(session, study_id, made.id)


def join_reader(
    session: Session,
    study_id: int,
    account_id: int,
    *,
    group: str,
    years: float | None = None,
    reason: str,
    seed: int,
    by: int,
    at: datetime,
) -> ReaderInfo:
    """Let a reader join an open study, reported as a deviation with its reason.

    Their orders are made to balance with those that stand, and stored with `seed` (below 2**31); no other order
    changes. Raises Conflict where the account cannot be blind: those who manage the study can see its truth.
    """
    permissions.require(session, study_id, by, Right.MANAGE)
    if row(session, study_id, hold=True).state != StudyState.OPEN:
        raise Conflict("Readers join while the study is open; before that they are added.")
    reason = given_reason("Joining an open study", reason)
    account = session.get(Account, account_id)
    if account is not None and account_id in permissions.could_see_truth(session, study_id):
        raise Conflict(f"{account.name} manages or managed this study and could have seen its truth; choose another.")
    made = _add(session, study_id, account_id, group=group, years=years, at=at)
    made.joined_reason = reason
    orders.make_joining(session, study_id, made.id, seed=seed, at=at)
    detail = {"reader": made.pseudonym, "account": account_id, "group": group, "seed": seed, "reason": reason}
    audit.record(session, kind="reader joined", at=at, actor_id=by, study_id=study_id, detail=detail)
    return _info(session, study_id, made.id)


def expertise(session: Session, study_id: int, *, by: int) -> dict[int, Expertise]:
    """Return by account what was last recorded of people's expertise, in studies that `by` manages."""
    permissions.require(session, study_id, by, Right.MANAGE)
    mine = permissions.studies(session, by, Right.MANAGE)
    query = (
        select(Reader.account_id, ReaderGroup.name, Reader.years)
        .join(ReaderGroup, ReaderGroup.id == Reader.group_id)
        .join(Study, Study.id == Reader.study_id)
        .where(mine, Study.deleted_at.is_(None))
    )
    rows = session.execute(query.order_by(Reader.id))
    return {account_id: Expertise(group, years) for account_id, group, years in rows}


def change_reader(
    session: Session, reader_id: int, *, group: str, years: float | None, by: int, at: datetime
) -> ReaderInfo:
    """Move a reader to another group or set their years of experience, before the study opens."""
    found = _reader(session, reader_id, by)
    editing(session, found.study_id, by=by, at=at)
    found.group_id, found.years = _group(session, found.study_id, group).id, _years(years)
    session.flush()
    detail = {"reader": found.pseudonym, "group": group}
    audit.record(session, kind="reader changed", at=at, actor_id=by, study_id=found.study_id, detail=detail)
    return _info(session, found.study_id, reader_id)


def remove_reader(session: Session, reader_id: int, *, by: int, at: datetime) -> None:
    """Take a reader out before the study opens; afterwards a reader can only be withdrawn."""
    found = _reader(session, reader_id, by)
    editing(session, found.study_id, by=by, at=at)
    session.execute(delete(Reader).where(Reader.id == reader_id))
    detail = {"reader": found.pseudonym}
    audit.record(session, kind="reader removed", at=at, actor_id=by, study_id=found.study_id, detail=detail)


def withdraw_reader(session: Session, reader_id: int, *, reason: str, by: int, at: datetime) -> None:
    """Record that a reader has dropped out of an open study, and why; what they locked stays."""
    found = _reader(session, reader_id, by)
    if row(session, found.study_id).state != StudyState.OPEN:
        raise Conflict("Readers are withdrawn while the study is open.")
    if found.withdrawn_at is not None:
        raise Conflict("This reader was withdrawn already.")
    found.withdrawn_at, found.withdrawn_reason = at, given_reason("A withdrawal", reason)
    detail = {"reader": found.pseudonym, "reason": found.withdrawn_reason}
    audit.record(session, kind="reader withdrawn", at=at, actor_id=by, study_id=found.study_id, detail=detail)


def _add(session: Session, study_id: int, account_id: int, *, group: str, years: float | None, at: datetime) -> Reader:
    account = session.get(Account, account_id)
    if account is None or account.disabled_at is not None:
        raise NotFound("This account does not exist or is disabled.")
    there = session.scalars(select(Reader).where(Reader.study_id == study_id)).all()
    if any(reader.account_id == account_id for reader in there):
        raise Conflict(f"{account.name} reads in this study already, or was withdrawn from it.")
    must_not_author(session, study_id, account_id)
    used = {reader.pseudonym for reader in there}
    pseudonym = next(name for n in range(1, len(used) + 2) if (name := f"R{n}") not in used)
    made = Reader(
        study_id=study_id,
        account_id=account_id,
        group_id=_group(session, study_id, group).id,
        pseudonym=pseudonym,
        years=_years(years),
        added_at=at,
    )
    session.add(made)
    session.flush()
    return made


def _reader(session: Session, reader_id: int, by: int) -> Reader:
    found = session.get(Reader, reader_id)
    permissions.require(session, found.study_id if found else None, by, Right.MANAGE)
    if found is None:
        raise NotFound("This reader does not exist any more; reload the page.")
    return found


def _info(session: Session, study_id: int, reader_id: int) -> ReaderInfo:
    return next(reader for reader in people(session, study_id) if reader.id == reader_id)


def _group(session: Session, study_id: int, name: str) -> ReaderGroup:
    query = select(ReaderGroup).where(ReaderGroup.study_id == study_id, ReaderGroup.name == name)
    found = session.scalar(query)
    if found is None:
        raise NotFound(f"This study has no reader group {name}.")
    return found


def _years(years: float | None) -> float | None:
    if years is not None and not 0 <= years <= 70:
        raise InvalidInput("Years of experience lie between 0 and 70.")
    return years
