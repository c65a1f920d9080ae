"""Commands of this part of the command line."""

import typer


def register(app: typer.Typer, bench: typer.Typer) -> None:
    """Add this part's commands to the command line."""
