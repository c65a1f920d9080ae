"""A first read by a model that is being added: small procedural chests, so that a broken one is found at once."""

import math
from typing import Any

import numpy as np

from core.ai.lungs import NoLungs
from core.ai.model_files import WeightsError
from core.ai.parameters import CLASSES
from core.ai.pipeline import CaseResult, read_volume
from core.ai.weights import Model
from core.imaging.volume import Attributes, volume_of
from core.training.procedural.case import Case, procedural_case

SEED = 900_001  # in no training run and no cohort
SIZE, SPACING_MM = 128, 10.0  # some 28 slices: under a second a chest on two cores
POOR_DICE = 0.9  # on these chests; the shipped lungs reach .97
SAME = 1e-4  # slice probabilities that differ less everywhere say nothing about the slices


def trial(model: Model) -> dict[str, Any]:
    """Return what the model says of a chest without pneumonia, one with CAP and one with COVID-19.

    For each class: `call`, mean probabilities, `lung_dice` against the exact mask, `seconds`; and `notes`, sentences on
    what looks wrong without being proof. Raises WeightsError where the model cannot read such a chest at all.
    """
    found: dict[str, Any] = {}
    scores: list[tuple[float, ...]] = []
    for label in CLASSES:
        case = procedural_case(SEED, label, size=SIZE, spacing_z=SPACING_MM)
        volume = volume_of(case.hu, case.spacing, top_z_mm=0.0, attributes=Attributes())
        try:
            result = read_volume(volume, model, heat_maps=False)
        except NoLungs:
            raise WeightsError(
                "The trial read failed: in a procedural chest the lung network found no lungs. It must give three "
                "channels, none, right and left lung, from slices of -1024 to 600 HU as 0 to 1."
            ) from None
        scores += [slice_.probabilities for slice_ in result.slices if slice_.probabilities is not None]
        found[label] = _one(case, result)
    if not all(math.isfinite(value) for row in scores for value in row):
        raise WeightsError(
            "The trial read failed: the probabilities are no numbers. The weights overflow; check how they were saved."
        )
    return {**found, "notes": _notes(found, scores)}


def _one(case: Case, result: CaseResult) -> dict[str, Any]:
    both = np.count_nonzero((case.lungs > 0) & (result.lungs > 0))
    dice = 2 * both / (np.count_nonzero(case.lungs) + np.count_nonzero(result.lungs))
    return {
        "call": result.call,
        **{name: round(value, 3) for name, value in result.probabilities.items()},
        "lung_dice": round(float(dice), 3),
        "seconds": round(result.timings["total"], 1),
    }


def _notes(found: dict[str, Any], scores: list[tuple[float, ...]]) -> list[str]:
    notes = []
    low, high = np.min(scores, axis=0), np.max(scores, axis=0)
    if float(np.max(high - low)) < SAME:
        notes.append("Every slice gets the same probabilities: the weights look untrained or do not fit these inputs.")
    elif len({found[label]["call"] for label in CLASSES}) == 1:
        notes.append("All three chests get the same call. That can be, three chests are few; look at the figures.")
    poor = [label for label in CLASSES if found[label]["lung_dice"] < POOR_DICE]
    if poor:
        least = min(found[label]["lung_dice"] for label in poor)
        notes.append(f"The lungs found overlap poorly with the true ones (Dice {least:.2f}); look at masks of real CT.")
    return notes
