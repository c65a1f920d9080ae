"""What stands beside the rows of a study: classes, groups, readers, cases with their truth, and the AI's reads."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from core.imaging.patient import Grid, grid_of
from core.results.rows import (
    AI,
    ARMS,
    FAILURE,
    AiFacts,
    CaseAttributes,
    CaseFacts,
    ClassFacts,
    Participant,
    StudyFacts,
)
from core.study.class_map import ClassMap
from core.study.findings import Finding
from core.study.lesions import Place
from db.models import (
    AiMarks,
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
from db.results.levels import ai_levels, ai_marks, threshold_of
from db.study import clinical
from db.study.ais import AiOfStudy, ais_of
from db.truth.panel import labels_by_case


@dataclass(frozen=True, slots=True)
class Index:
    """Facts of a study, and where database ids stand in them.

    `ai_reads` holds, AI by AI, the read of each case place; `ai_call` what each AI read that was shown counts as;
    `thresholds` the probability from which on each AI calls a finding present; `spacing` is that of each case's volume
    (z, y, x), `ai_marks` the marks that each AI brought, by case place.
    """

    study: StudyFacts
    reader_place: dict[int, int]
    case_place: dict[int, int]
    ai_reads: tuple[dict[int, Any], ...]
    ai_call: dict[int, str]
    exclusive: tuple[bool, ...]
    thresholds: tuple[float, ...]
    spacing: tuple[tuple[float, ...], ...]
    ai_marks: tuple[dict[int, tuple[Place, ...]], ...]


def facts(session: Session, study: Study) -> Index:
    """Return everything but the reads of a study. Cases without truth are left out: nothing can be said of them."""
    classes = _classes(session, study.id)
    groups = list(session.scalars(_of(ReaderGroup, study.id).order_by(ReaderGroup.position)))
    named = {group.id: group.name for group in groups}
    readers = list(session.scalars(_of(Reader, study.id)))
    readers.sort(key=lambda reader: (list(named).index(reader.group_id), reader.id))
    case_ids, cases, series_of, grids = _cases(session, study.id, study.protocol.findings)
    ais = ais_of(session, study)
    found = [_ai_reads(session, study, ai, list(series_of)) for ai in ais]
    place_of_case = {case_id: place for place, case_id in enumerate(case_ids)}
    people = tuple(
        Participant(reader.pseudonym, named[reader.group_id], reader.years, reader.withdrawn_at is not None)
        for reader in readers
    )
    names = _names(ais, {person.name for person in people})
    made = StudyFacts(
        id=study.id,
        title=study.title,
        design=study.design,
        state=study.state,
        classes=classes,
        groups=tuple(named.values()),
        participants=(*people, *(Participant(name, AI) for name in names)),
        cases=tuple(cases),
        protocol=study.protocol,
        ais=tuple(_ai(session, *ai) for ai in zip(names, ais, found, strict=True)),
        seed=study.seed,
        opened_at=study.opened_at,
        unblinded_at=study.unblinded_at,
    )
    return Index(
        study=made,
        reader_place={reader.id: place for place, reader in enumerate(readers)},
        case_place=place_of_case,
        ai_reads=tuple({place_of_case[series_of[read.series_id]]: read for read in reads} for reads in found),
        ai_call=_calls_by_read(session, study, ais[0], list(series_of)) if ais else {},
        exclusive=tuple(ai.classes.exclusive for ai in ais),
        thresholds=tuple(threshold_of(ai) for ai in ais),
        spacing=tuple(spacing for _, spacing in grids),
        ai_marks=tuple(_ai_marks(session, study, ai, series_of, place_of_case, grids) for ai in ais),
    )


def ai_rows(index: Index, *, practice: bool) -> list[dict[str, Any]]:
    """Return the columns of each AI's rows: one a case it read, a failure included."""
    return [_rows_of_ai(index, at, practice=practice) for at in range(len(index.study.ais))]


