"""Power where each reader reads some of the cases: split-plot designs and samples of cases per reader alike."""

import math
from dataclasses import dataclass

from core.stats.choices import Factor
from core.stats.estimate import StatsError
from core.stats.planning import chance
from core.stats.power import PowerInputs, check_plan, refuse


@dataclass(frozen=True, slots=True)
class Incomplete:
    """Power of the test of a difference with this standard error; df None for the normal distribution."""

    power: float
    se: float
    df: float | None


def power_of_shares(
    inputs: PowerInputs,
    *,
    effect: float,
    readers: int,
    reads: float,
    shared: float,
    alpha: float = 0.05,
    readers_as: Factor = "random",
) -> Incomplete:
    """Power of two treatments where each reader reads `reads` cases in both and two readers share `shared` on average.

    SE^2 = 2 D / r with D = Var(TR) + (n*/K) (Var - Cov1) + (r - 1) (n* s / K^2) (Cov2 - Cov3), K cases a reader, s
    shared by two, n* the cases of the components: of two means over K cases only the s in common covary. With s = K it
    is the crossed design of Hillis, Obuchowski & Berbaum 2011, with blocks the split-plot of Chen, Gong & Gallas 2018.
    Raises StatsError for impossible numbers.
    """
    check_plan(inputs, effect=effect, readers=readers, cases=max(2, round(reads)), alpha=alpha)
    refuse(
        (inputs.standalone, "Plan one AI against readers with every reader reading every case."),
        (not 0 <= shared <= reads, "Two readers share between none and all of the cases that a reader reads."),
        (readers_as == "random" and readers < 2, "One reader cannot stand for readers at large; plan two or more."),
    )
    gap = max(inputs.cov2 - inputs.cov3, 0.0)
    var_tr = max(inputs.var_tr, 0.0) if readers_as == "random" else 0.0
    own = inputs.cases_star / reads * (inputs.var - inputs.cov1)
    common = inputs.cases_star * shared / reads**2 * gap
    whole, error = var_tr + own + (readers - 1) * common, var_tr + own - common
    if whole <= 0 or error <= 0:
        raise StatsError("These components leave no variance to test by; var must exceed cov1 and cov2 - cov3.")
    se = math.sqrt(2 * whole / readers)
    df = (readers - 1) * (whole / error) ** 2 if readers_as == "random" else None
    return Incomplete(chance(effect, margin=None, se=se, df=df, alpha=alpha), se, df)
