"""A brought model reads a volume: slice by slice, whole, or in patches; calls, and its masks and heat on our grid."""

import time
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.ai.batches import batch_size
from core.ai.brought import inputs
from core.ai.brought.check import TORCHSCRIPT
from core.ai.brought.contract import Contract, contract_of
from core.ai.brought.rules import called, probabilities_of
from core.ai.engines import ONNXRUNTIME, TORCH, Run, load
from core.ai.explain import store_heat
from core.ai.lungs import at_hand, lung_mask, volume_ml
from core.ai.model_files import Weights
from core.ai.parameters import Truncation
from core.ai.preprocess import Box, kept_slices, lung_box
from core.ai.result import CaseResult, SliceScore
from core.ai.weights import Model, device_name
from core.errors import InvalidInput
from core.imaging.arriving import Arriving
from core.imaging.volume import Volume
from core.progress import Progress, ignore

MARGIN_MM = 8.0


@dataclass(frozen=True)
class Brought:
    """A brought model, ready on a device. `finder` finds the lungs where its inputs are cut to them."""

    name: str
    version: str
    sha256: str
    card: dict[str, Any]
    contract: Contract
    run: Run
    device: str
    engine: str
    finder: Model | None = None
    precision: str = "float32"

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of its outputs."""
        return self.contract.classes


def load_brought(weights: Weights, *, device: str, finder: Model | None = None) -> Brought:
    """Load a brought model by the engine its first run chose; on CUDA where an engine for it is there."""
    file, contract = weights.slices, contract_of(weights.card)
    engine, place = weights.card.get("trial", {}).get("engine", ONNXRUNTIME), device
    if file.name == TORCHSCRIPT:
        engine = TORCH
    elif device != "cpu":
        from core.ai.engines.onnxruntime_engine import has_cuda

        engine, place = (ONNXRUNTIME, device) if has_cuda() else (engine, "cpu")
    try:
        run = load(engine, file, device=place)
    except Exception as error:  # noqa: BLE001 - engines raise errors of their own of many kinds
        first = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise InvalidInput(f"{weights.name} {weights.version} cannot be loaded here: {first}") from None
    return Brought(weights.name, weights.version, weights.sha256, weights.card, contract, run, place, engine, finder)


def read_brought(
    volume: Volume | Arriving, model: Brought, *, heat_maps: bool = True, on_progress: Progress = ignore
) -> CaseResult:
    """Read a volume as the model's card says. Raises NoLungs where its inputs need lungs and there are none."""
    begun, contract, depth = time.perf_counter(), model.contract, len(volume.hu)
    if isinstance(volume, Arriving):
        volume.wait_for(depth - 1)
    lungs = np.zeros(volume.hu.shape, np.uint8)
    if contract.region != "slice" and model.finder is not None:
        lungs = lung_mask(volume.hu, volume.spacing_mm, model.finder, parameters=model.finder.parameters, ready=at_hand)
    after_lungs = time.perf_counter()
    rows, columns = volume.hu.shape[1:]
    box = Box(0, rows, 0, columns)
    if contract.region != "slice":
        box = lung_box(lungs, volume.spacing_mm, margin_mm=MARGIN_MM)
    if contract.dimensions == 2:
        kept = kept_slices(depth, Truncation(*contract.drop))
        scores, heat, mask = _slices(volume, lungs, box, model, kept, on_progress)
        call = called(scores, contract, kept, depth)
        deciding = call.deciding
    else:
        kept = range(0)
        scores, heat, mask = _volume(volume, lungs, box, model, on_progress)
        call = called(scores, contract, range(len(scores)), len(scores))
        deciding = ()
    heat_slices = tuple(kept) if contract.dimensions == 2 else tuple(range(depth))
    stored = None
    if heat is not None and heat_maps and heat_slices:
        within = lungs[list(heat_slices)] if lungs.any() else np.ones((len(heat_slices), rows, columns), np.uint8)
        stored = store_heat(heat, box, within)
    by_slice = dict(zip(kept, map(tuple, scores.tolist()), strict=True)) if kept else {}
    if mask is not None:
        lungs = mask
    done = time.perf_counter()
    return CaseResult(
        call=call.label,
        probabilities=call.probabilities,
        counts=call.counts,
        deciding_slices=deciding,
        abnormal_share=call.abnormal_share,
        slices=tuple(SliceScore(n, z, n in by_slice, by_slice.get(n)) for n, z in enumerate(volume.z_mm)),
        lungs=lungs,
        heat=stored,
        heat_slices=heat_slices if stored is not None else (),
        lung_volume_ml=volume_ml(lungs, volume.spacing_mm) if mask is None else 0.0,
        timings={"lungs": after_lungs - begun, "slices": done - after_lungs, "total": done - begun},
        device=device_name(model.device),
        model={"name": model.name, "version": model.version, "sha256": model.sha256},
        parameters=contract.as_dict(),
        rule=contract.rule,
        warnings=(),
        doubts=(),
    )


