"""Slice scores and AI reads: stored once, with everything needed to make them again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import NotFound
from db import permissions
from db.ai.models import ModelInfo, model
from db.batches import batched
from db.models import AiRead, Case, Series, SliceScores
from db.permissions import SYSTEM, Actor, Task


@dataclass(frozen=True, slots=True)
class NewScores:
    """What the networks gave for one series. `probabilities` has one entry a slice, None where not computed."""

    parameters: dict[str, Any]
    probabilities: list[list[float] | None]
    heat_slices: list[int]
    lung_volume_ml: float
    device: str
    timings: dict[str, float]
    code_version: str


@dataclass(frozen=True, slots=True)
class NewCall:
    """A patient call under a rule, or the sentence that says why there is none."""

    rule: str
    call: str | None
    failure: str | None
    probabilities: dict[str, float]
    counts: dict[str, int]
    deciding_slices: list[int]
    abnormal_share: float | None
    seconds: float | None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AiReadInfo:
    """One AI read with the scores it rests on (empty for an AI that came as a CSV, or that failed)."""

    id: int
    series_id: int
    model: ModelInfo
    parameters_hash: str
    rule: str
    call: str | None
    failure: str | None
    probabilities: dict[str, float]
    counts: dict[str, int]
    deciding_slices: tuple[int, ...]
    abnormal_share: float | None
    seconds: float | None
    at: datetime
    slice_probabilities: tuple[tuple[float, ...] | None, ...]
    heat_slices: tuple[int, ...]
    lung_volume_ml: float | None
    device: str | None
    parameters: dict[str, Any]
    warnings: tuple[str, ...] = ()


def store(
    session: Session,
    *,
    series_id: int,
    model_id: int,
    parameters_hash: str,
    scores: NewScores | None,
    calls: list[NewCall],
    by: Actor,
    at: datetime,
) -> None:
    """Store scores and the calls made from them, once: what is there already is left as it is.

    A call after a failed one is a new attempt. Raises NotFound for an unknown model, Forbidden for a case that `by`
    may not see.
    """
    permissions.require_task(session, by, Task.MODELS)
    if by is not SYSTEM:
        case_id = session.scalar(select(Series.case_id).where(Series.id == series_id))
        permissions.require_cases(session, [case_id or 0], by)
    model(session, model_id)
    key = (SliceScores.series_id == series_id, SliceScores.model_id == model_id)
    stored = session.scalar(select(SliceScores).where(*key, SliceScores.parameters_hash == parameters_hash))
    if stored is None and scores is not None:
        stored = SliceScores(
            series_id=series_id,
            model_id=model_id,
            parameters_hash=parameters_hash,
            parameters=scores.parameters,
            probabilities=scores.probabilities,
            heat_slices=scores.heat_slices,
            lung_volume_ml=scores.lung_volume_ml,
            device=scores.device,
            timings=scores.timings,
            code_version=scores.code_version,
            at=at,
        )
        session.add(stored)
        session.flush()
    for call in calls:
        newest = _newest(session, series_id, model_id, call.rule, parameters_hash)
        if newest is not None and (newest.call is not None or call.failure is not None):
            continue
        session.add(
            AiRead(
                series_id=series_id,
                model_id=model_id,
                slice_scores_id=stored.id if stored else None,
                parameters_hash=parameters_hash,
                rule=call.rule,
                attempt=newest.attempt + 1 if newest else 1,
                call=call.call,
                failure=call.failure,
                probabilities=call.probabilities,
                counts=call.counts,
                deciding_slices=call.deciding_slices,
                abnormal_share=call.abnormal_share,
                warnings=list(call.warnings),
                seconds=call.seconds,
                at=at,
            )
        )
        session.flush()


def current(session: Session, series_id: int, model_id: int, rule: str) -> AiReadInfo | None:
    """Return the newest AI read of a series by this model under this rule, failures included, or None."""
    row = _newest(session, series_id, model_id, rule, None)
    return _public(session, row) if row else None


def by_id(session: Session, ai_read_id: int) -> AiReadInfo:
    """Return one AI read; raises NotFound."""
    row = session.get(AiRead, ai_read_id)
    if row is None:
        raise NotFound("This AI read does not exist.")
    return _public(session, row)


def of_series(session: Session, series_ids: list[int], model_id: int, rule: str) -> dict[int, AiReadInfo]:
    """Return the newest AI read of each series by this model under this rule, calls included. For verbs of db only."""
    query = select(AiRead).where(AiRead.model_id == model_id, AiRead.rule == rule).order_by(AiRead.id)
    newest: dict[int, AiRead] = {}
    for part in batched(series_ids):
        newest |= {row.series_id: row for row in session.scalars(query.where(AiRead.series_id.in_(part)))}
    return {series_id: _public(session, row) for series_id, row in newest.items()}


def states(
    session: Session, series_ids: list[int], model_id: int, rule: str, *, by: Actor
) -> dict[int, tuple[str | None, int]]:
    """Return for each series that was read its failure, if any, and how many warnings; never what the AI called.

    Series of cases that `by` may not see are left out.
    """
    query = (
        select(AiRead.series_id, AiRead.failure, AiRead.warnings)
        .join(Series, Series.id == AiRead.series_id)
        .join(Case, Case.id == Series.case_id)
        .where(AiRead.model_id == model_id, AiRead.rule == rule, permissions.cases(session, by))
        .order_by(AiRead.id)
    )
    found: dict[int, tuple[str | None, int]] = {}
    for part in batched(series_ids):
        rows = session.execute(query.where(AiRead.series_id.in_(part)))
        found |= {series_id: (failure, len(warnings or [])) for series_id, failure, warnings in rows}
    return found


def _newest(session: Session, series_id: int, model_id: int, rule: str, parameters_hash: str | None) -> AiRead | None:
    query = select(AiRead).where(AiRead.series_id == series_id, AiRead.model_id == model_id, AiRead.rule == rule)
    if parameters_hash is not None:
        query = query.where(AiRead.parameters_hash == parameters_hash)
    return session.scalar(query.order_by(AiRead.id.desc()).limit(1))


def _public(session: Session, row: AiRead) -> AiReadInfo:
    scores = session.get(SliceScores, row.slice_scores_id) if row.slice_scores_id else None
    return AiReadInfo(
        id=row.id,
        series_id=row.series_id,
        model=model(session, row.model_id),
        parameters_hash=row.parameters_hash,
        rule=row.rule,
        call=row.call,
        failure=row.failure,
        probabilities=row.probabilities,
        counts=row.counts,
        deciding_slices=tuple(row.deciding_slices),
        abnormal_share=row.abnormal_share,
        seconds=row.seconds,
        at=row.at,
        slice_probabilities=tuple(tuple(p) if p else None for p in scores.probabilities) if scores else (),
        heat_slices=tuple(scores.heat_slices) if scores else (),
        lung_volume_ml=scores.lung_volume_ml if scores else None,
        device=scores.device if scores else None,
        parameters=scores.parameters if scores else {},
        warnings=tuple(row.warnings or ()),
    )
