"""Who sits on the truth panel of a study: members label cases, an adjudicator decides where they do not agree."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.errors import Conflict, Forbidden, NotFound
from core.study.classes import StudyClass
from core.study.words import StudyState
from db import audit, permissions
from db.models import Account, PanelMember, Study, TruthVote
from db.permissions import Actor, Right
from db.study.info import classes, row
from db.truth.authors import may_author, must_not_read

BEFORE_OPENING = (StudyState.DRAFT, StudyState.CHECKED)


@dataclass(frozen=True, slots=True)
class MemberInfo:
    """Somebody on the panel of one study, as its coordinator sees them; `given` counts the cases labelled."""

    account_id: int
    name: str
    username: str
    adjudicator: bool
    given: int
    left: bool
    has_password: bool


@dataclass(frozen=True, slots=True)
class Seat:
    """A study in which somebody sits on the panel now, before it is opened."""

    study_id: int
    title: str
    adjudicator: bool
    classes: tuple[StudyClass, ...]


def members(session: Session, study_id: int, *, by: Actor) -> list[MemberInfo]:
    """Return everybody who is or was on the panel, in the order they came; raises Forbidden."""
    permissions.require(session, study_id, by, Right.MANAGE)
    given: dict[int, int] = {
        account_id: count
        for account_id, count in session.execute(
            select(TruthVote.author_id, func.count(func.distinct(TruthVote.case_id)))
            .where(TruthVote.study_id == study_id)
            .group_by(TruthVote.author_id)
        )
    }
    query = select(PanelMember, Account).join(Account, Account.id == PanelMember.account_id)
    return [
        MemberInfo(
            account_id=account.id,
            name=account.name,
            username=account.username,
            adjudicator=member.adjudicator,
            given=given.get(account.id, 0),
            left=member.left_at is not None,
            has_password=bool(account.password_hash or account.oidc_subject),
        )
        for member, account in session.execute(query.where(PanelMember.study_id == study_id).order_by(PanelMember.id))
    ]


def add_member(
    session: Session, study_id: int, account_id: int, *, adjudicator: bool = False, by: int, at: datetime
) -> None:
    """Put an account on the panel before the study opens; who left may come back in the part they had.

    Raises Conflict when the panel is full or has its adjudicator, Forbidden for readers of the study.
    """
    may_author(session, study_id, by)
    study = before_opening(session, study_id)
    account = session.get(Account, account_id)
    if account is None or account.disabled_at is not None:
        raise NotFound("This account does not exist or is disabled.")
    must_not_read(session, study_id, account_id)
    there = _rows(session, study_id)
    known = next((member for member in there if member.account_id == account_id), None)
    if known is not None and (known.left_at is None or known.adjudicator != adjudicator):
        raise Conflict(f"{account.name} is on this panel already, or was in another part.")
    sitting = sum(member.left_at is None and member.adjudicator == adjudicator for member in there)
    size = 1 if adjudicator else study.protocol.reference.panel_size
    if sitting >= size:
        what = "an adjudicator already" if adjudicator else f"its {size} members; raise their number first"
        raise Conflict(f"The panel has {what}.")
    if known is None:
        session.add(PanelMember(study_id=study_id, account_id=account_id, adjudicator=adjudicator, added_at=at))
    else:
        known.left_at = None
    session.flush()
    detail = {"member": account_id, "part": "adjudicator" if adjudicator else "member"}
    audit.record(session, kind="panel member added", at=at, actor_id=by, study_id=study_id, detail=detail)


def remove_member(session: Session, study_id: int, account_id: int, *, by: int, at: datetime) -> None:
    """Take somebody off the panel: their labels stay stored, but count no more for cases that are not settled."""
    may_author(session, study_id, by)
    before_opening(session, study_id)
    seat(session, study_id, account_id).left_at = at
    session.flush()
    detail = {"member": account_id}
    audit.record(session, kind="panel member removed", at=at, actor_id=by, study_id=study_id, detail=detail)


def seats(session: Session, account_id: int) -> list[Seat]:
    """Return the studies in which an account itself sits on the panel now, oldest first."""
    permissions.active(session, account_id)
    query = (
        select(Study, PanelMember.adjudicator)
        .join(PanelMember, PanelMember.study_id == Study.id)
        .where(PanelMember.account_id == account_id, PanelMember.left_at.is_(None))
        .where(Study.state.in_(BEFORE_OPENING), Study.deleted_at.is_(None))
        .order_by(Study.id)
    )
    return [
        Seat(study.id, study.title, adjudicator, classes(session, study.id))
        for study, adjudicator in session.execute(query)
        if study.protocol.reference.panel
    ]


def seat(session: Session, study_id: int, account_id: int, *, adjudicator: bool | None = None) -> PanelMember:
    """Return the row of somebody who sits on a panel now; raises Forbidden. For verbs of db only."""
    query = select(PanelMember).where(PanelMember.study_id == study_id, PanelMember.account_id == account_id)
    found = session.scalar(query.where(PanelMember.left_at.is_(None)))
    if found is None or (adjudicator is not None and found.adjudicator != adjudicator):
        raise Forbidden("This is for another part of the panel of this study; ask its coordinator.")
    return found


def may_label(session: Session, study_id: int, account_id: int) -> bool:
    """Tell whether an account sits on the panel of a study that is not open yet, and so may see its images."""
    return any(member.study_id == study_id for member in seats(session, account_id))


def voters(session: Session, study_id: int) -> set[int]:
    """Return the accounts whose labels count now."""
    return {
        member.account_id for member in _rows(session, study_id) if member.left_at is None and not member.adjudicator
    }


def adjudicator_of(session: Session, study_id: int) -> int | None:
    """Return the account of the adjudicator, or None where a coordinator decides."""
    rows = _rows(session, study_id)
    return next((member.account_id for member in rows if member.left_at is None and member.adjudicator), None)


def before_opening(session: Session, study_id: int, *, hold: bool = True) -> Study:
    """Return the study while its panel may work; raises Conflict. For verbs of db only."""
    study = row(session, study_id, hold=hold)
    if study.state not in BEFORE_OPENING:
        raise Conflict("The study was opened: its truth is settled. Correct it by the form, with a reason.")
    return study


def _rows(session: Session, study_id: int) -> list[PanelMember]:
    return list(session.scalars(select(PanelMember).where(PanelMember.study_id == study_id).order_by(PanelMember.id)))
