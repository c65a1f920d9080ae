"""The rows of a study for its results. Sealed until the study is unblinded, by these verbs themselves."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Text, cast, func, select
from sqlalchemy.orm import Session

from core.errors import Forbidden, NotFound
from core.results.rows import ARMS, INDETERMINATE, StudyRows
from core.results.story import AiRun, Story
from core.study.words import Design, ReadState, StudyState
from db import permissions
from db.models import AiRead, Case, OrderEntry, Read, Reader, ReadingOrder, Series, Study, StudyCase, Truth
from db.permissions import Actor, Right
from db.results.ai_runs import runs_of
from db.results.facts import Index, ai_rows, facts
from db.results.levels import levels_of, marks_of
from db.results.rest import rest
from db.results.story import story_of
from db.study import places

PIECE = 5000  # rows laid out at once
ANSWERS = ("levels", "marks")  # columns that studies of findings have beside the others


@dataclass(frozen=True, slots=True)
class StudyChoice:
    """A study somebody may look for results in."""

    id: int
    title: str
    state: StudyState

    @property
    def unblinded(self) -> bool:
        """Whether its results may be seen."""
        return self.state == StudyState.UNBLINDED


def choices(session: Session, *, by: Actor) -> list[StudyChoice]:
    """Return the studies whose results `by` may see once they are unblinded, newest first."""
    mine = permissions.studies(session, by, Right.RESULTS)
    kept = select(Study.id, Study.title, Study.state).where(mine, Study.deleted_at.is_(None))
    rows = session.execute(kept.order_by(Study.id.desc()))
    return [StudyChoice(*row) for row in rows]


def stamp(session: Session, *, study_id: int, by: Actor) -> str:
    """Return a text that changes whenever the rows of the study may have; raises as `rows` does."""
    study = unsealed(session, study_id, by)
    series = select(Series.id).join(StudyCase, StudyCase.case_id == Series.case_id)
    # by what indexes alone answer: a hundred thousand reads are counted on every turn of every page
    reads = select(func.count(), func.max(Read.id)).select_from(Read).join(Reader)
    still_open = select(func.count()).select_from(Read).join(StudyCase, StudyCase.case_id == Read.case_id)
    tags = select(func.aggregate_strings(cast(Case.tags, Text), " ")).join(StudyCase)
    counts = [
        session.execute(query).one()
        for query in (
            reads.where(Reader.study_id == study_id),
            still_open.where(StudyCase.study_id == study_id, Read.state == ReadState.OPEN),
            select(func.max(Truth.id)).where(Truth.study_id == study_id),
            select(func.max(AiRead.id)).where(AiRead.series_id.in_(series.where(StudyCase.study_id == study_id))),
            tags.where(StudyCase.study_id == study_id),
        )
    ]
    seen = repr([study.title, study.protocol, study.ai_model_id, study.ai_rule, *(tuple(row) for row in counts)])
    return f"{study.id} {study.unblinded_at} {hashlib.sha256(seen.encode()).hexdigest()[:16]}"


def rows(session: Session, *, study_id: int, by: Actor, practice: bool = False, detail: bool = False) -> StudyRows:
    """Return the locked reads that stand and the AIs' reads of a study.

    Superseded attempts are never among them, practice only when asked for; `detail` adds the rest of every row.
    Raises Forbidden before unblinding, for everybody, and for who has no part in its results; NotFound for an
    unknown study.
    """
    study = unsealed(session, study_id, by)
    index = facts(session, study)
    people = _reads(session, index, practice=practice)
    ids = people.pop("id")
    machines = ai_rows(index, practice=practice)
    columns: dict[str, Any] = {
        name: np.concatenate([people[name], *(machine[name] for machine in machines)]) for name in people
    }
    extra = rest(session, index, ids.tolist(), machines) if detail else {}
    answers = {name: columns.pop(name) for name in ANSWERS if name in columns}
    assigned = _assigned(session, index)
    return StudyRows(study=index.study, extra=extra, answers=answers, assigned=assigned, **columns)


def ai_runs(session: Session, *, study_id: int, by: Actor) -> list[AiRun]:
    """Return every AI run on the study's cases, other rules and versions too; raises as `rows` does."""
    study = unsealed(session, study_id, by)
    return runs_of(session, study, facts(session, study))


def story(session: Session, *, study_id: int, by: Actor) -> Story:
    """Return what happened in the study beside its reads: flow, deviations, life cycle; raises as `rows` does."""
    return story_of(session, unsealed(session, study_id, by))


def unsealed(session: Session, study_id: int, by: Actor) -> Study:
    """Return a study whose results this account may see; raises as `rows` does."""
    permissions.require(session, study_id, by, Right.RESULTS)
    study = session.get(Study, study_id)
    if study is None or study.deleted_at is not None:
        raise NotFound("This study does not exist.")
    if study.state != StudyState.UNBLINDED:
        raise Forbidden("The results are sealed: close the study and unblind it on its page; that is logged.")
    return study


