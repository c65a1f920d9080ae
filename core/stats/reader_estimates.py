"""Estimates of single readers that need the whole table: areas, and figures by leaving out cases or clusters."""

import numpy as np

from core.stats.clustered_reads import clustered_area
from core.stats.confusion import MISSING, Codes, figure_bounds, leave_one_out
from core.stats.estimate import NO_INFORMATION, Bools, Estimate, Floats, Ints, within
from core.stats.figures import jackknifed_cells
from core.stats.reads import ReadTable
from core.stats.roc import auc_estimates


def jackknifed(prediction: Codes, table: ReadTable, name: str) -> list[Estimate]:
    """A figure for every reader by themselves, so that one reader's lack of cases does not take it from the others."""
    found = []
    whole, without = leave_one_out(table.truth, prediction, name, classes=len(table.classes), clusters=table.clusters)
    unit = "case" if table.clusters is None else "cluster"
    how = "jackknife" if table.clusters is None else "jackknife of clusters"
    for i, value in enumerate(whole.tolist()):
        n = int((prediction[i] != MISSING).sum())
        if not np.isfinite(value):
            found.append(Estimate(None, n=n, method="jackknife", reason="a class has no case that was read"))
            continue
        cells = jackknifed_cells(whole[i : i + 1], without[i : i + 1], bounds=figure_bounds(name))
        if cells.cov is None or cells.cov[0, 0] <= 1e-20:
            reason = cells.reason or f"leaving out any {unit} changes nothing: the variance is 0"
            found.append(Estimate(value, None, None, n, how, reason))
            continue
        se = float(np.sqrt(cells.cov[0, 0]))
        half = 1.959963984540054 * se
        ci, _ = within((value - half, value + half), cells.bounds)
        found.append(Estimate(value, se, ci, n, f"{how}, normal", None if ci else NO_INFORMATION))
    return found


def areas_of(scores: Floats, truth: Bools, clusters: Ints | None) -> list[Estimate]:
    """The area of every reader, scores (m, n)."""
    return auc_estimates(scores, truth) if clusters is None else [clustered_area(s, truth, clusters) for s in scores]
