"""Models made of weights on disk, ready to run on a device. Loads torch only where torch runs them."""

import os
import re
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from core.ai import compiled
from core.ai.engines import FLOAT32, TORCH, Run
from core.ai.model_files import Weights, WeightsError, named
from core.ai.parameters import CLASSES, PipelineParams, parameters_of, temperature_of
from core.settings import settings

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Model:
    """Both networks, ready on a device (core.ai.graphs tells what goes in and comes out).

    `lungs` is None where lungmask finds them. `engine` and `precision` are those of the slice network.
    """

    name: str
    version: str
    sha256: str
    card: dict[str, Any]
    lungs: Run | None
    slices: Run
    device: str
    precision: str = FLOAT32
    engine: str = TORCH
    temperature: float = 1.0
    parameters: PipelineParams = field(default_factory=PipelineParams)
    classes: tuple[str, ...] = field(default=CLASSES)


def load_model(name: str | None = None, *, device: str | None = None, fast: bool = True) -> Model:
    """Load a model by "name" or "name/version" (default: the shipped one) onto a device (default: the best).

    `fast` runs it on a CPU by the engine chosen for it, once that is (core.ai.compiling), and lets the slice network
    run in bfloat16 where the device is quick at it. Without, it is torch in float32.
    Raises NotFound when there is none of that name, WeightsError when its files or the device do not fit.
    """
    return load_weights(named(name), device=device, fast=fast)


def load_weights(weights: Weights, *, device: str | None = None, fast: bool = True) -> Model:
    """Load a model whose files are known, as `load_model` does."""
    if weights.brought:
        raise WeightsError(f"{weights.name} {weights.version} is a brought model, not one of this project's networks.")
    place = checked_device(device or best_device())
    chosen = compiled.chosen(weights) if fast and place == "cpu" else None
    if chosen is not None:
        slices, lungs, engine, precision = chosen.slices, chosen.lungs, chosen.engine, chosen.precision
    else:
        from core.ai import torch_models

        slices, lungs, precision = torch_models.runs(weights, place, fast=fast)
        engine = TORCH
    return Model(
        weights.name,
        weights.version,
        weights.sha256,
        weights.card,
        lungs,
        slices,
        device=place,
        precision=precision,
        engine=engine,
        temperature=temperature_of(weights.card),
        parameters=parameters_of(weights.card),
    )


def fill_from(network: "nn.Module", kind: Literal["lungs", "slices"], name: str) -> None:
    """Fill a network of ours with a model's weights as they lie on disk, in place; classes in this project's order.

    Raises NotFound and WeightsError as `load_model`, and WeightsError where the model has no network of this kind.
    """
    from core.ai.torch_models import filled

    filled(network, kind, named(name))


def best_device() -> str:
    """Return 'cuda' where there is one, else 'cpu'; PARALLAX_DEVICE overrides. Loads torch only to ask for a GPU."""
    if settings().device:
        return settings().device
    if "+cpu" in version("torch") or (os.name == "posix" and not Path("/dev/nvidiactl").exists()):
        return "cpu"
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def device_name(device: str) -> str:
    """Return the device as people name it, for what is stored beside timings."""
    if device.startswith("cuda"):
        import torch

        return torch.cuda.get_device_name(device)
    return f"cpu, {_threads()} threads"


def _threads() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def checked_device(device: str) -> str:
    """Return a device that is there; raises WeightsError for another."""
    if not re.fullmatch(r"cpu|cuda(:\d+)?", device):
        raise WeightsError(f"There is no device {device}; choose cpu, cuda or cuda:N.")
    if device.startswith("cuda"):
        import torch

        if int(device.partition(":")[2] or 0) >= torch.cuda.device_count():
            raise WeightsError(f"The device {device} is not on this machine; choose cpu or leave the choice open.")
    return device
