"""One AI against K readers on the same cases: any figure of merit, superiority and non-inferiority."""

import math
from dataclasses import dataclass, replace

import numpy as np

from core.stats.choices import Covariance, Factor, Metric
from core.stats.estimate import (
    NO_INFORMATION,
    Bools,
    Floats,
    Interval,
    Ints,
    StatsError,
    finite,
    range_of_difference,
    within,
)
from core.stats.figures import Cells, metric_cells
from core.stats.obuchowski_rockette import TINY, mean_covariances, mean_squares, two_sided
from core.stats.pairs import tango, tango_test


@dataclass(frozen=True, slots=True)
class Standalone:
    """AI minus readers. `readers` is the mean over readers; df None means the normal distribution.

    `uncut` is the interval before it was cut to the range of a difference, None where nothing was cut.
    """

    ai: float
    readers: float
    difference: float
    se: float | None
    df: float | None
    ci: Interval | None
    p: float | None
    margin: float | None
    p_noninferior: float | None
    reader_figures: tuple[float, ...]
    readers_as: Factor
    cases_as: Factor
    ms: float | None  # MS(psi), the variance over readers of AI minus reader
    var: float | None  # mean variance over cases of AI minus reader
    cov2: float | None  # mean covariance over cases of two such differences
    method: str
    reason: str | None = None
    notes: tuple[str, ...] = ()
    uncut: Interval | None = None


def standalone(
    ai: Floats,
    readers: Floats,
    truth: Bools,
    *,
    metric: Metric = "auc",
    covariance: Covariance | None = None,
    readers_as: Factor | None = None,
    cases_as: Factor = "random",
    threshold: float | None = None,
    margin: float | None = None,
    level: float = 0.95,
    reader_names: tuple[str, ...] | None = None,
    clusters: Ints | None = None,
) -> Standalone:
    """Compare ratings of the AI (n,) with those of K readers (K, n), NaN where not read; truth (n,) True for positive.

    Hillis 2007, section 5.3 (RJafroc's single-treatment "1T-RRRC"). `readers_as` None means random from three readers
    on, fixed below. Covariance None means jackknife, and DeLong for one reader's area. One reader: Tango's interval and
    score test for proportions. Raises StatsError for unusable data, an unknown metric, or random with fewer than three
    readers.
    """
    scores = np.vstack([np.asarray(ai, np.float64)[None, :], np.asarray(readers, np.float64)])
    if len(scores) < 2:
        raise StatsError("There is no reader to compare the AI with.")
    k = len(scores) - 1
    read = ~np.isnan(scores)
    for j in range(1, k + 1):
        if not (read[0] & read[j]).any():
            who = (
                "The readers"
                if not (read[0] & read[1:]).any()
                else reader_names[j - 1]
                if reader_names
                else f"Reader {j}"
            )
            raise StatsError(f"{who} and the AI have no case in common; a comparison needs the same cases.")
    method: Covariance = covariance or ("delong" if k == 1 and metric == "auc" else "jackknife")
    cells = metric_cells(
        scores, np.asarray(truth, bool), metric=metric, covariance=method, threshold=threshold, clusters=clusters
    )
    missing = int(np.isnan(scores).sum())
    notes = () if not missing else (
        f"{missing} readings are missing; each figure uses the cases its reader read, covariances those two share.",
    )  # fmt: skip
    found = ai_against_readers(
        cells, readers_as=readers_as, cases_as=cases_as, margin=margin, level=level,
        covariance=method if clusters is None else "clustered", notes=notes,
    )  # fmt: skip
    if k > 1 or metric == "auc" or cases_as == "fixed" or threshold is None or clusters is not None:
        return found
    both = ~np.isnan(scores).any(axis=0) & {"sensitivity": truth, "specificity": ~truth}.get(metric, truth | ~truth)
    right = (scores[:, both] >= threshold) == truth[both]
    return with_tango(found, right[0], right[1], level=level)


