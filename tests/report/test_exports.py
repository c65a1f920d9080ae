"""Exports: the long CSV gives the panels' numbers again, and MRMC programs can read theirs."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy.orm import Session

from core.errors import InvalidInput
from core.report.export import csv_pieces, json_pieces, safe
from core.report.grids import read_table
from core.report.mrmc_export import mrmc_pieces
from core.report.rows import StudyRows
from core.stats.analyse import analyse
from core.stats.reads import table_from_text
from db import analysis
from db.simulated import Plan, seed_study

QUESTIONS = {
    "questions": [
        {"id": "lobe", "kind": "choices", "label": "Lobes", "options": [{"code": "u", "label": "=upper, right"}]},
        {"id": "sure", "kind": "number", "label": "How sure?", "options": []},
    ]
}


@pytest.fixture
def rows(session: Session) -> StudyRows:
    plan = Plan(cases=40, design="sequential", missing=0.03, indeterminate=0.03, protocol=tuple(QUESTIONS.items()))
    return analysis.rows(session, study_id=seed_study(session, plan), account_id=None, detail=True)


def test_the_analysis_of_the_long_csv_is_the_panels_analysis(rows: StudyRows):
    of_file = analyse(table_from_text("".join(csv_pieces(rows))))
    of_panels = analyse(read_table(rows))
    assert of_file.to_dict() == of_panels.to_dict()


def test_cells_that_a_spreadsheet_would_run_are_defused():
    for text in ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"):
        assert safe(text) == "'" + text
    assert safe("COVID-19") == "COVID-19"


def test_answers_come_with_the_labels_of_question_and_options(rows: StudyRows):
    content = json.loads(rows.extra["content"][0])
    content["answers"] = {"lobe": ["u"], "sure": 7}
    rows.extra["content"][0] = json.dumps(content)
    first = next(csv.DictReader(io.StringIO("".join(csv_pieces(rows)))))
    assert first["answer: Lobes"] == "'=upper, right"
    assert first["answer: How sure?"] == "7"
    assert first["scrolls"] == "12"


def test_json_holds_the_rows_and_no_database_ids(rows: StudyRows):
    found = json.loads("".join(json_pieces(rows)))
    assert len(found["rows"]) == len(rows)
    assert not any(
        "id" in {name.lower() for name in row} for row in found["rows"][:5] + found["readers"] + found["cases"]
    )
    assert found["ai"]["note"].startswith("research demonstration")


def parsed(text: str) -> tuple[dict[str, int], list[list[str]]]:
    """Read a file as RJafroc's ReadImrmc does: the counts by name, then rows of four fields after BEGIN DATA:."""
    lines = [line.strip() for line in text.splitlines()]
    sizes = {
        line.split(":")[0]: int(line.split(":")[1]) for line in lines if line.split(":")[0] in ("N0", "N1", "NR", "NM")
    }
    data = [line.split(",") for line in lines[lines.index("BEGIN DATA:") + 1 :]]
    return sizes, data


@pytest.mark.parametrize(("compared", "readers", "arms"), [("ai", 5, 1), ("arms", 4, 2)])
def test_rjafroc_files_are_numeric_and_fully_crossed(rows: StudyRows, compared: str, readers: int, arms: int):
    sizes, data = parsed("".join(mrmc_pieces(rows, program="rjafroc", positive="covid", compare=compared)))
    assert all(len(row) == 4 and float(row[3]) >= 0 for row in data)
    truth = {row[1]: row[3] for row in data if row[0] == "-1"}
    read = [row for row in data if row[0] != "-1"]
    assert sizes == {
        "N0": sum(one == "0" for one in truth.values()),
        "N1": sum(one == "1" for one in truth.values()),
        "NR": len({row[0] for row in read}),
        "NM": len({row[2] for row in read}),
    }
    assert (sizes["NR"], sizes["NM"]) == (readers, arms)
    assert len(read) == len(truth) * readers * arms
    assert len({tuple(row[:3]) for row in read}) == len(read)


def test_imrmc_files_keep_every_rated_read_and_name_each_truth_once(rows: StudyRows):
    sizes, data = parsed("".join(mrmc_pieces(rows, program="imrmc", positive="covid", compare="arms")))
    truth = [row[1] for row in data if row[0] == "-1"]
    assert len(truth) == len(set(truth)) == sizes["N0"] + sizes["N1"]
    rated = ~rows.is_ai & ~np.isnan(rows.ratings).any(axis=1)
    assert len(data) - len(truth) == int(rated.sum())
    assert not any(" " in field for row in data for field in row)


def test_files_without_ratings_or_a_second_arm_are_refused_in_words(session: Session):
    plan = Plan(cases=12, ratings=False)
    rows = analysis.rows(session, study_id=seed_study(session, plan), account_id=None)
    with pytest.raises(InvalidInput, match="rating"):
        list(mrmc_pieces(rows, program="imrmc", positive="covid", compare="ai"))
    with pytest.raises(InvalidInput, match="one arm"):
        list(mrmc_pieces(rows, program="imrmc", positive="covid", compare="arms"))
    with pytest.raises(InvalidInput, match="no class"):
        list(mrmc_pieces(rows, program="imrmc", positive="flu", compare="ai"))


def test_a_file_with_one_class_only_is_refused(session: Session):
    plan = replace(Plan(cases=1, practice=0), ai_failures=0)
    rows = analysis.rows(session, study_id=seed_study(session, plan), account_id=None)
    with pytest.raises(InvalidInput, match="one side"):
        list(mrmc_pieces(rows, program="rjafroc", positive="covid", compare="ai"))
