"""The Obuchowski-Rockette analysis of variance of reader-level figures of merit: components, tests and intervals.

Obuchowski & Rockette 1995; degrees of freedom by Hillis 2007; one-test intervals and nested cases by Hillis 2014. theta
is (t, r): t treatments, r readers; its covariance over cases is (t r, t r) in the order of theta.ravel().
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.stats.choices import Factor
from core.stats.estimate import NO_INFORMATION, Floats, Interval, StatsError, finite, within

TINY = 1e-20  # a mean square below this is rounding: figures of merit are of order 1, their rounding 1e-16
RELATIVE = 1e-10  # a fixed-reader denominator below this share of the error variance is rounding


@dataclass(frozen=True, slots=True)
class Components:
    """Mean error variance and covariances, mean squares, variance components of reader and of treatment x reader."""

    var: float | None
    cov1: float | None  # same reader, other treatment
    cov2: float | None  # same treatment, other reader
    cov3: float | None  # both differ
    ms_t: float | None
    ms_r: float | None
    ms_tr: float | None
    var_r: float | None = None
    var_tr: float | None = None


@dataclass(frozen=True, slots=True)
class TreatmentMean:
    """Mean over readers of one treatment; se and ci from that treatment's data alone; df None for a normal interval.

    `uncut` is the interval before it was cut to the range of the figure, None where nothing was cut.
    """

    treatment: str
    estimate: float
    se: float | None
    df: float | None
    ci: Interval | None
    reason: str | None = None
    uncut: Interval | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """estimate = a - b, in the units of the figure of merit; df None where the normal distribution was used.

    `uncut` is the interval before it was cut to the range of a difference, None where nothing was cut.
    """

    a: str
    b: str
    estimate: float
    se: float | None
    df: float | None
    ci: Interval | None
    p: float | None
    reason: str | None = None
    uncut: Interval | None = None


@dataclass(frozen=True, slots=True)
class EqualityTest:
    """Test that all treatments are equal: F with df1 and df2, or chi2 with df1."""

    statistic: Literal["F", "chi2"]
    value: float | None
    df1: float
    df2: float | None
    p: float | None
    reason: str | None = None


def two_sided(estimate: float, se: float, df: float | None, *, level: float = 0.95) -> tuple[Interval, float | None]:
    """Interval and p-value of estimate / se by Student's t with df, or the normal where df is None or infinite."""
    from scipy import special

    if df is None or math.isinf(df):
        half, tail = special.ndtri((1 + level) / 2), special.ndtr
    else:
        half = special.stdtrit(df, (1 + level) / 2)

        def tail(x: float) -> float:
            return float(special.stdtr(df, x))

    if se <= 0:
        return (estimate, estimate), None
    return (float(estimate - half * se), float(estimate + half * se)), float(2 * tail(-abs(estimate / se)))


def mean_squares(theta: Floats) -> tuple[float, float | None, float | None]:
    """MS(T), MS(R) and MS(T:R) of theta (t, r); None for one without degrees of freedom; rounding becomes 0."""
    t, r = theta.shape
    grand, tests, readers = theta.mean(), theta.mean(axis=1), theta.mean(axis=0)
    ms_t = r * float(np.sum((tests - grand) ** 2)) / (t - 1) if t > 1 else 0.0
    ms_r = t * float(np.sum((readers - grand) ** 2)) / (r - 1) if r > 1 else None
    rest = theta - tests[:, None] - readers[None, :] + grand
    ms_tr = float(np.sum(rest**2)) / ((t - 1) * (r - 1)) if t > 1 and r > 1 else None
    ms_r, ms_tr = (None if ms is None else (0.0 if ms < TINY else ms) for ms in (ms_r, ms_tr))
    return ms_t, ms_r, ms_tr


def mean_covariances(cov: Floats, t: int, r: int, *, design: str = "factorial") -> tuple[float, float, float, float]:
    """Var, Cov1, Cov2 and Cov3: means over cov (t r, t r) of the cells that share reader, treatment, both or neither.

    With cases nested in readers Cov2 = Cov3 = 0, nested in treatments Cov1 = Cov3 = 0 (Hillis 2014). A mean without any
    pair of cells (one reader, one treatment) is 0; it then has no part in any formula.
    """
    blocks = cov.reshape(t, r, t, r)
    total = float(blocks.sum())
    cells = float(np.einsum("ijij->", blocks))
    same_reader = float(np.einsum("ijkj->", blocks)) - cells
    same_test = float(np.einsum("ijil->", blocks)) - cells
    other = total - cells - same_reader - same_test
    cov1 = same_reader / (t * (t - 1) * r) if t > 1 else 0.0
    cov2 = same_test / (t * r * (r - 1)) if r > 1 else 0.0
    cov3 = other / (t * (t - 1) * r * (r - 1)) if t > 1 and r > 1 else 0.0
    if design == "cases nested in readers":
        cov2 = cov3 = 0.0
    elif design == "cases nested in treatments":
        cov1 = cov3 = 0.0
    return cells / (t * r), cov1, cov2, cov3


