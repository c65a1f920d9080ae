"""A model's networks as torch modules: filled from its files, and ready to run on a device."""

from typing import Any, Literal

import torch
from torch import nn

from core.ai.engines import FLOAT32, Run
from core.ai.engines.torch_engine import of_module
from core.ai.graphs import LungGraph, SliceGraph
from core.ai.model_files import Weights, WeightsError
from core.ai.networks import lung_network, slice_network
from core.ai.parameters import CLASSES
from core.ai.precision import fast_dtype, prepare
from core.ai.state_dicts import fill


def runs(weights: Weights, device: str, *, fast: bool) -> tuple[Run, Run | None, str]:
    """Return the slice network, the lung network and the slices' precision, by torch on a device."""
    slices, lungs, precision = graphs(weights, device, fast=fast)
    return of_module(slices, device), lungs and of_module(lungs, device), precision


def graphs(weights: Weights, device: str, *, fast: bool) -> tuple[SliceGraph, LungGraph | None, str]:
    """Return both networks' graphs on a device; `fast` allows bfloat16 to the slices where the device is quick at it.

    The lungs stay float32: one pixel of hilum more or less can move a slice's score by .2.
    """
    dtype = fast_dtype(device) if fast else torch.float32
    slices = slice_network(len(CLASSES))
    filled(slices, "slices", weights)
    prepare(slices, device, dtype)
    graph = None
    if weights.lungs is not None:
        lungs = lung_network()
        filled(lungs, "lungs", weights)
        prepare(lungs, device, torch.float32)
        graph = LungGraph(lungs)
    return SliceGraph(slices).eval(), graph, FLOAT32 if dtype == torch.float32 else str(dtype).removeprefix("torch.")


def filled(network: nn.Module, kind: Literal["lungs", "slices"], weights: Weights) -> None:
    """Fill a network of ours with a model's weights, in place; classes in this project's order."""
    file = weights.slices if kind == "slices" else weights.lungs
    if file is None:
        raise WeightsError(f"The model {weights.name}/{weights.version} finds lungs by a package; it has no weights.")
    fill(network, file)
    if kind == "slices":
        _reorder(network, weights)


def _reorder(slices: nn.Module, weights: Weights) -> None:
    """Bring the last layer of own weights, whose card names its classes in another order, into this project's order."""
    order = weights.card.get("classes", list(CLASSES))
    if sorted(order) != sorted(CLASSES):
        raise WeightsError(f"The card of {weights.name}/{weights.version} must name the classes {', '.join(CLASSES)}.")
    rows = [order.index(name) for name in CLASSES]
    last: Any = slices.fc
    last.weight.data, last.bias.data = last.weight.data[rows], last.bias.data[rows]