def _rows_of_ai(index: Index, at: int, *, practice: bool) -> dict[str, Any]:
    study, counts_as = index.study, ClassMap(index.study.ais[at].classes, index.exclusive[at])
    outcome = {code: place for place, code in enumerate(study.outcomes)}
    kept = [
        (place, read)
        for place, read in sorted(index.ai_reads[at].items())
        if practice or not study.cases[place].practice
    ]
    count = len(kept)
    reads = [read for _, read in kept]
    calls = [outcome[FAILURE if read.call is None else counts_as.outcome(read.call)] for read in reads]
    given = [counts_as.probabilities(read.probabilities or {}, study.codes) for read in reads]
    probabilities = [[shares.get(code, float("nan")) for code in study.codes] for shares in given]
    seconds = np.array([read.seconds for read in reads], float)
    first = len(study.participants) - len(study.ais)
    return {
        "participant": np.full(count, first + at, np.int32),
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
        **(
            {
                "levels": ai_levels(study.protocol.findings, counts_as, reads, given, index.thresholds[at]),
                "marks": ai_marks(index.ai_marks[at], [place for place, _ in kept]),
            }
            if study.protocol.findings
            else {}
        ),
    }


def _of(table: Any, study_id: int) -> Any:
    return select(table).where(table.study_id == study_id)


def _classes(session: Session, study_id: int) -> tuple[ClassFacts, ...]:
    rows = session.scalars(_of(StudyClass, study_id).order_by(StudyClass.position))
    return tuple(ClassFacts(row.code, row.label, row.colour, row.positive) for row in rows)


def _cases(
    session: Session, study_id: int, asked: Sequence[Finding]
) -> tuple[list[int], list[CaseFacts], dict[int, int], list[tuple[Grid, tuple[float, ...]]]]:
    """Return ids and facts of the cases that have a truth, by case number, the case id of every series, their grids.

    In a study of findings it is the truth of each of them.
    """
    truths = session.execute(
        select(Truth.id, Truth.case_id, Truth.class_code, Truth.version, Truth.source, Truth.findings, Truth.lesions)
        .where(Truth.study_id == study_id)
        .order_by(Truth.case_id, Truth.version)
    ).all()
    newest, by_id = {truth.case_id: truth for truth in truths}, {truth.id: truth for truth in truths}
    links = session.execute(
        select(Case.id, Case.number, Case.patient_id, Case.tags, StudyCase.practice, StudyCase.frozen_truth_id)
        .add_columns(Series.id.label("series"), Series.slices, Series.attributes, Series.affine, Series.rows)
        .add_columns(Series.columns, Series.spacing_mm, Series.z_mm)
        .join(StudyCase, Case.id == StudyCase.case_id)
        .join(Series, Series.case_id == Case.id)
        .where(StudyCase.study_id == study_id)
        .order_by(Case.number)
    )
    labels = labels_by_case(session, study_id)
    notes = clinical.of_study(session, study_id)
    ids, made, series_of, grids = [], [], {}, []
    for link in links:
        # a study is read against the truth it was opened with; later versions are reported as deviations
        truth = by_id[link.frozen_truth_id] if link.frozen_truth_id else newest.get(link.id)
        levels = (truth.findings if truth is not None else None) or {}
        if truth is not None and all(finding.code in levels for finding in asked):
            known = (truth.class_code, truth.version, truth.source)
            about = _about(link.attributes, link.slices)
            grid = grid_of(link.affine, (link.slices, link.rows, link.columns), link.spacing_mm, link.z_mm)
            lesions = tuple(Place.from_json(lesion).moved(grid.to_grid) for lesion in truth.lesions or ())
            apart = link.patient_id, tuple(link.tags), link.practice
            told = (labels.get(link.id, ()), notes.get(link.number))
            made.append(CaseFacts(link.number, *known, *apart, about, *told, levels, lesions))
            ids.append(link.id)
            series_of[link.series] = link.id
            grids.append((grid, tuple(link.spacing_mm)))
    return ids, made, series_of, grids


