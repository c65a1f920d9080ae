"""Power by simulation for any figure of merit, design and hypothesis: what no formula covers."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.stats.bdg import bdg
from core.stats.choices import Covariance, Factor, Metric
from core.stats.estimate import Floats, StatsError
from core.stats.localisation.analysis import compare
from core.stats.localisation.figures import FIGURES
from core.stats.localisation.simulated import SearchModel, simulated_marks
from core.stats.mrmc import mrmc
from core.stats.roe_metz import Rejections, rejection_rate
from core.stats.simulation import Plan, study
from core.stats.standalone import one_sided

Method = Literal["or", "bdg"]


@dataclass(frozen=True, slots=True)
class Test:
    """The planned test: figure (a metric, or one of localisation), method, and the margin of non-inferiority.

    With `margin` the last treatment is the new one, and the test is one-sided at alpha / 2. `blocks`: readers and cases
    split into so many blocks (paired split-plot).
    """

    figure: str = "auc"
    threshold: float | None = None
    method: Method = "or"
    covariance: Covariance = "delong"
    readers_as: Factor = "random"
    cases_as: Factor = "random"
    margin: float | None = None
    blocks: int = 1


METRIC: dict[str, Metric] = {metric: metric for metric in ("auc", "sensitivity", "specificity", "accuracy")}


def simulated_power(
    plan: Plan, test: Test, *, repeats: int, alpha: float = 0.05, seed: int, marks: SearchModel | None = None
) -> Rejections:
    """How often the test succeeds on studies of a plan (Roe & Metz 1997; marks by a search model).

    Raises StatsError for a plan that cannot be drawn, and a figure, method or design that do not go together.
    """
    _check(plan, test)
    study(plan, seed=seed)  # a plan that cannot be drawn is refused, and not counted as studies without a p-value

    def p_value(rng: np.random.Generator) -> float | None:
        if test.figure in FIGURES:
            model = marks or SearchModel(plan.areas, variances=plan.variances)
            made = simulated_marks(model, readers=plan.readers, diseased=plan.positives, sound=plan.negatives, rng=rng)
            found = compare(made, FIGURES[test.figure], readers=test.readers_as, cases=test.cases_as)
            if test.margin is None:
                return found.test.p
            one = found.differences[0]
            return _noninferior(one.estimate, one.se, one.df, test.margin)
        drawn = study(plan, seed=rng)
        ratings = in_blocks(drawn.ratings, drawn.truth, test.blocks)
        if test.method == "bdg":
            area = bdg(ratings, drawn.truth).differences[0]
            if test.margin is None:
                return area.p
            return _noninferior(area.estimate, area.se, area.df, test.margin)
        whole = mrmc(ratings, drawn.truth, metric=METRIC[test.figure], threshold=test.threshold,
                     covariance=test.covariance, readers=test.readers_as, cases=test.cases_as)  # fmt: skip
        if test.margin is None:
            return whole.test.p
        first = whole.differences[0]
        return _noninferior(first.estimate, first.se, first.df, test.margin)

    def or_none(rng: np.random.Generator) -> float | None:
        try:
            return p_value(rng)
        except StatsError:  # a drawn study without, say, a positive call: it could not have been analysed
            return None

    return rejection_rate(or_none, repeats=repeats, alpha=alpha, seed=seed)


def _check(plan: Plan, test: Test) -> None:
    names = (*METRIC, *(name for name in FIGURES if name not in ("songa1", "songa2", "froc")))
    local = test.figure in FIGURES
    for wrong, sentence in (
        (test.figure not in names, f"Choose a figure of {', '.join(names)}, not {test.figure}."),
        (not all(0 < area < 1 for area in plan.areas), "An expected area must lie between 0 and 1."),
        (len(plan.areas) < 2, "A comparison needs the expected areas of two treatments or more."),
        (test.method == "bdg" and test.figure != "auc", "bdg compares areas under the curve; use method or."),
        (local and test.blocks > 1, "Marks are analysed only where every reader read every case: plan one block."),
        (
            not local and test.figure != "auc" and test.threshold is None,
            f"{test.figure.capitalize()} needs a threshold: a case is called positive at rating >= threshold.",
        ),
        ((test.margin is not None or test.method == "bdg") and len(plan.areas) != 2, "Plan two treatments for this."),
        (test.margin is not None and not 0 < test.margin < 1, "Give the margin as a number between 0 and 1."),
        (
            test.blocks < 1 or plan.readers % max(test.blocks, 1) != 0,
            f"{plan.readers} readers do not divide into {test.blocks} blocks of equal size.",
        ),
        (
            min(plan.positives, plan.negatives) < 2 * test.blocks,
            "Each block needs two positive and two negative cases or more.",
        ),
    ):
        if wrong:
            raise StatsError(sentence)


def _noninferior(estimate: float, se: float | None, df: float | None, margin: float) -> float | None:
    """Two-sided equivalent of the one-sided p that the last treatment is not worse than the first by the margin."""
    return None if se is None else 2 * one_sided((margin - estimate) / se, df)


def in_blocks(ratings: Floats, truth: np.ndarray, blocks: int) -> Floats:
    """Ratings (t, r, n) with only those kept where reader and case are of the same block; cases split within truth."""
    if blocks == 1:
        return ratings
    case = np.zeros(truth.size, np.int64)
    for kind in (True, False):
        at = np.flatnonzero(truth == kind)
        case[at] = np.arange(at.size) % blocks
    reader = np.arange(ratings.shape[1]) * blocks // ratings.shape[1]
    return np.where(reader[None, :, None] == case[None, None, :], ratings, np.nan)
