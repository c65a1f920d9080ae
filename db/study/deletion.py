"""Deleting a study that was never opened, and taking it back.

Truth, panel votes and audit events are append-only and name their study, so its row stays, marked: no list, page or
verb finds it any more. Cases belong to the library and are not touched.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from core.errors import Conflict, NotFound
from core.study.words import Role, StudyRole, StudyState
from db import accounts, audit, permissions
from db.models import Account, Case, Link, PanelMember, Reader, Series, Study, StudyCase, StudyMember, Truth
from db.permissions import Actor, Right, Task
from db.study.info import reading_began, row


@dataclass(frozen=True, slots=True)
class DeletionEffect:
    """What goes with a study: counts, and `refused`, the sentence that says why it cannot be deleted, or None.

    `invitations` counts people who were asked to this study alone, have no password yet and hold a link that works.
    """

    refused: str | None
    cases: int
    truths: int
    readers: int
    panel: int
    invitations: int


@dataclass(frozen=True, slots=True)
class DeletedStudy:
    """A study that can be taken back."""

    id: int
    title: str
    deleted_at: datetime


@dataclass(frozen=True, slots=True)
class RemovedDemo:
    """What went with the demo: how many studies, and the volumes whose pixels may be deleted now."""

    studies: int
    storage_keys: tuple[str, ...]


def deletion_effect(session: Session, study_id: int, *, by: int, at: datetime) -> DeletionEffect:
    """Return what deleting the study would take along; raises Forbidden, NotFound."""
    permissions.require(session, study_id, by, Right.MANAGE)
    found = row(session, study_id)
    cases = select(func.count()).select_from(StudyCase).where(StudyCase.study_id == study_id)
    truths = select(func.count(Truth.case_id.distinct())).where(Truth.study_id == study_id)
    return DeletionEffect(
        refused=_opened(session, found) or _not_theirs(session, found, by),
        cases=session.scalar(cases) or 0,
        truths=session.scalar(truths) or 0,
        readers=len(_readers(session, study_id)),
        panel=len(_panel(session, study_id)),
        invitations=len(_invited(session, study_id, at)),
    )


def delete_study(session: Session, study_id: int, *, by: int, at: datetime) -> None:
    """Delete a study that was never opened; invitations to it alone end.

    Raises Forbidden for all but its owner and administrators, Conflict once it was opened or any read of it exists.
    """
    permissions.require(session, study_id, by, Right.OWN)
    found = row(session, study_id, hold=True)
    if refused := _opened(session, found):
        raise Conflict(refused)
    ended = _invited(session, study_id, at)
    session.execute(delete(Link).where(Link.account_id.in_(ended), Link.used_at.is_(None)))
    found.deleted_at = at
    detail = {"invitations ended": len(ended)}
    audit.record(session, kind="study deleted", at=at, actor_id=by, study_id=study_id, detail=detail)


def deleted(session: Session, *, by: int) -> list[DeletedStudy]:
    """Return the deleted studies that this account may take back, the newest deletion first."""
    mine = permissions.studies(session, by, Right.OWN)
    query = (
        select(Study)
        .where(mine, Study.deleted_at.is_not(None), Study.demo.is_(False))
        .order_by(Study.deleted_at.desc(), Study.id.desc())
    )
    return [
        DeletedStudy(found.id, found.title, found.deleted_at)
        for found in session.scalars(query)
        if found.deleted_at is not None
    ]


def take_back(session: Session, study_id: int, *, by: int, at: datetime) -> None:
    """Put a deleted study back as it was, a draft that has to be checked; invitations that ended stay ended."""
    permissions.require(session, study_id, by, Right.OWN)
    found = session.scalar(select(Study).where(Study.id == study_id).with_for_update())
    if found is None or found.deleted_at is None:
        raise NotFound("This study is not among the deleted ones; reload the page.")
    found.deleted_at, found.state = None, StudyState.DRAFT
    audit.record(session, kind="study taken back", at=at, actor_id=by, study_id=study_id)


def demo_studies(session: Session) -> int:
    """Return how many studies of the demo are there."""
    query = select(func.count()).select_from(Study).where(Study.demo, Study.deleted_at.is_(None))
    return session.scalar(query) or 0


def remove_demo(session: Session, usernames: Sequence[str], *, by: Actor, at: datetime) -> RemovedDemo:
    """Take the demo's studies out of every list, withdraw its own cases and disable its own accounts, by user name.

    For who runs the installation; raises Forbidden for others, NotFound without a demo. Somebody else's account or
    case that came into a demo study stays as it is, as does a case that another study uses too.
    """
    permissions.require_task(session, by, Task.ACCOUNTS)
    studies = session.scalars(select(Study).where(Study.demo, Study.deleted_at.is_(None))).all()
    people = session.scalars(
        select(Account).where(Account.username.in_(usernames), Account.disabled_at.is_(None))
    ).all()
    if not studies and not people:
        raise NotFound("There is no demo here.")
    elsewhere = select(StudyCase.case_id).join(Study, Study.id == StudyCase.study_id)
    elsewhere = elsewhere.where(Study.demo.is_(False), Study.deleted_at.is_(None))
    cases = session.scalars(
        select(Case).where(
            Case.created_by.in_([account.id for account in people]),
            Case.withdrawn_at.is_(None),
            Case.id.not_in(elsewhere),
        )
    ).all()
    for study in studies:
        study.deleted_at = at
        audit.record(
            session,
            kind="demo study removed",
            at=at,
            actor_id=permissions.person(by),
            study_id=study.id,
            detail={"state": study.state},
        )
    for case in cases:
        case.withdrawn_at = at
    for account in people:
        accounts.set_disabled(session, account.id, disabled=True, by=by, at=at)
    keys = session.scalars(select(Series.storage_key).where(Series.case_id.in_([case.id for case in cases])))
    return RemovedDemo(len(studies), tuple(keys))


def _opened(session: Session, found: Study) -> str | None:
    if found.state.editable and found.opened_at is None and not reading_began(session, found.id):
        return None
    return "This study was opened: it is not deleted, and what was read in it stays. Close it if it ends here."


def _not_theirs(session: Session, found: Study, by: int) -> str | None:
    if permissions.may(session, found.id, by, Right.OWN):
        return None
    query = select(Account.name).join(StudyMember, StudyMember.account_id == Account.id)
    owner = session.scalar(query.where(StudyMember.study_id == found.id, StudyMember.role == StudyRole.OWNER))
    return f"Only {owner}, who owns this study, or an administrator can delete it or take it back."


def _readers(session: Session, study_id: int) -> set[int]:
    return set(session.scalars(select(Reader.account_id).where(Reader.study_id == study_id)))


def _panel(session: Session, study_id: int) -> set[int]:
    query = select(PanelMember.account_id).where(PanelMember.study_id == study_id, PanelMember.left_at.is_(None))
    return set(session.scalars(query))


def _invited(session: Session, study_id: int, at: datetime) -> set[int]:
    """Return who would be left with an invitation to nothing: no password yet, a link that works, no other study."""
    people = _readers(session, study_id) | _panel(session, study_id)
    waiting = (
        select(Account.id)
        .join(Link, Link.account_id == Account.id)
        .where(Account.id.in_(people), Account.role == Role.NONE)
        .where(Account.password_hash.is_(None), Account.oidc_subject.is_(None))
        .where(Link.used_at.is_(None), Link.expires_at > at)
    )
    others = select(Study.id).where(Study.id != study_id, Study.deleted_at.is_(None))
    needed = select(Reader.account_id).where(Reader.study_id.in_(others), Reader.withdrawn_at.is_(None))
    seated = select(PanelMember.account_id).where(PanelMember.study_id.in_(others), PanelMember.left_at.is_(None))
    runs = select(StudyMember.account_id).where(StudyMember.study_id.in_(others), StudyMember.removed_at.is_(None))
    busy = set(session.scalars(needed)) | set(session.scalars(seated)) | set(session.scalars(runs))
    return set(session.scalars(waiting)) - busy
