"""Power and sample size of reader studies from Obuchowski-Rockette components (Hillis, Obuchowski & Berbaum 2011)."""

import math
from dataclasses import dataclass

from core.stats.choices import Factor
from core.stats.estimate import StatsError
from core.stats.mrmc import Mrmc
from core.stats.standalone import Standalone

MOST_CASES = 100_000


@dataclass(frozen=True, slots=True)
class PowerInputs:
    """Components in squared units of the figure of merit, estimated on `cases_star` cases of the planned mix of truth.

    For two treatments read by the same readers: var_tr, var, cov1, cov2, cov3. For one AI against readers give `var_tr`
    as the variance of true reader figures, `var` and `cov2` of AI minus reader, cov1 = cov3 = 0, and `standalone` True.
    """

    cases_star: int
    var_tr: float
    var: float
    cov1: float
    cov2: float
    cov3: float
    standalone: bool = False


@dataclass(frozen=True, slots=True)
class Power:
    """Power to find `effect` with a two-sided test at alpha / tests (Bonferroni where several tests are planned)."""

    power: float
    effect: float
    readers: int
    cases: int
    alpha: float
    tests: int
    noncentrality: float
    df1: int
    df2: float | None
    critical: float
    readers_as: Factor
    cases_as: Factor


def inputs_of(found: Mrmc | Standalone, *, cases: int) -> PowerInputs:
    """Components of a pilot: an MRMC of two treatments on `cases` cases, or a comparison of one AI with readers.

    RJafroc's convention: var_tr = MS(T:R) - Var + Cov1 + Cov2 - Cov3, as estimated (floored at 0 only in use). For one
    AI: var_tr = MS(psi) - Var + Cov2. Raises StatsError where a component does not exist.
    """
    if isinstance(found, Standalone):
        if found.ms is None or found.var is None or found.cov2 is None:
            raise StatsError("The pilot needs two readers or more and a covariance over cases.")
        return PowerInputs(cases, found.ms - found.var + found.cov2, found.var, 0.0, found.cov2, 0.0, True)
    c = found.components
    parts = (c.var_tr, c.var, c.cov1, c.cov2, c.cov3)
    if any(part is None for part in parts):
        raise StatsError("The pilot must be two treatments or more, each read by the same two readers or more.")
    var_tr, var, cov1, cov2, cov3 = (float(part or 0.0) for part in parts)
    return PowerInputs(cases, var_tr, var, cov1, cov2, cov3)


def power(
    inputs: PowerInputs,
    *,
    effect: float,
    readers: int,
    cases: int,
    alpha: float = 0.05,
    tests: int = 1,
    readers_as: Factor = "random",
    cases_as: Factor = "random",
) -> Power:
    """Power with `readers` readers and `cases` cases in all; covariances shrink as cases_star / cases.

    Noncentrality: readers effect^2 / 2 (two treatments) or readers effect^2 (one AI) over the expected denominator of
    the test; df2 as Hillis, Obuchowski & Berbaum 2011. Negative var_tr and Cov2 - Cov3 count as 0. Raises StatsError
    for impossible numbers.
    """
    from scipy import stats

    check_plan(inputs, effect=effect, readers=readers, cases=cases, alpha=alpha)
    refuse((tests < 1, "Plan at least one test."))
    if readers_as == "fixed" and cases_as == "fixed":
        raise StatsError("Readers and cases are both fixed: there is no test to plan; make one random.")
    if readers_as == "random" and readers < (3 if inputs.standalone else 2):
        raise StatsError(f"{readers} reader(s) cannot stand for readers at large; plan fixed readers, or more of them.")
    shrink = inputs.cases_star / cases
    gap = max(inputs.cov2 - inputs.cov3, 0.0)
    var_tr = max(inputs.var_tr, 0.0)
    rest = shrink * (inputs.var - inputs.cov1 - gap)
    if readers_as == "fixed":
        denominator = shrink * (inputs.var - inputs.cov1 + (readers - 1) * gap)
    elif cases_as == "fixed":
        denominator = var_tr + rest
    else:
        denominator = var_tr + shrink * (inputs.var - inputs.cov1 + (readers - 1) * gap)
    error = var_tr + rest
    if denominator <= 0 or (readers_as == "random" and error <= 0):
        raise StatsError("These components leave no variance to test by; var must exceed cov1 and cov2 - cov3.")
    lam = readers * effect**2 / (1 if inputs.standalone else 2) / denominator
    level = alpha / tests
    if readers_as == "fixed":
        critical = float(stats.chi2.isf(level, 1))
        value, df2 = float(stats.ncx2.sf(critical, 1, lam)) if lam > 0 else level, None
    else:
        df2 = (readers - 1) * (denominator / error) ** 2 if cases_as == "random" else float(readers - 1)
        critical = float(stats.f.isf(level, 1, df2))
        value = float(stats.ncf.sf(critical, 1, df2, lam)) if lam > 0 else level
    value = min(max(value, 0.0), 1.0) if math.isfinite(value) else 1.0
    return Power(value, effect, readers, cases, alpha, tests, lam, 1, df2, critical, readers_as, cases_as)


