"""Accounts, sign-in and sessions. Secrets are kept only as hashes."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session
from zxcvbn import zxcvbn

from core.errors import Conflict, InvalidInput, NotFound
from core.settings import settings
from core.study.words import Role
from db import audit, permissions, throttle
from db.models import Account as AccountRow
from db.models import Link, SignInTicket, WebSession
from db.permissions import SYSTEM, Actor, Task, person

ROLES = tuple(Role)
MIN_PASSWORD = 10  # characters; length is what counts (NIST SP 800-63B)
USERNAME = re.compile(r"[a-z0-9._@-]{1,80}")
MAX_NAME = 200
STRONG = 3  # zxcvbn's score from 0 to 4: more than 10^8 guesses
TICKET_LIFE = timedelta(minutes=1)
LINK_LIFE = timedelta(days=7)


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
        password_hash=_hash_password(password, username, name) if password else None,
        preferences={},
        failed_sign_ins=0,
        created_at=at,
    )
    session.add(row)
    session.flush()
    audit.record(session, kind="account created", at=at, actor_id=person(by), detail={"account": row.id, "role": role})
    return _public(row)


def every(session: Session, *, by: Actor) -> list[Account]:
    """Return all accounts by user name, to who may invite people; raises Forbidden."""
    permissions.require_task(session, by, Task.INVITE)
    return [_public(row) for row in session.scalars(select(AccountRow).order_by(AccountRow.username))]


def by_id(session: Session, account_id: int, *, by: Actor) -> Account:
    """Return one account to who may invite people; raises Forbidden, NotFound."""
    permissions.require_task(session, by, Task.INVITE)
    return _public(_row(session, account_id))


def set_disabled(session: Session, account_id: int, *, disabled: bool, by: Actor, at: datetime) -> None:
    """Disable an account, ending its sessions at once, or enable it again; for administrators."""
    permissions.require_task(session, by, Task.ACCOUNTS)
    row = _row(session, account_id)
    if disabled and row.role == Role.ADMINISTRATOR and _active_administrators(session) == 1:
        raise Conflict("This is the only administrator; make another one first.")
    row.disabled_at = at if disabled else None
    if disabled:
        session.execute(update(WebSession).where(WebSession.account_id == account_id).values(revoked_at=at))
    kind = "account disabled" if disabled else "account enabled"
    audit.record(session, kind=kind, at=at, actor_id=person(by), detail={"account": account_id})


def save_preferences(session: Session, account_id: int, preferences: dict[str, Any]) -> None:
    """Merge what a person chose (keys, theme) into their preferences."""
    row = _row(session, account_id)
    row.preferences = {**row.preferences, **preferences}


def needs_setup(session: Session) -> bool:
    """Tell whether nobody administrates this installation yet."""
    return not _active_administrators(session)


def setup_link(session: Session, *, at: datetime) -> str | None:
    """Return a new one-time token for the first administrator, or None when there is one already."""
    if _active_administrators(session):
        return None
    session.execute(delete(Link).where(Link.kind == "setup"))
    return _mint_link(session, "setup", None, at)


def password_link(session: Session, account_id: int, *, at: datetime, by: Actor) -> str:
    """Return a new one-time token for setting the account's password; earlier ones end. Raises Forbidden."""
    permissions.require_link(session, account_id, by)
    _row(session, account_id)
    session.execute(delete(Link).where(Link.account_id == account_id, Link.used_at.is_(None)))
    audit.record(session, kind="password link made", at=at, actor_id=person(by), detail={"account": account_id})
    return _mint_link(session, "password", account_id, at)


def link_kind(session: Session, token: str, *, at: datetime) -> str | None:
    """Return 'setup' or 'password' for a link that can still be used, else None."""
    link = session.get(Link, _digest(token))
    return link.kind if link and link.used_at is None and link.expires_at > at else None


def link_username(session: Session, token: str, *, at: datetime) -> str | None:
    """Return the user name of the account whose password a usable link sets, else None."""
    link = session.get(Link, _digest(token))
    if link is None or link.account_id is None or link_kind(session, token, at=at) is None:
        return None
    return _row(session, link.account_id).username


