"""The browsers in which somebody is signed in: listed, and ended one by one or all at once."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.errors import NotFound
from db import audit, permissions
from db.models import WebSession
from db.permissions import Actor, Task, person


@dataclass(frozen=True, slots=True)
class SignedIn:
    """One browser. `key` names it without giving its cookie away."""

    key: str
    since: datetime
    until: datetime
    address: str
    browser: str


def active(session: Session, account_id: int, *, at: datetime) -> list[SignedIn]:
    """Return where an account is signed in, the newest first."""
    query = select(WebSession).where(
        WebSession.account_id == account_id, WebSession.revoked_at.is_(None), WebSession.expires_at > at
    )
    return [
        SignedIn(row.hash[:16], row.created_at, row.expires_at, row.address or "unknown", row.browser or "unknown")
        for row in session.scalars(query.order_by(WebSession.created_at.desc()))
    ]


def end(session: Session, account_id: int, key: str, *, by: Actor, at: datetime) -> None:
    """End one browser's sign-in, one's own or as an administrator; raises NotFound."""
    _require(session, account_id, by)
    mine = WebSession.account_id == account_id, WebSession.revoked_at.is_(None)
    found = [
        web_session
        for web_session in session.scalars(select(WebSession).where(*mine))
        if web_session.hash.startswith(key)
    ]
    if len(key) < 16 or len(found) != 1:
        raise NotFound("This sign-in has ended already; reload the page.")
    found[0].revoked_at = at
    audit.record(session, kind="sign-in ended", at=at, actor_id=person(by), detail={"account": account_id})


def end_all(session: Session, account_id: int, *, by: Actor, at: datetime) -> None:
    """End every sign-in of an account at once, one's own or as an administrator."""
    _require(session, account_id, by)
    session.execute(
        update(WebSession)
        .where(WebSession.account_id == account_id, WebSession.revoked_at.is_(None))
        .values(revoked_at=at)
    )
    audit.record(session, kind="sign-ins ended", at=at, actor_id=person(by), detail={"account": account_id})


def _require(session: Session, account_id: int, by: Actor) -> None:
    if by != account_id:
        permissions.require_task(session, by, Task.ACCOUNTS)
