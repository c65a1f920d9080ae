"""The rest of every row: what only exports and the case page need."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from sqlalchemy import Text, cast, select
from sqlalchemy.orm import Session

from core.study.words import ReadState
from db.models import AiModel, AiRead, Read, Reader
from db.results.facts import Index

TIMES = (
    "shown_at",
    "loaded_at",
    "first_action_at",
    "diagnosis_changed_at",
    "locked_at",
    "ai_shown_at",
    "clinical_shown_at",
)
TEXTS = ("content", "counters", "ai_output")  # kept as JSON texts: 100,000 dictionaries would take ten times the memory
PLAIN = ("app_version", "screen", "attempt_reason", "began_with", "first_diagnosis")


def rest(session: Session, index: Index, ids: Sequence[int], machines: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return object columns for the reads `ids` in this order, then for the rows of each AI."""
    people = _people(session, index, ids)
    ais = [_machine(index, at, machine) for at, machine in enumerate(machines)]
    return {
        name: np.array([*people[name], *(cell for ai in ais for cell in ai[name])], dtype=object) for name in people
    }


def _people(session: Session, index: Index, ids: Sequence[int]) -> dict[str, list[Any]]:
    models = _models_by_read(session, index.study.id)
    texts = [cast(getattr(Read, name), Text).label(name) for name in TEXTS]
    query = (
        select(Read.id, Read.ai_read_id, *(getattr(Read, name) for name in (*TIMES, *PLAIN)), *texts)
        .join(Reader)
        .where(Reader.study_id == index.study.id, Read.state == ReadState.LOCKED)
    )
    place = {read_id: at for at, read_id in enumerate(ids)}
    made: dict[str, list[Any]] = {
        name: [None] * len(ids) for name in (*TIMES, *TEXTS, *PLAIN, "ai_model", "ai_weights")
    }
    for row in session.execute(query):
        at = place.get(row.id)
        if at is None:
            continue
        for name in TIMES:
            made[name][at] = _iso(getattr(row, name))
        for name in (*TEXTS, *PLAIN):
            made[name][at] = getattr(row, name)
        if row.ai_read_id is not None:
            made["ai_model"][at], made["ai_weights"][at] = models.get(row.ai_read_id, (None, None))
    return made


def _machine(index: Index, at: int, machine: dict[str, Any]) -> dict[str, list[Any]]:
    reads = [index.ai_reads[at][place] for place in machine["case"].tolist()]
    ai = index.study.ais[at]
    count = len(reads)
    made: dict[str, list[Any]] = {name: [None] * count for name in (*TIMES, *TEXTS, *PLAIN)}
    made["locked_at"] = [_iso(read.at) for read in reads]
    made["ai_output"] = [
        json.dumps(
            {
                "call": read.call,
                "failure": read.failure,
                "counts": read.counts,
                "rule": read.rule,
                "warnings": read.warnings or [],
            }
        )
        for read in reads
    ]
    made["ai_model"] = [ai.title] * count
    made["ai_weights"] = [ai.sha256] * count
    return made


def _models_by_read(session: Session, study_id: int) -> dict[int, tuple[str, str]]:
    """Return name and weights of the AI behind each AI read that a reader of the study was shown."""
    shown = select(Read.ai_read_id).join(Reader).where(Reader.study_id == study_id, Read.ai_read_id.is_not(None))
    query = select(AiRead.id, AiModel.name, AiModel.version, AiModel.sha256)
    found = session.execute(query.join(AiModel, AiModel.id == AiRead.model_id).where(AiRead.id.in_(shown)))
    return {row.id: (f"{row.name} {row.version}", row.sha256) for row in found}


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()