def use_setup_link(session: Session, token: str, *, username: str, name: str, password: str, at: datetime) -> Account:
    """Create the first administrator with the one-time set-up link."""
    _redeem_link(session, token, "setup", at)
    if _active_administrators(session):
        raise Conflict("Parallax has an administrator already; ask them for an account.")
    return create(session, username=username, name=name, role=Role.ADMINISTRATOR, at=at, by=SYSTEM, password=password)


def use_password_link(session: Session, token: str, *, password: str, at: datetime) -> Account:
    """Set the password of the link's account; every session of that account ends."""
    link = _redeem_link(session, token, "password", at)
    if link.account_id is None:
        raise NotFound("This link belongs to no account.")
    row = permissions.active(session, link.account_id)
    row.password_hash = _hash_password(password, row.username, row.name)
    session.execute(update(WebSession).where(WebSession.account_id == row.id).values(revoked_at=at))
    audit.record(session, kind="password set", at=at, actor_id=row.id, detail={"account": row.id})
    return _public(row)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A password that was tried: for which account, and whether it was right, wrong, or not looked at (`resting`)."""

    username: str
    address: str
    account_id: int | None
    right: bool
    resting: bool


def attempt(session: Session, *, username: str, password: str, address: str, at: datetime) -> Attempt:
    """Try a password. It changes nothing, so that no other writer waits while the password is hashed."""
    name = username.strip().lower()[:80]
    row = session.scalar(select(AccountRow).where(AccountRow.username == name))
    resting = throttle.resting(session, name, address, account_id=row.id if row else None, at=at)
    usable = row is not None and row.password_hash is not None and row.disabled_at is None and not resting
    right = _verify(row.password_hash if row and row.password_hash else _decoy(), password)  # as long for unknown names
    return Attempt(name, address, row.id if row else None, right and usable, resting)


def conclude(session: Session, tried: Attempt, *, at: datetime) -> str | None:
    """Note a wrong password, or return a one-time ticket for a right one.

    After five wrong passwords the account rests five minutes for the address they came from, and for no other.
    """
    if tried.right and tried.account_id is not None:
        throttle.forget(session, tried.username, tried.address)
        return ticket_for(session, tried.account_id, at=at)
    if not tried.resting:
        rests = throttle.count_failure(session, tried.username, tried.address, at=at)
        detail = {"account": tried.account_id or "unknown", **({"rests": True} if rests else {})}
        audit.record(session, kind="sign-in failed", at=at, detail=detail)
    return None


def sign_in(session: Session, *, username: str, password: str, at: datetime, address: str = "") -> str | None:
    """Return a one-time ticket when name and password are right, else None."""
    return conclude(session, attempt(session, username=username, password=password, address=address, at=at), at=at)


def ticket_for(session: Session, account_id: int, *, at: datetime) -> str:
    """Mint the one-time ticket that a route turns into a cookie."""
    session.execute(delete(SignInTicket).where(SignInTicket.expires_at < at))
    token = secrets.token_urlsafe(32)
    session.add(SignInTicket(hash=_digest(token), account_id=account_id, expires_at=at + TICKET_LIFE))
    return token


def redeem_ticket(session: Session, ticket: str, *, at: datetime, address: str = "", browser: str = "") -> str | None:
    """Turn a ticket into the secret of a new session cookie, once; None when it is used up or too old."""
    taken = session.execute(
        delete(SignInTicket)
        .where(SignInTicket.hash == _digest(ticket), SignInTicket.expires_at > at)
        .returning(SignInTicket.account_id)
    ).scalar()
    if taken is None:
        return None
    token = secrets.token_urlsafe(32)
    expires = at + timedelta(hours=settings().session_hours)
    session.add(
        WebSession(
            hash=_digest(token),
            account_id=taken,
            created_at=at,
            expires_at=expires,
            address=address[:64] or None,
            browser=browser[:200] or None,
        )
    )
    audit.record(session, kind="signed in", at=at, actor_id=taken)
    return token


def account_for_cookie(session: Session, cookie: str | None, *, at: datetime) -> Account | None:
    """Return who the cookie belongs to, or None when there is none, it expired or was revoked."""
    if not isinstance(cookie, str) or not cookie:
        return None
    row = session.scalar(
        select(AccountRow)
        .join(WebSession, WebSession.account_id == AccountRow.id)
        .where(
            WebSession.hash == _digest(cookie),
            WebSession.expires_at > at,
            WebSession.revoked_at.is_(None),
            AccountRow.disabled_at.is_(None),
        )
    )
    return _public(row) if row else None


def sign_out(session: Session, cookie: str, *, at: datetime) -> None:
    """End the cookie's session for good."""
    ended = session.execute(
        update(WebSession)
        .where(WebSession.hash == _digest(cookie), WebSession.revoked_at.is_(None))
        .values(revoked_at=at)
        .returning(WebSession.account_id)
    ).scalar()
    if ended is not None:
        audit.record(session, kind="signed out", at=at, actor_id=ended)


