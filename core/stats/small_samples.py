"""Intervals of proportions over several readers that hold in small samples: Wilson's with an effective number of reads.

A normal interval of a mean of proportions covers .52 to .94 at 20 cases. Here the variance of Obuchowski & Rockette
gives the number of independent reads the mean is worth, p (1 - p) / SE^2, and Wilson's interval is taken at that number
with Student's t (after Franco, Little, Louis & Slud 2019, and Korn & Graubard 1998 for their df). `coverage` tries it.
"""

from dataclasses import replace

import numpy as np

from core.stats.choices import Factor
from core.stats.estimate import Floats
from core.stats.obuchowski_rockette import TreatmentMean, mean_covariances, mean_squares, single_test

METHOD = "Wilson with the effective number of reads, t"
MANY = 1e9  # degrees of freedom that are as good as the normal distribution


def effective_wilson(
    p: Floats, variance: Floats, df: Floats, *, least: Floats | float, most: Floats | float
) -> tuple[Floats, Floats]:
    """Wilson's intervals of proportions p at p (1 - p) / variance reads, at most `most`, by t with df; equal shapes.

    Where nothing varies (all right, all wrong, or a variance of 0) the number is `least`, that of the cases.
    """
    from scipy.special import ndtri, stdtrit

    own = p * (1 - p)
    some = (variance > 1e-15) & (own > 1e-12)
    n = np.where(some, np.clip(own / np.where(some, variance, 1.0), 1.0, most), least)
    z = np.where(df < MANY, stdtrit(np.clip(df, 1.0, MANY), 0.975), ndtri(0.975))
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(own / n + z**2 / (4 * n**2))
    return np.clip(middle - half, 0.0, 1.0), np.clip(middle + half, 0.0, 1.0)


def mean_variance(
    r: int, n: Floats | float, var: Floats, cov2: Floats, ms: Floats, *, readers: Factor
) -> tuple[Floats, Floats]:
    """Variance of a mean over r readers on n cases and its df, from Var, Cov2 and MS(R); arrays of equal shape.

    Fixed readers: [Var + (r - 1) max(Cov2, 0)] / r, n - 1 df. Random readers: MS(R)/r + max(Cov2, 0) with Hillis 2007's
    df, but not below the variance of these readers as fixed: readers who happen to agree make nothing surer.
    """
    cov2 = np.maximum(cov2, 0.0)
    fixed = (var + (r - 1) * cov2) / r
    if readers == "fixed":
        return fixed, np.broadcast_to(np.asarray(n - 1.0, np.float64), fixed.shape)
    whole = np.maximum(ms / r + cov2, fixed)
    df = np.where(ms > 1e-20, (r * whole) ** 2 * (r - 1) / np.maximum(ms, 1e-20) ** 2, MANY)
    return whole, df


def proportion_mean(
    theta: Floats, cov: Floats | None, *, n: int, readers: Factor, treatment: str, clustered: bool = False
) -> TreatmentMean:
    """Mean over readers of proportions theta (r,) on n cases each, with covariance (r, r) over cases; 95 %.

    `clustered`: n counts clusters, such as patients, and the covariance is one over clusters. The standard error is
    that of `mean_variance`. Without a covariance (a single case) as `single_test`.
    """
    plain = single_test(theta, cov, readers=readers, treatment=treatment)
    r = theta.size
    if cov is None or (readers == "random" and r < 2):
        return plain
    var, _, cov2, _ = mean_covariances(cov, 1, r)
    ms = mean_squares(theta[None, :])[1] or 0.0
    if r == 1 and clustered:
        variance, df = np.array(cov[0, 0]), np.array(float(n - 1))
    elif r == 1:
        variance, df = np.array(plain.estimate * (1 - plain.estimate) / n), np.array(MANY)  # Wilson 1927
    else:
        variance, df = mean_variance(r, float(n), np.array(var), np.array(cov2), np.array(ms), readers=readers)
    most = np.inf if clustered else float(r * n)  # regions written twice must change nothing
    low, high = effective_wilson(np.array(plain.estimate), variance, df, least=float(n), most=most)
    se = float(np.sqrt(variance)) if variance > 1e-20 else None
    return replace(
        plain, se=se, df=float(df) if df < MANY else None, ci=(float(low), float(high)), reason=None, uncut=None
    )


def flag(*, readers: Factor, r: int, n: int, p: float) -> str:
    """What the simulation says against an interval of r readers on n cases at proportion p; empty where it covers 93 to
    97 % (`simulate --coverage`). Too narrow it is nowhere; with few reads of the rarer kind it is wider than needed.
    """
    rarer = r * n * min(p, 1 - p)
    few = rarer < FEW_READS or (readers == "random" and r < 4 and (n <= 20 or rarer < 2 * FEW_READS))
    return WIDE if few else ""


FEW_READS = 9
WIDE = "few reads: in simulations an interval like this one held the truth in more than 97 of 100 studies"
FEW_ERRORS = 12
NARROW = "few readers or few such cases: in simulations intervals like this one held the truth in 93 of 100 or fewer"


def share_flag(reads: float, p: float) -> str:
    """The same for a share of so many reads of a group, such as switches, over cases as clusters."""
    return WIDE if reads * min(p, 1 - p) < FEW_READS else ""


def difference_flag(n: int, p: float, *, readers: Factor, r: int) -> str:
    """What the simulation says against an interval of AI minus r readers, the AI right in a share p of n cases."""
    few = n * min(p, 1 - p) < FEW_ERRORS or (readers == "random" and r < 4 and n > 100)
    return NARROW if few else ""
