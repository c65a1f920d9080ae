"""Commands of the intake: inspect, import, fuzz."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from core.errors import InvalidInput


def register(app: typer.Typer, _bench: typer.Typer) -> None:
    """Add this part's commands to the command line."""
    app.command()(inspect)
    app.command()(fuzz)
    app.command(name="import")(import_)


def inspect(
    path: Annotated[Path, typer.Argument(help="file, folder or archive, as it would be uploaded")],
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Tell what an upload would make of a file, folder or archive; nothing is stored."""
    from core.imaging.inspect import inspect as look

    found = look(path)
    if as_json:
        typer.echo(json.dumps(found.as_dict()))
        return
    for series, read in found.series:
        step, row, column = series.spacing_mm
        typer.echo(
            f"{series.place}: {series.slices} slices of {read.shape[2]} x {read.shape[1]}, {step:g} mm apart, "
            f"pixels of {column:g} x {row:g} mm, kernel {series.kernel or 'not stated'}, {series.orientation}, "
            f"{read.hu['min']} to {read.hu['max']} HU"
        )
        for warning in series.warnings:
            typer.echo(f"  {warning}")
    for rejection in found.rejected:
        typer.echo(f"left out: {rejection}")
    if not found.series:
        typer.echo("No chest CT series was found.")


def import_(
    path: Annotated[Path, typer.Argument(help="folder of series, archives and NIfTI files, or one of them")],
    study: Annotated[int, typer.Option(help="number of the study that takes the cases")],
    truth: Annotated[Path | None, typer.Option(help="CSV or xlsx: source (file or folder), diagnosis")] = None,
    as_user: Annotated[str, typer.Option("--as", help="user name of who uploads; the study's owner without it")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Store a folder of series as cases of a study; run it again after it was ended, and it goes on."""
    from core.jobs.queue import enqueue
    from core.services.bulk import import_folder
    from db import accounts
    from db.engine import open_view
    from db.permissions import SYSTEM

    by = None
    if as_user:
        with open_view() as session:
            by = next(
                (
                    account.id
                    for account in accounts.every(session, by=SYSTEM)
                    if account.username == as_user.strip().lower()
                ),
                None,
            )
        if by is None:
            raise InvalidInput("There is no account with this user name; check its spelling.")
    if truth is not None and not truth.is_file():
        raise InvalidInput("There is no truth table at this path; check the path and try again.")
    table = truth.read_bytes() if truth is not None else None

    def tell(done: int, total: int) -> None:
        if not as_json and (done % 10 == 0 or done == total):
            typer.echo(f"{done} of {total}", err=True)

    report = import_folder(path, study, enqueue=enqueue, by=by, truth_table=table, on_progress=tell)
    figures: dict[str, Any] = report.as_dict()
    if as_json:
        typer.echo(json.dumps(figures))
        return
    for name, value in figures.items():
        if isinstance(value, int):
            typer.echo(f"{name:>15} {value}")
    for reason, count in report.refused.items():
        typer.echo(f"{count:>15} refused: {reason}")
    for fault in report.truth_faults:
        typer.echo(f"truth, {fault}")


def fuzz(
    minutes: Annotated[float, typer.Option(min=0.0, help="make damaged inputs for this long")] = 0.0,
    corpus: Annotated[Path | None, typer.Option(help="folder; each file or folder in it is an upload")] = None,
    seed: Annotated[int, typer.Option(help="the same seed makes the same inputs")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Read hostile inputs, made or given, and count what is read, refused, crashed or hung."""
    from core.imaging.fuzz import fuzz_corpus, fuzz_for

    if bool(minutes) == (corpus is not None):
        raise InvalidInput("Give either --minutes or --corpus.")
    report = fuzz_corpus(corpus) if corpus is not None else fuzz_for(minutes, seed=seed)
    figures: dict[str, Any] = report.as_dict()
    if as_json:
        typer.echo(json.dumps(figures))
        return
    for name, value in figures.items():
        if name != "rejected":
            typer.echo(f"{name:>10} {value}")
    for reason, count in report.rejected.items():
        typer.echo(f"{count:>10} {reason}")
