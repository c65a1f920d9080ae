"""Several cases of one patient: pages, report and exports take them as one cluster, as the command does."""

from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy.orm import Session

from core.export.long import csv_pieces, json_pieces
from core.results.bench import PAGE
from core.results.blocks import Note, Table
from core.results.panels import cases as case_panel
from core.results.panels import comparison as comparison_panel
from core.results.panels.comparison import difference_table
from core.results.rows import Filter, StudyRows
from core.results.study_results import StudyResults
from core.results.verdict import options_of
from core.stats.analyse import analyse
from core.stats.estimate import Estimate
from core.stats.reads import table_from_text
from db.permissions import SYSTEM
from db.results import rows as analysis
from db.simulated import Plan, seed_study


@pytest.fixture
def rows(session: Session) -> StudyRows:
    return analysis.rows(session, study_id=seed_study(session, Plan(novices=1, experts=3, cases=30)), by=SYSTEM)


def shared(rows: StudyRows, *, each: int) -> StudyRows:
    """The same study with `each` cases of every patient."""
    places = enumerate(rows.study.cases)
    cases = tuple(replace(case, patient=900 + at // each) for at, case in places)
    return replace(rows, study=replace(rows.study, cases=cases))


def same(one: Estimate, other: Estimate) -> None:
    assert one.value == pytest.approx(other.value, abs=1e-12)
    assert one.ci == (None if other.ci is None else pytest.approx(other.ci, abs=1e-12))
    assert one.method == other.method


def test_pages_analyse_patients_as_the_command_does_of_the_export(rows: StudyRows):
    found = StudyResults(shared(rows, each=2))
    table = table_from_text("".join(csv_pieces(found.rows)), cluster="patient")
    expected, shown = analyse(table, options=options_of(found.study)), found.analysis
    by_reader = {(one.reader, one.arm): one for one in expected.readers}
    for reader in shown.readers:
        other = by_reader[reader.reader, reader.arm]
        same(reader.accuracy, other.accuracy)
        for mine, theirs in zip(reader.classes, other.classes, strict=True):
            same(mine.sensitivity, theirs.sensitivity)
            same(mine.f1, theirs.f1)
        for area, their_area in zip(reader.scores, other.scores, strict=True):
            same(area.auc, their_area.auc)
    by_group = {(one.group, one.figure, one.arm): one for one in expected.ai_with_groups}
    for one in shown.ai_with_groups:
        assert one.result is not None
        wanted = by_group[one.group, one.figure, one.arm].result
        assert wanted is not None
        assert (one.result.difference, one.result.se) == pytest.approx((wanted.difference, wanted.se), abs=1e-12)
    by_name = {one.group: one.result for one in expected.agreement}
    for named in shown.agreement:
        same(named.result.fleiss, by_name[named.group].fleiss)
        assert "clusters" in named.result.fleiss.method
    dots = {dot.name: dot for dot in found.comparison.dots}
    for reader in found.analysis.readers:
        if reader.arm in ("", found.comparison.arm):
            assert dots[reader.reader].figures["accuracy"] == reader.accuracy
            for of_class in reader.classes:
                assert dots[reader.reader].figures[f"sensitivity {of_class.label}"] == of_class.sensitivity


def test_one_case_a_patient_changes_nothing(rows: StudyRows):
    assert StudyResults(rows).table.clusters is None
    few = StudyResults(shared(rows, each=2).where(Filter(classes=("covid",))))
    assert few.table.clusters is None or np.unique(few.table.clusters).size < len(few.table.cases)


def test_intervals_widen_where_the_reads_of_a_patient_agree(rows: StudyRows):
    """Every read written twice, as a second case of the patient: the interval must not be half as wide."""
    twice = replace(
        rows.take(np.repeat(np.arange(len(rows)), 2)),
        study=replace(rows.study, cases=tuple(case for case in rows.study.cases for _ in (0, 1))),
    )
    second = np.arange(len(twice)) % 2
    twice = replace(twice, case=(2 * twice.case + second).astype(np.int32))
    cases = tuple(replace(case, number=at + 1) for at, case in enumerate(twice.study.cases))
    twice = replace(twice, study=replace(twice.study, cases=cases))
    one, two = StudyResults(rows), StudyResults(twice)
    for before, after in zip(one.comparison.differences, two.comparison.differences, strict=True):
        assert after.test.se == pytest.approx(before.test.se, rel=0.06)
    for dot, doubled in zip(one.comparison.dots, two.comparison.dots, strict=True):
        np.testing.assert_allclose(doubled.figures["accuracy"].value, dot.figures["accuracy"].value)


def test_pages_and_report_say_it(rows: StudyRows):
    found = StudyResults(shared(rows, each=3))
    shown = list(comparison_panel.PANEL.shown(found, PAGE))
    assert isinstance(shown[0], Note)
    assert "of 10 patients: cases of one patient count together" in shown[0].text
    assert not any("patients" in getattr(block, "text", "") for block in case_panel.PANEL.shown(found, PAGE))
    alone = next(iter(comparison_panel.PANEL.shown(StudyResults(rows), PAGE)))
    assert "patients" not in getattr(alone, "text", "")


def test_exports_number_the_patients_of_the_study(rows: StudyRows):
    text = "".join(csv_pieces(shared(rows, each=3)))
    assert "900" not in text.splitlines()[1]
    assert '"patient": 2' in "".join(json_pieces(shared(rows, each=3)))


def test_doubtful_intervals_are_marked_where_they_are_shown(rows: StudyRows):
    found = StudyResults(rows).comparison
    flagged = [difference for difference in found.differences if difference.flag]
    assert flagged
    for row, difference in zip(difference_table(found), found.differences, strict=True):
        assert str(row["95 % interval"]).endswith(" *") == bool(difference.flag)
        assert ("too narrow" in difference.reading) == bool(difference.flag)
    tables = [block for block in comparison_panel.PANEL.shown(StudyResults(rows), PAGE) if isinstance(block, Table)]
    note = next(block.note for block in tables if block.key == "differences")
    assert flagged[0].flag in note
