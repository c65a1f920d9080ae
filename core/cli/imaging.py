"""Commands of this part of the command line: bench ingest, pack-volumes."""

import json
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer, bench: typer.Typer) -> None:
    """Add this part's commands to the command line."""
    bench.command()(ingest)
    app.command("pack-volumes")(pack_volumes)


def pack_volumes(
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Pack the volumes stored before this version as they are sent to readers. Can be run while people read."""
    from core.imaging.storage import VolumeStore
    from core.settings import settings

    store = VolumeStore(settings().storage)
    keys = list(store.keys())
    packed = 0
    for key in keys:
        packed += store.pack(key)
    if as_json:
        typer.echo(json.dumps({"volumes": len(keys), "packed": packed}))
    else:
        typer.echo(f"{packed} of {len(keys)} volumes were packed; the others were packed before.")


def ingest(
    path: Annotated[Path | None, typer.Argument(help="zip, folder or NIfTI file; a synthetic zip without one")] = None,
    slices: Annotated[int, typer.Option(min=8, max=4000, help="slices of the synthetic zip")] = 148,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Measure reading a CT from uploaded bytes to storage: seconds by stage, and how far memory grows."""
    from core.imaging.bench import measure_ingest

    figures = measure_ingest(path, slices=slices)
    if as_json:
        typer.echo(json.dumps(figures.as_dict()))
        return
    typer.echo(f"{figures.slices} slices of {figures.rows} x {figures.columns}, {figures.input_mb} MB unpacked")
    for stage in ("scan", "load", "store", "total"):
        seconds = getattr(figures, f"{stage}_s")
        typer.echo(f"{stage:>10} {seconds:7.2f} s  {seconds / figures.total_s:4.0%}")
    typer.echo(f"{'processor':>10} {figures.cpu_s:7.2f} s")
    typer.echo(f"{'read back':>10} {figures.read_back_s:7.2f} s, one slice {figures.slice_ms:.1f} ms")
    typer.echo(f"    memory grew by {figures.peak_growth_mb:.0f} MB at most")
