"""The registry of AI models: adding one, which reads by default, which studies pin one, and how one is removed."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core.errors import Conflict, Forbidden, InvalidInput, NotFound
from core.study.words import StudyState
from db import audit, permissions
from db.models import AiModel, AiRead, SliceScores, Study
from db.permissions import Actor, Right, Task, person


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One frozen version of an AI."""

    id: int
    name: str
    version: str
    kind: str
    sha256: str
    classes: tuple[str, ...]
    card: dict[str, Any]
    manifest: tuple[str, ...]
    created_at: datetime
    origin: str | None = None


def register_model(
    session: Session,
    *,
    name: str,
    version: str,
    kind: str,
    sha256: str,
    classes: list[str],
    card: dict[str, Any],
    manifest: list[str],
    at: datetime,
    by: Actor,
    added: bool = False,
    origin: str | None = None,
) -> ModelInfo:
    """Return the model of this name and version, added if new; the same version with other weights is refused.

    A removed one comes back only when somebody `added` it again. `origin` is shipped, own or not known.
    """
    permissions.require_task(session, by, Task.MODELS)
    row = session.scalar(select(AiModel).where(AiModel.name == name, AiModel.version == version))
    if row is None:
        row = AiModel(
            name=name,
            version=version,
            kind=kind,
            sha256=sha256,
            classes=classes,
            card=card,
            manifest=manifest,
            created_at=at,
            origin=origin,
        )
        session.add(row)
        session.flush()
        _record(session, "AI model registered", row, at, by)
    elif row.sha256 != sha256:
        raise Conflict(f"{name} {version} is registered with other weights; give the new weights a new version.")
    elif row.removed_at is not None:
        if not added:
            raise Conflict(f"{name} {version} was removed; delete its folder on this machine too, or add it again.")
        row.removed_at, row.card, row.manifest = None, card, manifest
        _record(session, "AI model added again", row, at, by)
    row.origin = origin or row.origin
    return _public(row)


def models(session: Session) -> list[ModelInfo]:
    """Return every registered model that was not removed, newest first."""
    found = select(AiModel).where(AiModel.removed_at.is_(None)).order_by(AiModel.id.desc())
    return [_public(row) for row in session.scalars(found)]


def model(session: Session, model_id: int) -> ModelInfo:
    """Return one model; raises NotFound."""
    row = session.get(AiModel, model_id)
    if row is None:
        raise NotFound("This AI model is not registered.")
    return _public(row)


def counts_by_model(session: Session) -> dict[int, int]:
    """Return how many series each model has read."""
    query = select(AiRead.model_id, func.count(func.distinct(AiRead.series_id))).group_by(AiRead.model_id)
    return {model_id: count for model_id, count in session.execute(query)}


def default(session: Session) -> ModelInfo | None:
    """Return the model that reads new cases: the one chosen, else the newest shipped, else the newest with networks."""
    networks = select(AiModel).where(AiModel.kind == "networks", AiModel.removed_at.is_(None))
    chosen = networks.where(AiModel.default_since.is_not(None)).order_by(AiModel.default_since.desc())
    shipped = networks.where(AiModel.origin == "shipped").order_by(AiModel.id.desc())
    for query in (chosen, shipped, networks.order_by(AiModel.id.desc())):
        row = session.scalar(query.limit(1))
        if row is not None:
            return _public(row)
    return None


def set_default(session: Session, model_id: int, *, by: int, at: datetime) -> None:
    """Let a model read new cases from now on; studies keep theirs. Raises NotFound, InvalidInput for calls of a CSV."""
    permissions.require_task(session, by, Task.MODELS)
    row = _registered(session, model_id)
    if row.kind != "networks":
        raise InvalidInput(f"{row.name} {row.version} is a table of calls; it cannot read new cases.")
    row.default_since = at
    audit.record(session, kind="AI model made default", at=at, actor_id=by, detail=_named(row))


def pinned(session: Session, *, by: Actor) -> dict[int, tuple[str, ...]]:
    """Return the titles of the studies that name each model, by model id; drafts too, unless they were deleted.

    Studies that are not shared with `by` are counted in a last entry, and not named.
    """
    return {
        model_id: (*titles, *([_others(hidden)] if hidden else [])) for model_id, (titles, hidden) in _pins(session, by)
    }


def _pins(session: Session, by: Actor) -> list[tuple[int, tuple[list[str], int]]]:
    """Return for each model the titles that `by` may see, and how many others there are."""
    mine = set(session.scalars(select(Study.id).where(permissions.studies(session, by, Right.OVERVIEW))))
    known = {(name, version): id_ for id_, name, version in session.execute(
        select(AiModel.id, AiModel.name, AiModel.version))}  # fmt: skip
    query = select(Study.ai_model_id, Study.protocol, Study.id, Study.title).where(Study.deleted_at.is_(None))
    pins: dict[int, tuple[list[str], int]] = {}
    for model_id, protocol, study_id, title in session.execute(query.order_by(Study.id)):
        named = [model_id, *(known.get((ai.name, ai.version)) for ai in protocol.ais)]
        for model_id in dict.fromkeys(model_id for model_id in named if model_id is not None):
            titles, hidden = pins.get(model_id, ([], 0))
            seen = study_id in mine
            pins[model_id] = ([*titles, title] if seen else titles, hidden + (not seen))
    return list(pins.items())


