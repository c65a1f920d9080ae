"""Slice calls and, from the same pass, the maps that explain them. Imports no torch."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.ai.batches import batch_size, batches
from core.ai.parameters import CLASSES, PipelineParams
from core.ai.preprocess import lung_box, slice_input
from core.ai.weights import Model
from core.imaging.arriving import Arriving
from core.imaging.volume import Volume
from core.progress import Progress, ignore


def score_slices(
    volume: Volume | Arriving,
    lungs: NDArray[np.uint8],
    model: Model,
    indices: Sequence[int],
    *,
    parameters: PipelineParams,
    heat_maps: bool = False,
    on_progress: Progress = ignore,
) -> tuple[NDArray[np.float64], NDArray[np.float32] | None]:
    """Return probabilities (n, 3) of the named slices and, if asked, explaining maps (n, y, x) of the lung box.

    The volume's slices are all there. `lungs` (z, y, x) is the whole volume's mask: the box comes from it, whichever
    slices are named. Each slice is seen as it is and, where the parameters say so, mirrored, since training shows
    both sides alike; logits are averaged, and maps are of the first view. A map is as strong as its slice is abnormal.
    """
    box = lung_box(lungs, volume.spacing_mm, margin_mm=parameters.box_margin_mm)
    probabilities = np.empty((len(indices), len(CLASSES)), np.float64)
    maps: list[NDArray[np.float32]] = []

    def make(n: int) -> NDArray[np.uint8]:
        return slice_input(volume.hu[indices[n]], lungs[indices[n]], box, parameters)

    for part, gray in batches(len(indices), batch_size(model.device, parameters.slice_size), make):
        logits, seen = model.slices(gray)
        if parameters.mirrored:
            logits = (logits + model.slices(gray[:, :, ::-1])[0]) / 2
        found = softmax(logits / model.temperature)
        probabilities[part.start : part.stop] = found
        if heat_maps:
            maps.append((seen * (1 - found[:, :1, None])).astype(np.float32))
        on_progress(part.stop, len(indices))
    return probabilities, np.concatenate(maps) if maps else None


def softmax(logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return probabilities (n, classes) from logits, in double precision."""
    raised = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), np.float64)
