"""A report made again from its data: nothing differs; a changed figure, sentence, chart or row of the data is named."""

import csv
import io
import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.__main__ import build_app
from core.errors import InvalidInput
from core.export.files import file_of
from core.report.document import made_now, report_html
from core.report.verify import verify
from core.results.study_results import StudyResults
from db.engine import engine_for, open_session
from db.permissions import SYSTEM
from db.results import rows as analysis
from db.simulated import Plan, seed_study
from tests.conftest import NOW

PLANS = {
    "two arms": Plan(cases=24, design="sequential", novices=2, experts=2, missing=0.03, indeterminate=0.03),
    "no ratings, no AI": Plan(cases=12, novices=1, experts=1, ratings=False, ai=False, title="=1+1"),
    "AI failures": Plan(cases=16, novices=1, experts=2, ai_failures=2, seed=3),
}


@dataclass
class Handed:
    """What somebody was handed."""

    report: str
    data: bytes


@pytest.fixture(scope="module", params=list(PLANS))
def handed(request: pytest.FixtureRequest, migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Handed:
    path = tmp_path_factory.mktemp("verified") / "parallax.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    with open_session(f"sqlite:///{path}") as session:
        study = seed_study(session, PLANS[request.param])
        rows = analysis.rows(session, study_id=study, by=SYSTEM, detail=True)
        runs = analysis.ai_runs(session, study_id=study, by=SYSTEM)
        story = analysis.story(session, study_id=study, by=SYSTEM)
    engine_for(f"sqlite:///{path}").dispose()
    made = made_now(rows, at=NOW, head="12:" + "a" * 64)
    report = report_html(StudyResults(rows, runs=lambda: runs), story, made=made)
    return Handed(report, "".join(file_of(rows, "csv").pieces).encode())


def test_a_report_that_nobody_changed_is_made_again_to_the_last_byte(handed: Handed):
    found = verify(handed.report, handed.data)
    assert found.differences == ()
    assert found.compared > 300
    assert found.head == "12:" + "a" * 64
    assert f"Head of the chain over reads, truth, orders, AI reads and the audit trail: {found.head}" in handed.report


def test_every_changed_cell_is_named_alone(handed: Handed):
    cells = list(re.finditer(r"<td>([0-9.]+)</td>", handed.report))
    assert len(cells) > 50
    for cell in cells[:: len(cells) // 6]:
        changed = handed.report[: cell.start(1)] + "0.987" + handed.report[cell.end(1) :]
        (one,) = verify(changed, handed.data).differences
        assert (one.report, one.data) == ("0.987", cell[1])
        assert "table" in one.where


def test_a_changed_sentence_a_changed_curve_and_a_removed_row_are_named(handed: Handed):
    for old, new in (
        (r"<p class=\"note\">([^<]{30,})</p>", "It was significant."),
        (r"data-chart=\"[^\"]+\">.*?\"y\":(\[[^\]]+\]|\{[^}]+\})", "[0.99]"),
        (r"<tbody>\s*(<tr>.*?</tr>)", ""),
        (r"<h3>([^<]+)</h3>", "Another heading"),
        (r"<text[^>]*>([^<]*[0-9][^<]*)</text>", "999 reads"),
    ):
        found = re.search(old, handed.report[handed.report.index("<body>") :], flags=re.S)
        assert found is not None, old
        begin = handed.report.index("<body>")
        changed = handed.report[: begin + found.start(1)] + new + handed.report[begin + found.end(1) :]
        assert verify(changed, handed.data).differences, old


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
