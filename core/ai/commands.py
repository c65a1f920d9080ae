"""Commands of the AI: read one case from the command line."""

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from core.errors import InvalidInput


def register(app: typer.Typer, bench: typer.Typer) -> None:
    """Add this part's commands to the command line."""
    app.command()(infer)


def infer(
    path: Annotated[Path, typer.Argument(help="a folder of DICOM files, a zip, or a NIfTI file")],
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
    rule: Annotated[str, typer.Option(help="patient rule")] = "paper",
    model: Annotated[str, typer.Option(help="NAME or NAME/VERSION; the shipped one if not given")] = "",
    device: Annotated[str, typer.Option(help="cpu, cuda or cuda:N; chosen by itself if not given")] = "",
    precision: Annotated[str, typer.Option(help="fast, or fp32 for full precision")] = "fast",
    masks: Annotated[Path | None, typer.Option(help="also write the lungs to this .npz file")] = None,
) -> None:
    """Read one chest CT with the AI and print its call. A research demonstration, not a medical device."""
    if precision not in ("fast", "fp32"):
        raise InvalidInput("The precision is fast or fp32.")
    if masks is not None and not masks.absolute().parent.is_dir():
        raise InvalidInput("The folder for the masks file does not exist; make it first.")
    result = read(path, rule=rule, model=model, device=device, fast=precision == "fast", masks=masks)
    if as_json:
        typer.echo(json.dumps(result))
        return
    typer.echo(
        f"call {result['call']} ({result['model']['name']} {result['model']['version']}, research demonstration)"
    )
    for name, value in result["probabilities"].items():
        typer.echo(f"  {name:<7} mean probability {value:.3f}, {result['counts'][name]} kept slices called so")
    typer.echo(f"lungs {result['lung_volume_ml']:.0f} ml; {result['timings']['total']:.1f} s on {result['device']}")


def read(path: Path, *, rule: str, model: str, device: str, fast: bool, masks: Path | None = None) -> dict[str, Any]:
    """Read the best series at `path`; return what `infer --json` prints. `total` counts from opening the files."""
    from core.imaging.read import read_path

    begun = time.perf_counter()
    volume = read_path(path)
    opened = time.perf_counter()

    from core.ai.pipeline import read_volume  # loading torch and weights is no part of reading a case
    from core.ai.weights import load_model

    loaded = load_model(model or None, device=device or None, fast=fast)
    ready = time.perf_counter()
    result = read_volume(volume, loaded, rule=rule)
    if masks is not None:
        import numpy as np

        np.savez_compressed(masks, lungs=result.lungs)
    return {
        "call": result.call,
        "probabilities": result.probabilities,
        "counts": result.counts,
        "slices": [
            {
                "index": s.index,
                "z_mm": s.z_mm,
                "kept": s.kept,
                "probabilities": s.probabilities and list(s.probabilities),
            }
            for s in result.slices
        ],
        "lung_volume_ml": result.lung_volume_ml,
        "timings": {
            "read": opened - begun,
            "lungs": result.timings["lungs"],
            "slices": result.timings["slices"],
            "total": opened - begun + result.timings["total"],
            "load": ready - opened,
        },
        "device": result.device,
        "model": result.model,
        "parameters": result.parameters,
        "rule": result.rule,
        "deciding_slices": list(result.deciding_slices),
        "abnormal_share": result.abnormal_share,
    }
