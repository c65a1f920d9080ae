"""Engines: what runs a network. One contract, one list.

An engine is a module of this folder with one function, `load(file, device=…, precision=…) -> Run`. `file` is an ONNX
file (TorchScript for torch), `device` "cpu", "cuda" or "cuda:N", `precision` "float32" or "bfloat16". A `Run` is called
with one array a network input, in the file's order, and returns one array a network output, in the file's order; the
first axis of each is the batch. It holds no state between calls and may be called from one thread at a time.

| engine | runs on | what for |
|---|---|---|
| openvino | CPU | our networks once exported (core.ai.compiled), and models brought as ONNX |
| onnxruntime | CPU, and CUDA where the package onnxruntime-gpu is installed | the same; the reference of tests |
| torch | CUDA, CPU | our networks on CUDA and until they are exported; models brought as TorchScript |

Which one reads with our networks on a CPU is decided by timing each (core.ai.compiling) and shown by `doctor`. Engines
are imported when they are used: none of them loads another's package.
"""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

Run = Callable[..., tuple[NDArray[Any], ...]]

OPENVINO, ONNXRUNTIME, TORCH = "openvino", "onnxruntime", "torch"
FLOAT32, BFLOAT16 = "float32", "bfloat16"
ENGINES = {
    OPENVINO: "core.ai.engines.openvino_engine",
    ONNXRUNTIME: "core.ai.engines.onnxruntime_engine",
    TORCH: "core.ai.engines.torch_engine",
}


def load(engine: str, file: Path, *, device: str = "cpu", precision: str = FLOAT32) -> Run:
    """Return a network's file ready to run in an engine of the list; raises what the engine raises."""
    run: Run = import_module(ENGINES[engine]).load(file, device=device, precision=precision)
    return run
