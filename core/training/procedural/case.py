"""One procedural case: from a seed to a scan with exact labels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.training.procedural.anatomy import make_anatomy
from core.training.procedural.cap import set_cap
from core.training.procedural.covid import set_covid
from core.training.procedural.fields import Float, Grid
from core.training.procedural.healthy import set_distractors, set_tissue
from core.training.procedural.lesions import Chest, describe
from core.training.procedural.scanner import Scanner, draw_scanner, scan
from core.training.procedural.unseen import set_unseen

CLASSES = ("normal", "cap", "covid")  # codes 0, 1, 2, as in core.ai.parameters
UNCLEAR = 255  # a slice with so little lesion that neither call would be wrong
CLEAR_MM2 = 90.0  # lesion area from which a slice counts as infected
FAINT_MM2 = 12.0  # lesion area up to which it counts as free


@dataclass(frozen=True, slots=True)
class Case:
    """A scan and its truth, all on one grid (z, y, x), slice 0 = apex; spacing in mm (z, y, x)."""

    hu: NDArray[np.int16]
    spacing: tuple[float, float, float]
    lungs: NDArray[np.uint8]  # 0 none, 1 right, 2 left; lesions, effusion and cavities inside
    lesion: NDArray[np.uint8]
    labels: NDArray[np.uint8]  # one a slice: 0 normal, 1 cap, 2 covid, 255 unclear
    label: str
    scanner: Scanner
    seen: NDArray[np.uint8] | None = None  # the lungs as a pipeline finds them, where that is known
    patient: str = ""  # whose real lungs these are; empty: nobody's


def procedural_case(
    seed: int,
    label: str,
    *,
    size: int = 224,
    field_mm: float | None = None,
    spacing_z: float | None = None,
    length_mm: float | None = None,
    family: str | None = None,
    unseen: bool = False,
) -> Case:
    """Make the case of `seed`: a person, a pneumonia of class `label` (or none) and a scanner.

    `size` pixels in plane over `field_mm`; `family` names one lesion family of the class, `unseen` takes the
    families kept from training. The same arguments give the same arrays.
    """
    rng = np.random.default_rng([seed, CLASSES.index(label)])
    field = field_mm or float(rng.uniform(310, 400))
    dz = spacing_z or float(rng.choice([2.0, 2.5, 3.0, 5.0, 7.0, 10.0], p=[0.1, 0.15, 0.2, 0.35, 0.12, 0.08]))
    count = max(8, round((length_mm or float(rng.uniform(260, 340))) / dz))
    grid = Grid((count, size, size), (dz, field / size, field / size))
    body = make_anatomy(rng, grid)
    chest = describe(rng, grid, body.hu, body.lungs, body.lobes)
    set_tissue(rng, chest, body.fissures)
    set_distractors(rng, chest)
    if unseen:
        set_unseen(rng, chest, label)
    else:
        set_lesions(rng, chest, label, family=family)
    scanner = draw_scanner(rng, dz)
    image = scan(rng, soften(chest, body.edge), grid, scanner)
    lesion, labels = slice_truth(chest, label)
    return Case(image, grid.spacing, chest.lungs, lesion, labels, label, scanner)


def set_lesions(rng: np.random.Generator, chest: Chest, label: str, *, family: str | None = None) -> None:
    """Set a pneumonia of the class into the chest, in place; nothing for normal."""
    if label == "covid":
        set_covid(rng, chest, family=family)
    elif label == "cap":
        set_cap(rng, chest, family=family)


def soften(chest: Chest, edge: Float) -> Float:
    """Return HU (z, y, x) with the lungs' surface partly filled, as voxels across it are."""
    share = np.clip(edge / np.float32(chest.grid.spacing[2]) + 0.5, 0, 1)
    rim = (chest.lungs > 0) & (share < 1) & (chest.hu < 0)
    return np.where(rim, chest.hu * share + 20 * (1 - share), chest.hu).astype(np.float32)


def slice_truth(chest: Chest, label: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the lesion mask (z, y, x) and each slice's class code by its lesion area."""
    lesion = ((chest.lesion > 0.35) & (chest.lungs > 0)).astype(np.uint8)
    area = lesion.sum((1, 2)) * (chest.grid.spacing[1] * chest.grid.spacing[2])
    code = CLASSES.index(label)
    labels = np.where(area >= CLEAR_MM2, code, np.where(area <= FAINT_MM2, 0, UNCLEAR)).astype(np.uint8)
    return lesion, labels
