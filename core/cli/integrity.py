"""Commands that prove what is stored and handed out: verify, verify-report."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer, bench: typer.Typer) -> None:
    """Add this part's commands to the command line."""
    app.command()(verify)
    app.command("verify-report")(verify_report)


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
        for link in found.broken:
            typer.echo(f"{link.table} {link.id}: {link.what}")
        state = "nothing was changed" if not found.broken else f"{len(found.broken)} problems"
        typer.echo(f"{found.events} links, {state}. Head: {found.head or 'none yet'}")
    if found.broken:
        raise typer.Exit(1)


def verify_report(
    report: Annotated[Path, typer.Argument(help="the report, an HTML file that Parallax made")],
    data: Annotated[Path, typer.Option(help="the long CSV export of the same study, unfiltered")],
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Make every figure of a report again from its data; exit code 1 when something differs, and what."""
    from core.report.verify import verify as verified

    found = verified(_bytes(report).decode("utf-8", "replace"), _bytes(data))
    if as_json:
        typer.echo(json.dumps(asdict(found), ensure_ascii=False))
    else:
        for difference in (*found.differences, *found.notes):
            typer.echo(str(difference))
        state = "nothing differs" if not found.differences else f"{len(found.differences)} differences"
        typer.echo(f"{found.compared} figures and sentences compared, {state}. Head: {found.head or 'none printed'}")
    if found.differences:
        raise typer.Exit(1)


def _bytes(path: Path) -> bytes:
    from core.errors import InvalidInput

    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read ({error.strerror}).") from None