def _others(hidden: int) -> str:
    return "1 other study" if hidden == 1 else f"{hidden} other studies"


def by_name(session: Session, name: str, version: str) -> ModelInfo | None:
    """Return the model of this name and version, a removed one too, or None."""
    row = session.scalar(select(AiModel).where(AiModel.name == name, AiModel.version == version))
    return _public(row) if row else None


def check_registered(session: Session, model_id: int) -> None:
    """Make sure that a model can be pinned; raises NotFound. For verbs of db only."""
    _registered(session, model_id)


def check_removable(session: Session, model_id: int, *, by: Actor) -> ModelInfo:
    """Return a model that may be removed. For verbs of db only.

    Raises NotFound, Forbidden for a shipped one, Conflict for a pinned one.
    """
    row = _registered(session, model_id)
    whose = f"{row.name} {row.version}"
    if row.origin == "shipped":
        raise Forbidden(f"{whose} comes with Parallax and stays.")
    titles, hidden = dict(_pins(session, by)).get(model_id, ([], 0))
    if titles or hidden:
        which = ", ".join([*(f"“{title}”" for title in titles), *([_others(hidden)] if hidden else [])])
        raise Conflict(f"{whose} is the AI of {which} and stays; a draft can choose another AI on its step AI.")
    return _public(row)


def remove(session: Session, model_id: int, *, by: Actor, at: datetime) -> ModelInfo:
    """Take a model from the registry and return what it was.

    What it has read stays, and its name and version with it; a model that never read leaves nothing but the audit.
    Raises as `check_removable`.
    """
    permissions.require_task(session, by, Task.MODELS)
    found = check_removable(session, model_id, by=by)
    row = _registered(session, model_id)
    deleted = update(Study).where(Study.ai_model_id == model_id, Study.deleted_at.is_not(None))
    session.execute(deleted.values(ai_model_id=None))  # a deleted draft that is taken back chooses another AI
    audit.record(session, kind="AI model removed", at=at, actor_id=person(by), detail=_named(row))
    if any(session.scalar(select(func.count()).where(table.model_id == model_id)) for table in (AiRead, SliceScores)):
        row.removed_at, row.default_since = at, None
    else:
        session.delete(row)
    session.flush()
    return found


def undo_calls(session: Session, model_id: int, *, by: int, at: datetime) -> ModelInfo:
    """Take calls of a table back before any study that names them was opened; its name and version are free again.

    Drafts that name it lose it. What was stored stays in the chain, out of sight. Raises Conflict where a study was
    opened with it, InvalidInput for a model that reads here, Forbidden for drafts of others.
    """
    permissions.require_task(session, by, Task.MODELS)
    row = _registered(session, model_id)
    if row.kind != "csv":
        raise InvalidInput(f"{row.name} {row.version} is no table of calls; remove it as a model.")
    named = [study for study in session.scalars(select(Study).order_by(Study.id)) if _names(study, row)]
    if opened := [study.title for study in named if study.opened_at is not None]:
        raise Conflict(f"{row.name} {row.version} is an AI of “{opened[0]}”, which was opened with it; it stays.")
    for study in named:
        permissions.require(session, study.id, by, Right.MANAGE)
        kept = tuple(ai for ai in study.protocol.ais if (ai.name, ai.version) != (row.name, row.version))
        first = by_name(session, kept[0].name, kept[0].version) if kept else None
        study.protocol = replace(study.protocol, ais=kept)
        study.ai_model_id, study.state = first.id if first else None, StudyState.DRAFT
    gone = _public(row)
    audit.record(session, kind="AI calls taken back", at=at, actor_id=by, detail=_named(row))
    row.removed_at, row.version = at, f"{row.version[:40]} taken back {row.id}"
    session.flush()
    return gone


def _names(study: Study, row: AiModel) -> bool:
    return study.ai_model_id == row.id or (row.name, row.version) in {(o.name, o.version) for o in study.protocol.ais}


def _registered(session: Session, model_id: int) -> AiModel:
    """Return the row, held until the transaction ends: nobody pins what another is removing."""
    row = session.scalar(select(AiModel).where(AiModel.id == model_id).with_for_update())
    if row is None or row.removed_at is not None:
        raise NotFound("This AI model is not registered, or not any more; reload the page.")
    return row


def _named(row: AiModel) -> dict[str, str]:
    return {"model": row.name, "version": row.version, "sha256": row.sha256}


def _public(row: AiModel) -> ModelInfo:
    return ModelInfo(
        row.id,
        row.name,
        row.version,
        row.kind,
        row.sha256,
        tuple(row.classes),
        row.card,
        tuple(row.manifest),
        row.created_at,
        row.origin,
    )


def _record(session: Session, kind: str, row: AiModel, at: datetime, by: Actor) -> None:
    audit.record(session, kind=kind, at=at, actor_id=person(by), detail=_named(row))
