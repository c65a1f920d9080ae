"""Small models for tests: networks that need no training, and folders of random weights."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import nn

from core.ai.engines import Run
from core.ai.engines.torch_engine import of_module
from core.ai.graphs import LungGraph, SliceGraph
from core.ai.networks import lung_network, slice_network
from core.ai.new_model import NewModel
from core.ai.parameters import PipelineParams
from core.ai.precision import prepare
from core.ai.weights import Model
from core.imaging.volume import Volume

SMALL = PipelineParams(lung_size=96, slice_size=64)  # quick; the networks take any size


class AirIsLung(nn.Module):
    """Calls what is darker than tissue and brighter than air lung; the picture's left half is the right lung."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        lung = (x > 0.05) & (x < 0.45)
        half = torch.arange(x.shape[-1], device=x.device) < x.shape[-1] // 2
        return 20.0 * torch.cat([~lung, lung & half, lung & ~half], dim=1)


@lru_cache(maxsize=4)
def random_slices(seed: int = 0, dtype: torch.dtype = torch.float32) -> nn.Module:
    """A ResNet-50 with random weights whose calls spread over the classes."""
    torch.manual_seed(seed)
    network: Any = slice_network()
    with torch.no_grad():
        network.fc.weight.mul_(3)
    prepare(network, "cpu", dtype)
    return network  # type: ignore[no-any-return]


def small_model(dtype: torch.dtype = torch.float32, seed: int = 0) -> Model:
    """A model whose lungs are right on procedural chests and whose slice calls are arbitrary but repeatable."""
    slices = of_module(SliceGraph(random_slices(seed, dtype)), "cpu")
    return Model("small", "1", "0" * 64, {}, air_is_lung(), slices, "cpu", str(dtype).removeprefix("torch."))


def air_is_lung() -> Run:
    """AirIsLung as the pipeline runs a lung network."""
    return of_module(LungGraph(AirIsLung()), "cpu")


def write_model(folder: Path, *, card: dict[str, Any] | None = None, lungs: bool = True, seed: int = 0) -> Path:
    """Write random weights as float16 safetensors with a card; return the folder NAME/VERSION."""
    torch.manual_seed(seed)
    folder.mkdir(parents=True)
    networks = {"slices": slice_network(), **({"lungs": lung_network()} if lungs else {})}
    for name, network in networks.items():
        state = {k: v.half() if v.is_floating_point() else v for k, v in network.state_dict().items()}
        save_file(state, folder / f"{name}.safetensors")
    (folder / "card.json").write_text(json.dumps(card or {}))
    return folder


def chest_lungs(volume: Volume) -> NDArray[np.bool_]:
    """The lungs of a small_chest by threshold, without the air around the body."""
    inside: NDArray[np.bool_] = (volume.hu < -600) & (volume.hu > -960)
    return inside


OURS = NewModel(name="ours", version="1", licence="CC0", known="none")
State = dict[str, torch.Tensor]


@lru_cache(maxsize=1)
def network() -> nn.Module:
    """A ResNet-50 with random weights, the same each time."""
    torch.manual_seed(0)
    return slice_network()


def slices() -> State:
    """A ResNet-50's random weights under torchvision's keys."""
    return dict(network().state_dict())
