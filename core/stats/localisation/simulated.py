"""Simulated marks: a search model for lesions and false marks, readers and cases random; for power by simulation.

After the radiological search model (Chakraborty 2006): lesions are found with a probability and then rated above noise;
false marks are Poisson.
"""

import math
from dataclasses import dataclass

import numpy as np

from core.stats.estimate import StatsError
from core.stats.localisation.marks import UNMARKED, Marks
from core.stats.localisation.truth import Truth
from core.stats.roe_metz import STRUCTURES, Variances, separation


@dataclass(frozen=True, slots=True)
class SearchModel:
    """`areas`: chance, in each treatment, that a found lesion is rated above a false mark; `found`: share of lesions
    that are seen at all; `false_marks`: mean number a case; `lesions`: most lesions a diseased case, 1 to that number.
    """

    areas: tuple[float, ...]
    found: float = 0.8
    false_marks: float = 1.0
    lesions: int = 2
    variances: Variances = STRUCTURES["HL"]


def simulated_marks(model: SearchModel, *, readers: int, diseased: int, sound: int, rng: np.random.Generator) -> Marks:
    """Marks of len(areas) treatments by `readers` readers on all cases. Raises StatsError for impossible numbers."""
    if readers < 1 or diseased < 1 or sound < 1 or not model.areas:
        raise StatsError("Simulate at least one treatment, reader, diseased and sound case.")
    if not 0 < model.found <= 1 or not 0 <= model.false_marks < 50 or not 1 <= model.lesions <= 20:
        raise StatsError(
            "Lesions are found with a probability above 0; give 0 to 50 false marks, 1 to 20 lesions a case."
        )
    v, t, n = model.variances, len(model.areas), diseased + sound
    is_diseased = np.arange(n) >= sound
    counts = np.where(is_diseased, rng.integers(1, model.lesions + 1, n), 0)
    lesion_case = np.repeat(np.arange(n), counts)
    number = np.concatenate([np.arange(1, k + 1) for k in counts])
    truth = Truth(tuple(str(k + 1) for k in range(n)), is_diseased, lesion_case, number, 1 / counts[lesion_case],
                  np.arange(n))  # fmt: skip
    reader = rng.normal(0, math.sqrt(v.reader), (1, readers, 1))
    shift = np.array([separation(area, v) for area in model.areas])[:, None, None] + reader
    shift = shift + rng.normal(0, math.sqrt(v.treatment_reader), (t, readers, 1))
    lesions = lesion_case.size

    def around(shape: tuple[int, ...], variance: float) -> np.ndarray:
        return rng.normal(0, math.sqrt(variance), shape)

    z = shift + around((1, 1, lesions), v.case) + around((t, 1, lesions), v.treatment_case)
    z = z + around((1, readers, lesions), v.reader_case) + around((t, readers, lesions), v.rest)
    z[rng.random(z.shape) >= model.found] = UNMARKED
    made = rng.poisson(model.false_marks, (t * readers, n))
    cell, case = np.repeat(np.indices(made.shape).reshape(2, -1), made.ravel(), axis=1)
    own = around((n,), v.case)[case] + around(case.shape, 1 - v.case)
    names = tuple(str(i + 1) for i in range(t)), tuple(str(j + 1) for j in range(readers))
    return Marks(*names, truth, z.reshape(t * readers, lesions), cell, case, own)