def _reads(session: Session, index: Index, *, practice: bool) -> dict[str, Any]:
    """Return StudyRows' columns and `id` of the locked reads of the newest attempt each, by reader, session, position.

    The driver's own rows are laid out in pieces: 100,000 wrapped rows at once take twice the time.
    """
    of_study = Reader.study_id == index.study.id
    key = (Read.reader_id, Read.case_id, Read.arm, Read.session)
    again = session.execute(
        select(*key, func.max(Read.attempt)).join(Reader).where(of_study, Read.attempt > 1).group_by(*key)
    )
    newest = {tuple(row[:4]): row[4] for row in again}
    ratings = [Read.content[("ratings", code)].as_float() for code in index.study.codes]
    levels = [Read.content[("findings", asked.code)].as_string() for asked in index.study.protocol.findings]
    marks = [cast(Read.content["marks"], Text)] if levels else []
    query = (
        select(*key, Read.attempt, Read.id, Read.position, Read.practice, Read.diagnosis, Read.active_seconds)
        .add_columns(Read.raw_seconds, Read.ai_read_id, *ratings, *levels, *marks)
        .join(Reader)
        .where(of_study, Read.state == ReadState.LOCKED)
    )
    if not practice:
        query = query.where(Read.practice.is_(False))
    pieces = [_columns(index, [])]
    with session.connection().execute(query) as result:
        while found := result.cursor.fetchmany(PIECE) if result.cursor else None:
            if newest:
                found = [row for row in found if newest.get(row[:4], row[4]) == row[4]]
            pieces.append(_columns(index, [row for row in found if row[1] in index.case_place]))
    columns = {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}
    order = np.lexsort([columns[name] for name in ("id", "arm", "position", "session", "participant")])
    return {name: column[order] for name, column in columns.items()}


def _assigned(session: Session, index: Index) -> NDArray[np.int32] | None:
    """Return participant, case and arm (k, 3) of every read an incomplete design asks for; None for a crossed one."""
    study = index.study
    if study.protocol.allocation.crossed:
        return None
    query = (
        select(ReadingOrder.reader_id, OrderEntry.case_id, OrderEntry.arm)
        .join(ReadingOrder, ReadingOrder.id == OrderEntry.order_id)
        .join(Reader, Reader.id == ReadingOrder.reader_id)
        .where(Reader.study_id == study.id, OrderEntry.practice.is_(False))
        .order_by(OrderEntry.id)
    )
    asked = [
        (index.reader_place[reader], index.case_place[case], ARMS.index(each))
        for reader, case, arm in session.execute(query)
        if case in index.case_place
        for each in (places.SEQUENTIAL if study.design == Design.SEQUENTIAL else (arm,))
    ]
    return np.array(asked, np.int32).reshape(-1, 3)


def _columns(index: Index, found: Sequence[Any]) -> dict[str, Any]:
    """Lay rows of the query of `_reads` out as columns."""
    outcome = {code: place for place, code in enumerate(index.study.outcomes)}
    shown = {read: outcome[code] for read, code in index.ai_call.items()}
    arms = {arm: place for place, arm in enumerate(ARMS)}
    other = outcome[INDETERMINATE]  # a diagnosis that is no class of the study is never counted as a class
    count, classes, asked = len(found), len(index.study.codes), index.study.protocol.findings
    more = len(asked) + 1 if asked else 0
    columns = list(zip(*found, strict=True)) or [()] * (12 + classes + more)
    reader, case, arm, visit, attempt, ids, position, practice, diagnosis, active, raw, ai_read = columns[:12]
    return {
        "id": np.array(ids, np.int64),
        "participant": np.array([index.reader_place[reader_id] for reader_id in reader], np.int32),
        "case": np.array([index.case_place[case_id] for case_id in case], np.int32),
        "arm": np.array([arms[arm_name] for arm_name in arm], np.int8),
        "session": np.array(visit, np.int32),
        "attempt": np.array(attempt, np.int32),
        "position": np.array(position, np.int32),
        "practice": np.array(practice, bool),
        "call": np.array([outcome.get(code, other) for code in diagnosis], np.int16),
        "ai_call": np.array([shown.get(read_id, -1) for read_id in ai_read], np.int16),
        "ratings": np.array(columns[12 : 12 + classes], float).reshape(classes, count).T.copy(),
        "probabilities": np.full((count, classes), np.nan),
        "seconds": np.array(active, float),
        "raw_seconds": np.array(raw, float),
        **({"levels": levels_of(asked, columns[12 + classes : -1], count)} if asked else {}),
        **(
            {"marks": marks_of(columns[-1], [index.spacing[index.case_place[case_id]] for case_id in case])}
            if asked
            else {}
        ),
    }
