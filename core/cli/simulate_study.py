"""python -m core simulate-study: a study set up from a protocol file, read by simulated readers, and analysed."""

import json
from pathlib import Path
from typing import Annotated

import typer

from core.errors import InvalidInput


def register(app: typer.Typer, bench: typer.Typer) -> None:
    """Add `simulate-study` to the command line."""
    app.command("simulate-study")(simulate_study)


def simulate_study(
    protocol: Annotated[Path, typer.Argument(help="protocol file, as the page History of a study gives it")],
    readers: Annotated[int, typer.Option(help="simulated readers, spread over the protocol's groups")] = 40,
    cases: Annotated[int, typer.Option(help="cases without pixels")] = 200,
    shares: Annotated[str, typer.Option(help="share of cases by class, such as none=0.7,pe=0.3; even if empty")] = "",
    accuracy: Annotated[float, typer.Option(help="chance that an unaided read is right")] = 0.75,
    ai: Annotated[float, typer.Option(help="chance that the AI is right")] = 0.85,
    seed: Annotated[int, typer.Option(help="seed; the same seed gives the same study")] = 1,
    out: Annotated[Path | None, typer.Option(help="write the long CSV here", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Try a protocol before it is used: cases, readers and reads are made up, in a database of their own.

    Set up, checked, opened, closed and unblinded as a real study is; the figures say what such a study could show.
    """
    from tempfile import TemporaryDirectory

    from core.export.long import csv_pieces
    from core.results.study_results import StudyResults
    from core.services.simulated_study import summary_of
    from db.engine import open_session, open_view
    from db.migrate import migrate
    from db.permissions import SYSTEM
    from db.results import rows as results
    from db.simulated.from_protocol import Simulation, seed_from_protocol

    try:
        text = protocol.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{protocol} cannot be read ({error.strerror}); give a protocol file.") from None
    plan = Simulation(readers, cases, _shares(shares), accuracy=accuracy, ai=ai, seed=seed)
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/simulated.db"
        migrate(url)
        with open_session(url) as session:
            study_id = seed_from_protocol(session, text, plan)
        with open_view(url) as session:
            rows = results.rows(session, study_id=study_id, by=SYSTEM)
            summary = summary_of(session, study_id, StudyResults(rows))
    if out is not None:
        _write(out, "".join(csv_pieces(rows)))
    if as_json:
        typer.echo(json.dumps(summary))
        return
    for line in summary["text"]:
        typer.echo(line)


def _shares(text: str) -> dict[str, float] | None:
    found = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        code, _, share = part.partition("=")
        try:
            found[code.strip()] = float(share)
        except ValueError:
            raise InvalidInput(f"--shares: “{part}” is not CLASS=SHARE; write none=0.7,pe=0.3.") from None
    return found or None


def _write(out: Path, text: str) -> None:
    try:
        out.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise InvalidInput(f"{out} cannot be written ({error.strerror}); choose another place with --out.") from None
