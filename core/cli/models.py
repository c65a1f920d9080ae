"""python -m core models: add, list, export and remove AI models."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from core.errors import InvalidInput

AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object")]


def register(app: typer.Typer, bench: typer.Typer) -> None:
    """Add `models` and its verbs to the command line."""
    models = typer.Typer(no_args_is_help=True, help="Add, list, export and remove AI models.")
    models.command("add")(add)
    models.command("list")(list_models)
    models.command("export")(export)
    models.command("remove")(remove)
    app.add_typer(models, name="models")


def add(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="weights (.safetensors, .pt, .pth), a model (.onnx, .ts), or a zip of a model or MONAI bundle"
        ),
    ],
    card: Annotated[Path | None, typer.Option(help="the card.json of a model (.onnx, .ts, MONAI bundle)")] = None,
    name: Annotated[str, typer.Option(help="name of the model; a zip brings its own, as all that follows")] = "",
    version: Annotated[str, typer.Option(help="version, frozen once added")] = "",
    licence: Annotated[str, typer.Option(help="licence of the weights")] = "",
    classes: Annotated[str, typer.Option(help="the outputs in the network's order")] = "normal,cap,covid",
    temperature: Annotated[float, typer.Option(help="what slice scores are divided by before softmax")] = 1.0,
    slice_size: Annotated[int, typer.Option(help="pixels a side of the slices it was trained on")] = 96,
    lung_size: Annotated[int, typer.Option(help="pixels a side of the lung network's input")] = 192,
    window_width: Annotated[float, typer.Option(help="lung window it was trained with, width in HU")] = 1500,
    window_level: Annotated[float, typer.Option(help="lung window it was trained with, level in HU")] = -600,
    lungs: Annotated[str, typer.Option(help="without lung weights: R231, or NAME/VERSION whose lungs to take")] = "",
    data: Annotated[str, typer.Option(help="for the card: what it was trained on")] = "",
    figures: Annotated[str, typer.Option(help="for the card: what it reached, on how many")] = "",
    limits: Annotated[str, typer.Option(help="for the card: where it must not be trusted")] = "",
    patients: Annotated[
        Path | None, typer.Option(help="patients that trained or tuned it: one id a line, or a CSV with patient_id")
    ] = None,
    patients_are: Annotated[str, typer.Option(help="listed, none, or unknown")] = "listed",
    publish_ids: Annotated[bool, typer.Option(help="keep the ids in the card, as for public data")] = False,
    request: Annotated[bool, typer.Option(hidden=True, help="read what is stated as JSON from standard input")] = False,
    as_json: AsJson = False,
) -> None:
    """Check weights, try them on procedural chests and make them a model that studies can pin."""
    from core.ai.new_model import new_model, patients_text
    from db.permissions import SYSTEM, Actor

    files = [*files, *([card] if card else [])]
    missing = [file for file in (*files, *([patients] if patients else [])) if not file.is_file()]
    if missing:
        raise InvalidInput("There is no file at one of these paths; check them and try again.")
    stated: dict[str, Any] = {
        "name": name,
        "version": version,
        "licence": licence,
        "classes": [study_class.strip() for study_class in classes.split(",")],
        "temperature": temperature,
        "slice_size": slice_size,
        "lung_size": lung_size,
        "window_width": window_width,
        "window_level": window_level,
        "lungs": lungs,
        "data": data,
        "figures": figures,
        "limits": limits,
        "patients": patients_text(patients.read_bytes()) if patients else "",
        "known": patients_are,
        "publish_ids": publish_ids,
    }
    by: Actor = SYSTEM
    if request:  # what the page sends; patients' ids are on no command line and in no file
        stated = json.load(sys.stdin)
        by = stated.pop("by")
    from core.services.model_registry import add as add_model

    made = asdict(add_model(files, new_model(stated), by=by))
    if as_json:
        typer.echo(json.dumps(made))
        return
    typer.echo(f"{made['name']} {made['version']} is added; weights {made['sha256'][:16]}.")
    for label, one in made["trial"].items():
        if isinstance(one, dict) and "call" in one:
            shares = ", ".join(f"{key} {one[key]:.3f}" for key in ("normal", "cap", "covid"))
            typer.echo(f"  trial, {label} chest: called {one['call']} ({shares}), lungs Dice {one['lung_dice']:.3f}")
    if "engine" in made["trial"]:
        took = ", ".join(f"{name} {ms:g}" for name, ms in made["trial"]["milliseconds"].items())
        typer.echo(f"  a first run went well; it reads with {made['trial']['engine']} (CPU ms an input: {took})")
    for note in made["trial"].get("notes", []):
        typer.echo(f"  {note}")


def list_models(as_json: AsJson = False) -> None:
    """List every model on this machine and what studies pin."""
    from core.ai.card import key_figures, sizes, trained_on
    from core.ai.model_files import available_models
    from db.ai import models as ai_models
    from db.engine import open_view
    from db.permissions import SYSTEM

    with open_view() as session:
        pinned = ai_models.pinned(session, by=SYSTEM)
        default = ai_models.default(session)
        rows: list[dict[str, Any]] = []
        for model in available_models():
            info = ai_models.by_name(session, model.name, model.version)
            rows.append(
                {
                    "name": model.name,
                    "version": model.version,
                    "sha256": model.sha256,
                    "default": default is not None and info is not None and default.id == info.id,
                    "shipped": model.shipped,
                    "registered": info is not None and info.sha256 == model.sha256,
                    "sizes": sizes(model.card),
                    "trained_on": trained_on(model.card),
                    "figures": key_figures(model.card),
                    "licence": str(model.card.get("licence", "not stated")),
                    "studies": list(pinned.get(info.id, ())) if info else [],
                }
            )
    if as_json:
        typer.echo(json.dumps({"models": rows}))
        return
    for row in rows:
        marks = [mark for mark in ("default", "shipped") if row[mark]]
        typer.echo(f"{row['name']}/{row['version']}  {str(row['sha256'])[:16]}  {', '.join(marks)}".rstrip())
        typer.echo(f"    {row['sizes']}; {row['trained_on']}; licence {row['licence']}")
        typer.echo(f"    figures: {row['figures']}")
        if row["studies"]:
            typer.echo(f"    pinned by {', '.join(row['studies'])}")
        if not row["registered"]:
            typer.echo("    not registered yet: a worker registers it when it starts")


def export(
    name: Annotated[str, typer.Argument(help="NAME/VERSION, or NAME for its newest version")],
    out: Annotated[Path, typer.Argument(help="the zip to write")],
) -> None:
    """Write a model with its card to one zip, for `models add` or the page AI models of another machine."""
    from core.services.model_registry import export as export_model

    made = export_model(name, out)
    typer.echo(f"{made.name}/{made.version} is written; weights {made.sha256[:16]}.")


def remove(
    name: Annotated[str, typer.Argument(help="NAME/VERSION of an own model that no study pins")],
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Remove an own model and its weights; what it has read stays."""
    from core.services.model_registry import find
    from core.services.model_registry import remove as remove_model

    model = find(name)
    if not yes:
        typer.confirm(f"Remove {model.name} {model.version} and its weights?", abort=True)
    from db.permissions import SYSTEM

    remove_model(model.id, by=SYSTEM)
    typer.echo(f"{model.name} {model.version} is removed.")