def ai_against_readers(
    cells: Cells,
    *,
    readers_as: Factor | None = None,
    cases_as: Factor = "random",
    margin: float | None = None,
    level: float = 0.95,
    covariance: str = "jackknife",
    notes: tuple[str, ...] = (),
) -> Standalone:
    """The same from figures of merit: cells.theta (1 + K,), the AI first, and cells.cov (1 + K, 1 + K) over cases.

    psi_j = theta_AI - theta_j. Random readers: SE^2 = MS(psi)/K + max(Cov2, 0), df = D^2 (K - 1) / MS(psi)^2, D = K
    SE^2. Fixed readers: SE^2 = [Var + (K - 1) Cov2] / K, normal; says nothing of readers at large. Fixed cases: SE^2 =
    MS(psi)/K, df = K - 1. With MS(psi) = 0 the normal distribution is used; without any variance the result says so.
    Non-inferiority: one-sided p of (difference + margin) / SE. Raises StatsError as standalone does.
    """
    k = cells.theta.size - 1
    check_margin(margin)
    if readers_as == "random" and k < 3:
        raise StatsError(
            f"{k} reader{'s' * (k > 1)} cannot stand for readers at large; use fixed readers, or have three or more."
        )
    factor: Factor = readers_as or ("random" if k >= 3 else "fixed")
    if factor == "fixed" and cases_as == "fixed":
        raise StatsError("Readers and cases are both fixed: nothing random is left to test by; make one random.")
    if readers_as is None and factor == "fixed":
        notes = (*notes, "Fewer than three readers: treated as fixed, so nothing is said of readers at large.")
    psi = cells.theta[0] - cells.theta[1:]
    ms = mean_squares(psi[None, :])[1]
    var = cov2 = None
    if cells.cov is not None:
        c = cells.cov
        psi_cov = c[0, 0] - c[0, 1:][:, None] - c[0, 1:][None, :] + c[1:, 1:]
        var, _, cov2, _ = mean_covariances(psi_cov, 1, k)
    elif cases_as == "random":
        raise StatsError(cells.reason or "No covariance over cases could be estimated.")
    df: float | None = None
    if factor == "fixed":
        se2 = ((var or 0.0) + (k - 1) * (cov2 or 0.0)) / k
        how = f"fixed readers (these {k} only), {covariance}, normal"
    else:
        spread = max(cov2 or 0.0, 0.0) if cases_as == "random" else 0.0
        se2 = (ms or 0.0) / k + spread
        df = (se2 * k) ** 2 * (k - 1) / ms**2 if ms else math.inf
        how = f"random readers, {cases_as} cases, {covariance}, Student's t (Hillis 2007)"
    mean, gap = float(cells.theta[1:].mean()), float(psi.mean())
    shown = (float(cells.theta[0]), mean, gap)
    figures = tuple(float(v) for v in cells.theta[1:])
    scale = float(np.trace(cells.cov)) if cells.cov is not None else 0.0
    if se2 <= max(TINY, 1e-10 * scale):
        return Standalone(
            *shown, None, None, None, None, margin, None, figures, factor, cases_as, ms, var, cov2, how,
            f"{_why_no_variance(se2, var, k, factor=factor, cases_as=cases_as)}: there is no interval and no test",
            notes,
        )  # fmt: skip
    se = math.sqrt(se2)
    whole, p = two_sided(gap, se, df, level=level)
    ci, uncut = within(whole, range_of_difference(cells.bounds))
    worse = None if margin is None else one_sided((gap + margin) / se, df)
    return Standalone(
        *shown, se, finite(df), ci, p, margin, worse, figures, factor, cases_as, ms, var, cov2,
        how + (", interval cut to the possible range" if ci and uncut else ""), None if ci else NO_INFORMATION, notes,
        uncut,
    )  # fmt: skip


def _why_no_variance(se2: float, var: float | None, k: int, *, factor: Factor, cases_as: Factor) -> str:
    """Why the variance of AI minus readers is not above 0."""
    if factor == "random":
        if cases_as == "fixed":
            return "the AI differs from every reader by the same amount"
        if not var or var <= TINY:
            return "AI minus reader varies neither over readers nor over cases"
        return "AI minus reader is equal in all readers, and these differences do not vary together over cases"
    if var is not None and var > TINY:
        return (
            "the estimated variance of AI minus readers is negative"
            if se2 < -TINY
            else "over cases the differences from the AI cancel out between the readers"
        )
    which = {1: "the reader", 2: "either reader"}.get(k, "any reader")
    return f"AI minus reader shows no variation over cases within {which}"


def check_margin(margin: float | None) -> None:
    """Raise StatsError for a margin that is not a number of 0 or more."""
    if margin is not None and not 0 <= margin < math.inf:
        raise StatsError("Give the non-inferiority margin as a number of 0 or more, in units of the figure of merit.")


def one_sided(t: float, df: float | None) -> float:
    """P(T >= t) with df degrees of freedom, normal where df is None or infinite."""
    from scipy import special

    return float(special.ndtr(-t) if df is None or math.isinf(df) else special.stdtr(df, -t))


def with_tango(found: Standalone, ai: Bools, reader: Bools, *, level: float = 0.95) -> Standalone:
    """The comparison with one reader on a proportion: Tango's score interval, test and non-inferiority test.

    ai and reader (n,) are correct reads of the cases both read; the standard error stays that of the paired difference.
    """
    only_ai, only_reader, n = int((ai & ~reader).sum()), int((~ai & reader).sum()), int(ai.size)
    if n == 0:
        raise StatsError("The AI and the reader have no case in common; a paired comparison needs some.")
    score = tango_test(only_ai, only_reader, n)
    worse = None
    if found.margin is not None:
        z = tango_test(only_ai, only_reader, n, difference=-min(found.margin, 1.0))
        worse = 0.0 if z == math.inf else 1.0 if z == -math.inf else one_sided(z, None)
    same = only_ai + only_reader == 0
    return replace(
        found,
        se=0.0 if same else found.se,
        df=None,
        ci=tango(only_ai, only_reader, n, level=level),
        p=1.0 if same else math.erfc(abs(score) / math.sqrt(2)),
        p_noninferior=worse,
        uncut=None,
        method="one reader: Tango score interval and test (McNemar without correction)",
        reason=None,
    )
