"""The case register: its verbs. A source is a file name or folder, which may identify a patient.

Sources are encrypted with a key derived from the installation's secret, and each is bound to its owner and case. Only
the owner and whom the owner names can read them; each reading is an audit event. They stay until the owner destroys
them.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from core.errors import Conflict, Forbidden, InvalidInput, NotFound
from core.sealing import seal, unseal
from core.settings import settings
from db import audit, pacs, permissions
from db.models import Account, Case, RegisterEntry, RegisterReader

PURPOSE = "parallax case register"
NOT_YOURS = "There is no case register here that you may read."
LONGEST = 2000  # characters of a source


@dataclass(frozen=True, slots=True)
class Entry:
    """Which source became a case, and when."""

    case_number: int
    source: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Holding:
    """What an owner's register holds, without opening it."""

    entries: int
    first: datetime | None
    last: datetime | None
    destroyed: int
    destroyed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Person:
    """An account as the register names it."""

    id: int
    username: str
    name: str


def add(session: Session, *, case_id: int, source: str, by: int, at: datetime) -> None:
    """Note that a source of this person became a case; the same source again is noted once."""
    permissions.active(session, by)
    source = source[:LONGEST]
    secret = settings().secret_bytes()
    digest = hmac.new(secret, f"{PURPOSE}|{by}|{case_id}|{source}".encode(), hashlib.sha256).hexdigest()
    known = select(RegisterEntry.id).where(
        RegisterEntry.owner_id == by, RegisterEntry.case_id == case_id, RegisterEntry.digest == digest
    )
    if session.scalar(known) is None:
        sealed = seal(source, secret=secret, purpose=PURPOSE, context=f"{by}/{case_id}")
        session.add(RegisterEntry(owner_id=by, case_id=case_id, digest=digest, sealed=sealed, created_at=at))
        session.flush()


def read(session: Session, owner_id: int, *, by: int, at: datetime) -> list[Entry]:
    """Return an owner's entries by case number, and record that they were read.

    Raises Forbidden for everybody but the owner and whom the owner named: others do not learn whether there is one.
    """
    permissions.active(session, by)
    if by != owner_id and not _may_read(session, owner_id, by):
        raise Forbidden(NOT_YOURS)
    rows = session.execute(
        select(RegisterEntry, Case.number)
        .join(Case, Case.id == RegisterEntry.case_id)
        .where(RegisterEntry.owner_id == owner_id, RegisterEntry.sealed.is_not(None))
        .order_by(Case.number, RegisterEntry.id)
    )
    secret = settings().secret_bytes()
    entries = [
        Entry(
            number,
            unseal(row.sealed, secret=secret, purpose=PURPOSE, context=f"{owner_id}/{row.case_id}"),
            row.created_at,
        )
        for row, number in rows
        if row.sealed is not None
    ]
    audit.record(session, kind="register read", at=at, actor_id=by, detail={"owner": owner_id, "entries": len(entries)})
    return entries


def holding(session: Session, owner_id: int) -> Holding:
    """Return how much an owner's own register holds."""
    permissions.active(session, owner_id)
    held = RegisterEntry.sealed.is_not(None)
    of_owner = RegisterEntry.owner_id == owner_id
    entries, first, last = session.execute(
        select(func.count(), func.min(RegisterEntry.created_at), func.max(RegisterEntry.created_at)).where(
            of_owner, held
        )
    ).one()
    destroyed, when = session.execute(
        select(func.count(), func.max(RegisterEntry.destroyed_at)).where(of_owner, ~held)
    ).one()
    return Holding(entries, first, last, destroyed, when)


def readers(session: Session, owner_id: int) -> list[Person]:
    """Return whom an owner lets read their own register, by user name."""
    permissions.active(session, owner_id)
    return _people(session, RegisterReader.account_id, RegisterReader.owner_id == owner_id)


def owners(session: Session, account_id: int) -> list[Person]:
    """Return whose registers this person may read besides their own, by user name."""
    permissions.active(session, account_id)
    return _people(session, RegisterReader.owner_id, RegisterReader.account_id == account_id)


def allow(session: Session, username: str, *, by: int, at: datetime) -> None:
    """Let somebody read this person's register; raises NotFound, Conflict or InvalidInput."""
    permissions.active(session, by)
    account = session.scalar(select(Account).where(Account.username == username.strip().lower()))
    if account is None or account.disabled_at is not None:
        raise NotFound("There is no account with this user name; check its spelling.")
    if account.id == by:
        raise InvalidInput("Your own register is open to you already; name somebody else.")
    if _may_read(session, by, account.id):
        raise Conflict(f"{account.username} may read your register already.")
    session.add(RegisterReader(owner_id=by, account_id=account.id, created_at=at))
    audit.record(session, kind="register opened to", at=at, actor_id=by, detail={"account": account.id})


def disallow(session: Session, account_id: int, *, by: int, at: datetime) -> None:
    """End somebody's reading of this person's register."""
    permissions.active(session, by)
    if not _may_read(session, by, account_id):
        raise NotFound("This person cannot read your register.")
    session.execute(
        delete(RegisterReader).where(RegisterReader.owner_id == by, RegisterReader.account_id == account_id)
    )
    audit.record(session, kind="register closed to", at=at, actor_id=by, detail={"account": account_id})


def destroy(session: Session, *, by: int, at: datetime) -> int:
    """Destroy the sources in this person's register for good; return how many. Cases and their numbers stay."""
    permissions.active(session, by)
    audit.hold(session)
    ids = list(
        session.scalars(select(RegisterEntry.id).where(RegisterEntry.owner_id == by, RegisterEntry.sealed.is_not(None)))
    )
    if not ids:
        raise NotFound("Your case register holds nothing to destroy.")
    for id_ in ids:  # a new random digest too: the old one would confirm a guessed file name
        session.execute(
            update(RegisterEntry)
            .where(RegisterEntry.id == id_)
            .values(sealed=None, destroyed_at=at, digest=secrets.token_hex(32))
        )
    pacs.forget_sources(session, by=by)
    audit.record(session, kind="register destroyed", at=at, actor_id=by, detail={"entries": len(ids)})
    return len(ids)


def _may_read(session: Session, owner_id: int, account_id: int) -> bool:
    named = select(RegisterReader.id).where(
        RegisterReader.owner_id == owner_id, RegisterReader.account_id == account_id
    )
    return session.scalar(named) is not None


def _people(session: Session, which: InstrumentedAttribute[int], condition: ColumnElement[bool]) -> list[Person]:
    query = select(Account).join(RegisterReader, Account.id == which).where(condition).order_by(Account.username)
    return [Person(row.id, row.username, row.name) for row in session.scalars(query)]