def _ai_marks(
    session: Session,
    study: Study,
    ai: AiOfStudy,
    series_of: dict[int, int],
    place: dict[int, int],
    grids: list[tuple[Grid, tuple[float, ...]]],
) -> dict[int, tuple[Place, ...]]:
    """Return the marks that an AI brought, by case place: those it was opened with, else the newest of each series."""
    if not study.protocol.findings:
        return {}
    query = select(AiMarks.id, AiMarks.series_id, AiMarks.marks).where(AiMarks.model_id == ai.model.id)
    among = ai.pinned.get("marks")
    found: dict[int, tuple[Place, ...]] = {}
    for row in session.execute(query.where(AiMarks.series_id.in_(_series_of(study))).order_by(AiMarks.id)):
        if row.series_id in series_of and (among is None or row.id in among):
            at = place[series_of[row.series_id]]
            found[at] = tuple(Place.from_json(mark).moved(grids[at][0].to_grid) for mark in row.marks)
    return found


def _about(kept: dict[str, Any], slices: int) -> CaseAttributes:
    """Return what was kept of a case's headers; an empty text counts as not recorded."""
    known = {field.name: kept[field.name] for field in fields(CaseAttributes) if kept.get(field.name) not in (None, "")}
    return CaseAttributes(**{**known, "slices": slices})


def _names(ais: tuple[AiOfStudy, ...], taken: set[str]) -> list[str]:
    """Return what the AIs are called in the rows: one alone "AI", several by name and version, with the rule if need
    be.
    """
    if len(ais) == 1:
        return [AI]
    plain = [ai.name for ai in ais]
    told = [f"{name} ({ai.rule})" if plain.count(name) > 1 else name for name, ai in zip(plain, ais, strict=True)]
    return [f"{name} (AI)" if name in taken else name for name in told]


def _ai_reads(session: Session, study: Study, ai: AiOfStudy, series: list[int]) -> list[Any]:
    """Return an AI's read of each series that the study was opened with; rows, not objects: there are many.

    Before the opening, and in studies that pinned none, it is the newest by that AI under its rule.
    """
    wanted = (AiRead.id, AiRead.series_id, AiRead.slice_scores_id, AiRead.attempt, AiRead.call, AiRead.failure)
    query = (
        select(*wanted, AiRead.probabilities, AiRead.counts, AiRead.rule, AiRead.seconds, AiRead.at, AiRead.warnings)
        .where(AiRead.model_id == ai.model.id, AiRead.rule == ai.rule)
        .where(AiRead.series_id.in_(_series_of(study)))
        .order_by(AiRead.id)
    )
    parameters = ai.pinned.get("parameters_hash")
    if parameters:
        query = query.where(AiRead.parameters_hash == parameters)
    among = ai.reads
    found = {read.series_id: read for read in session.execute(query) if among is None or read.id in among}
    return [found[series_id] for series_id in series if series_id in found]


def _series_of(study: Study) -> Select[int]:
    """Return the query of the series of a study, so that AI reads of other studies are not loaded."""
    return select(Series.id).join(StudyCase, StudyCase.case_id == Series.case_id).where(StudyCase.study_id == study.id)


def _calls_by_read(session: Session, study: Study, ai: AiOfStudy, series: list[int]) -> dict[int, str]:
    """Return what each read of the AI that aided readers are shown counts as."""
    wanted = set(series)
    query = select(AiRead.id, AiRead.call, AiRead.series_id).where(AiRead.model_id == ai.model.id)
    reads = session.execute(query.where(AiRead.series_id.in_(_series_of(study))))
    return {
        read.id: FAILURE if read.call is None else ai.classes.outcome(read.call)
        for read in reads
        if read.series_id in wanted
    }


def _ai(session: Session, reader: str, ai: AiOfStudy, found: list[Any]) -> AiFacts:
    scores = next((read.slice_scores_id for read in found if read.slice_scores_id), None)
    stored = session.get(SliceScores, scores) if scores else None
    return AiFacts(
        reader=reader,
        name=ai.model.name,
        version=ai.model.version,
        sha256=ai.model.sha256,
        rule=ai.rule,
        parameters=stored.parameters if stored else ai.pinned,
        card=ai.model.card,
        device=stored.device if stored else None,
        training_patients=len(ai.model.manifest),
        classes=dict(ai.classes.to_study),
    )
