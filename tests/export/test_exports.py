"""Exports: the long CSV gives the panels' numbers again, and MRMC programs can read theirs."""

import ast
import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy.orm import Session

from core.errors import InvalidInput
from core.export.files import WRITERS, file_of
from core.export.kinds import KINDS, MARKED
from core.export.long import csv_pieces, json_pieces
from core.export.mrmc_programs import mrmc_pieces
from core.results.draw.text import csv_of
from core.results.grids import read_table
from core.results.rows import StudyRows
from core.services import trail
from core.spreadsheet import safe
from core.stats.analyse import analyse
from core.stats.reads import table_from_text
from core.study.words import Design
from db.permissions import SYSTEM
from db.register import Entry
from db.results import rows as analysis
from db.simulated import Plan, seed_study
from db.study.orders import OrderRow
from pages.coordinator import register
from pages.coordinator.study_steps import check

ROOT = Path(__file__).parents[2]
QUESTIONS = {
    "questions": [
        {"id": "lobe", "kind": "choices", "label": "Lobes", "options": [{"code": "u", "label": "=upper, right"}]},
        {"id": "sure", "kind": "number", "label": "How sure?", "options": []},
    ]
}


@pytest.fixture
def rows(session: Session) -> StudyRows:
    plan = Plan(cases=40, design=Design.SEQUENTIAL, missing=0.03, indeterminate=0.03, protocol=tuple(QUESTIONS.items()))
    return analysis.rows(session, study_id=seed_study(session, plan), by=SYSTEM, detail=True)


def test_the_analysis_of_the_long_csv_is_the_panels_analysis(rows: StudyRows):
    of_file = analyse(table_from_text("".join(csv_pieces(rows))))
    of_panels = analyse(read_table(rows))
    assert of_file.to_dict() == of_panels.to_dict()


def test_every_kind_of_file_has_a_writer_and_a_name_of_its_own(rows: StudyRows):
    assert set(WRITERS) == set(KINDS)
    whole = [kind for kind in KINDS if kind not in MARKED]
    assert len({file_of(rows, kind).name for kind in whole}) == len(whole)
    for kind in MARKED:
        with pytest.raises(InvalidInput, match="not marked on the image"):
            file_of(rows, kind)
    with pytest.raises(KeyError):
        file_of(rows, "xlsx")  # type: ignore[arg-type]


def test_cells_that_a_spreadsheet_would_run_are_defused():
    for text in ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\uff1d1+1"):
        assert safe(text) == "'" + text
    assert safe("COVID-19") == "COVID-19"


HANDED_OUT = (
    "core/cli",
    "core/services",
    "core/report",
    "core/export",
    "core/results",
    "core/study",
    "core/pacs",
    "db",
    "pages",
)


def test_every_table_that_is_handed_out_is_written_by_the_one_writer():
    for folder in HANDED_OUT:
        for path in (ROOT / folder).rglob("*.py"):
            tree = ast.parse(path.read_text())
            names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
            assert not names & {"writer", "DictWriter", "to_csv"}, path


PLANTED = ("=HYPERLINK(1)", "+1", "-1+1", "@SUM(A1)", "\t=1")


@pytest.mark.parametrize("text", PLANTED)
def test_no_table_holds_a_cell_that_a_spreadsheet_would_run(text: str, rows: StudyRows):
    study = replace(rows.study, title=text, participants=tuple(replace(p, name=text) for p in rows.study.participants))
    at = datetime(2026, 1, 1, tzinfo=UTC)
    order = OrderRow(reader_id=1, pseudonym=text, session=1, position=1, case_number=1, arm="unaided", practice=False)
    tables = [
        "".join(csv_pieces(replace(rows, study=study))),
        csv_of([{text: text, "n": -1}]),
        check.order_csv([order]),
        register.table([Entry(1, text, at)]),
        trail.csv_of_events([dict.fromkeys(trail.COLUMNS, text)]),
    ]
    for table in tables:
        cells = [cell for line in csv.reader(io.StringIO(table, newline="")) for cell in line]
        assert "'" + text in cells
        assert not any(cell.startswith(("=", "+", "@", "\t")) for cell in cells)
        assert not any(cell.startswith("-") and not cell[1:].replace(".", "").isdigit() for cell in cells)


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


