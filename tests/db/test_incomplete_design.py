"""A study in which readers read some of the cases each: order, monitor, closing, results and export understand it."""

import csv
import io
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from core.errors import InvalidInput
from core.export.long import csv_pieces
from core.results.answer import design_in_words
from core.results.gaps import missing_reads
from core.results.study_results import StudyResults
from core.results.verdict import ruled
from core.stats.analyse import analyse
from core.stats.confusion import FAILURE
from core.stats.reads import table_from_text
from core.study.allocation import Allocation
from core.study.words import Allocate, Design
from db.permissions import SYSTEM
from db.reading import reads
from db.results import rows as results
from db.study import info as study_info
from db.study import life as study_life
from db.study import monitor, orders
from db.study import readers as study_readers
from tests.db.test_study_life import opened
from tests.reading.build import Built, read_one
from tests.study import builder
from tests.study.builder import AT, READY

SAMPLE = replace(READY, allocation=Allocation(Allocate.SAMPLE, cases_per_reader=3))
BLOCKS = replace(READY, allocation=Allocation(Allocate.SPLIT_PLOT, blocks=2))


def built(session: Session, study_id: int) -> Built:
    people = study_info.readers(session, study_id, by=SYSTEM)
    return Built(study_id, builder.coordinator(session), [one.account_id for one in people], [], {})


def read_all(session: Session, study_id: int, *, leave: int = 0) -> int:
    """Everybody reads until nothing is left; the first reader leaves the last `leave` reads."""
    count = 0
    for place, account in enumerate(built(session, study_id).readers):
        at = AT + timedelta(minutes=place)
        of_reader = 0
        while reads.next_read(session, account_id=account, study_id=study_id, at=at).read is not None:
            if not place and of_reader == 3 - leave:
                break
            read_one(session, built(session, study_id), account, at)
            of_reader, at = of_reader + 1, at + timedelta(minutes=5)
        count += of_reader
    return count


def test_a_sample_is_watched_closed_and_analysed_by_its_own_reads(session: Session):
    made, me = opened(session, protocol=SAMPLE)
    places = orders.table(session, made.id, by=SYSTEM)
    assert set(Counter(place.case_number for place in places).values()) == {2}  # 4 readers, 3 of 6 cases each
    found = monitor.progress(session, made.id, by=SYSTEM, at=AT)
    assert [one.total for one in found.readers] == [3, 3, 3, 3]
    assert len(found.cells) == 12
    with pytest.raises(InvalidInput, match="12 reads are missing"):
        study_life.close_study(session, made.id, by=me, at=AT)
    assert read_all(session, made.id, leave=1) == 11
    with pytest.raises(InvalidInput, match="1 reads are missing"):
        study_life.close_study(session, made.id, by=me, at=AT)
    study_life.close_study(session, made.id, reason="one is ill", by=me, at=AT)
    study_life.unblind(session, made.id, reason="the analysis begins", by=me, at=AT)
    shown = StudyResults(results.rows(session, study_id=made.id, by=SYSTEM))
    assert (shown.analysis.study.reads, shown.analysis.study.missing) == (11 + 6, 1)
    assert "1 reads of these cases are missing" in missing_reads(shown)[0].what
    assert "a sample of the cases once (3 of 6 cases a reader, 2 readers a case)" in design_in_words(shown)
    assert "not missing" in " ".join(shown.analysis.notes)
    wrong = ruled(shown.table, replace(made.protocol.prespecification, missing="wrong"))
    assert Counter(wrong.prediction.ravel().tolist())[FAILURE] == 1  # the read left out, not the twelve never asked for


def test_the_export_of_a_sample_gives_the_same_figures(session: Session):
    made, me = opened(session, protocol=SAMPLE)
    read_all(session, made.id, leave=1)
    study_life.close_study(session, made.id, reason="one is ill", by=me, at=AT)
    study_life.unblind(session, made.id, reason="the analysis begins", by=me, at=AT)
    shown = StudyResults(results.rows(session, study_id=made.id, by=SYSTEM))
    text = "".join(csv_pieces(shown.rows))
    lines = list(csv.DictReader(io.StringIO(text)))
    assert [line["prediction"] for line in lines].count("") == 1
    assert {line["assigned"] for line in lines} == {"1"}
    exported, own = analyse(table_from_text(text)), shown.analysis
    assert exported.study.missing == own.study.missing == 1
    assert [(one.reader, one.missing, one.accuracy) for one in exported.readers] == [
        (one.reader, one.missing, one.accuracy) for one in own.readers
    ]
    assert exported.ai_with_groups == own.ai_with_groups
    assert exported.sensitivity == own.sensitivity


def test_a_split_plot_is_read_in_blocks_and_a_reader_may_join(session: Session):
    made, me = opened(session, protocol=BLOCKS, design=Design.CROSSOVER)
    by_reader: dict[str, set[int]] = {}
    for place in orders.table(session, made.id, by=SYSTEM):
        by_reader.setdefault(place.pseudonym, set()).add(place.case_number)
    first, second = by_reader["R1"], by_reader["R2"]
    assert [by_reader[name] for name in ("R3", "R4")] == [first, second]
    assert len(first) == len(second) == 3
    found = monitor.progress(session, made.id, by=SYSTEM, at=AT)
    assert [one.total for one in found.readers] == [6, 6, 6, 6]  # three cases in each of two sessions
    new = builder.account(session, "late")
    study_readers.join_reader(session, made.id, new, group="Experts", reason="one more", seed=3, by=me, at=AT)
    joined = {place.case_number for place in orders.table(session, made.id, by=SYSTEM) if place.pseudonym == "R5"}
    assert joined in (first, second)


def test_the_check_says_how_often_cases_are_read_and_what_it_costs(session: Session):
    me = builder.coordinator(session)
    for allocation, said, blocks in (
        (Allocation(), "Each reader reads", None),  # a crossed study is told nothing of it
        (Allocation(Allocate.SAMPLE, 3), "Each reader reads 3 of 6 cases, each case has 2 readers.", False),
        (Allocation(Allocate.SAMPLE, 9), "Each reader is to read 9 cases, but the study has 6", True),
    ):
        draft = builder.study(session, protocol=replace(READY, allocation=allocation))
        found = study_life.check_study(session, draft.id, volumes=builder.volumes(session, draft.id), by=me, at=AT)
        assert [one.blocks for one in found if said in one.message] == ([] if blocks is None else [blocks])
        assert any("standard error" in one.message for one in found) == (blocks is False)
