"""OpenVINO: ONNX files on a CPU."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.ai.engines import BFLOAT16, FLOAT32, Run


def load(file: Path, *, device: str = "cpu", precision: str = FLOAT32) -> Run:
    """Return an ONNX file compiled for this CPU; raises ValueError for another device."""
    if device != "cpu":
        raise ValueError(device)
    hint = {"INFERENCE_PRECISION_HINT": "bf16" if precision == BFLOAT16 else "f32", "PERFORMANCE_HINT": "LATENCY"}
    request = _core().compile_model(str(file), "CPU", hint).create_infer_request()

    def run(*inputs: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        request.infer([np.ascontiguousarray(array) for array in inputs], share_inputs=True)
        return tuple(np.array(output.data) for output in request.output_tensors)

    return run


@lru_cache(maxsize=1)
def _core() -> Any:
    import openvino

    return openvino.Core()
