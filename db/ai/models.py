"""The registry of AI models: which one reads by default, which studies pin one, and how one is removed."""

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core.errors import Conflict, Forbidden, InvalidInput, NotFound
from db import audit
from db.ai import reads as ai_reads
from db.ai.reads import ModelInfo
from db.models import AiModel, AiRead, SliceScores, Study


def default(session: Session) -> ModelInfo | None:
    """Return the model that reads new cases: the one chosen, else the newest shipped, else the newest with networks."""
    networks = select(AiModel).where(AiModel.kind == "networks", AiModel.removed_at.is_(None))
    chosen = networks.where(AiModel.default_since.is_not(None)).order_by(AiModel.default_since.desc())
    shipped = networks.where(AiModel.origin == "shipped").order_by(AiModel.id.desc())
    for query in (chosen, shipped, networks.order_by(AiModel.id.desc())):
        row = session.scalar(query.limit(1))
        if row is not None:
            return ai_reads.model(session, row.id)
    return None


def set_default(session: Session, model_id: int, *, by: int, at: datetime) -> None:
    """Let a model read new cases from now on; studies keep theirs. Raises NotFound, InvalidInput for calls of a CSV."""
    row = _registered(session, model_id)
    if row.kind != "networks":
        raise InvalidInput(f"{row.name} {row.version} is a table of calls; it cannot read new cases.")
    row.default_since = at
    audit.record(session, kind="AI model made default", at=at, actor_id=by, detail=_named(row))


def pinned(session: Session) -> dict[int, tuple[str, ...]]:
    """Return the titles of the studies that name each model, by model id; drafts too, unless they were deleted."""
    found: dict[int, tuple[str, ...]] = {}
    query = select(Study.ai_model_id, Study.title).where(Study.ai_model_id.is_not(None), Study.deleted_at.is_(None))
    for model_id, title in session.execute(query.order_by(Study.id)):
        if model_id is not None:
            found[model_id] = (*found.get(model_id, ()), title)
    return found


def by_name(session: Session, name: str, version: str) -> ModelInfo | None:
    """Return the model of this name and version, a removed one too, or None."""
    row = session.scalar(select(AiModel).where(AiModel.name == name, AiModel.version == version))
    return ai_reads.model(session, row.id) if row else None


def check_registered(session: Session, model_id: int) -> None:
    """Make sure that a model can be pinned: raises NotFound where it is not registered, or not any more."""
    _registered(session, model_id)


def check_removable(session: Session, model_id: int) -> ModelInfo:
    """Return a model that may be removed; raises NotFound, Forbidden for a shipped one, Conflict for a pinned one."""
    row = _registered(session, model_id)
    whose = f"{row.name} {row.version}"
    if row.origin == "shipped":
        raise Forbidden(f"{whose} comes with Parallax and stays.")
    if titles := pinned(session).get(model_id):
        which = ", ".join(f"“{title}”" for title in titles)
        raise Conflict(f"{whose} is the AI of {which} and stays; a draft can choose another AI on its step AI.")
    return ai_reads.model(session, model_id)


def remove(session: Session, model_id: int, *, by: int | None, at: datetime) -> ModelInfo:
    """Take a model from the registry and return what it was.

    What it has read stays, and its name and version with it; a model that never read leaves nothing but the audit.
    Raises as `check_removable`.
    """
    found = check_removable(session, model_id)
    row = _registered(session, model_id)
    deleted = update(Study).where(Study.ai_model_id == model_id, Study.deleted_at.is_not(None))
    session.execute(deleted.values(ai_model_id=None))  # a deleted draft that is taken back chooses another AI
    audit.record(session, kind="AI model removed", at=at, actor_id=by, detail=_named(row))
    if any(session.scalar(select(func.count()).where(table.model_id == model_id)) for table in (AiRead, SliceScores)):
        row.removed_at, row.default_since = at, None
    else:
        session.delete(row)
    session.flush()
    return found


def _registered(session: Session, model_id: int) -> AiModel:
    """Return the row, held until the transaction ends: nobody pins what another is removing."""
    row = session.scalar(select(AiModel).where(AiModel.id == model_id).with_for_update())
    if row is None or row.removed_at is not None:
        raise NotFound("This AI model is not registered, or not any more; reload the page.")
    return row


def _named(row: AiModel) -> dict[str, str]:
    return {"model": row.name, "version": row.version, "sha256": row.sha256}
