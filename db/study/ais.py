"""The AIs of a study: which model and rule, what their classes count as, and which of their reads the study has."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.study.class_map import ClassMap, named_by_classes
from db.ai import reads as ai_reads
from db.ai.reads import AiReadInfo, ModelInfo
from db.models import AiRead, Study
from db.study.info import classes as classes_of


@dataclass(frozen=True, slots=True)
class AiOfStudy:
    """One AI of a study. `pinned` is what the opening froze: weights, parameters and reads; empty in a draft."""

    model: ModelInfo
    rule: str
    classes: ClassMap
    pinned: dict[str, Any]

    @property
    def name(self) -> str:
        """Name and version."""
        return f"{self.model.name} {self.model.version}"

    @property
    def reads(self) -> frozenset[int] | None:
        """Ids of the AI reads the study was opened with, None in a draft and in studies that pinned none."""
        found = self.pinned.get("reads")
        return None if found is None else frozenset(found)


def ais_of(session: Session, study: Study) -> tuple[AiOfStudy, ...]:
    """Return the AIs of a study, first the one that aided readers are shown. For verbs of db only."""
    if study.ai_model_id is None:
        return ()
    model = ai_reads.model(session, study.ai_model_id)
    counts_as = named_by_classes(classes_of(session, study.id), model.classes)
    return (AiOfStudy(model, study.ai_rule, ClassMap(counts_as), study.ai_parameters),)


def read_of(session: Session, ai: AiOfStudy, series_id: int) -> AiReadInfo | None:
    """Return the AI's read of a series that the study was opened with; one made since then does not count."""
    if ai.reads is None:
        return ai_reads.current(session, series_id, ai.model.id, ai.rule)
    found = session.scalar(select(AiRead.id).where(AiRead.series_id == series_id, AiRead.id.in_(ai.reads)))
    return None if found is None else ai_reads.by_id(session, found)
