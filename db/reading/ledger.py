"""What the database holds of a study's reads, for trials that compare it with what readers were told."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.study.words import ReadState
from db.models import AiRead, Draft, Read, Reader, Series


@dataclass(frozen=True, slots=True)
class Held:
    """One read as it stands: its draft's revision and, once locked, its answers."""

    token: str
    reader_id: int
    case_id: int
    arm: str
    session: int
    locked: bool
    content: dict[str, Any]
    revision: int


def of_study(session: Session, study_id: int) -> list[Held]:
    """Return every read of a study. For trials on an installation of their own."""
    query = (
        select(Read, Draft.revision)
        .join(Reader, Reader.id == Read.reader_id)
        .join(Draft, Draft.read_id == Read.id)
        .where(Reader.study_id == study_id)
        .order_by(Read.id)
    )
    return [
        Held(r.token, r.reader_id, r.case_id, r.arm, r.session, r.state == ReadState.LOCKED, r.content, revision)
        for r, revision in session.execute(query)
    ]


def storage_keys(session: Session) -> list[str]:
    """Return the storage key of every series."""
    return list(session.scalars(select(Series.storage_key).order_by(Series.id)))


def volumes(session: Session) -> list[tuple[str, str]]:
    """Return storage key and content hash of every series."""
    rows = session.execute(select(Series.storage_key, Series.content_hash).order_by(Series.id))
    return [(key, content_hash) for key, content_hash in rows]


def ai_reads(session: Session) -> tuple[int, int]:
    """Return how many AI reads are stored, and how many of them are there twice."""
    rows = session.execute(select(AiRead.series_id, AiRead.model_id, AiRead.parameters_hash, AiRead.rule))
    counts = Counter(tuple(row) for row in rows)
    return counts.total(), counts.total() - len(counts)
