"""The demo's accounts, and whether the demo is there. Loads no torch."""

import secrets
from dataclasses import dataclass
from typing import Literal

from core import clock
from core.services.demo import plan
from db import accounts, links
from db.engine import Session, open_session, open_view
from db.permissions import SYSTEM
from db.study import deletion as study_deletion

State = Literal["absent", "unfinished", "there"]
WORDS, WORD_BYTES = 3, 3  # a password of the demo: three words of six hexadecimal digits


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """Somebody of the demo who can sign in."""

    role: str
    user: str
    password: str


def state(session: Session) -> State:
    """Tell whether the demo is there. It is unfinished while it is made, and where making it was stopped."""
    if not _enabled(session):
        return "absent"
    return "there" if study_deletion.demo_studies(session) else "unfinished"


def make() -> dict[str, int]:
    """Create the demo's accounts, or enable those of an earlier demo; return their ids by user name."""
    wanted = [
        (*plan.COORDINATOR, "coordinator"),
        *((reader.username, reader.name, "reader") for reader in plan.READERS),
    ]
    ids, at = {}, clock.now()
    with open_session() as session:
        known = {account.username: account for account in accounts.every(session, by=SYSTEM)}
        for username, name, role in wanted:
            if username in known:
                accounts.set_disabled(session, known[username].id, disabled=False, by=SYSTEM, at=at)
                ids[username] = known[username].id
            else:
                made = accounts.create(session, username=username, name=name, role=role, at=at, by=SYSTEM)
                ids[username] = made.id
    return ids


def new_passwords() -> tuple[DemoAccount, ...]:
    """Give every account of the demo a new password, kept nowhere but in what this returns."""
    with open_view() as session:
        ids = _enabled(session)
    made = []
    for username in plan.USERNAMES:
        if username in ids:
            password = "-".join(secrets.token_hex(WORD_BYTES) for _ in range(WORDS))
            with open_session() as session:
                link = links.password_link(session, ids[username], at=clock.now(), by=SYSTEM)
                account = links.use_password_link(session, link, password=password, at=clock.now())
            made.append(DemoAccount(account.role, username, password))
    return tuple(made)


def _enabled(session: Session) -> dict[str, int]:
    """Return the ids of the demo's accounts that can be used now, by user name."""
    known = accounts.every(session, by=SYSTEM)
    return {
        account.username: account.id for account in known if account.username in plan.USERNAMES and not account.disabled
    }
