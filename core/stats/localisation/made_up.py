"""Marks made up for timing and for tests: every reader alike, up to three lesions a diseased case."""

import numpy as np

from core.stats.localisation.marks import UNMARKED, Marks
from core.stats.localisation.truth import Truth


def made_up_marks(*, treatments: int, readers: int, cases: int, seed: int = 1) -> Marks:
    """Half the cases diseased with 1 to 3 lesions of equal weight; whole ratings 0 to 100, many unmarked."""
    rng = np.random.default_rng(seed)
    diseased = np.arange(cases) % 2 == 1
    counts = np.where(diseased, rng.integers(1, 4, cases), 0)
    lesion_case = np.repeat(np.arange(cases), counts)
    number = np.concatenate([np.arange(1, k + 1) for k in counts])
    truth = Truth(
        tuple(str(k + 1) for k in range(cases)),
        diseased,
        lesion_case,
        number,
        1 / counts[lesion_case],
        np.arange(cases),
    )
    cells = treatments * readers
    hits = np.round(rng.normal(60, 15, (cells, lesion_case.size)).clip(0, 100))
    hits[rng.random(hits.shape) < 0.3] = UNMARKED
    marks = rng.poisson(0.8, (cells, cases))
    cell, case = np.repeat(np.indices((cells, cases)).reshape(2, -1), marks.ravel(), axis=1)
    rating = np.round(rng.normal(40, 15, cell.size).clip(0, 100))
    names = tuple(str(i + 1) for i in range(treatments)), tuple(str(j + 1) for j in range(readers))
    return Marks(*names, truth, hits, cell, case, rating)
