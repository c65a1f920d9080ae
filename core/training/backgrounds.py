"""Real lungs as backgrounds (TCIA, CC BY): slices with a lesion left out, warped, lesions set in.

Which slices are free was judged by eye: a table here for Lung-PET-CT-Dx, else the folder's own `slices.json`, which
names for each file what was seen on it. A series that neither names is not used.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from core.errors import InvalidInput
from core.training.procedural.case import CLASSES, Case, set_lesions, slice_truth
from core.training.procedural.fields import Float, Grid, noise
from core.training.procedural.healthy import dependent, emphysema, expiration, mass, nodules, scars
from core.training.procedural.lesions import describe
from core.training.procedural.scanner import Scanner, draw_scanner, scan

TUMOUR_FREE: dict[tuple[str, int], tuple[tuple[int, int], ...]] = {
    # patient, slices -> half-open slice ranges from the apex without tumour, judged by eye
    ("Lung_Dx-A0001", 64): ((0, 10), (32, 52), (57, 63)),  # 52-56: gas in the colon flexure spoils the lung mask
    ("Lung_Dx-A0002", 30): ((0, 4), (20, 29)),
}
GAS_FROM = {("Lung_Dx-A0001", 64): 57, ("Lung_Dx-A0002", 30): 26}  # from here on gas is bowel unless low behind
NOTES = "slices.json"  # beside the patients: what was seen on each file
AIR = -350.0  # HU below which a voxel within the body is air-filled
NO_GAS = 10_000


@dataclass(frozen=True, slots=True)
class Background:
    """One run of neighbouring clear slices: HU (z, y, x) int16, lungs uint8 (1 right, 2 left), spacing mm.

    `seen` is the lungs as the pipeline finds them: with the hilum, or a stomach's dome, that the network takes in.
    """

    patient: str
    hu: NDArray[np.int16]
    lungs: NDArray[np.uint8]
    seen: NDArray[np.uint8]
    spacing: tuple[float, float, float]


def load_backgrounds(folders: Sequence[Path], *, size: int = 224) -> list[Background]:
    """Read the clear runs of every series under the folders, averaged to about `size` pixels in plane."""
    out: list[Background] = []
    for folder in folders:
        found = [run for series in _series(folder) for run in _runs(*series, size=size)]
        if not found:
            raise InvalidInput(
                f"{folder.name} holds no series whose clear slices are known; name the lung-pet-ct-dx folder or one "
                f"with a {NOTES}."
            )
        out += found
    return out


def _series(folder: Path) -> Iterator[tuple[str, list[Any], list[tuple[int, int]], int]]:
    """Yield for each series with clear slices: patient, datasets from the apex, clear runs, where bowel gas begins."""
    import pydicom

    notes = json.loads((folder / NOTES).read_text()) if (folder / NOTES).exists() else {}
    for name, slices in notes.items():
        files = [(pydicom.dcmread(folder / name / entry["file"]), entry.get("seen", ["unknown"])) for entry in slices]
        files.sort(key=lambda pair: -float(pair[0].ImagePositionPatient[2]))
        runs = clear_runs([not seen for _, seen in files])
        if runs:
            yield Path(name).name, [dataset for dataset, _ in files], runs, NO_GAS
    groups: dict[tuple[str, str], list[pydicom.Dataset]] = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()) if not notes else []:
        dataset = pydicom.dcmread(path)
        groups.setdefault((path.relative_to(folder).parts[0], str(dataset.SeriesInstanceUID)), []).append(dataset)
    for (patient, _), datasets in sorted(groups.items()):
        key = (patient, len(datasets))
        if key in TUMOUR_FREE:
            datasets.sort(key=lambda d: -float(d.ImagePositionPatient[2]))
            yield patient, datasets, list(TUMOUR_FREE[key]), GAS_FROM[key]


def clear_runs(clear: Sequence[bool]) -> list[tuple[int, int]]:
    """Return the half-open index ranges of neighbouring clear slices."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], np.asarray(clear, np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _runs(
    patient: str, files: list[Any], runs: list[tuple[int, int]], gas_from: int, *, size: int
) -> Iterator[Background]:
    planes = [d.pixel_array * float(d.RescaleSlope) + float(d.RescaleIntercept) for d in files]
    small = np.stack([cv2.resize(p.astype(np.float32), (size, size), interpolation=cv2.INTER_AREA) for p in planes])
    small = np.rint(np.maximum(small, -1024)).astype(np.int16)
    pixel = float(files[0].PixelSpacing[0]) * planes[0].shape[0] / size
    heights = [float(d.ImagePositionPatient[2]) for d in files]
    spacing = (float(np.median(-np.diff(heights))), pixel, pixel)
    seen = found_lungs(small, spacing)
    for low, high in runs:
        lungs = threshold_lungs(small[low:high].astype(np.float32), gas_from - low)
        if seen is not None:
            lungs = agreed(lungs, seen[low:high])
        yield Background(patient, small[low:high], lungs, lungs if seen is None else seen[low:high], spacing)


