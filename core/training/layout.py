"""Folders in the layout of COVID-CT-MD and SPGC: patient folders of DICOM, Index.csv, slice labels as .npy.

Classes come from folder names ("COVID-19 Cases", "Cap Cases", "Normal Cases", or P001, cap001, normal001). Row k of
the slice-label array belongs to the k-th patient of Index.csv; its columns count slices from the apex, 1 = infected.
"""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from core.training.procedural.case import CLASSES

LEAST_FILES = 8  # a folder with fewer slices is no CT series
INDEX = "Index.csv"
LABELS = "Slice-level-labels.npy"


@dataclass(frozen=True, slots=True)
class Patient:
    """One patient folder. `infected`: one bool a slice from the apex, padded at the end, or None where unlabelled."""

    id: str
    folder: Path
    label: str
    infected: NDArray[np.bool_] | None

    def slice_codes(self, count: int) -> NDArray[np.uint8]:
        """Return a class code for each of `count` slices; 255 for a sick patient whose slices are not labelled."""
        code = CLASSES.index(self.label)
        if code == 0:
            return np.zeros(count, np.uint8)
        if self.infected is None:
            return np.full(count, 255, np.uint8)
        known = np.zeros(count, np.bool_)
        known[: min(count, len(self.infected))] = self.infected[:count]
        return np.where(known, code, 0).astype(np.uint8)


def read_layout(root: Path) -> list[Patient]:
    """Return the patients under `root`, by id. Raises InvalidInput when there are none or the labels do not fit."""
    folders = [f for f in [root, *sorted(p for p in root.rglob("*") if p.is_dir())] if _slices(f) >= LEAST_FILES]
    labels = _slice_labels(root)
    out = []
    for folder in folders:
        label = class_of(folder, root)
        if label is None:
            continue
        out.append(Patient(folder.name, folder, label, labels.get(folder.name.lower())))
    if not out:
        raise InvalidInput(
            "No patient folders of DICOM were found; give the folder that holds COVID-19, Cap and Normal cases."
        )
    return sorted(out, key=lambda p: p.id)


def class_of(folder: Path, root: Path) -> str | None:
    """Return a patient folder's class by its own name, else by the nearest folder above it; None if neither tells."""
    names = [folder.name, *(p.name for p in folder.parents if p == root or root in p.parents)]
    for name in names:
        low = name.lower()
        if re.fullmatch(r"p\d+", low) or low.startswith("covid"):
            return "covid"
        if low.startswith("cap"):
            return "cap"
        if low.startswith("normal"):
            return "normal"
    return None


def _slices(folder: Path) -> int:
    return sum(1 for f in folder.iterdir() if f.is_file() and f.suffix.lower() in {".dcm", ".ima", ""})


def _slice_labels(root: Path) -> dict[str, NDArray[np.bool_]]:
    index = sorted(p for p in root.rglob("*.csv") if p.name.lower() == INDEX.lower())
    arrays = sorted(p for p in root.rglob("*.npy") if re.match(r"slice.?level.?labels", p.name.lower()))
    if not index or not arrays:
        return {}
    ids = _ids(index[0])
    table = np.load(arrays[-1])  # the published update sorts after the first issue
    if table.ndim != 2 or len(table) < len(ids):
        raise InvalidInput(
            f"{arrays[-1].name} has {len(table)} rows but {INDEX} lists {len(ids)} patients; use the pair as issued."
        )
    return {patient: np.asarray(row > 0, np.bool_) for patient, row in zip(ids, table, strict=False)}


def _ids(path: Path) -> list[str]:
    """Return the patients of Index.csv in order, whichever column holds them."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = [[cell.strip() for cell in row] for row in csv.reader(file)]
    named = re.compile(r"(p|cap|normal|covid)[-_ ]?\d+", re.IGNORECASE)
    found = [next((c for c in row if named.fullmatch(c)), None) for row in rows]
    return [c.lower() for c in found if c is not None]


def write_labels(root: Path, labels: dict[str, NDArray[np.bool_]]) -> None:
    """Write Index.csv and the slice-label array for these patients (one bool a slice, from the apex)."""
    ids = sorted(labels)
    table = np.zeros((len(ids), max((len(v) for v in labels.values()), default=0)), np.uint8)
    for row, patient in zip(table, ids, strict=True):
        row[: len(labels[patient])] = labels[patient]
    with (root / INDEX).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["row", "patient", "slices"])
        writer.writerows([n, patient, len(labels[patient])] for n, patient in enumerate(ids))
    np.save(root / LABELS, table)
