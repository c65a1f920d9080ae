"""Commands of the AI: read one case, and measure how long that takes."""

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from core.errors import InvalidInput

CasePath = Annotated[Path, typer.Argument(help="a folder of DICOM files, a zip, or a NIfTI file")]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object")]
ModelName = Annotated[str, typer.Option(help="NAME or NAME/VERSION; the shipped one if not given")]
Device = Annotated[str, typer.Option(help="cpu, cuda or cuda:N; chosen by itself if not given")]
Precision = Annotated[str, typer.Option(help="fast, or fp32 for full precision")]


def register(app: typer.Typer, bench: typer.Typer) -> None:
    """Add this part's commands to the command line."""
    app.command()(infer)
    bench.command("ai")(bench_ai)


def infer(
    path: CasePath,
    as_json: AsJson = False,
    rule: Annotated[str, typer.Option(help="patient rule: paper, run-length or sure-run")] = "paper",
    model: ModelName = "",
    device: Device = "",
    precision: Precision = "fast",
    masks: Annotated[Path | None, typer.Option(help="also write the lungs to this .npz file")] = None,
) -> None:
    """Read one chest CT with the AI and print its call. A research demonstration, not a medical device."""
    result = read(path, rule=rule, model=model, device=device, precision=precision, masks=masks)
    for sentence in result["left_out"]:
        typer.echo(f"Left out. {sentence}", err=True)
    if as_json:
        typer.echo(json.dumps(result))
        return
    for sentence in result["warnings"]:
        typer.echo(f"Doubtful. {sentence}", err=True)
    whose = f"{result['model']['name']} {result['model']['version']}"
    typer.echo(f"call {result['call']} by the rule {result['rule']} ({whose}, research demonstration)")
    for name, value in result["probabilities"].items():
        typer.echo(f"  {name:<7} mean probability {value:.3f}, {result['counts'][name]} kept slices called so")
    typer.echo(f"lungs {result['lung_volume_ml']:.0f} ml; {result['timings']['total']:.1f} s on {result['device']}")


def bench_ai(
    path: CasePath,
    peer: Annotated[bool, typer.Option("--peer", help="also run ../shared/bench/peer_ai.py on the same case")] = False,
    peer_python: Annotated[str, typer.Option(help="the Python that has the peer's packages; this one if empty")] = "",
    model: ModelName = "",
    device: Device = "",
    precision: Precision = "fast",
    runs: Annotated[int, typer.Option(min=1, help="read so often; the stages are those of the median total")] = 1,
    as_json: AsJson = False,
) -> None:
    """Measure one case from its files to the call, heat maps included: seconds by stage and peak memory.

    A first run also starts the decoders and, on a GPU, loads its kernels; a worker does that with its first case.
    """
    from core.ai.bench import peak_memory_mb, run_peer

    spent = time.process_time()
    results = [read(path, rule="paper", model=model, device=device, precision=precision) for _ in range(runs)]
    totals = [read["timings"]["total"] for read in results]
    result = results[totals.index(sorted(totals)[runs // 2])]
    figures = {
        "slices": len(result["slices"]),
        "kept": sum(slice_["kept"] for slice_ in result["slices"]),
        "call": result["call"],
        "timings": result["timings"],
        "totals": totals,
        "cpu_s": spent + (time.process_time() - spent) / runs,
        "peak_memory_mb": peak_memory_mb(),
        "device": result["device"],
        "engine": result["engine"],
        "precision": result["precision"],
        "model": result["model"],
    }
    if peer:
        figures["peer"] = run_peer(path, peer_python)
        figures["ratio"] = figures["peer"]["total"] / result["timings"]["total"]
        figures["cpu_ratio"] = figures["peer"]["cpu_s"] / figures["cpu_s"]
    if as_json:
        typer.echo(json.dumps(figures))
        return
    typer.echo(
        f"{figures['slices']} slices, {figures['kept']} kept, on {figures['device']}, {figures['engine']} in "
        f"{figures['precision']}; {figures['cpu_s']:.1f} s of CPU, start included"
    )
    for stage in ("read", "lungs", "slices", "total"):
        beside = figures["peer"].get("classify" if stage == "slices" else stage) if peer else None
        typer.echo(f"{stage:>8} {result['timings'][stage]:8.2f} s" + (f"   peer {beside:8.2f} s" if beside else ""))
    typer.echo("read: headers and order; a DICOM series is decoded while the lungs are found, and counted there")
    if runs > 1:
        typer.echo("totals of the runs in order: " + ", ".join(f"{total:.2f}" for total in totals) + " s")
    if peer:
        typer.echo(
            f"   ratio {figures['ratio']:8.1f} by wall clock, {figures['cpu_ratio']:.1f} by CPU time, start included"
        )
    typer.echo(
        f"memory {figures['peak_memory_mb']:.0f} MB at most; loading the weights took {result['timings']['load']:.2f} s"
    )


def read(
    path: Path, *, rule: str, model: str, device: str, precision: str = "fast", masks: Path | None = None
) -> dict[str, Any]:
    """Read the best series at `path`; return what `infer --json` prints.

    Weights are loaded first, as a worker has them; `total` is from opening the files to the call. `read` ends where the
    networks begin: a DICOM series' headers are checked and its slices are being decoded, which `lungs` waits for.
    """
    from core.ai.rule import check_rule

    check_rule(rule)
    if precision not in ("fast", "fp32"):
        raise InvalidInput("The precision is fast or fp32.")
    if masks is not None and not masks.absolute().parent.is_dir():
        raise InvalidInput("The folder for the masks file does not exist; make it first.")
    if not path.exists():
        raise InvalidInput("There is no file or folder at this path; check the path and try again.")

    from core.ai.pipeline import read_volume
    from core.imaging.read import opening
    from core.services.engines import ready

    starting = time.perf_counter()
    loaded = ready(model or None, device=device or None, fast=precision == "fast")
    begun = time.perf_counter()
    left_out: list[str] = []
    with opening(path, tell=left_out.append) as volume:
        opened = time.perf_counter()
        result = read_volume(volume, loaded, rule=rule)
        total = time.perf_counter() - begun
    if masks is not None:
        _write_masks(masks, result.lungs)
    slices = [
        {
            "index": s.index,
            "z_mm": s.z_mm,
            "kept": s.kept,
            "probabilities": s.probabilities and dict(zip(loaded.classes, s.probabilities, strict=True)),
        }
        for s in result.slices
    ]
    return {
        "call": result.call,
        "probabilities": result.probabilities,
        "counts": result.counts,
        "slices": slices,
        "lung_volume_ml": result.lung_volume_ml,
        "timings": {
            "read": opened - begun,
            "lungs": result.timings["lungs"],
            "slices": result.timings["slices"],
            "total": total,
            "load": begun - starting,
        },
        "device": result.device,
        "precision": loaded.precision,
        "engine": loaded.engine,
        "model": result.model,
        "label": "research demonstration, not a medical device",
        "parameters": result.parameters,
        "rule": result.rule,
        "deciding_slices": list(result.deciding_slices),
        "abnormal_share": result.abnormal_share,
        "warnings": list(result.warnings),
        "left_out": left_out,
    }


def _write_masks(path: Path, lungs: Any) -> None:
    """Write the lungs under exactly this name; numpy would add .npz to another ending."""
    import numpy as np

    try:
        with path.open("wb") as file:
            np.savez_compressed(file, lungs=lungs)
    except OSError as error:
        raise InvalidInput("The masks file cannot be written there; name another place.") from error
