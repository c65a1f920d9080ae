"""Torch: our networks as modules, and models brought as TorchScript."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from core.ai.engines import FLOAT32, Run


def load(file: Path, *, device: str = "cpu", precision: str = FLOAT32) -> Run:
    """Return a TorchScript file ready to run."""
    if precision != FLOAT32:
        raise ValueError(precision)
    module: nn.Module = torch.jit.load(str(file), map_location=device)  # type: ignore[no-untyped-call]  # torch's own
    return of_module(module.eval(), device)


def of_module(module: nn.Module, device: str) -> Run:
    """Return a module on a device as an engine's run: arrays in, arrays out, floats as float32."""

    def run(*inputs: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        with torch.inference_mode():
            found = module(*(_moved(array, device) for array in inputs))
        found = (found,) if isinstance(found, torch.Tensor) else tuple(found)
        return tuple(_back(output) for output in found)

    return run


def _moved(array: NDArray[Any], device: str) -> torch.Tensor:
    tensor = torch.from_numpy(np.ascontiguousarray(array))
    return tensor.pin_memory().to(device, non_blocking=True) if device.startswith("cuda") else tensor


def _back(tensor: torch.Tensor) -> NDArray[Any]:
    array: NDArray[Any] = (tensor.float() if tensor.is_floating_point() else tensor).cpu().numpy()
    return array
