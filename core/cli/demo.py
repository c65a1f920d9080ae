"""python -m core demo: fill this installation with a demo, or take it away again."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from core.errors import InvalidInput


def register(app: typer.Typer, bench: typer.Typer) -> None:
    """Add `demo` to the command line."""
    app.command()(demo)


def demo(
    remove: Annotated[bool, typer.Option("--remove", help="take the demo away again")] = False,
    prepare: Annotated[bool, typer.Option("--prepare", help="make the shipped AI reads of the demo again")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Add 24 procedural patients, their AI reads, simulated readers and three studies to look at.

    Everything simulated says so. Passwords are random, and shown this once.
    """
    if remove and prepare:
        raise InvalidInput("Choose one of --remove and --prepare.")
    from core.jobs.queue import prepare as prepare_jobs
    from core.services.demo import build
    from core.settings import settings
    from db.migrate import migrate

    if prepare:
        typer.echo(f"{build.prepare(on_progress=_tell)} AI reads were made again.")
        return
    migrate()
    prepare_jobs()
    if remove:
        studies = build.remove(on_progress=_tell)
        typer.echo(json.dumps({"removed_studies": studies}) if as_json else f"The demo is gone: {studies} studies.")
        return
    made = build.build(on_progress=_tell)
    url = settings().public_url or "http://localhost:8501"
    if as_json:
        accounts = [asdict(account) for account in made.accounts]
        studies_ = [{"id": str(number), "title": title} for number, title in made.studies.items()]
        typer.echo(json.dumps({"accounts": accounts, "studies": studies_, "url": url}))
        return
    typer.echo(f"The demo is there. Start Parallax (streamlit run app.py), open {url} and sign in as:")
    for account in made.accounts:
        typer.echo(f"  {account.user:18} {account.password}   {account.role}")
    typer.echo("Its studies:")
    for title in made.studies.values():
        typer.echo(f"  {title}")
    typer.echo("To take it away again: python -m core demo --remove")


def _tell(done: int, total: int) -> None:
    typer.echo(f"{done} of {total} patients", err=True)
