"""Invite a person to a study: the account they may lack, their part in the study, and a link that works once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.errors import Conflict
from core.study.reader_list import Line
from core.study.words import Role
from db import accounts, links
from db.accounts import Account
from db.engine import Session

Add = Callable[[Session, int], object]  # gives an account its part in a study


@dataclass(frozen=True, slots=True)
class Invited:
    """Who was invited, and the token of a new link; None for somebody who has an account already."""

    account: Account
    token: str | None


class KnownPerson(Conflict):
    """The user name belongs to somebody who has an account: `account`."""

    def __init__(self, account: Account) -> None:
        super().__init__(f"{account.name} has the account {account.username} already and is chosen now; add them so.")
        self.account = account


def invite_known(session: Session, account_id: int, add: Add, *, by: int) -> Invited:
    """Give somebody who has an account a part in a study."""
    account = accounts.by_id(session, account_id, by=by)
    add(session, account.id)
    return Invited(account, None)


def invite_new(session: Session, username: str, name: str, add: Add, *, by: int, at: datetime) -> Invited:
    """Create a plain account, give it a part in a study, and mint its link; raises KnownPerson."""
    wanted = username.strip().lower()
    known = next(
        (person for person in accounts.every(session, by=by) if person.username == wanted and not person.disabled), None
    )
    if known is not None:
        raise KnownPerson(known)
    account = accounts.create(session, username=username, name=name, role=Role.NONE, at=at, by=by)
    token = links.password_link(session, account.id, at=at, by=by)
    add(session, account.id)
    return Invited(account, token)


def invite_list(
    session: Session, lines: Sequence[Line], add: Callable[[Line], Add], *, by: int, at: datetime
) -> list[Invited]:
    """Invite everybody of a list, all or nobody: who has an account is added with it, all others get one."""
    known = {person.username: person for person in accounts.every(session, by=by) if not person.disabled}
    return [
        invite_known(session, known[line.username].id, add(line), by=by)
        if line.username in known
        else invite_new(session, line.username, line.name, add(line), by=by, at=at)
        for line in lines
    ]


def new_link(session: Session, account_id: int, *, by: int, at: datetime) -> Invited:
    """Mint a new link for somebody who was invited before; earlier links end."""
    token = links.password_link(session, account_id, at=at, by=by)
    return Invited(accounts.by_id(session, account_id, by=by), token)
