"""Whether a series can be read at all, and what makes a call doubtful: sentences. Imports no torch.

A refusal says what the series lacks that every chest has. A warning leaves the call and is stored, shown and exported
with it. Limits were set on procedural chests and on physiology, on no patient that is evaluated.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from core.ai.lungs import LEFT, RIGHT, NoLungs, volume_ml
from core.ai.rule import PatientCall
from core.imaging.arriving import Arriving
from core.imaging.volume import Volume

GRID_MM = 6.0  # what noise is averaged over before tissue is told by its HU
SOFT_HU, BONE_HU, PADDING_HU = (-150.0, 250.0), 150.0, -1100
LEAST_SOFT = 0.06  # of a slice with lungs; a chest fills a third of its field of view and more
LEAST_WALL = 0.4  # of what lies around the lungs is tissue
LUNG_HU = (-965.0, -350.0)  # median of a lung, from emphysema to lungs mostly consolidated
USUAL_HU = (-920.0, -620.0)
VESSEL_HU, LEAST_VESSELS = 120.0, 0.004  # denser than the median by so much: vessels, of which every lung has more
USUAL_ML = (1500.0, 9000.0)  # an adult's lungs, from full expiration to the largest inspiration
USUAL_RATIO = (0.6, 2.2)  # right to left; the right is usually a little larger
LEAST_SLICES, WIDEST_GAP_MM = 15, 10.5
OPEN_END = 0.3  # of the largest slice's lungs: an end slice that shows more lies within them
FEW = 5  # slices a call must not hang on

Small = NDArray[np.float32]


class NotAChest(NoLungs):
    """The series lacks what every chest CT has."""


@dataclass(frozen=True, slots=True)
class Coarse:
    """A volume averaged in plane to about GRID_MM: HU and share of lung (z, y, x), and whether there is data at all."""

    hu: Small
    lungs: Small
    real: Small


def check_chest(volume: Volume | Arriving, lungs: NDArray[np.uint8]) -> Coarse:
    """Return the volume averaged; raises NotAChest, saying why, for what cannot be a chest.

    `lungs` (z, y, x) is the mask that the lung network found, which on anything else is whatever looks darkest.
    """
    small = coarse(volume, lungs)
    some = np.flatnonzero(small.lungs.max(axis=(1, 2)) > 0.5)
    if not len(some):
        raise NotAChest("No lungs were found in this series; check that it is a chest CT that covers the lungs.")
    hu, lung = small.hu[some], small.lungs[some]
    inner = hu[lung > 0.95]
    soft = float(np.mean((hu > SOFT_HU[0]) & (hu < SOFT_HU[1])))
    reasons = (
        (soft < LEAST_SOFT, "there is hardly any soft tissue around what looks like lungs"),
        (_wall(hu, lung) < LEAST_WALL, "what looks like lungs lies in air, not within a body"),
        (not len(inner) or float(hu.max()) < BONE_HU, "no bone is seen"),
        (
            len(inner) > 0 and not LUNG_HU[0] < float(np.median(inner)) < LUNG_HU[1],
            f"what looks like lungs measures {float(np.median(inner)) if len(inner) else 0:.0f} HU, not as lungs do",
        ),
        (_vessels(volume, lungs) < LEAST_VESSELS, "what looks like lungs has no vessels"),
    )
    for wrong, why in reasons:
        if wrong:
            raise NotAChest(f"This series does not look like a chest CT: {why}. Check the file; the AI makes no call.")
    return small


def warnings_of(volume: Volume | Arriving, lungs: NDArray[np.uint8], small: Coarse) -> tuple[str, ...]:
    """Return what makes any call on this series doubtful, a sentence each; empty where nothing is seen."""
    found = [*_cut(volume, lungs), *_amounts(volume, lungs), *_turned(volume, lungs, small)]
    count, gap = len(lungs), float(volume.spacing_mm[0])
    if count < LEAST_SLICES:
        found.append(f"The series has only {count} slices; a call needs the whole lungs.")
    elif gap > WIDEST_GAP_MM:
        found.append(f"The slices lie {gap:.0f} mm apart; small lesions fall between them.")
    inner = small.hu[small.lungs > 0.95]
    middle = float(np.median(inner)) if len(inner) else 0.0
    if not USUAL_HU[0] < middle < USUAL_HU[1]:
        found.append(f"The lungs measure {middle:.0f} HU at the median, which is unusual; check the calibration.")
    return tuple(found)


def hanging(call: PatientCall) -> tuple[str, ...]:
    """Return a sentence where the call would be another if fewer than FEW slices were called otherwise."""
    ranked = sorted(call.counts.items(), key=lambda item: -item[1])
    (first, most), (second, next_most) = ranked[0], ranked[1]
    if call.label != "normal" and len(call.deciding_slices) < FEW:
        return (f"The call rests on {len(call.deciding_slices)} slices only.",)
    cap, covid = call.counts.get("cap", 0), call.counts.get("covid", 0)
    if call.label != "normal" and abs(cap - covid) < FEW:
        return (f"The call is narrow: {cap} slices are called cap, {covid} covid.",)
    if first == call.label and most - next_most < FEW:
        return (f"The call is narrow: {most} slices are called {first}, {next_most} {second}.",)
    return ()


def coarse(volume: Volume | Arriving, lungs: NDArray[np.uint8]) -> Coarse:
    """Return the volume and its lungs averaged in plane."""
    _, rows, columns = lungs.shape
    to = tuple(
        max(1, round(n * s / GRID_MM)) for n, s in ((columns, volume.spacing_mm[2]), (rows, volume.spacing_mm[1]))
    )
    hu, lung, real = [], [], []
    for plane, mask in zip(volume.hu, lungs, strict=True):
        data = plane > PADDING_HU
        hu.append(cv2.resize(np.maximum(plane, -1024).astype(np.float32), to, interpolation=cv2.INTER_AREA))
        lung.append(cv2.resize((mask > 0).astype(np.float32), to, interpolation=cv2.INTER_AREA))
        real.append(cv2.resize(data.astype(np.float32), to, interpolation=cv2.INTER_AREA))
    return Coarse(np.stack(hu), np.stack(lung), np.stack(real))


def _wall(hu: Small, lung: Small) -> float:
    """Return the share of tissue in a rim of two cells around the lungs."""
    inside = lung > 0.1
    cross = ndimage.generate_binary_structure(2, 1)[None]
    rim = ndimage.binary_dilation(inside, cross, iterations=3) & ~ndimage.binary_dilation(inside, cross)
    return float(np.mean(hu[rim] > -300)) if rim.any() else 0.0


def _vessels(volume: Volume | Arriving, lungs: NDArray[np.uint8]) -> float:
    """Return the share of the inner lungs clearly denser than their median, noise blurred away, on a few slices."""
    area = np.array([np.count_nonzero(plane) for plane in lungs])
    chosen = np.argsort(-area)[: max(3, len(area) // 3)][::3]
    pixel = volume.spacing_mm[2]
    edge = 2 * round(6.0 / pixel) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (edge, edge))
    dense = total = 0
    for z in chosen:
        plane = cv2.GaussianBlur(volume.hu[z].astype(np.float32), (0, 0), max(2.0 / pixel, 0.8))
        inner = cv2.erode((lungs[z] > 0).astype(np.uint8), disc) > 0
        if inner.any():
            dense += int(np.count_nonzero(plane[inner] > np.median(plane[inner]) + VESSEL_HU))
            total += int(np.count_nonzero(inner))
    return dense / total if total else 0.0


def _cut(volume: Volume | Arriving, lungs: NDArray[np.uint8]) -> list[str]:
    """Say where lungs reach the edge of what was reconstructed, in plane or at either end."""
    area = np.array([np.count_nonzero(plane) for plane in lungs])
    large = area > 0.2 * area.max()
    reach = max(2, round(2.5 / volume.spacing_mm[2]))
    touching = 0
    for z in np.flatnonzero(large):
        real = (volume.hu[z] > PADDING_HU).astype(np.uint8)
        inner = cv2.erode(np.pad(real, 1), np.ones((2 * reach + 1,) * 2, np.uint8), borderValue=0)[1:-1, 1:-1]
        outline = np.count_nonzero((lungs[z] > 0) & (inner == 0))
        touching += int(outline * volume.spacing_mm[2] > 15)
    found = []
    if touching > 0.1 * np.count_nonzero(large):
        found.append(f"The lungs are cut by the edge of the field of view on {touching} slices.")
    for end, where in ((0, "begins"), (-1, "ends")):
        if area[end] > OPEN_END * area.max():
            found.append(f"The series {where} within the lungs; a part of them is missing.")
    return found


def _amounts(volume: Volume | Arriving, lungs: NDArray[np.uint8]) -> list[str]:
    total = volume_ml(lungs, volume.spacing_mm)
    right, left = np.count_nonzero(lungs == RIGHT), np.count_nonzero(lungs == LEFT)
    found = []
    if not USUAL_ML[0] < total < USUAL_ML[1]:
        found.append(f"The lungs measure {total:.0f} ml, which is unusual for an adult; look at their outline.")
    if not right or not left or not USUAL_RATIO[0] < right / left < USUAL_RATIO[1]:
        share = f"{right / left:.1f} times" if right and left else "all or none of"
        found.append(f"The right lung has {share} the left one's volume, which is unusual; look at their outline.")
    return found


def _turned(volume: Volume | Arriving, lungs: NDArray[np.uint8], small: Coarse) -> list[str]:
    """Say where the patient did not lie as usual, or front and back, or right and left, look exchanged."""
    found = []
    orientation = volume.attributes.orientation
    if orientation != "axial":
        found.append(f"The patient's position is {orientation.removeprefix('axial, ')}; the AI knows patients supine.")
    lung = np.argwhere(small.lungs > 0.5)
    middle, width = lung[:, 2].mean(), np.ptp(lung[:, 2])
    bone = np.argwhere((small.hu > BONE_HU) & (small.lungs.max(axis=(1, 2)) > 0.5)[:, None, None])
    bone = bone[np.abs(bone[:, 2] - middle) < 0.12 * width][:, 1]  # spine and sternum
    front, back = np.quantile(lung[:, 1], (0.1, 0.9))  # a heart full of contrast lies between
    if np.count_nonzero(bone < front) > 1.5 * np.count_nonzero(bone > back) + 10:
        found.append("The spine seems to lie in front of the lungs; front and back may be exchanged.")
    sides = [np.flatnonzero((lungs == side).any(axis=(0, 1))) for side in (RIGHT, LEFT)]
    if len(sides[0]) and len(sides[1]) and sides[0].mean() > sides[1].mean():
        found.append("The right lung lies on the left; right and left may be exchanged.")
    return found
