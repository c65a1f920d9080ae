"""Commands of the viewer: build its bundle, check its source, measure it."""

import json
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer, bench: typer.Typer) -> None:
    """Add this part's commands to the command line."""
    app.command("build-viewer")(build_viewer)
    app.command("viewer-types")(viewer_types)
    app.command("check-viewer")(check_viewer)
    bench.command("viewer")(bench_viewer)


def build_viewer(
    force: Annotated[bool, typer.Option("--force", help="build even if this source was built before")] = False,
) -> None:
    """Build the reading component now rather than at the first start."""
    from core.viewer.build import ensure_bundle

    path = ensure_bundle(say=lambda sentence: typer.echo(sentence, err=True), force=force)
    typer.echo(str(path))


def viewer_types() -> None:
    """Write the viewer's TypeScript types and the table of keys anew, from the contract and the list of keys."""
    from core.viewer.checks import write_made

    typer.echo(", ".join(write_made()) or "Nothing has changed.")


def check_viewer(
    fix: Annotated[bool, typer.Option("--fix", help="first format, and mend what can be mended safely")] = False,
) -> None:
    """Check the viewer's JavaScript: format, lint, types, units, and that its types are those of the contract."""
    from core.viewer.checks import mend, problems

    if fix:
        mend(say=lambda sentence: typer.echo(sentence, err=True))
    failed = list(problems(say=lambda sentence: typer.echo(sentence, err=True)))
    for problem in failed:
        typer.echo(problem, err=True)
    if failed:
        raise typer.Exit(1)


def bench_viewer(
    case: Annotated[Path | None, typer.Option(help="a CT: DICOM folder, zip or NIfTI; else a procedural chest")] = None,
    cases: Annotated[int, typer.Option(help="cases read in a row for the figures of memory")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object")] = False,
) -> None:
    """Measure the viewer in headless Chromium: first slice, all slices, wheel to paint, memory over many cases."""
    from core.imaging.read import read_path
    from core.viewer.bench import measure, procedural

    figures = measure(read_path(case) if case else procedural(), cases=cases).values
    if as_json:
        typer.echo(json.dumps(figures))
        return
    for name, figure in figures.items():
        target = f"   (target {figure['target']})" if "target" in figure else ""
        typer.echo(f"{name:40} {figure['value']}{target}")
