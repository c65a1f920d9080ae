"""Weights that are to become a model: recognised, checked against their network and laid out as models are kept."""

import importlib.util
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import nn

from core.ai.brought.adding import is_brought_file
from core.ai.brought.adding import lay_out as brought_layout
from core.ai.card import OWN_LABEL
from core.ai.model_files import R231, Weights, WeightsError, check_part, described, named
from core.ai.model_zip import WEIGHTS, unpack, write_card
from core.ai.networks import lung_network, slice_network
from core.ai.new_model import NewModel, card_of, with_patients
from core.ai.parameters import parameters_of
from core.ai.state_dicts import State, fitting, halved, is_plain, read_state
from core.errors import InvalidInput

SUFFIXES = (".safetensors", ".pt", ".pth")
SLICES, LUNGS = "slices", "lungs"
NETWORKS = {SLICES: slice_network, LUNGS: lung_network}


def lay_out(files: Sequence[Path], new: NewModel, place: Path, *, secret: bytes) -> Weights:
    """Check files against their networks and lay the model out in place/NAME/VERSION; return what lies there.

    `files` is one zip of a model, or the slice weights and, if there are any, the lung weights, in any order. Raises
    InvalidInput and WeightsError with what to mend; what was written until then lies under `place` only.
    """
    if any(is_brought_file(file) for file in files):
        return brought_layout(files, new, place, secret=secret)
    raw = place / "raw"
    raw.mkdir(parents=True)
    if any(file.suffix.lower() == ".zip" for file in files):
        if len(files) > 1:
            raise InvalidInput("A zip holds a whole model; give it alone.")
        card = with_patients(unpack(files[0], raw), new, secret)
        unpacked = {SLICES: raw / WEIGHTS[0], LUNGS: raw / WEIGHTS[1]}
        found = {kind: path for kind, path in unpacked.items() if path.exists()}
        states = {kind: _fitting(read_state(path, path.name), kind, path.name) for kind, path in found.items()}
    else:
        card = with_patients(card_of(new), new, secret)
        found, states = _recognised(files)
    folder = place / check_part("name", card["name"]) / check_part("version", card["version"])
    folder.mkdir(parents=True)
    if LUNGS not in found:
        card, lungs = chosen_lungs(new.lungs, card)
        if lungs is not None:
            found[LUNGS] = lungs
    elif new.lungs:
        raise InvalidInput("Lung weights were given and other lungs chosen; keep one of the two.")
    for kind, path in found.items():
        _keep(path, states.get(kind), folder / f"{kind}.safetensors")
    write_card(folder, card)
    shutil.rmtree(raw)
    return described(folder)


def _recognised(files: Sequence[Path]) -> tuple[dict[str, Path], dict[str, State]]:
    """Tell by their keys which file is which network; return the files and their checked weights by network."""
    found: dict[str, Path] = {}
    states: dict[str, State] = {}
    for number, file in enumerate(files, start=1):
        whose = f"File {number} of {len(files)}" if len(files) > 1 else "The file"
        if file.suffix.lower() not in SUFFIXES:
            raise InvalidInput(f"{whose} is no weights file; its name must end in {', '.join(SUFFIXES)} or .zip.")
        state = read_state(file, whose)
        shared = {kind: len(state.keys() & make().state_dict().keys()) for kind, make in NETWORKS.items()}
        kind = max(shared, key=lambda kind_: shared[kind_])
        if not shared[kind]:
            raise WeightsError(
                f"{whose} holds neither of the two networks: its keys begin with {', '.join(list(state)[:3])}; a "
                "ResNet-50 with torchvision's keys begins with conv1.weight, bn1.weight."
            )
        if kind in found:
            raise InvalidInput(f"Two files hold {kind} weights; give one for the slices and one for the lungs at most.")
        found[kind], states[kind] = file, _fitting(state, kind, f"{whose} ({kind})")
    if SLICES not in found:
        raise InvalidInput("The slice weights are missing: a ResNet-50 with torchvision's keys and three outputs.")
    return found, states


def _fitting(state: State, kind: str, whose: str) -> State:
    network: nn.Module = NETWORKS[kind]()
    return fitting(state, network, whose)


def chosen_lungs(choice: str, card: dict[str, Any]) -> tuple[dict[str, Any], Path | None]:
    """Return the card and the lung file for a model that brings none: R231, or the lungs of a model that is here."""
    if not choice and card.get("lungs") == R231:
        choice = R231
    if choice != R231:
        other = named(choice or None)
        if other.lungs is not None:
            size = replace(parameters_of(card), lung_size=parameters_of(other.card).lung_size)
            return {**card, "lungs_from": f"{other.name}/{other.version}", "parameters": size.as_dict()}, other.lungs
    if importlib.util.find_spec("lungmask") is None:
        raise InvalidInput(
            "These lungs come from the lungmask package, which is not installed here; run pip install lungmask first."
        )
    return {**card, "lungs": R231}, None


def _keep(source: Path, state: State | None, target: Path) -> None:
    """Write weights as models are kept; what is so already is copied byte for byte, so that its hash stays."""
    if is_plain(source):
        shutil.copyfile(source, target)
        return
    if state is None:  # lungs of a model that lies there as a PyTorch file
        state = _fitting(read_state(source, source.name), LUNGS, source.name)
    save_file(halved(state), target, metadata={"label": OWN_LABEL})
