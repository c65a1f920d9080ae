"""Models made of weights on disk, ready to run on a device."""

import re
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import nn

from core.ai.model_files import Weights, WeightsError, named
from core.ai.networks import lung_network, slice_network
from core.ai.parameters import CLASSES, PipelineParams, parameters_of, temperature_of
from core.ai.precision import fast_dtype, prepare
from core.ai.state_dicts import fill
from core.settings import settings


@dataclass(frozen=True)
class Model:
    """Both networks, ready on a device, that of slices in `dtype`; `lungs` is None where lungmask finds them."""

    name: str
    version: str
    sha256: str
    card: dict[str, Any]
    lungs: nn.Module | None
    slices: nn.Module
    device: str
    dtype: torch.dtype = torch.float32
    temperature: float = 1.0
    parameters: PipelineParams = field(default_factory=PipelineParams)
    classes: tuple[str, ...] = field(default=CLASSES)


def load_model(name: str | None = None, *, device: str | None = None, fast: bool = True) -> Model:
    """Load a model by "name" or "name/version" (default: the shipped one) onto a device (default: the best).

    `fast` lets the slice network run in bfloat16 where the device multiplies that in hardware; all else is float32.
    Raises NotFound when there is none of that name, WeightsError when its files or the device do not fit.
    """
    return load_weights(named(name), device=device, fast=fast)


def load_weights(weights: Weights, *, device: str | None = None, fast: bool = True) -> Model:
    """Load a model whose files are known, as `load_model` does."""
    place = _checked(device or best_device())
    dtype = fast_dtype(place) if fast else torch.float32
    parameters = parameters_of(weights.card)
    slices = slice_network(len(CLASSES))
    fill(slices, weights.slices)
    _reorder(slices, weights)
    prepare(slices, place, dtype)
    lungs = None
    if weights.lungs is not None:
        lungs = lung_network()
        fill(lungs, weights.lungs)
        prepare(lungs, place, torch.float32)  # one pixel of hilum more or less can move a slice's score by .2
    return Model(
        weights.name,
        weights.version,
        weights.sha256,
        weights.card,
        lungs,
        slices,
        device=place,
        dtype=dtype,
        temperature=temperature_of(weights.card),
        parameters=parameters,
    )


def fill_from(network: nn.Module, kind: Literal["lungs", "slices"], name: str) -> None:
    """Fill a network of ours with a model's weights as they lie on disk, in place; classes in this project's order.

    Raises NotFound and WeightsError as `load_model`, and WeightsError where the model has no network of this kind.
    """
    weights = named(name)
    file = weights.slices if kind == "slices" else weights.lungs
    if file is None:
        raise WeightsError(f"The model {weights.name}/{weights.version} finds lungs by a package; it has no weights.")
    fill(network, file)
    if kind == "slices":
        _reorder(network, weights)


def best_device() -> str:
    """Return 'cuda' where there is one, else 'cpu'; PARALLAX_DEVICE overrides."""
    return settings().device or ("cuda" if torch.cuda.is_available() else "cpu")


def device_name(device: str) -> str:
    """Return the device as people name it, for what is stored beside timings."""
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    return f"cpu, {torch.get_num_threads()} threads"


def _checked(device: str) -> str:
    if not re.fullmatch(r"cpu|cuda(:\d+)?", device):
        raise WeightsError(f"There is no device {device}; choose cpu, cuda or cuda:N.")
    if device.startswith("cuda") and int(device.partition(":")[2] or 0) >= torch.cuda.device_count():
        raise WeightsError(f"The device {device} is not on this machine; choose cpu or leave the choice open.")
    return device


def _reorder(slices: nn.Module, weights: Weights) -> None:
    """Bring the last layer of own weights, whose card names its classes in another order, into this project's order."""
    order = weights.card.get("classes", list(CLASSES))
    if sorted(order) != sorted(CLASSES):
        raise WeightsError(f"The card of {weights.name}/{weights.version} must name the classes {', '.join(CLASSES)}.")
    rows = [order.index(name) for name in CLASSES]
    last: Any = slices.fc
    last.weight.data, last.bias.data = last.weight.data[rows], last.bias.data[rows]
