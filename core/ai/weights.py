"""Weights on disk and the models made of them.

A model is a folder NAME/VERSION, shipped in core/ai/weights or put into the folder `models` of the data folder, so
own weights join without code. In it:
- slices.safetensors, or slices.pt with a state dict: a ResNet-50 with torchvision's keys, trained on the inputs of
  core.ai.preprocess (a three-channel first convolution is summed to one channel);
- lungs.safetensors or lungs.pt: this project's U-Net; without it the shipped lungs are used;
- card.json, which may name `classes` in another order, a `temperature`, the `manifest` of the patients it was trained
  on, `"parameters": {"slice_size": 224}` for the pixels a side it was trained at, and `"lungs": "R231"` for the lungs
  of the lungmask package.
"""

import hashlib
import json
import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Literal

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from core.ai.networks import lung_network, one_channel, slice_network
from core.ai.parameters import CLASSES, PipelineParams, parameters_of
from core.ai.precision import fast_dtype, prepare
from core.errors import NotFound, ParallaxError
from core.settings import settings

SHIPPED = Path(__file__).parent / "weights"
R231 = "R231"  # lungs by the lungmask package instead of this project's U-Net
KINDS = (".safetensors", ".pt")


@dataclass(frozen=True, slots=True)
class Weights:
    """One version on disk. `lungs` is None where the lungmask package finds them; `sha256` covers the files used."""

    name: str
    version: str
    slices: Path
    lungs: Path | None
    sha256: str
    card: dict[str, Any]


@dataclass(frozen=True)
class Model:
    """Both networks, ready on a device in `dtype`; `lungs` is None where the lungmask package finds them."""

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


class WeightsError(ParallaxError):
    """Weights are missing, damaged or of another network."""


def available_models() -> tuple[Weights, ...]:
    """Return every model whose weights are on this machine; shipped ones first, newest version first."""
    shipped = [_described(folder, None) for folder in _folders(SHIPPED)]
    lungs = shipped[0].lungs if shipped else None
    own = [_described(folder, lungs) for folder in _folders(settings().data_dir / "models")]
    return tuple(shipped + own)


def load_model(name: str | None = None, *, device: str | None = None, fast: bool = True) -> Model:
    """Load a model by "name" or "name/version" (default: the shipped one) onto a device (default: the best).

    `fast` lets it run in bfloat16 where the device multiplies that in hardware; otherwise, and else, in float32.
    Raises NotFound when there is none of that name, WeightsError when its files or the device do not fit.
    """
    weights, place = _named(name), _checked(device or best_device())
    dtype = fast_dtype(place) if fast else torch.float32
    parameters = parameters_of(weights.card)
    slices = slice_network(len(CLASSES))
    _fill(slices, weights.slices)
    _reorder(slices, weights)
    prepare(slices, place, dtype)
    lungs = None
    if weights.lungs is not None:
        lungs = lung_network()
        _fill(lungs, weights.lungs)
        prepare(lungs, place, dtype)
    return Model(
        weights.name,
        weights.version,
        weights.sha256,
        weights.card,
        lungs,
        slices,
        device=place,
        dtype=dtype,
        temperature=float(weights.card.get("temperature", 1.0)),
        parameters=parameters,
    )


def fill_from(network: nn.Module, kind: Literal["lungs", "slices"], name: str) -> None:
    """Fill a network of ours with a model's weights as they lie on disk, in place; classes in this project's order.

    Raises NotFound and WeightsError as `load_model`, and WeightsError where the model has no network of this kind.
    """
    weights = _named(name)
    file = weights.slices if kind == "slices" else weights.lungs
    if file is None:
        raise WeightsError(f"The model {weights.name}/{weights.version} finds lungs by a package; it has no weights.")
    _fill(network, file)
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


def _named(name: str | None) -> Weights:
    known = available_models()
    matching = [w for w in known if name in (None, w.name, f"{w.name}/{w.version}")]
    if not matching:
        names = ", ".join(f"{w.name}/{w.version}" for w in known) or "none"
        raise NotFound(f"No AI model{f' named {name}' if name else ''} is on this machine; there is {names}.")
    return matching[0]


def _checked(device: str) -> str:
    if not re.fullmatch(r"cpu|cuda(:\d+)?", device):
        raise WeightsError(f"There is no device {device}; choose cpu, cuda or cuda:N.")
    if device.startswith("cuda") and int(device.partition(":")[2] or 0) >= torch.cuda.device_count():
        raise WeightsError(f"The device {device} is not on this machine; choose cpu or leave the choice open.")
    return device


def _folders(root: Path) -> list[Path]:
    """Return the folders NAME/VERSION with slice weights, names in order, versions newest first."""
    found = [folder for folder in root.glob("*/*") if _file(folder, "slices")]
    found.sort(key=lambda folder: [int(n) for n in re.findall(r"\d+", folder.name)], reverse=True)
    return sorted(found, key=lambda folder: folder.parent.name)


def _file(folder: Path, network: str) -> Path | None:
    return next((path for kind in KINDS if (path := folder / f"{network}{kind}").is_file()), None)


def _described(folder: Path, shipped_lungs: Path | None) -> Weights:
    name, version, path = folder.parent.name, folder.name, folder / "card.json"
    try:
        card = json.loads(path.read_text()) if path.exists() else {}
    except ValueError:
        raise WeightsError(f"The card.json of model {name}/{version} is damaged; restore the file.") from None
    slices = _file(folder, "slices")
    lungs = None if card.get("lungs") == R231 else _file(folder, "lungs") or shipped_lungs
    if slices is None or (lungs is None and card.get("lungs") != R231):
        raise WeightsError(f"The model {name}/{version} lacks its lung weights; restore the files.")
    return Weights(name, version, slices, lungs, _sha256(slices, lungs), card)


def _fill(network: nn.Module, file: Path) -> None:
    whose = f"{file.name} of model {file.parent.parent.name}/{file.parent.name}"
    try:
        state = load_file(file) if file.suffix == ".safetensors" else torch.load(file, "cpu", weights_only=True)
    except (SafetensorError, OSError, UnpicklingError, RuntimeError, EOFError) as error:
        raise WeightsError(f"{whose} is damaged or no plain state dict; restore or export the file again.") from error
    state = {key: value.float() if value.is_floating_point() else value for key, value in state.items()}
    if "conv1.weight" in state:
        state = one_channel(state)
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise WeightsError(f"{whose} holds another network than the one expected.") from error


def _reorder(slices: nn.Module, weights: Weights) -> None:
    """Bring the last layer of own weights, whose card names its classes in another order, into this project's order."""
    order = weights.card.get("classes", list(CLASSES))
    if sorted(order) != sorted(CLASSES):
        raise WeightsError(f"The card of {weights.name}/{weights.version} must name the classes {', '.join(CLASSES)}.")
    rows = [order.index(name) for name in CLASSES]
    last: Any = slices.fc
    last.weight.data, last.bias.data = last.weight.data[rows], last.bias.data[rows]


@lru_cache(maxsize=16)
def _sha256(*files: Path | None) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes() if file else R231.encode())
    return digest.hexdigest()
