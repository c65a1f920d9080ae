"""Commands that prove what is stored: verify."""

import json
from dataclasses import asdict
from typing import Annotated

import typer


def register(app: typer.Typer, bench: typer.Typer) -> None:
    """Add this part's commands to the command line."""
    app.command()(verify)


def verify(
    head: Annotated[str, typer.Option(help="head printed in a report, number:seal; the chain must go through it")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Check that nothing that counts was changed, added or removed outside Parallax; exit code 1 when something was."""
    from core.errors import InvalidInput
    from db import chain
    from db.engine import open_view

    number, _, seal = head.partition(":")
    if head and not (number.isdecimal() and len(seal) == 64):
        raise InvalidInput("A head is a number, a colon and 64 letters and digits, as reports print it.")
    with open_view() as session:
        found = chain.verify(session, head=head)
    if as_json:
        typer.echo(json.dumps(asdict(found)))
    else:
        for one in found.broken:
            typer.echo(f"{one.table} {one.id}: {one.what}")
        state = "nothing was changed" if not found.broken else f"{len(found.broken)} problems"
        typer.echo(f"{found.events} links, {state}. Head: {found.head or 'none yet'}")
    if found.broken:
        raise typer.Exit(1)
