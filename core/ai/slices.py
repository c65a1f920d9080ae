"""Slice calls and, from the same forward pass, the maps that explain them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from core.ai.batches import batch_size, batches, to_input
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
    """Return probabilities (n, 3) of the named slices and, if asked, activation maps (n, y, x) of the lung box.

    The volume's slices are all there. `lungs` (z, y, x) is the whole volume's mask: the box comes from it, whichever
    slices are named. Each slice is seen as it is and, where the parameters say so, mirrored, since training shows
    both sides alike; logits are averaged, and maps are of the first view.
    """
    box = lung_box(lungs, volume.spacing_mm, margin_mm=parameters.box_margin_mm)
    network: Any = model.slices
    probabilities = np.empty((len(indices), len(CLASSES)), np.float64)
    maps: list[NDArray[np.float32]] = []

    def make(n: int) -> NDArray[np.uint8]:
        return slice_input(volume.hu[indices[n]], lungs[indices[n]], box, parameters)

    for part, gray in batches(len(indices), batch_size(model.device, parameters.slice_size), make):
        with torch.inference_mode():
            x = to_input(gray, model.device)
            views = [x, x.flip(-1)] if parameters.mirrored else [x]
            seen = slice_features(model, torch.cat(views)).float().chunk(len(views))
            logits = sum(network.fc(view.mean(dim=(2, 3))) for view in seen) / (len(views) * model.temperature)
            probabilities[part.start : part.stop] = functional.softmax(logits.double(), dim=1).cpu().numpy()
            if heat_maps:
                maps.append(activation_maps(seen[0], network.fc.weight, logits).cpu().numpy())
        on_progress(part.stop, len(indices))
    return probabilities, np.concatenate(maps) if maps else None


def slice_features(model: Model, x: torch.Tensor) -> torch.Tensor:
    """Return the slice network's last feature maps (n, 2048, y, x), before global pooling."""
    network: Any = model.slices
    x = network.maxpool(network.act(network.bn1(network.conv1(x))))
    features: torch.Tensor = network.layer4(network.layer3(network.layer2(network.layer1(x))))
    return features


def activation_maps(features: torch.Tensor, weight: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    """Return for each slice the class activation map (n, y, x) of its more probable disease class, negatives cut.

    With global average pooling and one linear layer this is Grad-CAM up to scale (Zhou 2016, Selvaraju 2017).
    """
    disease = 1 + logits[:, 1:].argmax(dim=1)
    return torch.einsum("nkyx,nk->nyx", features, weight[disease]).clamp_min(0)
