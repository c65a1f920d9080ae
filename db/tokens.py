"""Personal tokens: a script acts as the person who made it, within the token's scopes and until it expires."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import Forbidden, InvalidInput, NotFound
from db import accounts, audit, permissions
from db.accounts import Account
from db.models import ApiToken
from db.permissions import SYSTEM, Task

PREFIX = "plx_"  # so that a token in the wrong place can be recognised
MOST_DAYS = 365
MOST = 20  # tokens of one person that can be used at once
MAX_NAME = 80
NOTED_EVERY = timedelta(minutes=1)  # a use is written down no more often


class Scope(StrEnum):
    """What a token may be used for; its person's own rights bound it besides."""

    STUDIES = "studies"  # studies, cases, progress
    RESULTS = "results"  # exports and reports of unblinded studies


@dataclass(frozen=True, slots=True)
class Token:
    """One token as its owner sees it; the token itself is shown only when it is made."""

    id: int
    name: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None


def make(
    session: Session, *, name: str, scopes: Sequence[Scope], days: int, by: int, at: datetime
) -> tuple[str, Token]:
    """Make a token of `by`; return it, this once, and what is kept of it. Raises InvalidInput, Forbidden."""
    permissions.active(session, by)
    name = name.strip()
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise InvalidInput(f"Give the token a name of 1 to {MAX_NAME} characters, such as the script that uses it.")
    if not scopes:
        raise InvalidInput("Choose what the token may be used for.")
    if not 1 <= days <= MOST_DAYS:
        raise InvalidInput(f"A token lasts 1 to {MOST_DAYS} days.")
    if len(mine(session, by=by, at=at)) >= MOST:
        raise InvalidInput(f"You have {MOST} tokens; revoke one that you no longer use.")
    secret = PREFIX + secrets.token_urlsafe(32)
    row = ApiToken(
        hash=_digest(secret),
        account_id=by,
        name=name,
        scopes=" ".join(sorted(set(scopes))),
        created_at=at,
        expires_at=at + timedelta(days=days),
    )
    session.add(row)
    session.flush()
    detail = {"token": row.id, "name": name, "scopes": row.scopes, "days": days}
    audit.record(session, kind="API token made", at=at, actor_id=by, detail=detail)
    return secret, _public(row)


def mine(session: Session, *, by: int, at: datetime) -> list[Token]:
    """Return the tokens of `by` that can be used, the newest first."""
    permissions.active(session, by)
    usable = ApiToken.account_id == by, ApiToken.revoked_at.is_(None), ApiToken.expires_at > at
    return [_public(row) for row in session.scalars(select(ApiToken).where(*usable).order_by(ApiToken.id.desc()))]


def revoke(session: Session, token_id: int, *, by: int, at: datetime) -> None:
    """End a token of one's own, or as an administrator anybody's; raises NotFound."""
    row = session.get(ApiToken, token_id)
    anybody = Task.ACCOUNTS in permissions.tasks(session, by)
    if row is None or row.revoked_at is not None or not (anybody or row.account_id == by):
        raise NotFound("This token does not exist, or it was revoked before.")
    row.revoked_at = at
    detail = {"token": row.id, "name": row.name, "account": row.account_id}
    audit.record(session, kind="API token revoked", at=at, actor_id=by, detail=detail)


def account_of(session: Session, secret: str, *, at: datetime) -> tuple[Account, Token] | None:
    """Return whose token this is; None where it is unknown, expired or revoked, or the account is disabled."""
    row = session.scalar(select(ApiToken).where(ApiToken.hash == _digest(secret)))
    if row is None or row.revoked_at is not None or row.expires_at <= at:
        return None
    account = accounts.by_id(session, row.account_id, by=SYSTEM)
    return None if account.disabled else (account, _public(row))


def require(token: Token, scope: Scope) -> None:
    """Let a request go on if its token has this scope; raises Forbidden."""
    if scope not in token.scopes:
        raise Forbidden(f"This token is not for {scope}; make one with that scope under My account.")


def note_use(session: Session, token_id: int, *, at: datetime) -> None:
    """Write down that a token was used; the first use of each day is an event."""
    row = session.get(ApiToken, token_id)
    if row is None:
        return
    before, row.used_at = row.used_at, at
    if before is None or before.date() != at.date():
        detail = {"token": row.id, "name": row.name}
        audit.record(session, kind="API token used", at=at, actor_id=row.account_id, detail=detail)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _public(row: ApiToken) -> Token:
    scopes = tuple(Scope(scope) for scope in row.scopes.split())
    return Token(row.id, row.name, scopes, row.created_at, row.expires_at, row.used_at)
