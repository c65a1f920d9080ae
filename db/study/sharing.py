"""Who runs a study, in which role: shared by its owner, and handed on by them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import Conflict, InvalidInput, NotFound
from core.study.words import StudyRole
from db import audit, permissions
from db.models import Account, StudyMember
from db.permissions import RIGHTS, Actor, Right, person
from db.study.info import row

SHARED = (StudyRole.COORDINATOR, StudyRole.OBSERVER, StudyRole.STATISTICIAN)  # roles that an owner gives
ORDER = (StudyRole.OWNER, *SHARED)


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who runs a study, or looks on."""

    account_id: int
    username: str
    name: str
    role: StudyRole
    disabled: bool


def members(session: Session, study_id: int, *, by: Actor) -> list[Member]:
    """Return who runs a study or looks on, by role and user name; raises Forbidden."""
    permissions.require(session, study_id, by, Right.OVERVIEW)
    query = select(StudyMember, Account).join(Account, Account.id == StudyMember.account_id)
    rows = session.execute(query.where(StudyMember.study_id == study_id, StudyMember.removed_at.is_(None)))
    found = [
        Member(account.id, account.username, account.name, StudyRole(member.role), account.disabled_at is not None)
        for member, account in rows
    ]
    return sorted(found, key=lambda member: (ORDER.index(member.role), member.username))


def share(session: Session, study_id: int, username: str, *, role: str, by: Actor, at: datetime) -> Member:
    """Give somebody a role in a study, by user name. Raises Forbidden, NotFound, or Conflict for who has one."""
    permissions.require(session, study_id, by, Right.OWN)
    row(session, study_id, hold=True)
    given = _role(role)
    account = session.scalar(select(Account).where(Account.username == username.strip().lower()))
    if account is None or account.disabled_at is not None:
        raise NotFound(f"There is no account {username.strip() or 'without a user name'}; check its spelling.")
    member = _row(session, study_id, account.id)
    if member is not None and member.removed_at is None:
        raise Conflict(f"{account.name} is {member.role} of this study already; change the role below.")
    if member is None:
        member = StudyMember(study_id=study_id, account_id=account.id, role=given, managed=False, added_at=at)
        session.add(member)
    member.removed_at = None
    _set(member, given)
    _record(session, "study shared", study_id, account.id, given, by=by, at=at)
    return next(member for member in members(session, study_id, by=by) if member.account_id == account.id)


def change(session: Session, study_id: int, account_id: int, *, role: str, by: Actor, at: datetime) -> None:
    """Change the role of somebody in a study; the owner's changes only by handing it on. Raises Forbidden."""
    permissions.require(session, study_id, by, Right.OWN)
    member, given = _member(session, study_id, account_id), _role(role)
    _set(member, given)
    _record(session, "role in study changed", study_id, account_id, given, by=by, at=at)


def remove(session: Session, study_id: int, account_id: int, *, by: Actor, at: datetime) -> None:
    """End somebody's part in running a study; everybody may end their own. Raises Forbidden."""
    permissions.require(session, study_id, by, Right.OVERVIEW if by == account_id else Right.OWN)
    member = _member(session, study_id, account_id)
    member.removed_at = at
    _record(session, "study no longer shared", study_id, account_id, StudyRole(member.role), by=by, at=at)


def transfer(session: Session, study_id: int, account_id: int, *, by: Actor, at: datetime) -> None:
    """Make somebody who has a role in the study its owner; the owner before stays as coordinator. Raises Forbidden."""
    permissions.require(session, study_id, by, Right.OWN)
    member = _member(session, study_id, account_id)
    account = session.get_one(Account, account_id)
    if account.disabled_at is not None:
        raise Conflict(f"The account of {account.name} is disabled; choose somebody else.")
    owner = select(StudyMember).where(StudyMember.study_id == study_id, StudyMember.role == StudyRole.OWNER)
    for before in session.scalars(owner):
        _set(before, StudyRole.COORDINATOR)
    _set(member, StudyRole.OWNER)
    _record(session, "study handed on", study_id, account_id, StudyRole.OWNER, by=by, at=at)


def _role(role: str) -> StudyRole:
    if role not in SHARED:
        raise InvalidInput(f"The role is one of {', '.join(SHARED)}.")
    return StudyRole(role)


def _row(session: Session, study_id: int, account_id: int) -> StudyMember | None:
    query = select(StudyMember).where(StudyMember.study_id == study_id, StudyMember.account_id == account_id)
    return session.scalar(query.with_for_update())


def _member(session: Session, study_id: int, account_id: int) -> StudyMember:
    row(session, study_id, hold=True)
    member = _row(session, study_id, account_id)
    if member is None or member.removed_at is not None:
        raise NotFound("This person has no part in running this study any more; reload the page.")
    if member.role == StudyRole.OWNER:
        raise Conflict("This is the owner; hand the study on first.")
    return member


def _set(member: StudyMember, role: StudyRole) -> None:
    member.role = role
    member.managed = member.managed or Right.MANAGE in RIGHTS[role]


def _record(
    session: Session, kind: str, study_id: int, account_id: int, role: StudyRole, *, by: Actor, at: datetime
) -> None:
    session.flush()
    detail = {"account": account_id, "role": str(role)}
    audit.record(session, kind=kind, at=at, actor_id=person(by), study_id=study_id, detail=detail)