def imrmc_reads(text: str) -> tuple[dict[str, int], dict[str, int], list[tuple[str, str, str, float]]]:
    """Read a file as iMRMC does: sizes from any line of the text that has N0: and so on, from its fourth letter on; the
    truth by reader truth, once a case; then one score for each reader, case and modality.
    """
    lines = text.splitlines()
    begin = next(at for at, line in enumerate(lines) if line.upper().find("BEGIN DATA:") == 0)
    sizes: dict[str, int] = {}
    for line in lines[:begin]:
        for name in ("N0", "N1", "NR", "NM"):
            if f"{name}:" in line.upper():
                sizes[name] = int(line[3:].strip())
    truth: dict[str, int] = {}
    read = []
    for line in lines[begin + 1 :]:
        reader, case, modality, score = (field.strip() for field in line.split(","))
        if reader in ("-1", "truth"):
            assert case not in truth
            truth[case] = {"0": 0, "1": 1}[score]
        else:
            read.append((reader, case, modality, float(score)))
    assert {case for _, case, _, _ in read} <= set(truth)
    assert len({row[:3] for row in read}) == len(read)
    return sizes, truth, read


def rjafroc_reads(text: str) -> dict[tuple[int, str, int], float]:
    """Read a file as RJafroc does, with its refusals: whole numbers as ids, sizes that are right, no hole."""
    lines = [line.strip() for line in text.splitlines()]
    sizes = {line.split(":")[0]: int(line.split(":")[1]) for line in lines if line[:3] in ("N0:", "N1:", "NR:", "NM:")}
    data = [line.split(",") for line in lines[lines.index("BEGIN DATA:") + 1 :]]
    assert all(len(row) == 4 for row in data)
    truth = {int(row[1]): int(row[3]) for row in data if float(row[0]) == -1}
    rated = {(int(row[0]), row[2], int(row[1])): float(row[3]) for row in data if float(row[0]) != -1}
    assert len(rated) + len(truth) == len(data)
    readers, modalities = {reader for reader, _, _ in rated}, {kind for _, kind, _ in rated}
    assert (sizes["N0"], sizes["N1"]) == (sum(t == 0 for t in truth.values()), sum(t == 1 for t in truth.values()))
    assert (sizes["NR"], sizes["NM"]) == (len(readers), len(modalities))
    assert rated.keys() == {(r, k, case) for r in readers for k in modalities for case in truth}
    return rated


@pytest.mark.parametrize(("compared", "readers", "arms"), [("ai", 5, 1), ("arms", 4, 2)])
def test_rjafroc_reads_its_file(rows: StudyRows, compared: Any, readers: int, arms: int):
    rated = rjafroc_reads("".join(mrmc_pieces(rows, program="rjafroc", positive="covid", compare=compared)))
    found = sorted({reader for reader, _, _ in rated})
    assert found == list(range(0 if compared == "ai" else 1, 5))
    assert len(found) == readers
    assert sorted({kind for _, kind, _ in rated}) == [str(n + 1) for n in range(arms)]
    if compared == "ai":  # the AI comes first, where an analysis of an AI against radiologists expects it
        one = rows.take(rows.is_ai & (rows.case == rows.case[rows.is_ai][0]))
        number = rows.study.cases[one.case[0]].number
        assert rated[0, "1", number] == 100 * one.probabilities[0, 2]


