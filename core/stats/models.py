"""Model-based checks beside the analyses of variance: a mixed model of log times, and GEE for correct reads."""

import math
import warnings
from dataclasses import dataclass

import numpy as np

from core.stats.comparisons import arm_order, correct_for, stacked
from core.stats.confusion import MISSING
from core.stats.estimate import Bools, Estimate, Floats, Ints
from core.stats.reader_figures import Set
from core.stats.reads import ReadTable

MOST_TIMES = 6000  # paired reads of a mixed model; more take minutes
Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class ModelCheck:
    """A difference or ratio a against b by a model, to set beside the analysis proper."""

    what: str
    a: str
    b: str
    arm: str
    estimate: Estimate
    p: float | None


def time_model(a: Floats, b: Floats) -> tuple[Estimate, float | None]:
    """Ratio a / b of times (r, n) by the mixed model log(a/b) ~ 1 + (1 | reader) + (1 | case), REML (statsmodels).

    What reads of the same case by the same reader share cancels in log(a/b). p and interval by the normal (Wald).
    """
    from statsmodels.regression.mixed_linear_model import MixedLM

    both = ~np.isnan(a) & ~np.isnan(b) & (a > 0) & (b > 0)
    reader, case = np.nonzero(both)
    n, method = reader.size, "mixed model of log times, readers and cases random, REML, Wald"

    def without(reason: str) -> tuple[Estimate, None]:
        return Estimate(None, n=n, method=method, reason=reason), None

    if np.unique(reader).size < 3 or np.unique(case).size < 3:
        return without("a mixed model needs three readers and three cases timed in both")
    if n > MOST_TIMES:
        return without(f"more than {MOST_TIMES} paired times: the model would take minutes")
    gap = np.log(a[both]) - np.log(b[both])
    if np.ptp(gap) <= 1e-12:
        return without("the ratio is the same in every read")
    parts = [(np.unique(at)[None, :] == at[:, None]).astype(np.float64) for at in (reader, case)]
    exog_vc = _variance_parts(parts)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # a variance of 0 lies on the edge, which is no fault here
        try:
            found = MixedLM(gap, np.ones((n, 1)), np.zeros(n), exog_vc=exog_vc).fit(
                reml=True, method=["lbfgs", "powell"]
            )
            value, se = float(found.fe_params[0]), float(found.bse_fe[0])
        except (ValueError, np.linalg.LinAlgError):
            return without("the model did not converge")
    if not math.isfinite(se) or se <= 0:
        return without("the model did not converge")
    p = math.erfc(abs(value / se) / math.sqrt(2))
    return Estimate(math.exp(value), None, (math.exp(value - Z * se), math.exp(value + Z * se)), n, method), p


def _variance_parts(parts: list[Floats]) -> object:
    from statsmodels.regression.mixed_linear_model import VCSpec

    names = ["reader", "case"]
    return VCSpec(names, [[[f"{k}" for k in range(m.shape[1])]] for m in parts], [[m] for m in parts])


def gee_difference(a: Floats, b: Floats, clusters: Ints) -> tuple[Estimate, float | None]:
    """Difference of shares of correct reads, a (m, n) and b (k, n) of 0, 1, NaN, by GEE over clusters (n,) of cases.

    Identity link, working independence, robust covariance (Liang & Zeger 1986; statsmodels): these readers only. The
    estimate weighs by reads, so with reads missing it need not be the difference of means over readers.
    """
    from statsmodels.genmod.cov_struct import Independence
    from statsmodels.genmod.families import Gaussian
    from statsmodels.genmod.generalized_estimating_equations import GEE

    method = "GEE, identity link, independence, robust over cases; these readers only"
    rows = [(np.nan_to_num(x), ~np.isnan(x), side) for x, side in ((a, 1.0), (b, 0.0))]
    y = np.concatenate([x[known] for x, known, _ in rows])
    group = np.concatenate([np.broadcast_to(clusters, x.shape)[known] for x, known, _ in rows])
    side = np.concatenate([np.full(int(known.sum()), s) for _, known, s in rows])
    n = y.size
    if not (side == 1).any() or not (side == 0).any() or np.unique(group).size < 3:
        return Estimate(None, n=n, method=method, reason="needs reads of both and three cases or more"), None
    if np.ptp(y) == 0:  # GEE divides by the residuals
        return Estimate(0.0, None, None, n, method, "every read of both is right, or every read is wrong"), None
    order = np.argsort(group, kind="stable")
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        found = GEE(y[order], np.column_stack([np.ones(n), side])[order], groups=group[order], family=Gaussian(),
                    cov_struct=Independence()).fit()  # fmt: skip
        value, se = float(found.params[1]), float(found.bse[1])  # computed only when asked for, with its warnings
    if not math.isfinite(se) or se <= 1e-12:
        return Estimate(value, None, None, n, method, "the difference does not vary over cases"), None
    p = math.erfc(abs(value / se) / math.sqrt(2))
    ci = (max(value - Z * se, -1.0), min(value + Z * se, 1.0))
    return Estimate(value, se, ci, n, method), p


def model_checks(sets: tuple[Set, ...], table: ReadTable) -> tuple[ModelCheck, ...]:
    """Mixed models of times of two arms, and GEE of accuracy, sensitivity and specificity: arms, and AI - readers."""
    found: list[ModelCheck] = []
    clusters = np.arange(len(table.cases)) if table.clusters is None else table.clusters
    ordered = arm_order(sets)
    for k, first in enumerate(ordered):
        for second in ordered[k + 1 :]:
            people = [n for n in table.readers if n in first.names and n in second.names]
            if not people:
                continue
            x, y = (s.seconds[[s.names.index(n) for n in people]] for s in (first, second))
            if not (np.isnan(x).all() or np.isnan(y).all()):
                found.append(ModelCheck("time ratio", first.arm, second.arm, "", *time_model(x, y)))
            both = [stacked((reads,), people) for reads in (first, second)]
            for name, (one, other) in _correct(both, table):
                found.append(ModelCheck(name, first.arm, second.arm, "", *gee_difference(one, other, clusters)))
    for reads in sets:
        if reads.has_ai and len(reads.names) > reads.ais:
            for name, (right,) in _correct([reads], table):
                estimate = gee_difference(right[:1], right[reads.ais :], clusters)
                found.append(ModelCheck(name, reads.names[0], "readers", reads.arm, *estimate))
    return tuple(found)


def _correct(sets: list[Set], table: ReadTable) -> list[tuple[str, list[Floats]]]:
    """Correct reads by figure: 1, 0, and NaN where missing or the case does not count."""
    labels = range(len(table.classes)) if len(table.classes) > 2 else (1,)
    plans: list[tuple[str, int | None, Bools]] = [("accuracy", None, np.ones(table.truth.shape, bool))]
    for c in labels:
        plans += [(f"sensitivity {table.classes[c]}", c, table.truth == c)]
        plans += [(f"specificity {table.classes[c]}", c, table.truth != c)]
    found = []
    for name, target, counted in plans:
        parts = []
        for reads in sets:
            right = correct_for(reads.prediction, table.truth, target).astype(np.float64)
            parts.append(np.where((reads.prediction == MISSING) | ~counted, np.nan, right))
        found.append((name, parts))
    return found
