"""Who may do what: by role in a study, and by role in the installation. Every verb asks here before anything else.

Every refusal is Forbidden. Who has no part in a study gets the same answer as for a study that does not exist.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Any

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.orm import Session

from core.errors import Forbidden, NotFound
from core.study.words import Role, StudyRole
from db.models import Account, Case, CaseUploader, PanelMember, Reader, Study, StudyCase, StudyMember

MAX_ID = 2**31 - 1  # what an integer column of PostgreSQL holds; an address may bring any number
UNKNOWN_STUDY = "This study does not exist, or it is not shared with you; ask its owner."
UNKNOWN_CASE = "This case does not exist, or it is in no study that is shared with you."
NO_ACCOUNT = "This account does not exist or is disabled; ask an administrator."


@dataclass(frozen=True, slots=True)
class System:
    """The installation itself: its jobs, and commands that its operator runs. It may do everything, as no person."""


SYSTEM = System()
Actor = int | System  # the id of an account, or the installation


class Right(StrEnum):
    """What somebody may do in a study."""

    OVERVIEW = auto()  # title, design, protocol, state
    MONITOR = auto()  # how far the reading is, by pseudonym
    RESULTS = auto()  # rows, figures, cases and exports, once the study is unblinded
    MANAGE = auto()  # everything else: design, cases and their images, truth, people, opening, closing, unblinding
    OWN = auto()  # share, hand on, delete


class Task(StrEnum):
    """What somebody may do in the installation, whatever the study."""

    STUDIES = auto()  # begin a study
    CASES = auto()  # upload cases
    MODELS = auto()  # add AI models, remove them, choose the default
    INVITE = auto()  # make plain accounts; also for everybody who manages a study
    ACCOUNTS = auto()  # make and disable accounts of every role
    AUDIT = auto()  # the whole audit trail
    SYSTEM = auto()  # how the installation is, and its failed jobs


RIGHTS: dict[StudyRole, frozenset[Right]] = {
    StudyRole.OWNER: frozenset(Right),
    StudyRole.COORDINATOR: frozenset(Right) - {Right.OWN},
    StudyRole.OBSERVER: frozenset({Right.OVERVIEW, Right.MONITOR}),
    StudyRole.STATISTICIAN: frozenset({Right.OVERVIEW, Right.RESULTS}),
    StudyRole.READER: frozenset(),  # reading has verbs of its own
}
TASKS: dict[Role, frozenset[Task]] = {
    Role.ADMINISTRATOR: frozenset(Task),
    Role.COORDINATOR: frozenset({Task.STUDIES, Task.CASES, Task.MODELS, Task.INVITE}),
    Role.AUDITOR: frozenset({Task.AUDIT}),
    Role.NONE: frozenset(),
}


def person(by: Actor) -> int | None:
    """Return the account that an audit event names; None for the installation itself."""
    return by if isinstance(by, int) else None


def active(session: Session, account_id: int) -> Account:
    """Return the row of an account that may act; raises Forbidden. For verbs of db only."""
    account = session.get(Account, account_id) if 0 < account_id <= MAX_ID else None
    if account is None or account.disabled_at is not None:
        raise Forbidden(NO_ACCOUNT)
    return account


def role_in(session: Session, study_id: int, account: Account) -> StudyRole | None:
    """Return the role of an active account in a study; administrators are owners everywhere. For verbs of db only."""
    if account.role == Role.ADMINISTRATOR:
        return StudyRole.OWNER
    member = select(StudyMember.role).where(StudyMember.study_id == study_id, StudyMember.account_id == account.id)
    role = session.scalar(member.where(StudyMember.removed_at.is_(None)))
    if role is not None:
        return StudyRole(role)
    reader = select(Reader.id).where(Reader.study_id == study_id, Reader.account_id == account.id)
    return StudyRole.READER if session.scalar(reader) is not None else None


def require(session: Session, study_id: int | None, by: Actor, right: Right) -> None:
    """Let `by` go on if they have this right in the study; raises Forbidden.

    For a study that does not exist administrators and the installation get NotFound.
    """
    account = active(session, by) if isinstance(by, int) else None
    there = study_id is not None and study_id <= MAX_ID
    known = there and session.scalar(select(Study.id).where(Study.id == study_id)) is not None
    if account is None or account.role == Role.ADMINISTRATOR:
        if not known:
            raise NotFound("This study does not exist.")
        return
    role = role_in(session, study_id, account) if known and study_id is not None else None
    if study_id is None or role is None:
        raise Forbidden(UNKNOWN_STUDY)
    if role == StudyRole.READER:
        raise Forbidden("You read in this study; this is for those who run it.")
    if right not in RIGHTS[role]:
        raise Forbidden(f"You are {role} of this study, and this is not part of that role; ask its owner.")


def rights(session: Session, study_id: int, by: Actor) -> frozenset[Right]:
    """Return what `by` may do in a study; for pages, to show only what works."""
    return frozenset(right for right in Right if may(session, study_id, by, right))


def anywhere(session: Session, by: Actor, right: Right) -> bool:
    """Tell whether `by` has a right in some study that was not deleted."""
    query = select(Study.id).where(studies(session, by, right), Study.deleted_at.is_(None)).limit(1)
    return session.scalar(query) is not None


def may(session: Session, study_id: int, by: Actor, right: Right) -> bool:
    """Tell whether `by` has a right in a study."""
    try:
        require(session, study_id, by, right)
    except (Forbidden, NotFound):
        return False
    return True


def studies(session: Session, by: Actor, right: Right) -> ColumnElement[bool]:
    """Return the condition on Study that leaves those in which `by` has a right. For verbs of db only."""
    account = active(session, by) if isinstance(by, int) else None
    if account is None or account.role == Role.ADMINISTRATOR:
        return true()
    roles = [role for role, rights in RIGHTS.items() if right in rights]
    mine = select(StudyMember.study_id).where(StudyMember.account_id == account.id, StudyMember.role.in_(roles))
    return Study.id.in_(mine.where(StudyMember.removed_at.is_(None)))


def tasks(session: Session, by: Actor) -> frozenset[Task]:
    """Return what `by` may do in the installation; raises Forbidden for an account that is disabled."""
    if not isinstance(by, int):
        return frozenset(Task)
    mine = TASKS[Role(active(session, by).role)]
    return mine | {Task.INVITE} if anywhere(session, by, Right.MANAGE) else mine


def require_task(session: Session, by: Actor, task: Task) -> None:
    """Let `by` go on if their role in the installation allows this; raises Forbidden."""
    if task not in tasks(session, by):
        raise Forbidden(f"This is not for your account; ask an administrator who may do it ({task}).")


def cases(session: Session, by: Actor) -> ColumnElement[bool]:
    """Return the condition on Case that leaves the cases `by` may see and use. For verbs of db only.

    Those are: cases they uploaded themselves, and cases of studies that they manage.
    """
    account = active(session, by) if isinstance(by, int) else None
    if account is None or account.role == Role.ADMINISTRATOR:
        return true()
    uploaded = select(CaseUploader.case_id).where(CaseUploader.account_id == account.id)
    kept = select(Study.id).where(studies(session, by, Right.MANAGE), Study.deleted_at.is_(None))
    shared = select(StudyCase.case_id).where(StudyCase.study_id.in_(kept))
    return or_(Case.id.in_(uploaded), Case.id.in_(shared))


def require_cases(session: Session, case_ids: Iterable[int], by: Actor) -> None:
    """Let `by` go on if they may see and use all of these cases; raises Forbidden.

    For a case that does not exist administrators and the installation get NotFound.
    """
    wanted = set(case_ids)
    found = set(session.scalars(select(Case.id).where(Case.id.in_(wanted), cases(session, by))))
    if found == wanted:
        return
    if not isinstance(by, int) or active(session, by).role == Role.ADMINISTRATOR:
        raise NotFound("This case does not exist.")
    raise Forbidden(UNKNOWN_CASE)


def require_upload(session: Session, case_id: int, by: Actor) -> None:
    """Let `by` go on if they uploaded this case, or administrate; raises Forbidden."""
    require_cases(session, [case_id], by)
    if not isinstance(by, int) or active(session, by).role == Role.ADMINISTRATOR:
        return
    mine = select(CaseUploader.case_id).where(CaseUploader.case_id == case_id, CaseUploader.account_id == by)
    if session.scalar(mine) is None:
        raise Forbidden("Only who uploaded this case, or an administrator, can do this; studies can leave it out.")


def require_link(session: Session, account_id: int, by: Actor) -> None:
    """Let `by` go on if they may make a new password link for an account; raises Forbidden.

    A link opens the account. So administrators may for everybody, others only for a plain account whose every part
    in a study is in one they manage; without any part it must not have a password yet.
    """
    mine = tasks(session, by)
    if Task.ACCOUNTS in mine:
        return
    account = session.get(Account, account_id)
    parts = _parts(session, account_id)
    plain = account is not None and account.role == Role.NONE
    fresh = account is not None and account.password_hash is None and account.oidc_subject is None
    if Task.INVITE in mine and plain and (fresh or parts):
        managed = select(Study.id).where(studies(session, by, Right.MANAGE))
        if parts <= set(session.scalars(managed)):
            return
    raise Forbidden("Only an administrator can make a new link for this account.")


def _parts(session: Session, account_id: int) -> set[int]:
    """Return the studies in which an account has a part: as reader, on the panel, or as member."""
    found: set[int] = set()
    tables: tuple[Any, ...] = (Reader, PanelMember, StudyMember)
    for table in tables:
        found |= set(session.scalars(select(table.study_id).where(table.account_id == account_id)))
    return found


def could_see_truth(session: Session, study_id: int) -> set[int]:
    """Return the accounts that can or could see the truth of a study: who managed it, and administrators."""
    managed = select(StudyMember.account_id).where(StudyMember.study_id == study_id, StudyMember.managed)
    administrators = select(Account.id).where(Account.role == Role.ADMINISTRATOR)
    return set(session.scalars(managed)) | set(session.scalars(administrators))