@pytest.mark.parametrize("compared", ["ai", "arms"])
def test_imrmc_reads_every_rated_read_and_each_truth_once(rows: StudyRows, compared: Any):
    sizes, truth, read = imrmc_reads("".join(mrmc_pieces(rows, program="imrmc", positive="covid", compare=compared)))
    known = {str(case.number): int(case.truth == "covid") for case in rows.study.cases}
    assert truth == {case: known[case] for case in truth}
    assert (sizes["N0"], sizes["N1"]) == (sum(t == 0 for t in truth.values()), sum(t == 1 for t in truth.values()))
    assert (sizes["NR"], sizes["NM"]) == (len({r for r, *_ in read}), len({kind for _, _, kind, _ in read}))
    rated = ~rows.is_ai & ~np.isnan(rows.ratings).any(axis=1)
    if compared == "ai":
        rated &= rows.arm == 0
        rated |= rows.is_ai & ~np.isnan(rows.probabilities).any(axis=1)
    assert len(read) == int(rated.sum())
    wanted = {}
    for at in np.flatnonzero(rated).tolist():
        score = 100 * rows.probabilities[at, 2] if rows.is_ai[at] else rows.ratings[at, 2]
        name = rows.study.participants[rows.participant[at]].name.replace(" ", "_")
        kind = "AI" if rows.is_ai[at] else ("unaided", "aided")[rows.arm[at]]
        wanted[name, str(rows.study.cases[rows.case[at]].number), kind] = score
    assert {row[:3]: row[3] for row in read} == wanted
    assert "-1," not in "".join(mrmc_pieces(rows, program="imrmc", positive="covid", compare=compared))


@pytest.mark.parametrize("program", ["imrmc", "rjafroc"])
def test_cases_on_which_the_ai_failed_are_named(rows: StudyRows, program: Any):
    probabilities, at = rows.probabilities.copy(), np.flatnonzero(rows.is_ai)[:2]
    probabilities[at] = np.nan
    text = "".join(mrmc_pieces(replace(rows, probabilities=probabilities), program=program, positive="covid",
                               compare="ai"))  # fmt: skip
    already = rows.is_ai & np.isnan(rows.probabilities[:, 2])
    lost = sorted({rows.study.cases[case].number for case in [*rows.case[at].tolist(), *rows.case[already].tolist()]})
    assert f"failed on them - {len(lost)} (cases {' '.join(map(str, lost))})" in text
    assert "failed on them" not in "".join(mrmc_pieces(rows, program=program, positive="covid", compare="arms"))


def test_names_people_typed_cannot_be_taken_for_sizes_or_data(rows: StudyRows):
    people = tuple(
        replace(participant, name=name)
        for participant, name in zip(
            rows.study.participants, ("N1: 7, x", "-1", "truth", "N1:\n7 x", "AI"), strict=True
        )
    )
    odd = replace(rows, study=replace(rows.study, title="BEGIN DATA: N0: 5\nNR: 3", participants=people))
    for program in ("imrmc", "rjafroc"):
        text = "".join(mrmc_pieces(odd, program=program, positive="covid", compare="ai"))
        sizes, _, read = imrmc_reads(text)
        assert sizes["NR"] == 5 == len({reader for reader, *_ in read})


def test_files_without_ratings_or_a_second_arm_are_refused_in_words(session: Session):
    plan = Plan(cases=12, ratings=False)
    rows = analysis.rows(session, study_id=seed_study(session, plan), by=SYSTEM)
    with pytest.raises(InvalidInput, match="rating"):
        list(mrmc_pieces(rows, program="imrmc", positive="covid", compare="ai"))
    with pytest.raises(InvalidInput, match="one arm"):
        list(mrmc_pieces(rows, program="imrmc", positive="covid", compare="arms"))
    with pytest.raises(InvalidInput, match="no class"):
        list(mrmc_pieces(rows, program="imrmc", positive="flu", compare="ai"))


def test_a_file_with_one_class_only_is_refused(session: Session):
    plan = replace(Plan(cases=1, practice=0), ai_failures=0)
    rows = analysis.rows(session, study_id=seed_study(session, plan), by=SYSTEM)
    with pytest.raises(InvalidInput, match="one side"):
        list(mrmc_pieces(rows, program="rjafroc", positive="covid", compare="ai"))
