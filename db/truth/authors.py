"""Who may author the truth of a study: nobody who reads in it, unless its protocol allows that."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import Forbidden
from db import permissions
from db.models import PanelMember, Reader, Truth, TruthVote
from db.permissions import Actor, Right, person
from db.study.info import row


def may_author(session: Session, study_id: int, by: Actor) -> None:
    """Let `by` go on if they may see and enter the truth of this study; raises Forbidden. For verbs of db only."""
    permissions.require(session, study_id, by, Right.MANAGE)
    account_id = person(by)
    if account_id is not None:
        must_not_read(session, study_id, account_id)


def must_not_read(session: Session, study_id: int, account_id: int) -> None:
    """Refuse an author who reads in the study, unless its protocol allows it. For verbs of db only."""
    if row(session, study_id).protocol.readers_may_author_truth:
        return
    query = select(Reader.id).where(Reader.study_id == study_id, Reader.account_id == account_id)
    if session.scalar(query) is not None:
        raise Forbidden("Who reads in this study may not author its truth; the protocol does not allow it.")


def must_not_author(session: Session, study_id: int, account_id: int) -> None:
    """Refuse a reader who authored truth of the study or is on its panel, unless its protocol allows it."""
    if row(session, study_id).protocol.readers_may_author_truth:
        return
    if account_id in authors(session, study_id):
        raise Forbidden("Who authors the truth of this study may not read in it; the protocol does not allow it.")


def authors(session: Session, study_id: int) -> dict[int, set[int]]:
    """Return the accounts that had a part in the truth, each with the case ids; panel members before they vote too."""
    found: dict[int, set[int]] = {}
    on_panel = select(PanelMember.account_id).where(PanelMember.study_id == study_id, PanelMember.left_at.is_(None))
    for account_id in session.scalars(on_panel):
        found[account_id] = set()
    for table in (Truth, TruthVote):
        parts = select(table.author_id, table.case_id).where(table.study_id == study_id)
        for account_id, case_id in session.execute(parts):
            found.setdefault(account_id, set()).add(case_id)
    return found
