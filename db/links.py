"""One-time links: the set-up of the first administrator, an invitation, a new password. Only their hashes are kept."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from core.errors import Conflict, NotFound
from core.study.words import Role
from db import audit, permissions
from db.accounts import Account, account_row, active_administrators, create, public
from db.models import Link, WebSession
from db.passwords import digest, hash_password
from db.permissions import SYSTEM, Actor, person

LINK_LIFE = timedelta(days=7)


def setup_link(session: Session, *, at: datetime) -> str | None:
    """Return a new one-time token for the first administrator, or None when there is one already."""
    if active_administrators(session):
        return None
    session.execute(delete(Link).where(Link.kind == "setup"))
    return _mint_link(session, "setup", None, at)


def password_link(session: Session, account_id: int, *, at: datetime, by: Actor) -> str:
    """Return a new one-time token for setting the account's password; earlier ones end. Raises Forbidden."""
    permissions.require_link(session, account_id, by)
    account_row(session, account_id)
    session.execute(delete(Link).where(Link.account_id == account_id, Link.used_at.is_(None)))
    audit.record(session, kind="password link made", at=at, actor_id=person(by), detail={"account": account_id})
    return _mint_link(session, "password", account_id, at)


def link_kind(session: Session, token: str, *, at: datetime) -> str | None:
    """Return 'setup' or 'password' for a link that can still be used, else None."""
    link = session.get(Link, digest(token))
    return link.kind if link and link.used_at is None and link.expires_at > at else None


def link_username(session: Session, token: str, *, at: datetime) -> str | None:
    """Return the user name of the account whose password a usable link sets, else None."""
    link = session.get(Link, digest(token))
    if link is None or link.account_id is None or link_kind(session, token, at=at) is None:
        return None
    return account_row(session, link.account_id).username


def use_setup_link(session: Session, token: str, *, username: str, name: str, password: str, at: datetime) -> Account:
    """Create the first administrator with the one-time set-up link."""
    _redeem_link(session, token, "setup", at)
    if active_administrators(session):
        raise Conflict("Parallax has an administrator already; ask them for an account.")
    return create(session, username=username, name=name, role=Role.ADMINISTRATOR, at=at, by=SYSTEM, password=password)


def use_password_link(session: Session, token: str, *, password: str, at: datetime) -> Account:
    """Set the password of the link's account; every session of that account ends."""
    link = _redeem_link(session, token, "password", at)
    if link.account_id is None:
        raise NotFound("This link belongs to no account.")
    row = permissions.active(session, link.account_id)
    row.password_hash = hash_password(password, row.username, row.name)
    session.execute(update(WebSession).where(WebSession.account_id == row.id).values(revoked_at=at))
    audit.record(session, kind="password set", at=at, actor_id=row.id, detail={"account": row.id})
    return public(row)


def _mint_link(session: Session, kind: str, account_id: int | None, at: datetime) -> str:
    token = secrets.token_urlsafe(24)
    expires = at + LINK_LIFE
    session.add(Link(hash=digest(token), kind=kind, account_id=account_id, created_at=at, expires_at=expires))
    return token


def _redeem_link(session: Session, token: str, kind: str, at: datetime) -> Link:
    used = session.execute(
        update(Link)
        .where(Link.hash == digest(token), Link.kind == kind, Link.used_at.is_(None), Link.expires_at > at)
        .values(used_at=at)
        .returning(Link)
    ).scalar()
    if used is None:
        raise NotFound("This link was used already or is too old; ask for a new one.")
    return used
