"""Signing in and out: passwords tried, tickets, session cookies, an institution's sign-in. Only hashes are kept."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from core.errors import Conflict, InvalidInput
from core.settings import settings
from db import audit, throttle
from db.accounts import Account, account_row, public
from db.models import Account as AccountRow
from db.models import SignInTicket, WebSession
from db.passwords import decoy, digest, verify

TICKET_LIFE = timedelta(minutes=1)


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
    right = verify(row.password_hash if row and row.password_hash else decoy(), password)  # as long for unknown names
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
    session.add(SignInTicket(hash=digest(token), account_id=account_id, expires_at=at + TICKET_LIFE))
    return token


def redeem_ticket(session: Session, ticket: str, *, at: datetime, address: str = "", browser: str = "") -> str | None:
    """Turn a ticket into the secret of a new session cookie, once; None when it is used up or too old."""
    taken = session.execute(
        delete(SignInTicket)
        .where(SignInTicket.hash == digest(ticket), SignInTicket.expires_at > at)
        .returning(SignInTicket.account_id)
    ).scalar()
    if taken is None:
        return None
    token = secrets.token_urlsafe(32)
    expires = at + timedelta(hours=settings().session_hours)
    session.add(
        WebSession(
            hash=digest(token),
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
            WebSession.hash == digest(cookie),
            WebSession.expires_at > at,
            WebSession.revoked_at.is_(None),
            AccountRow.disabled_at.is_(None),
        )
    )
    return public(row) if row else None


def sign_out(session: Session, cookie: str, *, at: datetime) -> None:
    """End the cookie's session for good."""
    ended = session.execute(
        update(WebSession)
        .where(WebSession.hash == digest(cookie), WebSession.revoked_at.is_(None))
        .values(revoked_at=at)
        .returning(WebSession.account_id)
    ).scalar()
    if ended is not None:
        audit.record(session, kind="signed out", at=at, actor_id=ended)


def for_oidc(session: Session, *, subject: str) -> Account | None:
    """Return the account that a person linked with this institution's sign-in; never one of the same e-mail address."""
    row = session.scalar(select(AccountRow).where(AccountRow.oidc_subject == subject)) if subject else None
    return public(row) if row and row.disabled_at is None else None


def is_linked(session: Session, account_id: int) -> bool:
    """Tell whether an account is linked with an institution's sign-in."""
    return account_row(session, account_id).oidc_subject is not None


def link_oidc(session: Session, account_id: int, *, subject: str, at: datetime) -> None:
    """Link the institution's sign-in with the account of the person who is signed in and asks for it."""
    row = account_row(session, account_id)
    if not subject or len(subject) > 300:
        raise InvalidInput("The institution does not say who you are; ask it for the claim `sub`.")
    if session.scalar(select(AccountRow.id).where(AccountRow.oidc_subject == subject)) not in (None, account_id):
        raise Conflict("This sign-in is linked with another account already.")
    row.oidc_subject = subject
    audit.record(session, kind="institution sign-in linked", at=at, actor_id=account_id)