Found = tuple[NDArray[np.float64], NDArray[np.float32] | None, NDArray[np.uint8] | None]


def _slices(
    volume: Volume | Arriving,
    lungs: NDArray[np.uint8],
    box: Box,
    model: Brought,
    kept: range,
    on_progress: Progress,
) -> Found:
    contract = model.contract
    most = model.card.get("trial", {}).get("batch") or batch_size(model.device, max(contract.size))
    scores, heats, masks = [], [], np.zeros(volume.hu.shape, np.uint8)
    shows = False
    for start in range(0, len(kept), most):
        part = kept[start : start + most]
        stack = np.stack([inputs.slice_array(volume.hu[z], lungs[z], box, contract) for z in part])
        padded = np.concatenate([stack, np.repeat(stack[-1:], most - len(stack), axis=0)]) if _fixed(model) else stack
        row, heat, mask = _outputs(model, padded, len(part))
        assert_rows(row, contract)
        scores.append(probabilities_of(row, contract))
        if heat is not None:
            heats.append(inputs.ours(np.squeeze(heat, 1) if heat.ndim == 4 else heat, contract).clip(0))
        if mask is not None:
            shows = True
            for z, plane in zip(part, _labels(mask, 2), strict=True):
                masks[z] = _onto(inputs.ours(plane.astype(np.float32)[None], contract)[0], box, masks[z].shape)
        on_progress(start + len(part), len(kept))
    return np.concatenate(scores), np.concatenate(heats) if heats else None, masks if shows else None


def _volume(
    volume: Volume | Arriving, lungs: NDArray[np.uint8], box: Box, model: Brought, on_progress: Progress
) -> Found:
    contract = model.contract
    whole = inputs.resampled(
        inputs.volume_array(volume.hu, lungs, box, contract), tuple(map(float, volume.spacing_mm)), contract
    )
    size, dark = contract.size, inputs.darkest(contract)
    shape = size
    if contract.overlap is not None:
        shape = tuple(np.maximum(whole.shape[1:], size).tolist())
    fitted, begins = inputs.fitted(whole, shape, dark)
    corners = list(inputs.patch_corners(shape, size, contract.overlap or 0.0))
    sums: dict[str, NDArray[np.float32]] = {}
    rows, seen = [], np.zeros(shape, np.float32)
    for number, corner in enumerate(corners, start=1):
        where = tuple(slice(at, at + side) for at, side in zip(corner, size, strict=True))
        patch = inputs.oriented(fitted[(slice(None), *where)], contract)[None]
        row, heat, mask = _outputs(model, patch, 1)
        assert_rows(row, contract)
        rows.append(probabilities_of(row, contract)[0])
        seen[where] += 1
        for what, found in (("heat", heat), ("mask", mask)):
            if found is not None:
                planes = inputs.ours(_fine(found[0], contract), contract)
                sums.setdefault(what, np.zeros((len(planes), *shape), np.float32))[(slice(None), *where)] += planes
        on_progress(number, len(corners))
    on_grid = {
        what: _back((total / np.maximum(seen, 1)).astype(np.float32), begins, whole.shape[1:], volume.hu.shape[0])
        for what, total in sums.items()
    }
    shown = np.maximum(on_grid["heat"][0], np.float32(0)) if "heat" in on_grid else None
    labelled: NDArray[np.uint8] | None = None
    if "mask" in on_grid:
        labels = _labels(on_grid["mask"][None], 3)[0]
        labelled = np.stack([_onto(plane.astype(np.float32), box, volume.hu.shape[1:]) for plane in labels])
    return np.stack(rows).astype(np.float64), shown, labelled


