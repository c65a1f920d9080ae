"""ONNX Runtime: ONNX files on a CPU, and on CUDA where the package onnxruntime-gpu is installed."""

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from core.ai.engines import FLOAT32, Run


def load(file: Path, *, device: str = "cpu", precision: str = FLOAT32) -> Run:
    """Return an ONNX file ready to run; raises ValueError for a precision it has not, or where it has no CUDA."""
    import onnxruntime

    if precision != FLOAT32 or (device != "cpu" and not has_cuda()):
        raise ValueError(precision, device)
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # waiting threads leave the CPU to others
    options.log_severity_level = 3
    providers: list[Any] = ["CPUExecutionProvider"]
    if device != "cpu":
        providers.insert(0, ("CUDAExecutionProvider", {"device_id": int(device.partition(":")[2] or 0)}))
    session = onnxruntime.InferenceSession(str(file), options, providers=providers)
    names = [model_input.name for model_input in session.get_inputs()]

    def run(*inputs: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        return tuple(session.run(None, dict(zip(names, inputs, strict=True))))

    return run


def has_cuda() -> bool:
    """Return whether the installed package runs on CUDA."""
    import onnxruntime

    return "CUDAExecutionProvider" in onnxruntime.get_available_providers()
