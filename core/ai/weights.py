"""Weights on disk and the models made of them.

A model is a folder NAME/VERSION with lungs.safetensors, slices.safetensors and card.json, either shipped in
core/ai/weights or put into the folder `models` of the data folder: own weights join without code. The slice network's
keys are torchvision's ResNet-50; a three-channel first convolution is summed to one channel.
"""

import hashlib
import json
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from core.ai.networks import lung_network, one_channel, slice_network
from core.ai.parameters import CLASSES
from core.ai.precision import fast_on_cpu, fuse
from core.errors import NotFound, ParallaxError
from core.settings import settings

SHIPPED = Path(__file__).parent / "weights"
FILES = ("lungs.safetensors", "slices.safetensors")


@dataclass(frozen=True, slots=True)
class Weights:
    """One version on disk. `sha256` covers both networks' files."""

    name: str
    version: str
    folder: Path
    sha256: str
    card: dict[str, Any]


@dataclass(frozen=True)
class Model:
    """Both networks, ready on a device. `fast` uses half precision where the device is quicker with it."""

    name: str
    version: str
    sha256: str
    card: dict[str, Any]
    lungs: nn.Module
    slices: nn.Module
    device: str
    fast: bool
    temperature: float = 1.0
    classes: tuple[str, ...] = field(default=CLASSES)

    @property
    def half(self) -> bool:
        """Whether networks run in bfloat16 here."""
        return self.fast and (self.device.startswith("cuda") or fast_on_cpu())


class WeightsError(ParallaxError):
    """Weights are missing, damaged or of another network."""


def available_models() -> tuple[Weights, ...]:
    """Return every model whose weights are on this machine; shipped ones first, newest version first."""
    found: list[Weights] = []
    for root in (SHIPPED, settings().data_dir / "models"):
        folders = sorted((card.parent for card in root.glob("*/*/card.json")), key=lambda f: f.name, reverse=True)
        for folder in folders:
            if all((folder / file).exists() for file in FILES):
                card = json.loads((folder / "card.json").read_text())
                found.append(Weights(folder.parent.name, folder.name, folder, _sha256(folder), card))
    return tuple(found)


def load_model(name: str | None = None, *, device: str | None = None, fast: bool = True) -> Model:
    """Load a model by "name" or "name/version" (default: the shipped one) onto a device (default: the best).

    Raises NotFound when there is none of that name, WeightsError when its files do not fit.
    """
    known = available_models()
    matching = [w for w in known if name in (None, w.name, f"{w.name}/{w.version}")]
    if not matching:
        names = ", ".join(f"{w.name}/{w.version}" for w in known) or "none"
        raise NotFound(f"No AI model named {name} is on this machine; there is {names}.")
    weights, place = matching[0], device or best_device()
    networks = (lung_network(), slice_network(len(CLASSES)))
    for network, file in zip(networks, FILES, strict=True):
        _fill(network, weights.folder / file)
        network.eval()
        fuse(network)
        network.to(device=place)
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch has it, its stubs do not
    return Model(
        weights.name,
        weights.version,
        weights.sha256,
        weights.card,
        *networks,
        device=place,
        fast=fast,
        temperature=float(weights.card.get("temperature", 1.0)),
    )


def best_device() -> str:
    """Return 'cuda' where there is one, else 'cpu'; PARALLAX_DEVICE overrides."""
    return settings().device or ("cuda" if torch.cuda.is_available() else "cpu")


def device_name(device: str) -> str:
    """Return the device as people name it, for what is stored beside timings."""
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    return f"cpu, {torch.get_num_threads()} threads"


def _fill(network: nn.Module, file: Path) -> None:
    try:
        state = load_file(file)
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{file.name} of {file.parent.name} is damaged; restore the file.") from error
    state = {key: value.float() if value.is_floating_point() else value for key, value in state.items()}
    if "conv1.weight" in state:
        state = one_channel(state)
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise WeightsError(f"{file.name} holds another network than the one expected.") from error


@lru_cache(maxsize=16)
def _sha256(folder: Path) -> str:
    digest = hashlib.sha256()
    for file in FILES:
        digest.update((folder / file).read_bytes())
    return digest.hexdigest()
