"""Other runs of the AI on the same cases, side by side: the paper's table 2 for this study."""

import numpy as np

from core.results.draw.chart import with_interval
from core.results.draw.text import Row
from core.results.story import AiRun
from core.stats.confusion import class_figures, counts
from core.stats.intervals import proportions


def ablation_table(runs: list[AiRun]) -> list[Row]:
    """Return sensitivity per class and accuracy of every run, with Wilson intervals; the study's own run is marked."""
    made: list[Row] = []
    for run in runs:
        matrix = counts(run.truth, run.calls, len(run.labels))
        perclass = class_figures(matrix, run.labels)[0]
        right = np.einsum("mii->m", matrix[:, :, : len(run.labels)])
        accuracy = proportions(right, matrix.sum(axis=(1, 2)), what="cases")[0]
        made.append(
            {
                "run": run.name + (" (this study's)" if run.of_study else ""),
                "rule": run.rule,
                "parameters": run.parameters,
                "cases": accuracy.n,
                **{f"sensitivity {one.label}": with_interval(one.sensitivity) for one in perclass},
                "accuracy": with_interval(accuracy),
            }
        )
    return made