def _outputs(
    model: Brought, image: NDArray[np.float32], count: int
) -> tuple[NDArray[Any], NDArray[np.float32] | None, NDArray[np.float32] | None]:
    """Return scores, heat and mask of the first `count` of a batch; the last two None where the card names none."""
    contract, trial = model.contract, model.card.get("trial", {})
    found, names = model.run(image.astype(trial.get("dtype", "float32"))), trial.get("names", [])
    heat, mask = (
        found[names.index(name)][:count].astype(np.float32) if name else None for name in (contract.heat, contract.mask)
    )
    return found[names.index(contract.scores) if contract.scores else 0][:count], heat, mask


def _fixed(model: Brought) -> bool:
    return bool(model.card.get("trial", {}).get("batch"))


def assert_rows(row: NDArray[Any], contract: Contract) -> None:
    """Raise InvalidInput where scores are not one row an image with one finite number a class."""
    if row.ndim != 2 or row.shape[1] != len(contract.classes) or not np.isfinite(row).all():
        raise InvalidInput("The model's scores are not one finite number a class; its card or its file is wrong.")


def _labels(planes: NDArray[np.float32], dimensions: int) -> NDArray[np.uint8]:
    """Return labels (n, …) from masks (n, …), (n, 1, …) or (n, classes, …): 1 from .5 on, or the largest channel."""
    if planes.ndim == dimensions + 1:
        planes = planes[:, None]
    found = planes.argmax(axis=1) if planes.shape[1] > 1 else planes[:, 0] >= 0.5
    return np.asarray(found, np.uint8)


def _fine(found: NDArray[np.float32], contract: Contract) -> NDArray[np.float32]:
    """Return a patch's output as (channels, …) with the patch's sides, by the nearest voxel where it is coarser."""
    planes = found[None] if found.ndim == 3 else found
    for axis, side in enumerate(inputs.network_size(contract), start=1):
        planes = np.take(planes, (np.arange(side) * planes.shape[axis]) // side, axis)
    return planes


def _back(
    total: NDArray[np.float32], begins: tuple[int, ...], size: tuple[int, ...], depth: int
) -> NDArray[np.float32]:
    """Return (channels, …) without the padding and, along z, on the volume's own slices by the nearest."""
    for axis, (begin, length) in enumerate(zip(begins, size, strict=True), start=1):
        at = (np.arange(length) + begin).clip(0, total.shape[axis] - 1)
        total = np.take(total, at, axis)
    return np.asarray(np.take(total, (np.arange(depth) * total.shape[1]) // depth, 1), np.float32)


def _onto(plane: NDArray[np.float32], box: Box, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return a plane of the region on the whole slice, by the nearest pixel."""
    large = cv2.resize(plane, (box.x1 - box.x0, box.y1 - box.y0), interpolation=cv2.INTER_NEAREST)
    made = np.zeros(shape, np.uint8)
    y0, y1, x0, x1 = max(box.y0, 0), min(box.y1, shape[0]), max(box.x0, 0), min(box.x1, shape[1])
    made[y0:y1, x0:x1] = large[y0 - box.y0 : y1 - box.y0, x0 - box.x0 : x1 - box.x0]
    return made
