"""Made cases on disk, one folder each, as memory-mapped arrays: training reads single slices from them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from core.progress import Progress, ignore
from core.training.backgrounds import Background, background_case, load_backgrounds
from core.training.procedural.case import CLASSES, Case, procedural_case

HELD_OUT = 10  # every tenth seed is for validation and calibration


@dataclass(frozen=True, slots=True)
class StoredCase:
    """A case on disk. `labels` has one code a slice: 0 normal, 1 cap, 2 covid, 255 unclear; spacing mm (z, y, x)."""

    folder: Path
    kind: str  # "procedural", "background" or "folder"
    seed: int
    label: str
    spacing: tuple[float, float, float]
    labels: NDArray[np.uint8]
    patient: str = ""  # whose real lungs these are; empty: nobody's

    @property
    def held_out(self) -> bool:
        """Whether the case is kept from training."""
        return self.seed % HELD_OUT == HELD_OUT - 1

    def hu(self) -> NDArray[np.int16]:
        """HU (z, y, x), memory-mapped."""
        return np.asanyarray(np.load(self.folder / "hu.npy", mmap_mode="r"))

    def lungs(self) -> NDArray[np.uint8]:
        """Lungs (z, y, x), memory-mapped: 0 none, 1 right, 2 left."""
        return np.asanyarray(np.load(self.folder / "lungs.npy", mmap_mode="r"))

    def seen(self) -> NDArray[np.uint8]:
        """Lungs as the pipeline finds them, before lesions were set in; the true ones where that is not known."""
        path = self.folder / "seen.npy"
        return np.asanyarray(np.load(path, mmap_mode="r")) if path.exists() else self.lungs()


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a cache holds: how many cases of each kind, from which first seed, at how many pixels."""

    procedural: int = 450
    background: int = 1200
    first_seed: int = 1000
    size: int = 224
    backgrounds: tuple[str, ...] = ()  # folders of real series; none: procedural cases only


def make_cache(folder: Path, recipe: Recipe, *, workers: int = 1, on_progress: Progress = ignore) -> None:
    """Make the recipe's cases that are not on disk yet; classes in turn, so any first part is balanced."""
    wanted = [("procedural", recipe.first_seed + k) for k in range(recipe.procedural)]
    if recipe.backgrounds:
        wanted += [("background", recipe.first_seed + k) for k in range(recipe.background)]
    todo = [(kind, seed) for kind, seed in wanted if not (case_folder(folder, kind, seed) / "truth.json").exists()]
    done = len(wanted) - len(todo)
    work = partial(_make_one, folder, recipe)
    if workers <= 1 or not todo:
        for n, item in enumerate(todo):
            work(item)
            on_progress(done + n + 1, len(wanted))
        return
    with get_context("spawn").Pool(workers) as pool:
        for n, _ in enumerate(pool.imap_unordered(work, todo, chunksize=4)):
            on_progress(done + n + 1, len(wanted))


def case_folder(folder: Path, kind: str, seed: int) -> Path:
    """Where a case of this kind and seed lies."""
    return folder / f"{kind}_{seed:06d}"


_BACKGROUNDS: dict[tuple[str, ...], list[Background]] = {}  # read once in each worker process


def _make_one(folder: Path, recipe: Recipe, item: tuple[str, int]) -> None:
    import cv2

    cv2.setNumThreads(1)
    kind, seed = item
    label = CLASSES[seed % 3]
    if kind == "background":
        source = recipe.backgrounds
        if source not in _BACKGROUNDS:
            _BACKGROUNDS[source] = load_backgrounds([Path(path) for path in source], size=recipe.size)
        case = background_case(seed, label, _BACKGROUNDS[source])
    else:
        case = procedural_case(seed, label, size=recipe.size)
    store(case_folder(folder, kind, seed), case, kind, seed)


def store(folder: Path, case: Case, kind: str, seed: int) -> None:
    """Write one case; truth.json comes last, so a half-written case is made again."""
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "hu.npy", case.hu)
    np.save(folder / "lungs.npy", case.lungs)
    if case.seen is not None:
        np.save(folder / "seen.npy", case.seen)
    truth = {
        "kind": kind,
        "seed": seed,
        "label": case.label,
        "patient": case.patient,
        "spacing": case.spacing,
        "labels": case.labels.tolist(),
    }
    (folder / "truth.json").write_text(json.dumps(truth))


def stored_cases(folder: Path) -> Sequence[StoredCase]:
    """Return the finished cases under `folder`, in the order of their names."""
    out = []
    for path in sorted(folder.glob("*/truth.json")):
        t = json.loads(path.read_text())
        z, y, x = (float(s) for s in t["spacing"])
        labels = np.asarray(t["labels"], np.uint8)
        patient = t.get("patient", "")
        out.append(StoredCase(path.parent, t["kind"], int(t["seed"]), t["label"], (z, y, x), labels, patient))
    return out


def without(cases: Sequence[StoredCase], patients: Sequence[str]) -> Sequence[StoredCase]:
    """Return the cases but those of the named real patients. Raises InvalidInput for a patient none is of."""
    known = {c.patient for c in cases if c.patient}
    unknown = sorted(set(patients) - known)
    if unknown:
        there = ", ".join(sorted(known)) or "no real ones"
        raise InvalidInput(f"No made case has the lungs of {', '.join(unknown)}; there are {there}.")
    return [c for c in cases if c.patient not in patients]
