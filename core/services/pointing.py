"""The pointing game (Zhang et al. 2018): does the strongest place of a slice's heat map lie in a placed lesion?"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from core.ai.explain import heat_on_slice
from core.ai.pipeline import read_volume
from core.ai.weights import Model
from core.imaging.volume import Attributes, volume_of
from core.progress import Progress, ignore
from core.training.procedural.case import procedural_case

LEAST_ML = 3.0
TOLERANCE_MM = 10.0  # how far beside a lesion still counts; a map's cell covers 15 mm and more
SIZE, SPACING_MM = 192, 8.0
DISEASES = ("cap", "covid")


@dataclass(frozen=True, slots=True)
class Pointed:
    """One lesion: its volume in ml, how far beside it the map's peak lay (0: within it, None: no heat), by chance.

    `by_chance` is the share of the slice's lungs that lies within the tolerance.
    """

    volume_ml: float
    beside_mm: float | None
    by_chance: float

    @property
    def hit(self) -> bool:
        """Whether the peak lay within the lesion or the tolerance beside it."""
        return self.beside_mm is not None and self.beside_mm <= TOLERANCE_MM


def pointing_game(model: Model, *, cases: int, seed: int, on_progress: Progress = ignore) -> list[Pointed]:
    """Return every lesion above 3 ml of procedural cases, each on the kept slice in which it is largest."""
    found: list[Pointed] = []
    for number in range(cases):
        case = procedural_case(seed + number, DISEASES[number % 2], size=SIZE, spacing_z=SPACING_MM)
        volume = volume_of(case.hu, case.spacing, top_z_mm=0.0, attributes=Attributes())
        result = read_volume(volume, model)
        if result.heat is not None:
            place = {z: n for n, z in enumerate(result.heat_slices)}
            for z, ml in lesions(case.lesion, case.spacing, sorted(place)):
                found.append(pointed(result.heat[place[z]], case.lesion[z], case.lungs[z], case.spacing[1:], ml))
        on_progress(number + 1, cases)
    return found


def lesions(
    lesion: NDArray[np.uint8], spacing_mm: tuple[float, float, float], kept: list[int]
) -> Iterator[tuple[int, float]]:
    """Yield (slice, ml) of each connected lesion above 3 ml that kept slices show: where its area is largest."""
    pieces, count = ndimage.label(lesion > 0)
    for number in range(1, count + 1):
        piece = pieces == number
        ml = float(piece.sum() * np.prod(spacing_mm) / 1000)
        area = piece[kept].sum(axis=(1, 2)) if kept else np.zeros(1)
        if ml > LEAST_ML and area.any():
            yield kept[int(area.argmax())], ml


def pointed(
    heat: NDArray[np.uint8],
    lesion: NDArray[np.uint8],
    lungs: NDArray[np.uint8],
    pixel_mm: tuple[float, ...],
    volume_ml: float,
) -> Pointed:
    """Return how far beside a slice's lesions (y, x) the strongest place of its stored heat map lies."""
    away = ndimage.distance_transform_edt(lesion == 0, sampling=pixel_mm)
    near = float((away[lungs > 0] <= TOLERANCE_MM).mean()) if lungs.any() else 0.0
    on_slice = heat_on_slice(heat, (lesion.shape[0], lesion.shape[1]))
    if not on_slice.any():
        return Pointed(volume_ml, None, near)
    y, x = np.unravel_index(int(on_slice.argmax()), on_slice.shape)
    return Pointed(volume_ml, float(away[y, x]), near)
