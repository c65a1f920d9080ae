"""Bootstrap of patients beside the jackknife of a localisation figure: whole clusters with their marks and lesions."""

from dataclasses import replace

import numpy as np

from core.stats.clustered import ClusterBootstrap, resampled, treatment_contrasts
from core.stats.columns import Ints
from core.stats.estimate import Floats
from core.stats.localisation.figures import Figure
from core.stats.localisation.marks import Marks


def marks_bootstrap(
    marks: Marks, figure: Figure, *, ai: str | None = None, repeats: int, seed: int
) -> tuple[ClusterBootstrap, ...]:
    """Differences of treatments (of one, its mean), or readers minus `ai`, mean over these readers.

    Clusters of cases are drawn with repetition, each with all its marks and lesions; cases that stand alone are drawn
    themselves. Raises StatsError for too few repeats or clusters.
    """
    r = len(marks.readers)
    contrasts = treatment_contrasts(marks.treatments, r)
    if ai is not None:
        is_ai = np.array([name == ai for name in marks.readers])
        contrasts = {("readers", ai): np.where(is_ai, -1.0, 1 / (r - 1))}
    return resampled(
        lambda times: _figure(marks, figure, times), marks.truth.cluster, contrasts, repeats=repeats, seed=seed
    )


def _figure(marks: Marks, figure: Figure, times: Ints) -> Floats:
    """The figure (m,) of a resample; NaN where it has no case of a kind that the figure needs."""
    drawn = drawn_marks(marks, times)
    there = {"diseased": drawn.truth.diseased.any(), "nondiseased": not drawn.truth.diseased.all()}
    needed = tuple(there) if figure.needs == "both" else (figure.needs,)
    if not all(there.get(kind, True) for kind in needed):
        return np.full(len(marks.hits), np.nan)
    return figure.of(drawn).whole


def drawn_marks(marks: Marks, times: Ints) -> Marks:
    """The marks with each cluster as often as `times` (clusters,) says; one cluster in all: no jackknife is needed."""
    truth = marks.truth
    often = times[truth.cluster]
    start = np.cumsum(often) - often  # of each case's first copy
    n = int(often.sum())

    def copies(case: Ints) -> tuple[Ints, Ints]:
        """Which rows, and the case of each copy, for rows of the cases given."""
        row = np.repeat(np.arange(case.size), often[case])
        of_row = np.cumsum(often[case]) - often[case]
        return row, start[case[row]] + np.arange(row.size) - of_row[row]

    lesion, lesion_case = copies(truth.lesion_case)
    false, false_case = copies(marks.false_case)
    of_case = np.repeat(np.arange(often.size), often)
    drawn = replace(
        truth,
        cases=tuple(truth.cases[k] for k in of_case),
        diseased=truth.diseased[of_case],
        lesion_case=lesion_case,
        lesion_number=truth.lesion_number[lesion],
        weight=truth.weight[lesion],
        cluster=np.zeros(n, np.int64),
    )
    return replace(
        marks, truth=drawn, hits=marks.hits[:, lesion], false_cell=marks.false_cell[false], false_case=false_case,
        false_rating=marks.false_rating[false],
    )  # fmt: skip