def found_lungs(hu: NDArray[np.int16], spacing: tuple[float, float, float]) -> NDArray[np.uint8] | None:
    """Return the lungs (z, y, x; 1 right, 2 left) as the newest installed model's pipeline finds them; None if none."""
    from core.ai.lungs import NoLungs, lung_mask
    from core.ai.model_files import available_models
    from core.ai.weights import load_model

    if not available_models():
        return None
    model = load_model()
    try:
        return lung_mask(hu, spacing, model, parameters=model.parameters)
    except NoLungs:
        return None


def agreed(lungs: NDArray[np.uint8], seen: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the lungs without pieces of a slice that the pipeline mostly takes for something else, as bowel gas."""
    out = lungs.copy()
    for plane, other in zip(out, seen, strict=True):
        pieces, count = ndimage.label(plane > 0)
        for number in range(1, count + 1):
            if float(np.mean(other[pieces == number] > 0)) < 0.5:
                plane[pieces == number] = 0
    return out


def threshold_lungs(hu: Float, gas_from: int = 10_000) -> NDArray[np.uint8]:
    """Return lungs (z, y, x; 1 right, 2 left) of healthy slices by threshold and morphology, trachea left out."""
    out = np.zeros(hu.shape, np.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))
    middle = hu.shape[2] / 2
    columns = np.flatnonzero((hu > -300).any((0, 1)))
    if len(columns):
        middle = float(columns[0] + columns[-1]) / 2
    for k, plane in enumerate(hu):
        air = plane < AIR
        label, _ = ndimage.label(air)
        rim = np.unique(np.concatenate([label[0], label[-1], label[:, 0], label[:, -1]]))
        air &= ~np.isin(label, rim)
        label, count = ndimage.label(air)
        for part in range(1, count + 1):
            where = label == part
            area = int(where.sum())
            y, x = np.argwhere(where).mean(0)
            central = abs(x - middle) < 0.06 * hu.shape[2] and area < 0.004 * plane.size
            speckled = area < 25 or float(np.mean(plane[where] < -700)) < 0.2
            beneath = y > 0.78 * hu.shape[1]  # folds and the table, never lung
            if central or speckled or beneath or (k >= gas_from and y < 0.55 * hu.shape[1]):
                continue
            closed = cv2.morphologyEx(np.pad(where.astype(np.uint8), 8), cv2.MORPH_CLOSE, disc)[8:-8, 8:-8]
            closed = ndimage.binary_fill_holes(closed)
            split = np.broadcast_to(np.arange(hu.shape[2])[None] < middle, plane.shape)
            if 0.15 < float(split[where].mean()) < 0.85:  # both lungs touch: cut at the middle
                out[k][closed & split], out[k][closed & ~split] = 1, 2
            else:
                out[k][closed] = 1 if x < middle else 2
    return out


def background_case(seed: int, label: str, backgrounds: list[Background]) -> Case:
    """Return a real run of slices, warped and rescanned, with a pneumonia of class `label` set in, from a seed."""
    rng = np.random.default_rng([seed, CLASSES.index(label), 77])
    people = sorted({b.patient for b in backgrounds})  # each as often: health must not look like one scanner
    person = people[int(rng.integers(len(people)))]
    runs = [b for b in backgrounds if b.patient == person]
    shares = np.array([len(b.hu) for b in runs], float)
    source = runs[int(rng.choice(len(runs), p=shares / shares.sum()))]
    hu, lungs, seen = warp(rng, source)
    grid = Grid(hu.shape, source.spacing)
    chest = describe(rng, grid, hu, lungs, np.zeros_like(lungs))
    findings = (
        (dependent, 0.35),
        (nodules, 0.25),
        (scars, 0.25),
        (expiration, 0.25),
        (emphysema, 0.15),
        (mass, 0.1),
    )
    for finding, chance in findings:
        if rng.random() < chance and lungs.any():
            finding(rng, chest)
    if lungs.any():
        set_lesions(rng, chest, label)
    scanner = draw_scanner(rng, source.spacing[0])
    light = Scanner(
        1.0,
        scanner.blur_mm * 0.6,
        scanner.sharpen * 0.6,
        scanner.noise_hu * 0.5,
        scanner.noise_mm,
        0.5 * scanner.streaks,
        0.0,
        scanner.padding,
        False,
    )
    lesion, labels = slice_truth(chest, label)
    image = scan(rng, chest.hu, grid, light)
    return Case(image, grid.spacing, chest.lungs, lesion, labels, label, light, seen=seen, patient=source.patient)


def warp(rng: np.random.Generator, source: Background) -> tuple[Float, NDArray[np.uint8], NDArray[np.uint8]]:
    """Return HU float32, lungs and lungs as found, bent by a smooth field, turned, perhaps mirrored or thickened."""
    hu = source.hu.astype(np.float32)
    if len(hu) > 3 and rng.random() < 0.5:
        f = np.float32(rng.uniform(0.05, 0.45))
        hu[:-1] = (1 - f) * hu[:-1] + f * hu[1:]
    lungs = source.lungs
    _, h, w = hu.shape
    grid = Grid(hu.shape, source.spacing)
    amount = np.float32(rng.uniform(1.5, 7.0) / source.spacing[2])
    bend = [noise(rng, grid, rng.uniform(45, 90), scale_z_mm=90) * amount for _ in range(2)]
    angle, shear = rng.normal(0, 4) * np.pi / 180, rng.normal(0, 0.04)
    sy, sx = 1 / rng.uniform(0.82, 1.14), 1 / rng.uniform(0.82, 1.14)
    flip = rng.random() < 0.5
    y, x = np.mgrid[:h, :w].astype(np.float32)
    y, x = y - h / 2, (x - w / 2) * (-1 if flip else 1)
    at_y = (np.cos(angle) * y + np.sin(angle) * x) * sy + h / 2
    at_x = (-np.sin(angle) * y + np.cos(angle) * x + shear * y) * sx + w / 2
    out, mask, seen = np.empty_like(hu), np.empty_like(lungs), np.empty_like(lungs)
    for k in range(len(hu)):
        my, mx = (at_y + bend[0][k]).astype(np.float32), (at_x + bend[1][k]).astype(np.float32)
        out[k] = cv2.remap(hu[k], mx, my, cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT, borderValue=-1000)
        mask[k] = cv2.remap(lungs[k], mx, my, cv2.INTER_NEAREST)
        seen[k] = cv2.remap(source.seen[k], mx, my, cv2.INTER_NEAREST)
    if flip:
        mask, seen = (np.array([0, 2, 1], np.uint8)[m] for m in (mask, seen))
    inside = mask > 0
    out[inside] = out[inside] + np.float32(rng.normal(0, 25)) * np.clip((-500 - out[inside]) / 300, 0, 1)
    return np.clip(out, -1024, 3071), mask, seen
