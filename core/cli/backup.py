"""Commands that keep an installation: backup, restore."""

import json
from pathlib import Path
from typing import Annotated

import typer

SAID = "passphrase that encrypts the backup; better given as PARALLAX_BACKUP_PASSPHRASE"
Passphrase = Annotated[str, typer.Option(help=SAID, envvar="PARALLAX_BACKUP_PASSPHRASE", show_envvar=False)]


def register(app: typer.Typer, _bench: typer.Typer) -> None:
    """Add this part's commands to the command line."""
    app.command()(backup)
    app.command()(restore)


def backup(
    file: Annotated[Path, typer.Argument(help="new file that the backup is written to")],
    passphrase: Passphrase = "",
    secret: Annotated[bool, typer.Option(help="put the secret into it; without it, keep data/secret apart")] = True,
    check: Annotated[bool, typer.Option(help="read it back and compare every part")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Write database and volumes into one file while people work; ended half-way, run it again and it goes on."""
    from core.services.backup.take import backup as take

    def tell(done: int, total: int) -> None:
        if not as_json and (done % 10 == 0 or done == total):
            typer.echo(f"volume {done} of {total}", err=True)

    found = take(file, passphrase=passphrase, with_secret=secret, check=check, on_progress=tell)
    if as_json:
        typer.echo(json.dumps(found.as_dict()))
        return
    rows = sum(found.rows.values())
    typer.echo(
        f"{file}: {rows} rows, {found.volumes} volumes, {found.bytes / 1e6:.1f} MB. Head: {found.head or 'none'}"
    )
    if found.missing:
        typer.echo(f"{len(found.missing)} volumes are not in the storage and so not in the backup.")
    if not found.encrypted:
        typer.echo("It is not encrypted; keep it where only you can read it.")


def restore(
    file: Annotated[Path, typer.Argument(help="file that `backup` has written")],
    passphrase: Passphrase = "",
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Put a backup into the empty installation that the settings name, and prove that it is what was taken."""
    from core.services.backup.put_back import must_be_file
    from core.services.backup.put_back import restore as put_back

    must_be_file(file)
    found = put_back(file, passphrase=passphrase)
    if as_json:
        typer.echo(json.dumps(found.as_dict()))
    else:
        rows = sum(found.rows.values())
        typer.echo(f"{rows} rows, {found.volumes} volumes, {found.events} links. Head: {found.head or 'none'}")
        for problem in found.problems:
            typer.echo(problem)
    if found.problems:
        raise typer.Exit(1)
