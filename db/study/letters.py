"""Letters of a study that were sent by e-mail: who sent how many of which kind is an event of the study."""

from datetime import datetime

from sqlalchemy.orm import Session

from db import audit, permissions
from db.permissions import Right


def sent(session: Session, study_id: int, *, kind: str, taken: int, refused: int, by: int, at: datetime) -> None:
    """Record that letters were sent; raises Forbidden. Addresses are not recorded."""
    permissions.require(session, study_id, by, Right.MANAGE)
    detail = {"what": kind, "sent": taken, "refused": refused}
    audit.record(session, kind="letters sent", at=at, actor_id=by, study_id=study_id, detail=detail)