def refuse(*faults: tuple[bool, str]) -> None:
    """Raise StatsError with the sentence of the first fault that is true."""
    for wrong, sentence in faults:
        if wrong:
            raise StatsError(sentence)


def check_plan(inputs: PowerInputs, *, effect: float, readers: int, cases: int, alpha: float) -> None:
    """Raise StatsError where the components, or the sizes of a planned study, cannot be."""
    refuse(
        (readers < 1 or cases < 2, "Plan at least one reader and two cases."),
        (not 0 < alpha < 1, "Alpha must lie between 0 and 1."),
        (not math.isfinite(effect), "The effect must be a number, in units of the figure of merit."),
        (inputs.cases_star < 2, "Say on how many cases (two or more) the components were estimated."),
        (
            not all(map(math.isfinite, (inputs.var_tr, inputs.var, inputs.cov1, inputs.cov2, inputs.cov3))),
            "Every component must be a number.",
        ),
        (inputs.var <= 0, "The error variance must be above 0."),
    )


def cases_needed(
    inputs: PowerInputs,
    *,
    effect: float,
    readers: int,
    target: float = 0.8,
    alpha: float = 0.05,
    tests: int = 1,
    readers_as: Factor = "random",
    cases_as: Factor = "random",
) -> Power | None:
    """The smallest number of cases with at least the target power, as its Power; None where 100,000 cases do not reach
    it.

    More cases can never reach a target beyond what these readers' variance allows; then more readers are needed.
    """

    def at(cases: int) -> Power:
        return power(inputs, effect=effect, readers=readers, cases=cases, alpha=alpha, tests=tests,
                     readers_as=readers_as, cases_as=cases_as)  # fmt: skip

    low, high = 2, 4
    if not 0 < target < 1:
        raise StatsError("The power wanted must lie between 0 and 1.")
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
class PlanRow:
    """One line of a plan: power with these readers and cases, and the cases needed for the target, or why there
    are none.
    """

    readers: int
    cases: int | None
    power: float | None
    df2: float | None
    noncentrality: float | None
    cases_needed: int | None
    power_then: float | None
    reason: str | None = None


def plan(
    inputs: PowerInputs,
    *,
    effect: float,
    readers: list[int],
    cases: int | None,
    target: float = 0.8,
    alpha: float = 0.05,
    tests: int = 1,
    readers_as: Factor = "random",
    cases_as: Factor = "random",
) -> tuple[PlanRow, ...]:
    """Power and cases needed for several numbers of readers (see `power` and `cases_needed`, whose errors it
    raises).
    """
    found = []
    for r in readers:
        now = None
        if cases is not None:
            now = power(inputs, effect=effect, readers=r, cases=cases, alpha=alpha, tests=tests,
                        readers_as=readers_as, cases_as=cases_as)  # fmt: skip
        need = cases_needed(inputs, effect=effect, readers=r, target=target, alpha=alpha, tests=tests,
                            readers_as=readers_as, cases_as=cases_as)  # fmt: skip
        reason = None if need else f"not reached with {MOST_CASES} cases; plan more readers"
        found.append(
            PlanRow(
                r,
                cases,
                now.power if now else None,
                now.df2 if now else None,
                now.noncentrality if now else None,
                need.cases if need else None,
                need.power if need else None,
                reason,
            )
        )
    return tuple(found)
