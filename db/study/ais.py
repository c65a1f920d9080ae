"""The AIs of a study: which model and rule, what their classes count as, and which of their reads the study has."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.study.ais import StudyAi
from core.study.class_map import ClassMap, completed, named_by_classes
from db import permissions
from db.ai import models as ai_models
from db.ai import reads as ai_reads
from db.ai.models import ModelInfo
from db.ai.reads import AiReadInfo
from db.models import AiRead, Study
from db.permissions import Actor, Right
from db.study.info import classes as classes_of
from db.study.info import row

OTHERS = "others"  # of a study's frozen AI: what was frozen of the AIs after the first
FINDINGS = "findings"  # a card's `outputs` where several can be present at once


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
    def named(self) -> StudyAi:
        """The AI as the protocol names it."""
        return StudyAi(self.model.name, self.model.version, self.rule, dict(self.classes.to_study))

    @property
    def reads(self) -> frozenset[int] | None:
        """Ids of the AI reads the study was opened with, None in a draft and in studies that pinned none."""
        found = self.pinned.get("reads")
        return None if found is None else frozenset(found)


def ais_of(session: Session, study: Study) -> tuple[AiOfStudy, ...]:
    """Return the registered AIs of a study, first the one that aided readers are shown. For verbs of db only."""
    if study.ai_model_id is None:
        return ()
    frozen = [study.ai_parameters, *study.ai_parameters.get(OTHERS, [])]
    found = []
    for place, named in enumerate(chosen(session, study)):
        model = ai_models.by_name(session, named.name, named.version)
        if model is not None:
            counts_as = {name: named.classes[name] for name in model.classes if name in named.classes}
            exclusive = model.card.get("outputs") != FINDINGS
            pinned = frozen[place] if place < len(frozen) else {}
            found.append(AiOfStudy(model, named.rule, ClassMap(counts_as, exclusive), pinned))
    return tuple(found)


def chosen(session: Session, study: Study) -> tuple[StudyAi, ...]:
    """Return the AIs that a study names, registered or not. For verbs of db only.

    A study older than the list of AIs names one in columns of its own, with the map that its classes give.
    """
    if study.protocol.ais or study.ai_model_id is None:
        return study.protocol.ais
    model = ai_models.model(session, study.ai_model_id)
    counts_as = named_by_classes(classes_of(session, study.id), model.classes)
    return (StudyAi(model.name, model.version, study.ai_rule, counts_as),)


def of_study(session: Session, study_id: int, *, by: Actor) -> tuple[AiOfStudy, ...]:
    """Return the AIs of a study to those who have a part in running it; raises Forbidden, NotFound."""
    permissions.require(session, study_id, by, Right.OVERVIEW)
    return ais_of(session, row(session, study_id))


def described(session: Session, study_id: int, model: ModelInfo, rule: str, like: Sequence[StudyAi] = ()) -> StudyAi:
    """Return a model as an AI of a study: its classes as those of another version in `like`, else guessed."""
    before = next((ai for ai in reversed(like) if ai.name == model.name), None)
    stored = before.classes if before else {}
    counts_as = completed(stored, model.classes, classes_of(session, study_id), labels_of(model))
    return StudyAi(model.name, model.version, rule, counts_as)


def again(session: Session, study_id: int, named: StudyAi) -> StudyAi:
    """Return an AI after the study's classes changed: what is gone is dropped, what is new is guessed."""
    model = ai_models.by_name(session, named.name, named.version)
    if model is None:
        return named
    counts_as = completed(named.classes, model.classes, classes_of(session, study_id), labels_of(model))
    return replace(named, classes=counts_as)


def labels_of(model: ModelInfo) -> dict[str, str]:
    """Return what the model's card calls its classes."""
    stated = model.card.get("class_labels")
    return {str(name): str(label) for name, label in stated.items()} if isinstance(stated, dict) else {}


def write(session: Session, study: Study, ais: Sequence[StudyAi]) -> None:
    """Store the AIs of a draft; the first also as the study's own. For verbs of db only."""
    first = ai_models.by_name(session, ais[0].name, ais[0].version) if ais else None
    study.protocol = replace(study.protocol, ais=tuple(ais))
    study.ai_model_id, study.ai_rule = (first.id if first else None), (ais[0].rule if ais else study.ai_rule)
    session.flush()


def read_of(session: Session, ai: AiOfStudy, series_id: int) -> AiReadInfo | None:
    """Return the AI's read of a series that the study was opened with; one made since then does not count."""
    if ai.reads is None:
        return ai_reads.current(session, series_id, ai.model.id, ai.rule)
    mine = session.scalars(select(AiRead.id).where(AiRead.series_id == series_id)).all()
    known = ai.reads  # one for every case of the study: too many for a query
    found = next((digest for digest in mine if digest in known), None)
    return None if found is None else ai_reads.by_id(session, found)