def for_oidc(session: Session, *, subject: str) -> Account | None:
    """Return the account that a person linked with this institution's sign-in; never one of the same e-mail address."""
    row = session.scalar(select(AccountRow).where(AccountRow.oidc_subject == subject)) if subject else None
    return _public(row) if row and row.disabled_at is None else None


def is_linked(session: Session, account_id: int) -> bool:
    """Tell whether an account is linked with an institution's sign-in."""
    return _row(session, account_id).oidc_subject is not None


def link_oidc(session: Session, account_id: int, *, subject: str, at: datetime) -> None:
    """Link the institution's sign-in with the account of the person who is signed in and asks for it."""
    row = _row(session, account_id)
    if not subject or len(subject) > 300:
        raise InvalidInput("The institution does not say who you are; ask it for the claim `sub`.")
    if session.scalar(select(AccountRow.id).where(AccountRow.oidc_subject == subject)) not in (None, account_id):
        raise Conflict("This sign-in is linked with another account already.")
    row.oidc_subject = subject
    audit.record(session, kind="institution sign-in linked", at=at, actor_id=account_id)


def _row(session: Session, account_id: int) -> AccountRow:
    row = session.get(AccountRow, account_id)
    if row is None:
        raise NotFound("This account does not exist.")
    return row


def _public(row: AccountRow) -> Account:
    return Account(
        row.id, row.username, row.name, row.role, row.preferences, row.disabled_at is not None, bool(row.password_hash)
    )


def _active_administrators(session: Session) -> int:
    active = AccountRow.role == Role.ADMINISTRATOR, AccountRow.disabled_at.is_(None)
    return session.scalar(select(func.count()).select_from(AccountRow).where(*active)) or 0


def _mint_link(session: Session, kind: str, account_id: int | None, at: datetime) -> str:
    token = secrets.token_urlsafe(24)
    expires = at + LINK_LIFE
    session.add(Link(hash=_digest(token), kind=kind, account_id=account_id, created_at=at, expires_at=expires))
    return token


def _redeem_link(session: Session, token: str, kind: str, at: datetime) -> Link:
    used = session.execute(
        update(Link)
        .where(Link.hash == _digest(token), Link.kind == kind, Link.used_at.is_(None), Link.expires_at > at)
        .values(used_at=at)
        .returning(Link)
    ).scalar()
    if used is None:
        raise NotFound("This link was used already or is too old; ask for a new one.")
    return used


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@lru_cache(maxsize=1)
def _hasher() -> PasswordHasher:
    return PasswordHasher()  # argon2id with the library's defaults (RFC 9106, low memory)


@lru_cache(maxsize=1)
def _decoy() -> str:
    return _hasher().hash(secrets.token_hex(16))


def _check_password(password: str, *about: str) -> None:
    if len(password) < MIN_PASSWORD:
        raise InvalidInput(f"The password needs at least {MIN_PASSWORD} characters; a sentence is easy to remember.")
    if len(password) > 200:
        raise InvalidInput("The password may have 200 characters at most.")
    found = zxcvbn(password[:72], user_inputs=["parallax", *(part for one in about for part in [one, *one.split()])])
    if found["score"] < STRONG:
        raise InvalidInput(f"This password is easy to guess. {found['feedback']['warning']} Take a few unusual words.")


def _hash_password(password: str, *about: str) -> str:
    _check_password(password, *about)
    return _hasher().hash(password)


def _verify(stored: str, password: str) -> bool:
    try:
        return _hasher().verify(stored, password[:200])
    except VerificationError:
        return False
