"""Real lungs as backgrounds: TCIA Lung-PET-CT-Dx (CC BY 4.0), tumour slices left out, warped, lesions set in.

Which slices are free of tumour was judged by eye; a series that is not listed here is not used.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from core.errors import InvalidInput
from core.training.procedural.case import CLASSES, Case, set_lesions, slice_truth
from core.training.procedural.fields import Float, Grid, noise
from core.training.procedural.healthy import dependent, nodules, scars
from core.training.procedural.lesions import describe
from core.training.procedural.scanner import Scanner, draw_scanner, scan

ATTRIBUTION = (
    "Li P, Wang S, Li T, Lu J, HuangFu Y, Wang D. A Large-Scale CT and PET/CT Dataset for Lung Cancer Diagnosis "
    "(Lung-PET-CT-Dx), The Cancer Imaging Archive 2020, doi 10.7937/TCIA.2020.NNC2-0461, CC BY 4.0"
)
TUMOUR_FREE: dict[tuple[str, int], tuple[tuple[int, int], ...]] = {
    # patient, slices -> half-open slice ranges from the apex without tumour, judged by eye
    ("Lung_Dx-A0001", 64): ((0, 10), (32, 52), (57, 63)),  # 52-56: gas in the colon flexure spoils the lung mask
    ("Lung_Dx-A0002", 30): ((0, 4), (20, 29)),
}
GAS_FROM = {("Lung_Dx-A0001", 64): 57, ("Lung_Dx-A0002", 30): 26}  # from here on gas is bowel unless low behind
AIR = -350.0  # HU below which a voxel within the body is air-filled


@dataclass(frozen=True, slots=True)
class Background:
    """One run of slices free of tumour: HU (z, y, x) int16, lungs uint8 (1 right, 2 left), spacing mm."""

    patient: str
    hu: NDArray[np.int16]
    lungs: NDArray[np.uint8]
    spacing: tuple[float, float, float]


def load_backgrounds(folder: Path, *, size: int = 224) -> list[Background]:
    """Read the listed runs of every series under `folder`, averaged to about `size` pixels in plane."""
    import pydicom

    groups: dict[tuple[str, str], list[pydicom.Dataset]] = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        dataset = pydicom.dcmread(path)
        patient = path.relative_to(folder).parts[0]
        groups.setdefault((patient, str(dataset.SeriesInstanceUID)), []).append(dataset)
    out: list[Background] = []
    for (patient, _), files in sorted(groups.items()):
        runs = TUMOUR_FREE.get((patient, len(files)))
        if runs is None:
            continue
        files.sort(key=lambda d: -float(d.ImagePositionPatient[2]))
        planes = [d.pixel_array * float(d.RescaleSlope) + float(d.RescaleIntercept) for d in files]
        resized = [cv2.resize(p.astype(np.float32), (size, size), interpolation=cv2.INTER_AREA) for p in planes]
        small = np.stack(resized).astype(np.float32)
        pixel = float(files[0].PixelSpacing[0]) * planes[0].shape[0] / size
        gap = abs(float(files[0].ImagePositionPatient[2]) - float(files[1].ImagePositionPatient[2]))
        for low, high in runs:
            lungs = threshold_lungs(small[low:high], GAS_FROM[patient, len(files)] - low)
            out.append(Background(patient, np.rint(small[low:high]).astype(np.int16), lungs, (gap, pixel, pixel)))
    if not out:
        raise InvalidInput(f"{folder.name} holds none of the listed background series; name the lung-pet-ct-dx folder")
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
    shares = np.array([len(b.hu) * (1.0 if len(b.hu) > 12 else 0.6) for b in backgrounds], float)
    source = backgrounds[int(rng.choice(len(backgrounds), p=shares / shares.sum()))]
    hu, lungs = warp(rng, source)
    grid = Grid(hu.shape, source.spacing)
    chest = describe(rng, grid, hu, lungs, np.zeros_like(lungs))
    for finding, chance in ((dependent, 0.3), (nodules, 0.25), (scars, 0.25)):
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
    return Case(scan(rng, chest.hu, grid, light), grid.spacing, chest.lungs, lesion, labels, label, light)


def warp(rng: np.random.Generator, source: Background) -> tuple[Float, NDArray[np.uint8]]:
    """Return HU float32 and lungs bent by a smooth field, scaled, turned a little, perhaps mirrored or thickened."""
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
    out, mask = np.empty_like(hu), np.empty_like(lungs)
    for k in range(len(hu)):
        my, mx = (at_y + bend[0][k]).astype(np.float32), (at_x + bend[1][k]).astype(np.float32)
        out[k] = cv2.remap(hu[k], mx, my, cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT, borderValue=-1000)
        mask[k] = cv2.remap(lungs[k], mx, my, cv2.INTER_NEAREST)
    if flip:
        mask = np.array([0, 2, 1], np.uint8)[mask]
    inside = mask > 0
    out[inside] = out[inside] + np.float32(rng.normal(0, 25)) * np.clip((-500 - out[inside]) / 300, 0, 1)
    return np.clip(out, -1024, 3071), mask
