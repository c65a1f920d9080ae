"""Operating points of FROC, AFROC, weighted AFROC, ROC and LROC curves, for plotting.

A point counts the marks rated at its cut or higher. AFROC, weighted AFROC and ROC curves end with a straight line to
(1, 1), and their trapezoid area is the figure of merit; an FROC curve ends at its last mark.
"""

from dataclasses import dataclass

import numpy as np

from core.stats.estimate import Floats, StatsError
from core.stats.localisation.lroc import curve as lroc_curve
from core.stats.localisation.marks import Marks

CURVES: dict[str, tuple[str, str]] = {  # kind: what x and y count
    "froc": ("nonlesion marks a case", "lesions marked"),
    "afroc": ("non-diseased cases with a mark", "lesions marked"),
    "wafroc": ("non-diseased cases with a mark", "weighted lesions marked"),
    "roc": ("non-diseased cases with a mark", "diseased cases with a mark"),
    "lroc": ("non-diseased cases", "diseased cases marked in the right place"),
}


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of one reader in one treatment by falling rating; cut (k,) is infinite at the first point, minus infinity
    where a straight line ends.
    """

    treatment: str
    reader: str
    cut: Floats
    x: Floats
    y: Floats

    def area(self) -> float:
        """Trapezoid area between x = 0 and the last point."""
        return float(np.sum(np.diff(self.x) * (self.y[1:] + self.y[:-1])) / 2)


def operating_points(marks: Marks, kind: str) -> tuple[Curve, ...]:
    """One curve a treatment and reader. StatsError without diseased or, but for FROC, without non-diseased cases."""
    if kind not in CURVES:
        raise StatsError(f"There is no curve '{kind}'; choose one of {', '.join(CURVES)}.")
    diseased = marks.truth.diseased
    if not diseased.any() or (kind != "froc" and diseased.all()):
        raise StatsError(f"The {kind} curve needs diseased and non-diseased cases; one kind is missing.")
    names = [(t, r) for t in marks.treatments for r in marks.readers]
    return tuple(Curve(*name, *_points(marks, cell, kind)) for cell, name in enumerate(names))


def _points(marks: Marks, cell: int, kind: str) -> tuple[Floats, Floats, Floats]:
    truth, diseased = marks.truth, marks.truth.diseased
    false, hit = marks.highest_false()[cell], marks.highest_hit()[cell]
    if kind == "lroc":
        return _lroc_points(np.where(diseased, hit, false), diseased)
    if kind == "froc":
        x_of, y_of = marks.false_rating[marks.false_cell == cell], marks.hits[cell]
        x_unit, y_weight = 1 / diseased.size, np.full(y_of.size, 1 / y_of.size)
    else:
        x_of, x_unit = false[~diseased], 1 / int((~diseased).sum())
        y_of, y_weight = marks.hits[cell], np.full(truth.weight.size, 1 / truth.weight.size)
        if kind == "wafroc":
            y_weight = truth.weight / int(diseased.sum())
        elif kind == "roc":
            y_of = np.maximum(hit, false)[diseased]
            y_weight = np.full(y_of.size, 1 / y_of.size)
    cut = np.unique(np.concatenate([x_of, y_of]))[::-1]
    cut = cut[np.isfinite(cut)]
    x = np.array([np.count_nonzero(x_of >= c) * x_unit for c in cut])
    y = np.array([y_weight[y_of >= c].sum() for c in cut])
    end = [] if kind == "froc" else [1.0]
    return (
        np.concatenate([[np.inf], cut, [-np.inf] * len(end)]),
        np.concatenate([[0.0], x, end]),
        np.concatenate([[0.0], y, end]),
    )


def _lroc_points(rating: Floats, diseased: np.typing.NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """Rating (n,) of non-diseased and rightly marked cases, minus infinity for a wrong place."""
    counted = np.isfinite(rating)
    cuts, place = np.unique(-rating[counted], return_inverse=True)
    counts = np.zeros((2, cuts.size))
    np.add.at(counts, (diseased[counted].astype(np.int64), place), 1.0)
    x, y = lroc_curve(counts, int((~diseased).sum()), int(diseased.sum()))
    return np.concatenate([[np.inf], -cuts[: x.size - 2], [-np.inf]]), x, y
