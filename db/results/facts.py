"""What stands beside the rows of a study: classes, groups, readers, cases with their truth, and the AI's reads."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from core.results.rows import (
    AI,
    ARMS,
    FAILURE,
    INDETERMINATE,
    AiFacts,
    CaseAttributes,
    CaseFacts,
    ClassFacts,
    Participant,
    StudyFacts,
)
from db.models import (
    AiModel,
    AiRead,
    Case,
    Reader,
    ReaderGroup,
    Series,
    SliceScores,
    Study,
    StudyCase,
    StudyClass,
    Truth,
)


@dataclass(frozen=True, slots=True)
class Index:
    """Facts of a study, and where database ids stand in them. `ai_reads` holds the newest AI read of a case place."""

    study: StudyFacts
    reader_place: dict[int, int]
    case_place: dict[int, int]
    ai_reads: dict[int, Any]
    ai_call: dict[int, str]


def facts(session: Session, study: Study) -> Index:
    """Return everything but the reads of a study. Cases without truth are left out: nothing can be said of them."""
    classes = _classes(session, study.id)
    groups = list(session.scalars(_of(ReaderGroup, study.id).order_by(ReaderGroup.position)))
    named = {group.id: group.name for group in groups}
    readers = list(session.scalars(_of(Reader, study.id)))
    readers.sort(key=lambda reader: (list(named).index(reader.group_id), reader.id))
    case_ids, cases, series_of = _cases(session, study.id)
    model = session.get(AiModel, study.ai_model_id) if study.ai_model_id else None
    found = _ai_reads(session, study, list(series_of)) if model else []
    place_of_case = {case_id: place for place, case_id in enumerate(case_ids)}
    people = tuple(
        Participant(one.pseudonym, named[one.group_id], one.years, one.withdrawn_at is not None) for one in readers
    )
    made = StudyFacts(
        id=study.id,
        title=study.title,
        design=study.design,
        state=study.state,
        classes=classes,
        groups=tuple(named.values()),
        participants=(*people, Participant(AI, AI)) if model else people,
        cases=tuple(cases),
        protocol=study.protocol,
        ai=_ai(session, study, model, found) if model else None,
        seed=study.seed,
        opened_at=study.opened_at,
        unblinded_at=study.unblinded_at,
    )
    to_study = {one.ai_class or one.code: one.code for one in reversed(classes)}
    return Index(
        study=made,
        reader_place={reader.id: place for place, reader in enumerate(readers)},
        case_place=place_of_case,
        ai_reads={place_of_case[series_of[read.series_id]]: read for read in found},
        ai_call=_calls_by_read(session, study, list(series_of), to_study) if model else {},
    )


def ai_rows(session: Session, index: Index, *, practice: bool) -> dict[str, Any]:
    """Return the columns of the AI's rows: one a case it read, a failure included."""
    study = index.study
    outcome = {code: place for place, code in enumerate(study.outcomes)}
    to_study = {one.ai_class or one.code: one.code for one in reversed(study.classes)}
    kept = [
        (place, read) for place, read in sorted(index.ai_reads.items()) if practice or not study.cases[place].practice
    ]
    count = len(kept)
    reads = [read for _, read in kept]
    calls = [outcome[FAILURE if read.call is None else to_study.get(read.call, INDETERMINATE)] for read in reads]
    source = [one.ai_class or one.code for one in study.classes]
    probabilities = [[(read.probabilities or {}).get(code, float("nan")) for code in source] for read in reads]
    seconds = np.array([read.seconds for read in reads], float)
    return {
        "participant": np.full(count, len(study.participants) - 1, np.int32),
        "case": np.array([place for place, _ in kept], np.int32),
        "arm": np.full(count, ARMS.index("ai"), np.int8),
        "session": np.zeros(count, np.int32),
        "attempt": np.array([read.attempt for read in reads], np.int32),
        "position": np.zeros(count, np.int32),
        "practice": np.array([study.cases[place].practice for place, _ in kept], bool),
        "call": np.array(calls, np.int16),
        "ai_call": np.full(count, -1, np.int16),
        "ratings": np.full((count, len(study.classes)), np.nan),
        "probabilities": np.array(probabilities, float).reshape(count, len(study.classes)),
        "seconds": seconds,
        "raw_seconds": seconds.copy(),
    }


def _of(table: Any, study_id: int) -> Any:
    return select(table).where(table.study_id == study_id)


