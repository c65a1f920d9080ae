"""One volume in, one AI read out: lungs, truncation, slice probabilities with maps, patient rule (Luo et al. 2022)."""

import time
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from core.ai.lungs import lung_mask, volume_ml
from core.ai.parameters import CLASSES, PipelineParams
from core.ai.precision import autocast
from core.ai.preprocess import Box, kept_slices, lung_box, slice_input
from core.ai.rule import patient_call
from core.ai.weights import Model, device_name
from core.imaging.volume import Volume
from core.progress import Progress, ignore

BATCH = 16  # slices
HEAT_SIZE = 128  # pixels of a stored heat map's side; it covers the whole slice


@dataclass(frozen=True, slots=True)
class SliceScore:
    """One slice: index from the apex, DICOM z in mm, probabilities in CLASSES' order or None if not kept."""

    index: int
    z_mm: float
    kept: bool
    probabilities: tuple[float, float, float] | None


@dataclass(frozen=True, slots=True)
class CaseResult:
    """An AI read. `lungs` (z, y, x) uint8, 0 none, 1 right, 2 left; `heat` (kept, 128, 128) uint8 over whole slices."""

    call: str
    probabilities: dict[str, float]
    counts: dict[str, int]
    deciding_slices: tuple[int, ...]
    abnormal_share: float
    slices: tuple[SliceScore, ...]
    lungs: NDArray[np.uint8]
    heat: NDArray[np.uint8] | None
    heat_slices: tuple[int, ...]
    lung_volume_ml: float
    timings: dict[str, float]
    device: str
    model: dict[str, str]
    parameters: dict[str, Any]
    rule: str


def read_volume(
    volume: Volume,
    model: Model,
    *,
    parameters: PipelineParams | None = None,
    rule: str = "paper",
    heat_maps: bool = True,
    on_progress: Progress = ignore,
) -> CaseResult:
    """Read a volume with both networks and call the patient.

    Slices outside the kept range are never given to the slice network. Progress counts all slices twice (lungs, calls).
    Raises NoLungs when the series shows none, InvalidInput for an unknown rule.
    """
    parameters = parameters or PipelineParams()
    begun = time.perf_counter()
    depth = len(volume.hu)
    kept = kept_slices(depth, parameters.truncation)
    work = depth + len(kept)
    lungs = lung_mask(
        volume.hu,
        volume.spacing_mm,
        model,
        parameters=parameters,
        on_progress=lambda done, _: on_progress(done, work),
    )
    after_lungs = time.perf_counter()
    box = lung_box(lungs, volume.spacing_mm, margin_mm=parameters.box_margin_mm)
    probabilities, heat = _score(volume.hu, lungs, box, kept, model, parameters, heat_maps, on_progress, work)
    after_slices = time.perf_counter()
    triples: list[tuple[float, float, float] | None] = [None] * depth
    for index, row in zip(kept, probabilities.tolist(), strict=True):
        triples[index] = (row[0], row[1], row[2])
    call = patient_call(triples, rule=rule, parameters=parameters.rule)
    return CaseResult(
        call=call.label,
        probabilities=dict(zip(CLASSES, probabilities.mean(axis=0).tolist(), strict=True)),
        counts=call.counts,
        deciding_slices=call.deciding_slices,
        abnormal_share=call.abnormal_share,
        slices=tuple(
            SliceScore(index, z, triple is not None, triple)
            for index, (z, triple) in enumerate(zip(volume.z_mm, triples, strict=True))
        ),
        lungs=lungs,
        heat=heat,
        heat_slices=tuple(kept) if heat is not None else (),
        lung_volume_ml=volume_ml(lungs, volume.spacing_mm),
        timings={
            "lungs": after_lungs - begun,
            "slices": after_slices - after_lungs,
            "total": time.perf_counter() - begun,
        },
        device=device_name(model.device),
        model={"name": model.name, "version": model.version, "sha256": model.sha256},
        parameters=parameters.as_dict(),
        rule=rule,
    )


def _score(
    hu: NDArray[np.int16],
    lungs: NDArray[np.uint8],
    box: Box,
    kept: range,
    model: Model,
    parameters: PipelineParams,
    heat_maps: bool,
    on_progress: Progress,
    work: int,
) -> tuple[NDArray[np.float64], NDArray[np.uint8] | None]:
    """Return probabilities (kept, 3) and class activation maps (kept, 128, 128) from one forward pass."""
    probabilities = np.empty((len(kept), len(CLASSES)), np.float64)
    maps: list[NDArray[np.float32]] = []
    for start in range(0, len(kept), BATCH):
        part = kept[start : start + BATCH]
        batch = np.stack([slice_input(hu[z], lungs[z], box, parameters) for z in part])
        with torch.inference_mode(), autocast(model.device, half=model.half):
            x = torch.from_numpy(batch)[:, None].to(model.device).float().div_(255)
            features = slice_features(model, x.contiguous(memory_format=torch.channels_last))
            logits = model.slices.fc(features.mean(dim=(2, 3)))  # type: ignore[operator]
            scaled = logits.float() / model.temperature
            probabilities[start : start + len(part)] = functional.softmax(scaled.double(), dim=1).cpu().numpy()
            if heat_maps:
                weight: torch.Tensor = model.slices.fc.weight  # type: ignore[union-attr, assignment]
                maps.append(activation_maps(features.float(), weight, scaled).float().cpu().numpy())
        on_progress(len(hu) + start + len(part), work)
    if not heat_maps:
        return probabilities, None
    return probabilities, _on_grid(np.concatenate(maps), box, hu.shape[1:])


def slice_features(model: Model, x: torch.Tensor) -> torch.Tensor:
    """Return the slice network's last feature maps (n, 2048, y, x), before global pooling."""
    network: Any = model.slices
    x = network.maxpool(network.act(network.bn1(network.conv1(x))))
    return network.layer4(network.layer3(network.layer2(network.layer1(x))))  # type: ignore[no-any-return]


def activation_maps(features: torch.Tensor, weight: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    """Return for each slice the class activation map (n, y, x) of its more probable disease class, negatives cut.

    With global average pooling and one linear layer this is Grad-CAM up to scale (Zhou 2016, Selvaraju 2017).
    """
    disease = 1 + logits[:, 1:].argmax(dim=1)
    return torch.einsum("nkyx,nk->nyx", features, weight.float()[disease]).clamp_min(0)


def _on_grid(maps: NDArray[np.float32], box: Box, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Put maps of the box (n, y, x) onto whole slices at HEAT_SIZE, scaled by the strongest place of the case."""
    strongest = max(float(maps.max()), 1e-6)
    rows, columns = shape
    side = box.y1 - box.y0
    cell = side / maps.shape[1]  # voxels a map cell covers
    # from heat-map pixel centres to map cell centres; both grids place pixel i at i + 0.5
    sx, sy = columns / HEAT_SIZE / cell, rows / HEAT_SIZE / cell
    where = np.array([[sx, 0, 0.5 * sx - box.x0 / cell - 0.5], [0, sy, 0.5 * sy - box.y0 / cell - 0.5]], np.float64)
    heat = np.empty((len(maps), HEAT_SIZE, HEAT_SIZE), np.uint8)
    for plane, one in zip(heat, maps, strict=True):
        warped = cv2.warpAffine(
            one / strongest, where, (HEAT_SIZE, HEAT_SIZE), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        )
        plane[:] = np.clip(warped * 255, 0, 255).astype(np.uint8)
    return heat
