"""A procedural cohort on disk as DICOM, in the layout of COVID-CT-MD: anyone can run the evaluation on it.

Its lesions are of families kept from training. Figures on it check the machinery; they say nothing about patients.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.imaging.volume import Attributes, volume_of
from core.imaging.write import write_series
from core.progress import Progress, ignore
from core.training.layout import write_labels
from core.training.procedural.case import CLASSES, Case, procedural_case

FIRST_SEED = 5_000_000  # far from every seed that trains
FOLDERS = {"normal": "Normal Cases", "cap": "Cap Cases", "covid": "COVID-19 Cases"}
IDS = {"normal": "normal{:03d}", "cap": "cap{:03d}", "covid": "P{:03d}"}
SHARES = {"normal": 24, "cap": 19, "covid": 55}  # the paper's validation set


def class_counts(patients: int) -> dict[str, int]:
    """Split `patients` over the classes as the paper's validation set is, at least one each from three on."""
    total = sum(SHARES.values())
    counts = {c: int(patients * SHARES[c] / total) for c in CLASSES}
    for c in CLASSES:
        if counts[c] == 0 and patients >= len(CLASSES):
            counts[c] = 1
    counts["covid"] += patients - sum(counts.values())
    return counts


def cohort_case(seed: int, number: int, label: str, *, size: int = 256, spacing_z: float = 2.5) -> Case:
    """Return the cohort's patient `number` of a class."""
    return procedural_case(FIRST_SEED + 10_000 * seed + number, label, size=size, spacing_z=spacing_z, unseen=True)


def write_cohort(
    root: Path, patients: int, seed: int, *, size: int = 256, spacing_z: float = 2.5, on_progress: Progress = ignore
) -> dict[str, int]:
    """Write the cohort of `seed` under `root` and return how many patients of each class it has."""
    counts = class_counts(patients)
    truth: dict[str, NDArray[np.bool_]] = {}
    done = 0
    for label in CLASSES:
        for k in range(counts[label]):
            patient = IDS[label].format(k + 1)
            case = cohort_case(seed, done, label, size=size, spacing_z=spacing_z)
            volume = volume_of(case.hu, case.spacing, top_z_mm=0.0, attributes=_attributes(case))
            folder = root / FOLDERS[label] / patient
            known_as = f"procedural-{seed}-{patient}"  # else it would be taken for the real patient of that name
            write_series(volume, folder, uid_seed=f"cohort/{seed}/{patient}", patient_id=known_as)
            if label != "normal":
                truth[patient] = case.lesion.any((1, 2)) & (case.labels != 0)
            done += 1
            on_progress(done, patients)
    write_labels(root, truth)
    return counts


def _attributes(case: Case) -> Attributes:
    return Attributes(
        sex=None,
        age=None,
        manufacturer="Procedural",
        model="Parallax",
        kernel="sharp" if case.scanner.sharpen > 0 else "soft",
        kvp=None,
        thickness_mm=round(case.scanner.thickness, 2),
        patient_position="HFS",
    )
