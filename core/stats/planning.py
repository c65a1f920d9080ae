"""Planning beyond one difference: non-inferiority, co-primary endpoints, binary outcomes, split-plot designs.

All rest on Obuchowski-Rockette components; `components` makes them from published figures or from proportions.
"""

import math
from dataclasses import dataclass

from core.stats.choices import Factor
from core.stats.estimate import StatsError
from core.stats.power import PowerInputs, check_plan, refuse

MOST_CASES = 100_000


@dataclass(frozen=True, slots=True)
class Planned:
    """Power of a planned test with these readers and cases; df None for the normal distribution.

    `blocks`: in how many blocks readers and cases are split; each reader reads `reads` cases in each treatment.
    """

    power: float
    effect: float
    margin: float | None
    readers: int
    cases: int
    blocks: int
    reads: int
    df: float | None
    se: float
    alpha: float
    readers_as: Factor


def power_of(
    inputs: PowerInputs,
    *,
    effect: float,
    margin: float | None = None,
    readers: int,
    cases: int,
    blocks: int = 1,
    alpha: float = 0.05,
    readers_as: Factor = "random",
) -> Planned:
    """Power of the test of a difference, cases random; with `margin` of non-inferiority at one-sided alpha / 2.

    Two treatments read by the same readers, or one AI against readers (inputs.standalone). SE^2 of the difference is
    c D / r, c = 2 (1 for one AI), D = Var(TR) + s [Var - Cov1 + (r/g - 1)(Cov2 - Cov3)], s = g x cases_star / cases for
    g blocks: a paired split-plot in which readers of different blocks share no case (Hillis, Obuchowski & Berbaum 2011;
    Chen, Gong & Gallas 2018). df = D^2 (r - 1) / E^2, E the expected MS(T:R). Non-inferiority: P(t > quantile) with
    noncentrality (effect + margin) / SE (Chen, Petrick & Sahiner 2012); effect is the true difference, new minus old.
    Raises StatsError for impossible numbers.
    """
    _check(inputs, effect, margin, readers, cases, blocks, alpha, readers_as)
    shrink, inside = blocks * inputs.cases_star / cases, readers / blocks
    gap = max(inputs.cov2 - inputs.cov3, 0.0)
    own = shrink * (inputs.var - inputs.cov1)
    var_tr = max(inputs.var_tr, 0.0) if readers_as == "random" else 0.0
    denominator = var_tr + own + shrink * gap * (inside - 1)
    shared = shrink * gap * (inside - 1) / (readers - 1) if readers > 1 else 0.0  # mean over all pairs of readers
    error = var_tr + own - shared
    if denominator <= 0 or error <= 0:
        raise StatsError("These components leave no variance to test by; var must exceed cov1 and cov2 - cov3.")
    se = math.sqrt((1 if inputs.standalone else 2) * denominator / readers)
    df = (readers - 1) * (denominator / error) ** 2 if readers_as == "random" else None
    value = chance(effect, margin=margin, se=se, df=df, alpha=alpha)
    return Planned(value, effect, margin, readers, cases, blocks, round(cases / blocks), df, se, alpha, readers_as)


def chance(effect: float, *, margin: float | None, se: float, df: float | None, alpha: float) -> float:
    """Power of a test of a difference with this standard error: two-sided, or one-sided at alpha / 2 with a margin."""
    from scipy import stats

    shift = (effect + (margin or 0.0)) / se
    if df is None:
        high = float(stats.norm.isf(alpha / 2))
        value = float(stats.norm.sf(high - shift)) + (float(stats.norm.cdf(-high - shift)) if margin is None else 0.0)
    else:
        high = float(stats.t.isf(alpha / 2, df))
        value = float(stats.nct.sf(high, df, shift))
        value += float(stats.nct.cdf(-high, df, shift)) if margin is None else 0.0
    if not math.isfinite(value):  # scipy's noncentral t gives up far out, where there is no doubt
        value = 1.0 if abs(shift) > 10 else 0.0
    return min(max(value, 0.0), 1.0)


def _check(
    inputs: PowerInputs, effect: float, margin: float | None, readers: int, cases: int, blocks: int, alpha: float,
    readers_as: Factor,
) -> None:  # fmt: skip
    few = 3 if inputs.standalone else 2
    check_plan(inputs, effect=effect, readers=readers, cases=cases, alpha=alpha)
    refuse(
        (margin is not None and not 0 < margin < math.inf, "Give the margin as a number above 0."),
        (
            margin is not None and effect <= -margin,
            "The true difference is as bad as the margin allows: no study can show non-inferiority.",
        ),
        (blocks < 1, "Plan one block or more."),
        (readers % max(blocks, 1) != 0, f"{readers} readers do not divide into {blocks} blocks of equal size."),
        (cases < 2 * blocks, "Each block needs at least two cases."),
        (
            readers_as == "random" and readers < few,
            f"{readers} reader(s) cannot stand for readers at large; plan fixed readers, or more of them.",
        ),
    )


def cases_for_power(
    inputs: PowerInputs,
    *,
    effect: float,
    margin: float | None = None,
    readers: int,
    blocks: int = 1,
    target: float = 0.8,
    alpha: float = 0.05,
    readers_as: Factor = "random",
) -> Planned | None:
    """The fewest cases with at least the target power; None where 100,000 do not reach it."""
    if not 0 < target < 1:
        raise StatsError("The power wanted must lie between 0 and 1.")

    def at(cases: int) -> Planned:
        return power_of(inputs, effect=effect, margin=margin, readers=readers, cases=cases, blocks=blocks, alpha=alpha,
                        readers_as=readers_as)  # fmt: skip

    low = 2 * blocks
    high = 2 * low
    if at(low).power >= target:
        return at(low)
    while at(high).power < target:
        low, high = high, high * 2
        if high > MOST_CASES:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if at(middle).power >= target else (middle, high)
    return at(high)


@dataclass(frozen=True, slots=True)
class CoPrimary:
    """Power that every co-primary endpoint succeeds, each tested at the full alpha (intersection-union; Berger 1982).

    `independent`: the product, for endpoints on different cases such as sensitivity and specificity. `at_least`: what
    holds however they hang together (1 minus the sum of the single failures).
    """

    endpoints: tuple[tuple[str, Planned], ...]
    independent: float
    at_least: float


def co_primary(endpoints: tuple[tuple[str, Planned], ...]) -> CoPrimary:
    """The power of all of several planned endpoints together. Raises StatsError without one."""
    if not endpoints:
        raise StatsError("Name at least one endpoint.")
    powers = [endpoint.power for _, endpoint in endpoints]
    return CoPrimary(endpoints, math.prod(powers), max(0.0, 1 - sum(1 - p for p in powers)))
