"""Chooses how a model reads on this CPU: its networks are exported, compared with torch, and timed in every engine."""

import json
import shutil
import time
import uuid
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import structlog
import torch
from numpy.typing import NDArray
from torch import nn

from core.ai import compiled
from core.ai.compiled import CHOICE, FILES
from core.ai.engines import BFLOAT16, FLOAT32, ONNXRUNTIME, OPENVINO, TORCH, Run, load
from core.ai.engines.torch_engine import of_module
from core.ai.model_files import Weights
from core.ai.precision import fast_dtype
from core.ai.slices import softmax
from core.ai.torch_models import graphs

log = structlog.get_logger()

CANDIDATES = {
    "lungs": ((OPENVINO, FLOAT32), (ONNXRUNTIME, FLOAT32)),
    "slices": ((OPENVINO, FLOAT32), (OPENVINO, BFLOAT16), (ONNXRUNTIME, FLOAT32)),
}
ALIKE = 0.01  # how far a slice's probabilities may be from torch's in float32
SAME_MAPS = 0.05  # of the strongest place, on maps
SAME_LUNGS = 1e-4  # share of the pixels whose label may differ
BATCH, TRIES = 8, 4
PAUSE_S = 0.05
TORCH_COSTS = 1.25  # torch must be so much quicker, since it takes seconds and half a gigabyte to load
OPSET = 17

Gray = NDArray[np.uint8]


def compile_model(weights: Weights, samples: Mapping[str, Gray]) -> None:
    """Choose the engines of a model on this CPU and keep the choice in the data folder.

    `samples` are gray inputs (n, y, x) by network, as real as can be: on these an engine must agree with torch.
    Where a folder cannot be written nothing is kept, and torch reads.
    """
    final = compiled.folder_of(weights)
    scratch = final.with_name(f".{final.name}.{uuid.uuid4().hex}")
    try:
        scratch.mkdir(parents=True)
        slices, lungs, _ = graphs(weights, "cpu", fast=False)
        found = {"slices": _choice("slices", slices, samples["slices"], scratch)}
        if lungs is not None:
            found["lungs"] = _choice("lungs", lungs, samples["lungs"], scratch)
        (scratch / CHOICE).write_text(json.dumps(found, indent=1))
        shutil.rmtree(final, ignore_errors=True)
        scratch.rename(final)
    except OSError as error:  # no room, or another process was first
        log.warning("engine choice not kept", reason=error.strerror)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _choice(network: str, graph: nn.Module, samples: Gray, folder: Path) -> dict[str, Any]:
    """Export a network, compare and time every candidate, and return the quickest that agrees with torch."""
    reference = of_module(graph, "cpu")
    wanted = reference(samples)
    export(graph, samples.shape[-1], folder / FILES[network])
    runs: dict[tuple[str, str], Run] = {(TORCH, FLOAT32): reference}
    differences = {(TORCH, FLOAT32): 0.0}
    for engine, precision in CANDIDATES[network]:
        if precision == BFLOAT16 and fast_dtype("cpu") != torch.bfloat16:
            continue
        try:
            run = load(engine, folder / FILES[network], precision=precision)
            apart = _apart(network, run(samples), wanted)
        except (RuntimeError, ImportError, ValueError) as error:
            log.warning("engine left out", engine=engine, network=network, reason=type(error).__name__)
            continue
        if apart <= (SAME_LUNGS if network == "lungs" else ALIKE):
            runs[engine, precision], differences[engine, precision] = run, apart
    took = _milliseconds(runs, samples)
    best = min(took, key=lambda way: took[way] * (TORCH_COSTS if way[0] == TORCH else 1))
    if best[0] == TORCH:
        (folder / FILES[network]).unlink()
    return {
        "engine": best[0],
        "precision": best[1],
        "difference": differences[best],
        "milliseconds": {f"{engine} {precision}": round(ms, 2) for (engine, precision), ms in took.items()},
    }


def export(graph: nn.Module, side: int, file: Path) -> None:
    """Write a graph that takes gray slices (n, side, side) as ONNX, for any n."""
    gray = torch.zeros((2, side, side), dtype=torch.uint8)
    names = ["logits", "maps"][: len(out) if isinstance(out := graph(gray), tuple) else 1]
    axes = {name: {0: "n"} for name in ("gray", *names)}
    with warnings.catch_warnings(action="ignore"):  # on the exporter's future and on sizes it takes as constants
        torch.onnx.export(
            graph, (gray,), str(file), dynamo=False, opset_version=OPSET, input_names=["gray"], output_names=names,
            dynamic_axes=axes,
        )  # fmt: skip


def _apart(network: str, found: tuple[NDArray[Any], ...], wanted: tuple[NDArray[Any], ...]) -> float:
    """Return how far an engine is from torch: the largest difference of a probability, or the share of other labels.

    Maps may differ by SAME_MAPS of the strongest place; that much counts as ALIKE.
    """
    if network == "lungs":
        return float((found[0].argmax(axis=1) != wanted[0].argmax(axis=1)).mean())
    maps = float(np.abs(found[1] - wanted[1]).max()) / max(float(np.abs(wanted[1]).max()), 1e-6)
    return max(float(np.abs(softmax(found[0]) - softmax(wanted[0])).max()), ALIKE / SAME_MAPS * maps)


def _milliseconds(runs: Mapping[tuple[str, str], Run], samples: Gray) -> dict[tuple[str, str], float]:
    """Return the CPU time a slice takes by each, ms: the least of tries in turn, since other work only slows down."""
    batch, least = samples[:BATCH], dict.fromkeys(runs, float("inf"))
    for _ in range(TRIES):
        for which, run in runs.items():
            begun = time.process_time()
            run(batch)
            least[which] = min(least[which], 1000 * (time.process_time() - begun) / len(batch))
            time.sleep(PAUSE_S)  # until the threads of this engine sleep too: they are counted while they wait
    return least
