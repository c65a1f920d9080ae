"""Training samples from stored cases. Sample n of a seed is always the same, so a resumed run goes on where it was."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from core.ai.parameters import CLASSES, PipelineParams
from core.ai.preprocess import kept_slices, lung_box, lung_input, slice_input, to_gray
from core.training import augment
from core.training.cache import StoredCase

Sample = tuple[torch.Tensor, torch.Tensor]
KINDS = (("background", 0.55), ("procedural", 0.45), ("folder", 1.0))  # where slices come from, and how often
GROUPS = ("normal", "free", "cap", "covid")  # slices of healthy, infection-free slices of the sick, infected
SHARES = (0.24, 0.16, 0.30, 0.30)


@dataclass(frozen=True, slots=True)
class Place:
    """One slice of one stored case."""

    case: int
    index: int


Groups = dict[str, dict[str, list[Place]]]


def slice_groups(cases: Sequence[StoredCase], parameters: PipelineParams, *, everywhere: bool) -> Groups:
    """Sort the clearly labelled slices into GROUPS and by kind of case, after truncation as in the paper.

    `everywhere` also takes slices beyond the truncation of runs that do not span the lungs (real backgrounds).
    """
    out: Groups = {g: {} for g in GROUPS}
    for c, case in enumerate(cases):
        lungs = case.lungs()
        areas = (np.asarray(lungs) > 0).sum((1, 2))
        whole = case.kind == "background" and everywhere
        kept = range(len(lungs)) if whole else kept_slices(len(lungs), parameters.truncation)
        for k in kept:
            sliver = (
                0.03 if case.labels[k] == 0 else 0.12
            )  # of the largest slice's lungs; a lesion needs room to be seen
            if areas[k] < sliver * max(int(areas.max()), 1) or case.labels[k] >= len(CLASSES):
                continue
            group = CLASSES[case.labels[k]]
            if group == "normal" and case.label != "normal":
                group = "free"
            out[group].setdefault(case.kind, []).append(Place(c, k))
    return out


class SliceSamples(Dataset[Sample]):
    """Samples `first`..`first + count` for the slice network: (1, size, size) float32 0..1 and the class code."""

    def __init__(
        self,
        cases: Sequence[StoredCase],
        parameters: PipelineParams,
        *,
        seed: int,
        first: int,
        count: int,
        groups: Groups,
        boxes: dict[int, NDArray[np.float64]],
    ) -> None:
        self.cases, self.parameters, self.seed, self.first, self.count = cases, parameters, seed, first, count
        self.groups, self.boxes = groups, boxes
        shares = np.array([s if groups[g] else 0.0 for g, s in zip(GROUPS, SHARES, strict=True)])
        self.shares = shares / shares.sum()
        self.strength = augment.Strength()

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, n: int) -> Sample:
        rng = np.random.default_rng([self.seed, self.first + n])
        group = GROUPS[int(rng.choice(len(GROUPS), p=self.shares))]
        kinds = [(kind, share) for kind, share in KINDS if kind in self.groups[group]]
        weights = np.array([share for _, share in kinds])
        places = self.groups[group][kinds[int(rng.choice(len(kinds), p=weights / weights.sum()))][0]]
        place = places[int(rng.integers(len(places)))]
        case = self.cases[place.case]
        hu = case.hu()
        lungs = np.asarray((case.seen() if rng.random() < 0.5 else case.lungs())[place.index])
        image = np.asarray(hu[place.index], np.float32)
        if rng.random() < 0.15:
            other = min(max(place.index + int(rng.choice([-1, 1])), 0), len(hu) - 1)
            image = image + np.float32(rng.uniform(0.1, 0.4)) * (np.asarray(hu[other], np.float32) - image)
        cy, cx, side = self.boxes[place.case]
        size = self.parameters.slice_size
        matrix = augment.placed(rng, size, (cy, cx), side, self.strength, flip=rng.random() < 0.5)
        image = augment.cut(image, matrix, size, outside=-1000)
        mask = augment.doubtful_mask(rng, augment.cut_mask(lungs, matrix, size), image)
        if rng.random() < 0.3:
            image = augment.breathed(rng, image, mask)
        image = augment.rescanned(rng, image, self.strength)
        gray = np.where(mask > 0, to_gray(np.rint(image).astype(np.int16), self.parameters.lung_window), 0)
        return _tensor(gray), torch.tensor(0 if group == "free" else CLASSES.index(group))


class ExactSlices(Dataset[Sample]):
    """Slices exactly as inference prepares them, for validation and calibration."""

    def __init__(self, cases: Sequence[StoredCase], places: Sequence[Place], parameters: PipelineParams) -> None:
        self.cases, self.places, self.parameters = cases, places, parameters

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, n: int) -> Sample:
        place = self.places[n]
        case = self.cases[place.case]
        lungs = np.asarray(case.lungs())
        box = lung_box(lungs, case.spacing, margin_mm=self.parameters.box_margin_mm)
        gray = slice_input(np.asarray(case.hu()[place.index]), lungs[place.index], box, self.parameters)
        return _tensor(gray), torch.tensor(int(case.labels[place.index]))


def case_boxes(cases: Sequence[StoredCase], parameters: PipelineParams) -> dict[int, NDArray[np.float64]]:
    """Return (centre y, centre x, side) in pixels of each case's lung box."""
    out = {}
    for c, case in enumerate(cases):
        b = lung_box(np.asarray(case.lungs()), case.spacing, margin_mm=parameters.box_margin_mm)
        out[c] = np.array([(b.y0 + b.y1 - 1) / 2, (b.x0 + b.x1 - 1) / 2, b.y1 - b.y0], np.float64)
    return out


