"""Weights of one network: read from a file without running anything in it, compared with the network, kept in half."""

import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import nn

from core.ai.model_files import WeightsError
from core.ai.networks import one_channel
from core.ai.parameters import CLASSES

State = dict[str, torch.Tensor]

MOST_BYTES = 400 * 10**6  # of one file; a ResNet-50 in float64 takes 190 MB
WRAPPERS = ("state_dict", "model_state_dict", "model")  # where training scripts put the state dict in a checkpoint
PREFIXES = ("module.", "model.")  # what DataParallel and Lightning write before every key
COUNTER = "num_batches_tracked"  # old files lack this step counter of a batch norm; it has no effect on a result
STEM, HEAD = "conv1.weight", "fc.weight"
NAMED = 6  # keys named in a sentence


def fill(network: nn.Module, file: Path) -> None:
    """Fill a network with the weights of a model's file, in place; raises WeightsError naming file and model."""
    whose = f"{file.name} of model {file.parent.parent.name}/{file.parent.name}"
    network.load_state_dict(fitting(read_state(file, whose), network, whose))


def read_state(file: Path, whose: str) -> State:
    """Return the tensors of a .safetensors file or of a PyTorch state dict, floats as they are stored.

    Only tensors are ever unpickled. `whose` begins the sentence of the WeightsError for a file that is too large,
    damaged, no state dict, or unpacks to more than it may.
    """
    if file.stat().st_size > MOST_BYTES:
        raise WeightsError(f"{whose} is larger than {MOST_BYTES // 10**6} MB, which no network here is.")
    damaged = f"{whose} is damaged or no plain state dict; restore or export the file again."
    try:
        if file.suffix == ".safetensors":
            return load_file(file)
        _check_packing(file, whose)
        with warnings.catch_warnings(action="ignore"):  # on pickles of another protocol, which it refuses or reads
            found = torch.load(file, "cpu", weights_only=True)
    except (SafetensorError, OSError, UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, TypeError,
            AttributeError, IndexError, AssertionError, zipfile.BadZipFile) as error:  # fmt: skip
        raise WeightsError(damaged) from error
    for wrapper in WRAPPERS:
        if isinstance(found, Mapping) and isinstance(found.get(wrapper), Mapping):
            found = found[wrapper]
    if not isinstance(found, Mapping) or not found or not all(_is_plain_tensor(tensor) for tensor in found.values()):
        raise WeightsError(damaged)
    return _without_prefix({str(key): value for key, value in found.items()})


def is_plain(file: Path) -> bool:
    """Tell whether a file is already as models are kept: safetensors, floats in half precision, a one-channel stem."""
    if file.suffix != ".safetensors":
        return False
    with safe_open(file, "pt") as opened:
        slices = {key: opened.get_slice(key) for key in opened.keys()}  # noqa: SIM118 - no mapping, only has keys()
        half = all(tensor.get_dtype() in ("F16", "I64") for tensor in slices.values())
        return half and (STEM not in slices or slices[STEM].get_shape()[1] == 1)


def fitting(state: State, network: nn.Module, whose: str) -> State:
    """Return the state as this network takes it: in float32, a three-channel first convolution summed to one channel.

    Raises WeightsError that says which keys are missing, which unexpected, which shapes differ and which weights are
    no numbers.
    """
    wanted = network.state_dict()
    state = {**{key: value for key, value in wanted.items() if key.endswith(COUNTER)}, **state}
    _check_head(state, wanted, whose)
    missing = [key for key in wanted if key not in state]
    unexpected = [key for key in state if key not in wanted]
    stem = state[STEM].shape if STEM in state else ()
    folded = torch.Size((stem[0], 1, *stem[2:])) if len(stem) == 4 and stem[1] == 3 else stem
    other = [
        f"{key} {_shape(state[key])} instead of {_shape(wanted[key])}"
        for key in wanted
        if key in state and wanted[key].shape != (folded if key == STEM else state[key].shape)
    ]
    parts = [
        f"{len(keys)} {what}: {_some(keys)}"
        for what, keys in (("keys are missing", missing), ("keys are unexpected", unexpected), ("shapes differ", other))
        if keys
    ]
    if parts:
        raise WeightsError(f"{whose} holds another network than the one expected. {'; '.join(parts)}.")
    real = [key for key in wanted if wanted[key].is_floating_point()]
    broken = [key for key in real if not state[key].is_floating_point() or not bool(state[key].isfinite().all())]
    if broken:
        raise WeightsError(
            f"{whose} has weights that are no finite numbers, in {_some(broken)}; its training went wrong, so take an "
            "earlier checkpoint."
        )
    # not before: a tensor of another shape may be far larger than its file
    state = {key: value.float() if value.is_floating_point() else value for key, value in state.items()}
    return one_channel(state) if STEM in state else state


def halved(state: State) -> State:
    """Return the weights as they are kept: floats in half precision where they fit it, each apart from the others."""
    kept = {}
    for key, value in state.items():
        half = value.half() if value.is_floating_point() else value
        kept[key] = (half if bool(half.isfinite().all()) else value).contiguous().clone()
    return kept


def _is_plain_tensor(value: object) -> bool:
    if not isinstance(value, torch.Tensor) or value.is_quantized:
        return False
    return value.layout is torch.strided and value.device.type == "cpu"


def _check_head(state: State, wanted: Mapping[str, torch.Tensor], whose: str) -> None:
    if HEAD not in state or HEAD not in wanted or state[HEAD].shape == wanted[HEAD].shape:
        return
    outputs, classes = state[HEAD].shape[0], len(CLASSES)
    if outputs != classes and state[HEAD].shape[1:] == wanted[HEAD].shape[1:]:
        imagenet = " (ImageNet's, as torchvision ships it)" if outputs == 1000 else ""
        raise WeightsError(
            f"{whose} ends in {outputs} outputs{imagenet}; three are needed, {', '.join(CLASSES)}. Put "
            f"model.fc = torch.nn.Linear(2048, {classes}) in place of the last layer, train it on CT slices and save "
            "the state dict again."
        )


def _check_packing(file: Path, whose: str) -> None:
    """Refuse a PyTorch archive that unpacks to more than it may: torch writes its archives unpacked."""
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            if sum(info.file_size for info in archive.infolist()) > MOST_BYTES:
                raise WeightsError(f"{whose} unpacks to more than {MOST_BYTES // 10**6} MB, which no network here is.")


def _without_prefix(state: State) -> State:
    for prefix in PREFIXES:
        if all(key.startswith(prefix) for key in state):
            state = {key.removeprefix(prefix): value for key, value in state.items()}
    return state


def _shape(value: Any) -> str:
    return "x".join(str(side) for side in value.shape) or "scalar"


def _some(keys: list[str]) -> str:
    return ", ".join(keys[:NAMED]) + (f" and {len(keys) - NAMED} more" if len(keys) > NAMED else "")
