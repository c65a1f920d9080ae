"""What else AIs said of a study's cases: other runs on them."""

from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.results.story import AiRun
from core.stats.confusion import FAILURE, INDETERMINATE
from core.study.class_map import ClassMap, guessed
from db.ai import models as ai_models
from db.models import AiModel, AiRead, Series, Study, StudyCase
from db.results.facts import Index
from db.study.ais import ais_of
from db.study.info import classes as classes_of


def runs_of(session: Session, study: Study, index: Index) -> list[AiRun]:
    """Return every run of a model, rule and parameters that read a case of the study, the study's own first."""
    place = _place_of_series(session, study.id, index)
    reads = session.execute(
        select(AiRead, AiModel)
        .join(AiModel, AiModel.id == AiRead.model_id)
        .join(Series, Series.id == AiRead.series_id)
        .join(StudyCase, StudyCase.case_id == Series.case_id)
        .where(StudyCase.study_id == study.id, StudyCase.practice.is_(False))
        .order_by(AiRead.id)
    )
    newest: dict[tuple[int, str, str], dict[int, AiRead]] = {}
    names: dict[int, str] = {}
    for read, model in reads:
        if read.series_id in place:
            names[model.id] = f"{model.name} {model.version}"
            newest.setdefault((model.id, read.rule, read.parameters_hash), {})[place[read.series_id]] = read
    own = {read.id for reads in index.ai_reads for read in reads.values()}
    maps = _maps(session, study, {key[0] for key in newest})
    made = [_run(index, names[key[0]], key, found, own, maps[key[0]]) for key, found in newest.items()]
    return sorted(made, key=lambda run: (not run.of_study, run.name, run.rule))


def _maps(session: Session, study: Study, models: set[int]) -> dict[int, ClassMap]:
    """Return what each model's classes count as: as the study says, else a guess."""
    said = {ai.model.id: ai.classes for ai in ais_of(session, study)}
    classes = classes_of(session, study.id)
    others = {
        model: ClassMap(guessed(ai_models.model(session, model).classes, classes)) for model in models - set(said)
    }
    return said | others


def _run(
    index: Index,
    name: str,
    key: tuple[int, str, str],
    found: dict[int, AiRead],
    own: set[int],
    counts_as: ClassMap,
) -> AiRun:
    study = index.study
    code = {code: at for at, code in enumerate(study.codes)}
    places = sorted(found)
    calls: list[Any] = [
        FAILURE if (call := found[place].call) is None else code.get(counts_as.outcome(call), INDETERMINATE)
        for place in places
    ]
    truth = [study.codes.index(study.cases[place].truth) for place in places]
    return AiRun(
        name=name,
        rule=key[1],
        parameters=key[2][:10],
        of_study=any(read.id in own for read in found.values()),
        labels=tuple(study_class.label for study_class in study.classes),
        calls=np.array(calls, np.int64),
        truth=np.array(truth, np.int64),
    )


def _place_of_series(session: Session, study_id: int, index: Index) -> dict[int, int]:
    rows = session.execute(
        select(Series.id, Series.case_id)
        .join(StudyCase, StudyCase.case_id == Series.case_id)
        .where(StudyCase.study_id == study_id)
    )
    return {series_id: index.case_place[case_id] for series_id, case_id in rows if case_id in index.case_place}