def _classes(session: Session, study_id: int) -> tuple[ClassFacts, ...]:
    rows = session.scalars(_of(StudyClass, study_id).order_by(StudyClass.position))
    return tuple(ClassFacts(row.code, row.label, row.colour, row.positive, row.ai_class) for row in rows)


def _cases(session: Session, study_id: int) -> tuple[list[int], list[CaseFacts], dict[int, int]]:
    """Return ids and facts of the cases that have a truth, by case number, and the case id of every series."""
    truths = session.execute(
        select(Truth.id, Truth.case_id, Truth.class_code, Truth.version, Truth.source)
        .where(Truth.study_id == study_id)
        .order_by(Truth.case_id, Truth.version)
    ).all()
    newest, by_id = {truth.case_id: truth for truth in truths}, {truth.id: truth for truth in truths}
    links = session.execute(
        select(Case.id, Case.number, Case.patient_id, Case.tags, StudyCase.practice, StudyCase.frozen_truth_id)
        .add_columns(Series.id.label("series"), Series.slices, Series.attributes)
        .join(StudyCase, Case.id == StudyCase.case_id)
        .join(Series, Series.case_id == Case.id)
        .where(StudyCase.study_id == study_id)
        .order_by(Case.number)
    )
    ids, made, series_of = [], [], {}
    for one in links:
        # a study is read against the truth it was opened with; later versions are reported as deviations
        truth = by_id[one.frozen_truth_id] if one.frozen_truth_id else newest.get(one.id)
        if truth is not None:
            known = (truth.class_code, truth.version, truth.source)
            about = _about(one.attributes, one.slices)
            made.append(CaseFacts(one.number, *known, one.patient_id, tuple(one.tags), one.practice, about))
            ids.append(one.id)
            series_of[one.series] = one.id
    return ids, made, series_of


def _about(kept: dict[str, Any], slices: int) -> CaseAttributes:
    """Return what was kept of a case's headers; an empty text counts as not recorded."""
    known = {one.name: kept[one.name] for one in fields(CaseAttributes) if kept.get(one.name) not in (None, "")}
    return CaseAttributes(**{**known, "slices": slices})


def _ai_reads(session: Session, study: Study, series: list[int]) -> list[Any]:
    """Return the AI read of each series that the study was opened with; rows, not objects: there are many.

    Before the opening, and in studies that pinned none, it is the newest by the study's AI under its rule.
    """
    wanted = (AiRead.id, AiRead.series_id, AiRead.slice_scores_id, AiRead.attempt, AiRead.call, AiRead.failure)
    query = (
        select(*wanted, AiRead.probabilities, AiRead.counts, AiRead.rule, AiRead.seconds, AiRead.at, AiRead.warnings)
        .where(AiRead.model_id == study.ai_model_id, AiRead.rule == study.ai_rule)
        .where(AiRead.series_id.in_(_series_of(study)))
        .order_by(AiRead.id)
    )
    parameters = study.ai_parameters.get("parameters_hash")
    if parameters:
        query = query.where(AiRead.parameters_hash == parameters)
    pinned = study.ai_parameters.get("reads")
    among = None if pinned is None else set(pinned)
    found = {read.series_id: read for read in session.execute(query) if among is None or read.id in among}
    return [found[one] for one in series if one in found]


def _series_of(study: Study) -> Select[int]:
    """Return the query of the series of a study, so that AI reads of other studies are not loaded."""
    return select(Series.id).join(StudyCase, StudyCase.case_id == Series.case_id).where(StudyCase.study_id == study.id)


def _calls_by_read(session: Session, study: Study, series: list[int], to_study: dict[str, str]) -> dict[int, str]:
    wanted = set(series)
    query = select(AiRead.id, AiRead.call, AiRead.series_id).where(AiRead.model_id == study.ai_model_id)
    reads = session.execute(query.where(AiRead.series_id.in_(_series_of(study))))
    return {
        read.id: FAILURE if read.call is None else to_study.get(read.call, INDETERMINATE)
        for read in reads
        if read.series_id in wanted
    }


def _ai(session: Session, study: Study, model: AiModel, found: list[Any]) -> AiFacts:
    scores = next((read.slice_scores_id for read in found if read.slice_scores_id), None)
    stored = session.get(SliceScores, scores) if scores else None
    return AiFacts(
        name=model.name,
        version=model.version,
        sha256=model.sha256,
        rule=study.ai_rule,
        parameters=stored.parameters if stored else study.ai_parameters,
        card=model.card,
        device=stored.device if stored else None,
        training_patients=len(model.manifest),
    )
