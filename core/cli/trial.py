"""Commands that try this version on a server of its own: load, chaos."""

import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from core.errors import InvalidInput

DATABASE = "`postgresql` for a server that the trial starts by itself, or the URL of an empty database; SQLite without"


def register(app: typer.Typer, _bench: typer.Typer) -> None:
    """Add this part's commands to the command line."""
    app.command()(load)
    app.command()(chaos)


def load(
    readers: Annotated[int, typer.Option(min=1, max=500, help="people who read at the same time")] = 50,
    seconds: Annotated[float, typer.Option(min=1.0, help="how long they read")] = 45.0,
    pace: Annotated[float, typer.Option(min=0.0, help="seconds a case takes a reader besides the requests")] = 10.0,
    cases: Annotated[int, typer.Option(min=2, max=500, help="small made-up cases in the study")] = 50,
    database: Annotated[str, typer.Option(help=DATABASE)] = "",
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Let many readers read at once on a server of its own, and tell what failed and how long requests took."""
    from core.jobs.trial.load import run

    if cases < 5 and readers > 20:
        raise InvalidInput("So few cases allow too few different orders for so many readers; give more cases.")
    with tempfile.TemporaryDirectory(prefix="parallax-load-") as folder:
        found = run(Path(folder), readers=readers, seconds=seconds, pace_s=pace, cases=cases, database=database)
    if as_json:
        typer.echo(json.dumps(found.as_dict()))
    else:
        for name, value in found.as_dict().items():
            typer.echo(f"{name:>13}  {value}")
    if found.errors:
        raise typer.Exit(1)


def chaos(
    kills: Annotated[int, typer.Option(min=1, help="how often a part is killed: server, worker, database")] = 36,
    readers: Annotated[int, typer.Option(min=1, max=200, help="people who read meanwhile")] = 20,
    cases: Annotated[int, typer.Option(min=5, max=500, help="small made-up cases in the study")] = 50,
    pace: Annotated[float, typer.Option(min=0.0, help="seconds a case takes a reader besides the requests")] = 2.0,
    database: Annotated[
        str, typer.Option(help="sqlite, postgresql, the URL of an empty database, or both: the first two in turn")
    ] = "both",
    seed: Annotated[int, typer.Option(help="the same seed kills in the same order")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Kill server, worker and database of a server of its own while people read, and look for what was lost."""
    from core.jobs.trial.chaos import Chaos, run

    engines = {"both": ["", "postgresql"], "sqlite": [""]}.get(database, [database])
    found: list[Chaos] = []
    for engine in engines:
        with tempfile.TemporaryDirectory(prefix="parallax-chaos-") as folder:
            found.append(
                run(Path(folder), kills=kills, readers=readers, cases=cases, pace_s=pace, database=engine, seed=seed)
            )
    whole = all(trial.chain == "whole" for trial in found)
    figures = {
        "kills": sum(trial.kills for trial in found),
        "reads": sum(trial.reads for trial in found),
        "lost": sum(trial.lost + trial.lost_drafts for trial in found),
        "twice": sum(trial.twice for trial in found),
        "chain": "whole" if whole else "; ".join(trial.chain for trial in found if trial.chain != "whole"),
        "engines": [trial.as_dict() for trial in found],
    }
    if as_json:
        typer.echo(json.dumps(figures))
    else:
        for trial in found:
            for name, value in trial.as_dict().items():
                typer.echo(f"{name:>13}  {value}")
    if not all(trial.held for trial in found):
        raise typer.Exit(1)
