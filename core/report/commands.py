"""Commands of this part of the command line: `report` and `export`."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from core.errors import InvalidInput

if TYPE_CHECKING:
    from core.report.rows import StudyRows
    from core.report.story import Story

Kind = Literal["csv", "json", "imrmc", "rjafroc"]


def report(
    study: Annotated[int, typer.Argument(help="number of the study, as the pages show it")],
    out: Annotated[Path, typer.Option(help="the HTML file to write")] = Path("report.html"),
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Write the report of an unblinded study: one HTML file that needs no network and prints to PDF."""
    from core import clock
    from core.report.document import report_html

    rows, story = _read(study)
    text = report_html(rows, story, at=clock.now())
    _write(out, iter([text]))
    said = {"study": rows.study.title, "file": str(out), "bytes": len(text.encode()), "reads": len(rows)}
    typer.echo(json.dumps(said) if as_json else f"{out}: {said['bytes']} bytes, {said['reads']} reads")


def export(
    study: Annotated[int, typer.Argument(help="number of the study, as the pages show it")],
    kind: Annotated[Kind, typer.Option("--format", help="csv, json, imrmc or rjafroc")] = "csv",
    out: Annotated[Path | None, typer.Option(help="file to write; the standard output without one")] = None,
    positive: Annotated[str, typer.Option(help="class against the rest, for imrmc and rjafroc")] = "",
    arms: Annotated[bool, typer.Option(help="compare unaided and aided instead of AI and readers")] = False,
) -> None:
    """Write every read of an unblinded study: long CSV, JSON, or a file for iMRMC or RJafroc."""
    from core.report.files import DETAILED, file_of
    from db import analysis
    from db.engine import open_view
    from db.migrate import migrate

    migrate()
    with open_view() as session:
        rows = analysis.rows(session, study_id=study, account_id=None, detail=kind in DETAILED)
    pieces = file_of(rows, kind, positive=positive, compare="arms" if arms else "ai").pieces
    if out is None:
        for piece in pieces:
            sys.stdout.write(piece)
    else:
        _write(out, pieces)


def bench_results(
    study: Annotated[int, typer.Argument(help="number of an unblinded study")],
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Time what the comparison page does for a study: reading its rows, the whole comparison, and one filtered anew."""
    import resource
    from time import perf_counter, process_time

    from core.report.compare import compare
    from core.report.figures import comparison_chart, difference_chart, time_chart
    from core.report.rows import Filter
    from db import analysis
    from db.engine import open_view

    said: dict[str, float] = {}
    marks = [(perf_counter(), process_time())]

    def mark(name: str) -> None:
        marks.append((perf_counter(), process_time()))
        said[name] = round(marks[-1][0] - marks[-2][0], 3)
        said[f"{name}_cpu"] = round(marks[-1][1] - marks[-2][1], 3)  # what it takes on a machine that others use too

    with open_view() as session:
        rows = analysis.rows(session, study_id=study, account_id=None)
    mark("rows_s")
    for name, chosen in (("comparison_s", Filter()), ("filter_s", Filter(classes=rows.study.codes[1:]))):
        found = compare(rows.where(chosen), whole=rows if name == "comparison_s" else None)
        labels = {column: found.label(column) for column in found.columns}
        drawn = [
            comparison_chart(rows.study, found.dots, labels, title="", key=""),
            time_chart(rows.study, found.times),
        ]
        for chart in (*drawn, difference_chart(rows.study, found.gaps)):
            chart.figure.to_json()
        mark(name)
    said["reads"] = len(rows)
    said["memory_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    typer.echo(json.dumps(said) if as_json else ", ".join(f"{name} {value}" for name, value in said.items()))


def _read(study: int) -> "tuple[StudyRows, Story]":
    from db import analysis
    from db.engine import open_view
    from db.migrate import migrate

    migrate()
    with open_view() as session:
        rows = analysis.rows(session, study_id=study, account_id=None, detail=True)
        return rows, analysis.story(session, study_id=study, account_id=None)


def _write(out: Path, pieces: Iterator[str]) -> None:
    try:
        with out.open("w", encoding="utf-8", newline="") as file:
            for piece in pieces:
                file.write(piece)
    except OSError as error:
        raise InvalidInput(f"{out} cannot be written ({error.strerror}); choose another place with --out.") from None


def register(app: typer.Typer, bench: typer.Typer) -> None:
    """Add this part's commands to the command line."""
    app.command()(report)
    app.command()(export)
    bench.command("results")(bench_results)
