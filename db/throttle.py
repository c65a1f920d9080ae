"""Wrong passwords, counted by account and address together, so that nobody can lock somebody else out."""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from db.models import SignInFailure, WebSession

REST = timedelta(minutes=5)
MAX_FAILURES = 5  # of one account from one address within a rest
MAX_OF_ADDRESS = 30  # of all accounts from one address within a rest: the same password tried on many
MAX_OF_ACCOUNT = 100  # of one account from all addresses within a rest; who signed in from theirs before is let through
KNOWN = timedelta(days=90)  # how long an address counts as one that the account signs in from


def resting(session: Session, username: str, address: str, *, account_id: int | None, at: datetime) -> bool:
    """Tell whether this account may not be tried from this address now, right password or not."""
    since, name = SignInFailure.at > at - REST, SignInFailure.name_hash == _hash(username)
    here = SignInFailure.address == address
    if _count(session, since, name, here) >= MAX_FAILURES or _count(session, since, here) >= MAX_OF_ADDRESS:
        return True
    return _count(session, since, name) >= MAX_OF_ACCOUNT and not _known(session, account_id, address, at)


def count_failure(session: Session, username: str, address: str, *, at: datetime) -> bool:
    """Note a wrong password; tell whether the account rests now for this address. Names are kept as hashes only."""
    session.execute(delete(SignInFailure).where(SignInFailure.at <= at - REST))
    session.add(SignInFailure(name_hash=_hash(username), address=address, at=at))
    session.flush()
    name, here = SignInFailure.name_hash == _hash(username), SignInFailure.address == address
    return _count(session, SignInFailure.at > at - REST, name, here) >= MAX_FAILURES


def forget(session: Session, username: str, address: str) -> None:
    """A right password came: what went wrong before counts no more."""
    mine = SignInFailure.name_hash == _hash(username), SignInFailure.address == address
    session.execute(delete(SignInFailure).where(*mine))


def _known(session: Session, account_id: int | None, address: str, at: datetime) -> bool:
    query = select(WebSession.hash).where(WebSession.account_id == account_id, WebSession.address == address)
    return session.scalar(query.where(WebSession.created_at > at - KNOWN).limit(1)) is not None


def _count(session: Session, *where: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count(SignInFailure.id)).where(*where)) or 0


def _hash(username: str) -> str:
    return hashlib.sha256(username.encode()).hexdigest()
