"""A report made again from its data: nothing differs; a changed figure, sentence, chart or row of the data is named."""

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.__main__ import build_app
from core.errors import InvalidInput
from core.export.files import file_of
from core.report.document import made_now, report_html
from core.report.verify import verify
from core.results.study_results import StudyResults
from core.study.words import Design
from db.engine import engine_for, open_session
from db.permissions import SYSTEM
from db.results import rows as analysis
from db.simulated import Plan, seed_study
from tests.conftest import NOW

HEAD = "12:" + "a" * 64
PLANS = {
    "two arms": Plan(cases=24, design=Design.SEQUENTIAL, novices=2, experts=2, missing=0.03, indeterminate=0.03),
    "no ratings, no AI": Plan(cases=12, novices=1, experts=1, ratings=False, ai=False, title="=1+1"),
    "AI failures": Plan(cases=16, novices=1, experts=2, ai_failures=2, seed=3),
}


@dataclass
class Handed:
    """What somebody was handed."""

    report: str
    data: bytes


@pytest.fixture(scope="module")
def make(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Handed]:
    """Make report and export of one of the plans."""

    @cache
    def made(plan: str) -> Handed:
        path = tmp_path_factory.mktemp("verified") / "parallax.db"
        path.write_bytes(migrated_sqlite.read_bytes())
        with open_session(f"sqlite:///{path}") as session:
            study = seed_study(session, PLANS[plan])
            rows = analysis.rows(session, study_id=study, by=SYSTEM, detail=True)
            runs = analysis.ai_runs(session, study_id=study, by=SYSTEM)
            story = analysis.story(session, study_id=study, by=SYSTEM)
        engine_for(f"sqlite:///{path}").dispose()
        by = made_now(rows, at=NOW, head=HEAD)
        report = report_html(StudyResults(rows, runs=lambda: runs), story, made=by)
        return Handed(report, "".join(file_of(rows, "csv").pieces).encode())

    return made


@pytest.fixture
def handed(make: Callable[[str], Handed]) -> Handed:
    return make("AI failures")


@pytest.mark.parametrize("plan", PLANS)
def test_a_report_that_nobody_changed_is_made_again_to_the_last_byte(make: Callable[[str], Handed], plan: str):
    handed = make(plan)
    found = verify(handed.report, handed.data)
    assert found.differences == ()
    assert found.compared > 300
    assert found.head == HEAD
    assert f"the audit trail: {HEAD}<" in handed.report


def test_every_changed_cell_is_named_and_nothing_else(handed: Handed):
    cells = list(re.finditer(r"<td>([0-9.]+)</td>", handed.report))
    assert len(cells) > 50
    chosen, changed = cells[:: len(cells) // 12], handed.report
    for cell in reversed(chosen):
        changed = changed[: cell.start(1)] + "0.987" + changed[cell.end(1) :]
    found = verify(changed, handed.data).differences
    assert [(one.report, one.data) for one in found] == [("0.987", cell[1]) for cell in chosen]
    assert all("table" in one.where for one in found)


def test_a_changed_sentence_curve_heading_drawing_and_a_removed_row_are_named(handed: Handed):
    begin = handed.report.index("<body>")
    head, changed = handed.report[:begin], handed.report[begin:]
    for old, new in (
        (r"<p class=\"note\">([^<]{30,})</p>", "It was significant."),
        (r"data-chart=\"[^\"]+\">.*?\"y\":(\[[^\]]+\]|\{[^}]+\})", "[0.99]"),
        (r"<tbody>\s*(<tr>.*?</tr>)", ""),
        (r"<h3>([^<]+)</h3>", "Another heading"),
        (r"<text[^>]*>([^<]*[0-9][^<]*)</text>", "999 reads"),
    ):
        found = re.search(old, changed, flags=re.S)
        assert found is not None, old
        changed = changed[: found.start(1)] + new + changed[found.end(1) :]
    said = [str(difference) for difference in verify(head + changed, handed.data).differences]
    assert len(said) == 5
    for part in ("It was significant.", "0.99", "Another heading", "999 reads"):
        assert sum(part in one for one in said) == 1, part


def test_changed_data_are_named_with_what_follows_from_them(handed: Handed):
    lines = list(csv.reader(io.StringIO(handed.data.decode())))
    at, answers = lines[0].index("prediction"), sorted({line[lines[0].index("truth")] for line in lines[1:]})
    lines[1][at] = next(code for code in answers if code != lines[1][at])
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    found = verify(handed.report, text.getvalue().encode())
    assert found.differences[0].where == "SHA-256 of the data"
    assert len(found.differences) > 1


def test_what_else_was_changed_in_the_page_is_said(handed: Handed):
    changed = handed.report.replace("</style>", "td { display: none }</style>")
    (one,) = verify(changed, handed.data).differences
    assert "outside its figures" in one.where


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda h: (h.report, b"reader,case\n1,2\n"), "no column truth"),
        (lambda h: (h.report, b"\xff\xfe\x00"), "no CSV text"),
        (lambda h: ("<html></html>", h.data), "no report"),
        (lambda h: (re.sub(r'"made":\{', '"made":{"at":1,"x":', h.report, count=1), h.data), "record"),
        (lambda h: (h.report, h.data.replace(b"novice 1", b"nobody 1")), "the report knows no 'nobody 1'"),
    ],
)
def test_files_that_are_something_else_are_refused_in_words(handed: Handed, change, said: str):
    with pytest.raises(InvalidInput, match=said):
        verify(*change(handed))


def test_the_command_names_the_differences_and_ends_with_1(handed: Handed, tmp_path: Path):
    report, data = tmp_path / "report.html", tmp_path / "export.csv"
    report.write_text(handed.report)
    data.write_bytes(handed.data)
    asked = ["verify-report", str(report), "--data", str(data)]
    good = CliRunner().invoke(build_app(), [*asked, "--json"])
    assert good.exit_code == 0
    assert json.loads(good.stdout)["differences"] == []
    report.write_text(re.sub(r"<td>[0-9.]+</td>", "<td>0.999</td>", handed.report, count=1))
    bad = CliRunner().invoke(build_app(), asked)
    assert bad.exit_code == 1
    assert "the report says '0.999'" in bad.stdout
