"""Commands of the viewer: build its bundle, measure it."""

import typer


def register(app: typer.Typer, bench: typer.Typer) -> None:
    """Add this part's commands to the command line."""
    app.command("build-viewer")(build_viewer)


def build_viewer(force: bool = typer.Option(False, help="build even if this source was built before")) -> None:
    """Build the reading component now rather than at the first start."""
    from core.viewer.build import ensure_bundle

    path = ensure_bundle(say=lambda sentence: typer.echo(sentence, err=True), force=force)
    typer.echo(str(path))
