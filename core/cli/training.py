"""Commands of training: train the networks, make a procedural cohort, export a model with its card."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli.evaluate import evaluate
from core.errors import InvalidInput

# steps, slices a step, learning rate, pixels: what two cores with bfloat16 do within 90 minutes, cases included
DEFAULTS = {"lungs": (3000, 32, 3e-3, 192), "slices": (4200, 32, 8e-4, 128)}


def register(app: typer.Typer, bench: typer.Typer) -> None:
    """Add this part's commands to the command line."""
    app.command()(train)
    app.command()(cohort)
    app.command("export-model")(export_model)
    app.command()(evaluate)


def train(
    task: Annotated[str, typer.Argument(help="lungs or slices")],
    work: Annotated[Path, typer.Option(help="folder for made cases, checkpoints and curves; a run there is resumed")],
    data: Annotated[
        Path | None, typer.Option(help="patients in the layout of COVID-CT-MD or SPGC; procedural cases if not given")
    ] = None,
    backgrounds: Annotated[
        list[Path] | None, typer.Option(help="a folder of real lungs, clear slices known; may be repeated")
    ] = None,
    hold_out: Annotated[
        list[str] | None, typer.Option(help="a real patient kept from the run; may be repeated")
    ] = None,
    procedural: Annotated[int, typer.Option(help="procedural cases to make")] = 300,
    background_cases: Annotated[int, typer.Option(help="cases with real lungs to make")] = 700,
    steps: Annotated[int, typer.Option(help="optimiser steps; 0 for the task's own")] = 0,
    batch: Annotated[int, typer.Option(help="slices a step and device; 0 for the task's own")] = 0,
    rate: Annotated[float, typer.Option(help="highest learning rate; 0 for the task's own")] = 0.0,
    epoch_steps: Annotated[int, typer.Option(help="steps between validations and checkpoints")] = 100,
    patience: Annotated[int, typer.Option(help="validations without a gain before it stops")] = 12,
    first_seed: Annotated[int, typer.Option(help="seed of the first case; the others follow")] = 1000,
    seed: Annotated[int, typer.Option(help="of samples and first weights")] = 7,
    begin_with: Annotated[str, typer.Option(help="NAME/VERSION of a model whose weights come first; else random")] = "",
    size: Annotated[int, typer.Option(help="pixels a side the network sees; 0 for the task's own")] = 0,
    devices: Annotated[int, typer.Option(help="devices to train on")] = 1,
    strategy: Annotated[str, typer.Option(help="Lightning's strategy, such as ddp for several GPUs")] = "auto",
    precision: Annotated[str, typer.Option(help="bf16-mixed, 16-mixed, 32-true; auto measures")] = "auto",
    workers: Annotated[int, typer.Option(help="processes that make cases")] = 1,
    loaders: Annotated[int, typer.Option(help="processes that read slices beside the training; a GPU needs some")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Train the lung or the slice network; run the same command again after an interruption and it goes on."""
    if task not in DEFAULTS:
        raise InvalidInput("The task is lungs or slices.")
    from core.ai.precision import training_precision
    from core.training.cache import Recipe, make_cache, stored_cases, without
    from core.training.fit import begin_with_model, lung_streams, run, sized, slice_streams
    from core.training.tasks import LungTask, Plan, SliceTask

    own_steps, own_batch, own_rate, own_size = DEFAULTS[task]
    plan = Plan(
        steps=steps or own_steps,
        batch=batch or own_batch,
        rate=rate or own_rate,
        warm_up=min(100, (steps or own_steps) // 10),
        epoch_steps=epoch_steps,
        patience=patience,
        size=size or own_size,
        seed=seed,
        devices=devices,
        strategy=strategy,
        precision=training_precision() if precision == "auto" else precision,
    )
    cases = work / ("cases" if data is None else "patients")
    if data is None:
        recipe = Recipe(procedural, background_cases, first_seed, backgrounds=tuple(map(str, backgrounds or ())))
        make_cache(cases, recipe, workers=workers, on_progress=_tell("cases"))
    else:
        from core.training.patients import store_patients

        store_patients(data, cases, on_progress=_tell("patients"))
    stored = without(stored_cases(cases), hold_out or ())
    network = LungTask(plan) if task == "lungs" else SliceTask(plan)
    streams = (lung_streams if task == "lungs" else slice_streams)(stored, plan, sized(network))
    streams.workers = loaders
    if begin_with:
        begin_with_model(network, begin_with)
    result = run(network, streams, work / task, on_progress=_tell("steps"))
    result["checkpoint"] = str(work / task / "last.ckpt")
    _show(result, as_json)


def cohort(
    folder: Annotated[Path, typer.Argument(help="where to write the cohort")],
    patients: Annotated[int, typer.Option(help="how many patients")] = 60,
    seed: Annotated[int, typer.Option(help="which cohort")] = 1,
    size: Annotated[int, typer.Option(help="pixels in plane")] = 256,
    spacing: Annotated[float, typer.Option(help="mm between slices")] = 2.5,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Write a procedural cohort as DICOM in the layout of COVID-CT-MD; every file says that it is synthetic."""
    if patients < 1:
        raise InvalidInput("A cohort has at least one patient.")
    from core.training.cohort import write_cohort

    counts = write_cohort(folder, patients, seed, size=size, spacing_z=spacing, on_progress=_tell("patients"))
    _show({"folder": str(folder), "patients": counts, "seed": seed}, as_json)


def export_model(
    lungs: Annotated[Path, typer.Argument(help="checkpoint of the lung network")],
    slices: Annotated[Path, typer.Argument(help="checkpoint of the slice network")],
    cases: Annotated[Path, typer.Argument(help="folder of made cases; those kept from training calibrate")],
    out: Annotated[Path, typer.Argument(help="models folder; the model goes to NAME/VERSION in it")],
    name: Annotated[str, typer.Option(help="model name")] = "procedural",
    version: Annotated[str, typer.Option(help="model version")] = "1.0",
    command: Annotated[list[str] | None, typer.Option(help="a command that trained it, for the card")] = None,
    notes: Annotated[Path | None, typer.Option(help="JSON object to put into the card")] = None,
    once: Annotated[bool, typer.Option("--once", help="slices will be scored once, not mirrored too: quicker")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Calibrate two trained networks and write them with their card, in half precision."""
    from core.training.cache import stored_cases
    from core.training.export import export_model as export

    extra = json.loads(notes.read_text()) if notes else {}
    card = export(
        lungs,
        slices,
        stored_cases(cases),
        out,
        name=name,
        version=version,
        commands=command or [],
        notes=extra,
        mirrored=not once,
    )
    _show({"name": name, "version": version, "temperature": card["temperature"], "figures": card["figures"]}, as_json)


def _tell(what: str) -> Any:
    def tell(done: int, total: int) -> None:
        typer.echo(f"{done} of {total} {what}", err=True)

    return tell


def _show(result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(result))
        return
    for key, value in result.items():
        typer.echo(f"{key}: {value}")
