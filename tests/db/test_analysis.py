"""The rows of a study: sealed before unblinding, and only reads that stand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import clock
from core.errors import Forbidden, NotFound
from core.results.rows import FAILURE, INDETERMINATE, Filter
from core.study.words import ReadState, StudyState
from db import accounts
from db.models import AiRead, Read, Reader, Study, Truth
from db.permissions import SYSTEM
from db.results import rows as analysis
from db.simulated import Plan, seed_study
from tests.study import builder

SMALL = Plan(cases=12, practice=2, missing=0.0, indeterminate=0.0)


def account(session: Session, role: str) -> int:
    return accounts.create(session, username=role, name=role, role=role, at=clock.now(), by=SYSTEM).id


@pytest.mark.parametrize("state", ["draft", "checked", "open", "closed"])
def test_rows_are_sealed_until_unblinding_for_everybody(session: Session, state: str):
    study = seed_study(session, replace(SMALL, state=StudyState(state)))
    owner = session.get_one(Study, study).created_by
    for who in (SYSTEM, account(session, "administrator"), owner):
        for verb in (analysis.rows, analysis.stamp, analysis.ai_runs, analysis.story):
            with pytest.raises(Forbidden, match="sealed"):
                verb(session, study_id=study, by=who)


def test_a_reader_never_gets_rows_or_the_list_of_studies(session: Session):
    study, reader = seed_study(session, SMALL), account(session, "reader")
    with pytest.raises(Forbidden, match="not shared"):
        analysis.rows(session, study_id=study, by=reader)
    assert analysis.choices(session, by=reader) == []


def test_an_unknown_study_is_not_found(session: Session):
    with pytest.raises(NotFound):
        analysis.rows(session, study_id=404, by=SYSTEM)


def test_practice_reads_are_left_out_unless_asked_for(session: Session):
    study = seed_study(session, SMALL)
    without = analysis.rows(session, study_id=study, by=SYSTEM)
    with_them = analysis.rows(session, study_id=study, by=SYSTEM, practice=True)
    assert len(without) == 5 * 12
    assert not without.practice.any()
    assert int(with_them.practice.sum()) == 5 * 2
    assert len(with_them.where(Filter())) == 5 * 12


def test_the_newest_attempt_stands_also_while_it_is_open(session: Session):
    study = seed_study(session, SMALL)
    first = session.scalars(select(Read).join(Reader).where(Reader.study_id == study, Read.practice.is_(False))).first()
    assert first is not None
    again = datetime(2026, 4, 1, tzinfo=UTC)
    common = {"reader_id": first.reader_id, "case_id": first.case_id, "arm": first.arm, "session": first.session}
    newer = Read(**common, attempt=2, attempt_reason="phone rang", token="again", position=1, practice=False)
    newer.state, newer.opened_at = ReadState.OPEN, again
    session.add(newer)
    session.flush()
    assert len(analysis.rows(session, study_id=study, by=SYSTEM)) == 5 * 12 - 1
    newer.diagnosis, newer.locked_at, newer.state = "cap", again + timedelta(minutes=1), ReadState.LOCKED
    newer.content = {"ratings": {"normal": 1, "cap": 98, "covid": 1}}
    session.flush()
    rows = analysis.rows(session, study_id=study, by=SYSTEM, detail=True)
    assert len(rows) == 5 * 12
    at = int(np.flatnonzero(rows.attempt == 2)[0])
    assert rows.study.outcomes[rows.call[at]] == "cap"
    assert rows.ratings[at].tolist() == [1.0, 98.0, 1.0]
    assert rows.extra["attempt_reason"][at] == "phone rang"
    story = analysis.story(session, study_id=study, by=SYSTEM)
    assert story.flow.superseded_reads == 1
    assert [deviation.why for deviation in story.deviations] == ["phone rang"]


def test_an_ai_failure_and_an_unknown_diagnosis_are_outcomes_of_their_own(session: Session):
    study = seed_study(session, replace(SMALL, ai_failures=2, indeterminate=1.0))
    rows = analysis.rows(session, study_id=study, by=SYSTEM)
    called = np.array(rows.study.outcomes)[rows.call]
    assert (called[rows.is_ai] == FAILURE).sum() == 2
    assert (called[~rows.is_ai] == INDETERMINATE).all()
    assert np.isnan(rows.probabilities[rows.is_ai][called[rows.is_ai] == FAILURE]).all()


def test_truth_is_the_version_the_study_was_opened_with(session: Session):
    study = seed_study(session, SMALL)
    before = analysis.rows(session, study_id=study, by=SYSTEM)
    stamped = analysis.stamp(session, study_id=study, by=SYSTEM)
    first = session.scalars(select(Truth).where(Truth.study_id == study)).first()
    assert first is not None
    other = "cap" if first.class_code != "cap" else "normal"
    copy = {"study_id": study, "case_id": first.case_id, "author_id": first.author_id, "at": first.at}
    session.add(Truth(**copy, version=2, class_code=other, source="second look", reason="biopsy"))
    session.flush()
    after = analysis.rows(session, study_id=study, by=SYSTEM)
    assert [case.truth for case in after.study.cases] == [case.truth for case in before.study.cases]
    assert analysis.stamp(session, study_id=study, by=SYSTEM) != stamped
    story = analysis.story(session, study_id=study, by=SYSTEM)
    assert "not used" in story.deviations[0].what


def test_the_ai_s_reads_are_those_the_study_was_opened_with(session: Session):
    study = seed_study(session, SMALL)
    row = session.get_one(Study, study)
    reads = list(session.scalars(select(AiRead).where(AiRead.model_id == row.ai_model_id, AiRead.rule == row.ai_rule)))
    builder.thaw(session)
    row.ai_parameters = {**row.ai_parameters, "reads": [read.id for read in reads]}
    before = analysis.rows(session, study_id=study, by=SYSTEM)
    again = {c.key: getattr(reads[0], c.key) for c in AiRead.__table__.columns if c.key != "id"}
    again |= {"attempt": reads[0].attempt + 1, "call": "cap" if reads[0].call != "cap" else "normal"}
    session.add(AiRead(**again))
    session.flush()
    after = analysis.rows(session, study_id=study, by=SYSTEM)
    assert after.call[after.is_ai].tolist() == before.call[before.is_ai].tolist()
    row.ai_parameters = {k: v for k, v in row.ai_parameters.items() if k != "reads"}
    newest = analysis.rows(session, study_id=study, by=SYSTEM)
    assert newest.call[newest.is_ai].tolist() != before.call[before.is_ai].tolist()


def test_ai_calls_are_in_the_study_s_own_classes(session: Session):
    study = seed_study(session, SMALL)
    row = session.get(Study, study)
    assert row is not None
    rows = analysis.rows(session, study_id=study, by=SYSTEM)
    machine = rows.take(rows.is_ai)
    known = ~np.isnan(machine.probabilities).any(axis=1)
    assert np.allclose(machine.probabilities[known].sum(axis=1), 1.0)
    assert {participant.name for participant in rows.study.participants} == {
        "novice 1",
        "novice 2",
        "expert 1",
        "expert 2",
        "AI",
    }
    runs = analysis.ai_runs(session, study_id=study, by=SYSTEM)
    assert [run.of_study for run in runs] == [True]
    assert len(runs[0].calls) == 12


def test_filters_leave_the_ai_and_what_fits(session: Session):
    rows = analysis.rows(session, study_id=seed_study(session, SMALL), by=SYSTEM)
    novices = rows.where(Filter(groups=("novice",)))
    assert len(novices) == 3 * 12
    sharp = rows.where(Filter(tags=("sharp kernel",), classes=("covid",)))
    assert {rows.study.cases[case].truth for case in sharp.case} <= {"covid"}
    assert rows.where(Filter(groups=("nobody",))).is_ai.all()
