"""Accounts: people who sign in, with their role in the installation (sign_ins.py, links.py, passwords.py)."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core.errors import Conflict, InvalidInput, NotFound
from core.study.words import Role
from db import audit, permissions
from db.models import Account as AccountRow
from db.models import WebSession
from db.passwords import hash_password
from db.permissions import Actor, Task, person

ROLES = tuple(Role)
USERNAME = re.compile(r"[a-z0-9._@-]{1,80}")
MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who can sign in."""

    id: int
    username: str
    name: str
    role: Role
    preferences: dict[str, Any]
    disabled: bool
    has_password: bool


def create(
    session: Session, *, username: str, name: str, role: str, at: datetime, by: Actor, password: str = ""
) -> Account:
    """Create an account; without a password it is entered by a link from `password_link`.

    Administrators make accounts of every role, coordinators and who manages a study plain ones; raises Forbidden.
    """
    permissions.require_task(session, by, Task.INVITE if role == Role.NONE else Task.ACCOUNTS)
    username, name = username.strip().lower(), name.strip()
    if not USERNAME.fullmatch(username):
        raise InvalidInput("A user name has 1 to 80 letters without accents, digits, or the signs . _ - @.")
    if len(name) > MAX_NAME or not name.isprintable():
        raise InvalidInput(f"A name has {MAX_NAME} characters at most, on one line.")
    if role not in ROLES:
        raise InvalidInput(f"The role is one of {', '.join(ROLES)}.")
    if session.scalar(select(AccountRow.id).where(AccountRow.username == username)) is not None:
        raise Conflict(f"The user name {username} is taken; choose another.")
    row = AccountRow(
        username=username,
        name=name or username,
        role=role,
        password_hash=hash_password(password, username, name) if password else None,
        preferences={},
        created_at=at,
    )
    session.add(row)
    session.flush()
    audit.record(session, kind="account created", at=at, actor_id=person(by), detail={"account": row.id, "role": role})
    return public(row)


def every(session: Session, *, by: Actor) -> list[Account]:
    """Return all accounts by user name, to who may invite people; raises Forbidden."""
    permissions.require_task(session, by, Task.INVITE)
    return [public(row) for row in session.scalars(select(AccountRow).order_by(AccountRow.username))]


def by_id(session: Session, account_id: int, *, by: Actor) -> Account:
    """Return one account to who may invite people; raises Forbidden, NotFound."""
    permissions.require_task(session, by, Task.INVITE)
    return public(account_row(session, account_id))


def set_disabled(session: Session, account_id: int, *, disabled: bool, by: Actor, at: datetime) -> None:
    """Disable an account, ending its sessions at once, or enable it again; for administrators."""
    permissions.require_task(session, by, Task.ACCOUNTS)
    row = account_row(session, account_id)
    if disabled and row.role == Role.ADMINISTRATOR and active_administrators(session) == 1:
        raise Conflict("This is the only administrator; make another one first.")
    row.disabled_at = at if disabled else None
    if disabled:
        session.execute(update(WebSession).where(WebSession.account_id == account_id).values(revoked_at=at))
    kind = "account disabled" if disabled else "account enabled"
    audit.record(session, kind=kind, at=at, actor_id=person(by), detail={"account": account_id})


def save_preferences(session: Session, account_id: int, preferences: dict[str, Any]) -> None:
    """Merge what a person chose (keys, theme) into their preferences."""
    row = account_row(session, account_id)
    row.preferences = {**row.preferences, **preferences}


def needs_setup(session: Session) -> bool:
    """Tell whether nobody administrates this installation yet."""
    return not active_administrators(session)


def somebody_can_sign_in(session: Session) -> bool:
    """Tell whether any account that is not disabled has a password."""
    query = (
        select(AccountRow.id).where(AccountRow.password_hash.is_not(None), AccountRow.disabled_at.is_(None)).limit(1)
    )
    return session.scalar(query) is not None


def account_row(session: Session, account_id: int) -> AccountRow:
    """Return the row of an account; raises NotFound. For verbs of db only."""
    row = session.get(AccountRow, account_id)
    if row is None:
        raise NotFound("This account does not exist.")
    return row


def public(row: AccountRow) -> Account:
    """Return what others may know of an account. For verbs of db only."""
    return Account(
        row.id, row.username, row.name, row.role, row.preferences, row.disabled_at is not None, bool(row.password_hash)
    )


def active_administrators(session: Session) -> int:
    """Return how many administrators can sign in. For verbs of db only."""
    active = AccountRow.role == Role.ADMINISTRATOR, AccountRow.disabled_at.is_(None)
    return session.scalar(select(func.count()).select_from(AccountRow).where(*active)) or 0