class LungSamples(Dataset[Sample]):
    """Samples for the lung network: (1, size, size) float32 0..1, labels (size, size) int64 (1 right, 2 left)."""

    def __init__(
        self,
        cases: Sequence[StoredCase],
        parameters: PipelineParams,
        *,
        seed: int,
        first: int,
        count: int,
        exact: bool = False,
    ) -> None:
        self.cases, self.parameters, self.seed, self.first, self.count = cases, parameters, seed, first, count
        self.exact = exact
        self.strength = augment.Strength(scale=(0.7, 1.15), shift=0.06, turn=10.0, offset=20.0, grain=45.0)

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, n: int) -> Sample:
        rng = np.random.default_rng([self.seed, self.first + n])
        case = self.cases[int(rng.integers(len(self.cases)))]
        k = int(rng.integers(len(case.labels)))
        hu, lungs = np.asarray(case.hu()[k]), np.asarray(case.lungs()[k])
        size = self.parameters.lung_size
        if not self.exact:
            hu, lungs = self.changed(rng, hu.astype(np.float32), lungs)
        gray = lung_input(hu, self.parameters)
        mask = cv2.resize(lungs, (size, size), interpolation=cv2.INTER_NEAREST)
        return _tensor(gray), torch.from_numpy(mask.astype(np.int64))

    def changed(
        self, rng: np.random.Generator, hu: NDArray[np.float32], lungs: NDArray[np.uint8]
    ) -> tuple[NDArray[np.int16], NDArray[np.uint8]]:
        """Return the slice placed, scanned and padded anew, HU int16."""
        size = self.parameters.lung_size
        # a mirrored person's right lung is on the other side; padding must not become a feature, so it is redrawn
        hu = np.maximum(hu, -1024)
        flip = rng.random() < 0.5
        matrix = augment.placed(
            rng, size, ((hu.shape[0] - 1) / 2, (hu.shape[1] - 1) / 2), hu.shape[0], self.strength, flip=flip
        )
        image = augment.cut(hu, matrix, size, outside=-1024)
        mask = augment.cut_mask(lungs, matrix, size)
        if flip:
            mask = np.array([0, 2, 1], np.uint8)[mask]
        image = augment.rescanned(rng, image, self.strength)
        if rng.random() < 0.2:
            image = augment.coarse(rng, image)
        if rng.random() < 0.4:
            image = augment.padded(rng, image, mask, float(rng.choice([-1024, -2000, -3024])))
        return np.clip(np.rint(image), -3024, 3071).astype(np.int16), mask


def _tensor(gray: NDArray[np.generic]) -> torch.Tensor:
    return torch.from_numpy(np.asarray(gray, np.float32)[None] / np.float32(255))