def single_test(
    theta: Floats,
    cov: Floats | None,
    *,
    readers: Factor,
    cases: Factor = "random",
    treatment: str = "",
    nested: bool = False,
    bounds: Interval | None = (0.0, 1.0),
    level: float = 0.95,
) -> TreatmentMean:
    """Mean of theta (r,) over readers with its interval, from one treatment alone (Hillis 2007; MRMCaov `test_means`).

    cov (r, r) over cases; `nested` when every reader read cases of their own (Cov2 = 0). Random readers and cases: SE^2
    = MS(R)/r + max(Cov2, 0), df = (MS(R) + r max(Cov2, 0))^2 (r - 1) / MS(R)^2. Fixed readers: SE^2 = [Var + (r - 1)
    max(Cov2, 0)] / r, normal. Fixed cases: SE^2 = MS(R)/r, df = r - 1. The interval is cut to `bounds`. Where there is
    no interval the result says why.
    """
    r = theta.size
    mean = float(theta.mean())

    def without(reason: str) -> TreatmentMean:
        return TreatmentMean(treatment, mean, None, None, None, reason)

    if readers == "random" and r < 2:
        return without("one reader says nothing of readers at large; treat readers as fixed")
    if cov is None and cases == "random":
        return without("no covariance over cases: too few cases")
    var, _, cov2, _ = mean_covariances(cov, 1, r) if cov is not None else (0.0, 0.0, 0.0, 0.0)
    cov2 = 0.0 if nested else max(cov2, 0.0)  # can go negative; floored as Hillis 2007 and both programs do
    df: float | None = None
    if readers == "fixed":
        se2 = (var + (r - 1) * cov2) / r
    else:
        ms = mean_squares(theta[None, :])[1] or 0.0
        cov2 = 0.0 if cases == "fixed" else cov2
        se2 = ms / r + cov2
        df = (ms + r * cov2) ** 2 * (r - 1) / ms**2 if ms > 0 else math.inf
    if se2 <= max(TINY, RELATIVE * var):  # a Cov2 of 0 comes out as rounding
        return without(NO_SPREAD[readers if cases == "random" else "cases fixed"])
    se = math.sqrt(se2)
    ci, uncut = within(two_sided(mean, se, df, level=level)[0], bounds)
    return TreatmentMean(treatment, mean, se, finite(df), ci, None if ci else NO_INFORMATION, uncut)


NO_SPREAD = {
    "fixed": "no variation over cases within any reader: there is no interval",
    "random": "the readers' figures are equal and do not vary together over cases: there is no interval",
    "cases fixed": "the readers' figures are equal: there is no interval",
}


def equality_test(
    ms_t: float, denominator: float, df1: int, *, ms_error: float | None, df_error: int, chi2: bool, scale: float = 0.0
) -> EqualityTest:
    """Ratio of MS(T) to its denominator: chi2 = df1 ratio, or F with df2 = denominator^2 df_error / ms_error^2.

    A denominator of 0 (or below, which only the unfloored fixed-reader one can be) gives no value but the reason.
    """
    from scipy import special

    name: Literal["F", "chi2"] = "chi2" if chi2 else "F"
    if denominator <= max(TINY, RELATIVE * scale):
        low = denominator < -max(TINY, RELATIVE * scale)
        reason = (
            "the estimated variance of a difference is negative" if low else "a difference has no variance to test by"
        )
        return EqualityTest(name, None, df1, None, None, reason)
    ratio = ms_t / denominator
    if chi2:
        return EqualityTest(name, df1 * ratio, df1, None, float(special.chdtrc(df1, df1 * ratio)))
    if not ms_error:
        reason = "readers do not vary between treatments: df2 is infinite"
        return EqualityTest(name, ratio, df1, None, float(special.chdtrc(df1, df1 * ratio)), reason)
    df2 = denominator**2 * df_error / ms_error**2
    return EqualityTest(name, ratio, df1, df2, float(special.fdtrc(df1, df2, ratio)))


def difference(
    a: str,
    b: str,
    estimate: float,
    variance: float,
    df: float | None,
    *,
    scale: float = 0.0,
    bounds: Interval | None = None,
    level: float = 0.95,
) -> Difference:
    """A difference with standard error sqrt(variance), interval and p; where variance is not above 0, why not.

    The interval is cut to `bounds`, the range of the difference.
    """
    least = max(TINY, RELATIVE * scale)
    if variance <= least:
        reason = f"its estimated variance over readers and cases is {'negative' if variance < -least else '0'}"
        return Difference(a, b, estimate, None, finite(df), None, None, reason)
    se = math.sqrt(variance)
    whole, p = two_sided(estimate, se, df, level=level)
    ci, uncut = within(whole, bounds)
    return Difference(a, b, estimate, se, finite(df), ci, p, None if ci else NO_INFORMATION, uncut)


def variance_components(
    ms_r: float | None, ms_tr: float | None, var: float, covs: tuple[float, float, float], gap: float, t: int
) -> tuple[float | None, float | None]:
    """Components of reader and treatment x reader (Hillis 2007; as MRMCaov `vcov_comps`).

    covs are Cov1, Cov2, Cov3; `gap` is Cov2 - Cov3, or its floor of 0 as RJafroc has it. The components are differences
    of estimates and can be negative; they are not floored here.
    """
    if ms_r is None or ms_tr is None:
        return None, None
    cov1, cov2, cov3 = covs
    var_tr = ms_tr - var + cov1 + gap
    return (ms_r - var_tr - var + cov2 - (t - 1) * (cov1 - cov3)) / t, var_tr


def refuse_both_fixed(readers: Factor, cases: Factor) -> None:
    """Raise StatsError where readers and cases are both fixed: nothing random is left to test by."""
    for name, factor in (("readers", readers), ("cases", cases)):
        if factor not in ("random", "fixed"):
            raise StatsError(f"Say {name} random or fixed, not {factor}.")
    if readers == "fixed" and cases == "fixed":
        raise StatsError(
            "Readers and cases are both fixed: nothing random is left to test by; make one of them random."
        )
