"""Commands of this part of the command line: `report`, `export`, and `bench results`."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.errors import InvalidInput
from core.export.kinds import DETAILED, Kind
from core.study.words import Design

if TYPE_CHECKING:
    from core.results.bench import Costs
    from core.results.rows import StudyRows


def report(
    study: Annotated[int, typer.Argument(help="number of the study, as the pages show it")],
    out: Annotated[Path, typer.Option(help="the HTML file to write")] = Path("report.html"),
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Write the report of an unblinded study: one HTML file that needs no network and prints to PDF."""
    from core.services.reporting import report_of
    from db.migrate import migrate
    from db.permissions import SYSTEM

    migrate()
    text = report_of(study, by=SYSTEM)
    _write(out, iter([text]))
    said = {"study": study, "file": str(out), "bytes": len(text.encode())}
    typer.echo(json.dumps(said) if as_json else f"{out}: {said['bytes']} bytes")


def export(
    study: Annotated[int, typer.Argument(help="number of the study, as the pages show it")],
    kind: Annotated[Kind, typer.Option("--format", help="csv, json, imrmc, rjafroc, marks or lesions")] = "csv",
    out: Annotated[Path | None, typer.Option(help="file to write; the standard output without one")] = None,
    positive: Annotated[str, typer.Option(help="class against the rest, for imrmc and rjafroc")] = "",
    arms: Annotated[bool, typer.Option(help="compare unaided and aided instead of AI and readers")] = False,
    finding: Annotated[str, typer.Option(help="finding, in a study of several; the prespecified one without")] = "",
    ai: Annotated[str, typer.Option(help="AI beside the readers, for marks and lesions")] = "",
) -> None:
    """Write every read of an unblinded study: long CSV, JSON, or a file for iMRMC, RJafroc or froc."""
    from core import clock
    from core.export.files import file_of
    from core.results.findings import asked_of
    from db.engine import open_session, open_view
    from db.migrate import migrate
    from db.permissions import SYSTEM
    from db.results import rows as analysis
    from db.results import taken

    migrate()
    with open_view() as session:
        rows = analysis.rows(session, study_id=study, by=SYSTEM, detail=kind in DETAILED)
    asked = asked_of(rows, finding)
    pieces = file_of(asked, kind, positive=positive, compare="arms" if arms else "ai", ai=ai).pieces
    with open_session() as session:
        taken.results(session, study, kind, by=SYSTEM, at=clock.now())
    if out is None:
        for piece in pieces:
            sys.stdout.write(piece)
    else:
        _write(out, pieces)


def export_dicom(
    study: Annotated[int, typer.Argument(help="number of the study, as the pages show it")],
    out: Annotated[Path, typer.Option(help="folder to write to; each case gets one in it")] = Path("dicom"),
    readers: Annotated[bool, typer.Option("--readers", help="readers' reads and marks too")] = False,
    images: Annotated[bool, typer.Option("--images", help="the de-identified images too")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Write AI reads (and marks) of an unblinded study as DICOM SR (TID 1500) and SEG, a folder for each case."""
    from core.services.giving_back import write_study
    from db.migrate import migrate
    from db.permissions import SYSTEM

    migrate()
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput(f"{out} cannot be written ({error.strerror}); choose another place with --out.") from None
    counts = write_study(study, out, by=SYSTEM, readers=readers, images=images)
    said = {"study": study, "folder": str(out), **counts}
    typer.echo(json.dumps(said) if as_json else f"{out}: " + ", ".join(f"{n} {name}" for name, n in counts.items()))


def bench_results(
    readers: Annotated[int, typer.Option(help="readers, half novices and half experts")] = 100,
    cases: Annotated[int, typer.Option(help="cases that each of them reads")] = 1000,
    aided: Annotated[bool, typer.Option(help="read twice, without and with the AI")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Simulate a study in a temporary database, and time every results panel on it."""
    from concurrent.futures import ProcessPoolExecutor
    from dataclasses import asdict
    from multiprocessing import get_context
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bench.db"
        # each in a process of its own: the peak memory is that of the panels, not of making the study up
        with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as apart:
            apart.submit(_simulated, url, readers, cases, aided).result()
            found = apart.submit(_costs, url).result()
    if as_json:
        typer.echo(json.dumps(asdict(found)))
        return
    typer.echo(f"{found.reads} reads; processor seconds, and seconds by the clock")
    for step in found.steps:
        typer.echo(f"  {step.step:38s} {step.processor_s:6.3f} {step.wall_s:6.3f}")
    typer.echo(f"comparison page cold {found.cold_s:.3f} s, on a filter {found.filter_s:.3f} s (processor)")
    typer.echo(f"peak memory {found.memory_mb:.0f} MB")


def _simulated(url: str, readers: int, cases: int, aided: bool) -> None:
    from db.engine import open_session
    from db.migrate import migrate
    from db.simulated import Plan, seed_study

    migrate(url)
    design = Design.SEQUENTIAL if aided else Design.INDEPENDENT
    plan = Plan(novices=readers - readers // 2, experts=readers // 2, cases=cases, missing=0.005, design=design)
    with open_session(url) as session:
        seed_study(session, plan)


def _costs(url: str) -> "Costs":
    from core.results.bench import panel_costs
    from db.engine import open_view
    from db.permissions import SYSTEM
    from db.results import rows as analysis

    def read() -> "StudyRows":
        with open_view(url) as session:
            return analysis.rows(session, study_id=1, by=SYSTEM)

    def stamp() -> str:
        with open_view(url) as session:
            return analysis.stamp(session, study_id=1, by=SYSTEM)

    return panel_costs(read, stamp)


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
    app.command("export-dicom")(export_dicom)
    bench.command("results")(bench_results)
