"""A model ready to read on this machine: at its first use on a CPU its engine is chosen, which takes half a minute."""

import numpy as np
from numpy.typing import NDArray

from core.ai import compiled
from core.ai.brought.reading import Brought, load_brought
from core.ai.model_files import Weights, named
from core.ai.parameters import CLASSES, parameters_of
from core.ai.preprocess import lung_box, lung_input, slice_input
from core.ai.weights import Model, best_device, checked_device, load_weights
from core.errors import InvalidInput
from core.progress import Progress, ignore

SEED = 900_101  # of the chests an engine is compared on: in no training run and no cohort
SIZE, SPACING_MM, PER_CHEST = 160, 10.0, 8


def ready_model(name: str | None = None, *, device: str | None = None, fast: bool = True) -> Model:
    """Load a model as core.ai.weights.load_model does, its engine chosen first where that was not done yet."""
    weights = named(name)
    if weights.brought:
        raise InvalidInput(
            f"{weights.name} {weights.version} is a brought model; this takes models of this project's networks."
        )
    choose(weights, device=device, fast=fast)
    return load_weights(weights, device=device, fast=fast)


def ready(name: str | None = None, *, device: str | None = None, fast: bool = True) -> Model | Brought:
    """Load any model, ours or brought, ready to read."""
    weights = named(name)
    if not weights.brought:
        return ready_model(name, device=device, fast=fast)
    finder = weights.card.get("lungs_from")
    lungs = ready_model(finder, device=device, fast=fast) if finder else None
    return load_brought(weights, device=checked_device(device or best_device()), finder=lungs)


def choose(weights: Weights, *, device: str | None = None, fast: bool = True, on_progress: Progress = ignore) -> None:
    """Choose a model's engine on this CPU, once; nothing happens on another device or where it is chosen."""
    if not fast or (device or best_device()) != "cpu" or compiled.choice(weights) is not None:
        return
    on_progress(0, 1)
    from core.ai.compiling import compile_model

    compile_model(weights, samples(weights))
    on_progress(1, 1)


def samples(weights: Weights) -> dict[str, NDArray[np.uint8]]:
    """Return gray inputs (n, y, x) of both networks from procedural chests, one a class."""
    from core.training.procedural.case import procedural_case

    parameters, lungs, slices = parameters_of(weights.card), [], []
    for number, label in enumerate(CLASSES):
        case = procedural_case(SEED + number, label, size=SIZE, spacing_z=SPACING_MM)
        box = lung_box(case.lungs, case.spacing, margin_mm=parameters.box_margin_mm)
        for z in np.linspace(2, len(case.hu) - 3, PER_CHEST).astype(int):
            lungs.append(lung_input(case.hu[z], parameters))
            slices.append(slice_input(case.hu[z], case.lungs[z], box, parameters))
    return {"lungs": np.stack(lungs), "slices": np.stack(slices)}
