"""Exact power of the tests of one reader or one AI: McNemar's paired test, and a proportion against a goal."""

import numpy as np

from core.stats.estimate import StatsError
from core.stats.pairs import mcnemar

MOST_CASES = 5000


def mcnemar_power(only_first: float, only_second: float, *, cases: int, alpha: float = 0.05) -> float:
    """Power of the exact McNemar test on `cases` pairs, given the shares right in one only and in the other only.

    Summed over every number of discordant pairs (Connor 1987 has the normal approximation). Raises StatsError for
    impossible shares.
    """
    from scipy.stats import binom

    total = only_first + only_second
    if min(only_first, only_second) < 0 or not 0 < total <= 1:
        raise StatsError(
            "Give the two shares of discordant pairs as numbers from 0 whose sum is above 0 and at most 1."
        )
    _check(cases, alpha)
    power = 0.0
    for d in range(1, cases + 1):
        weight = float(binom.pmf(d, cases, total))
        if weight < 1e-12:
            continue
        # the two-sided exact test rejects with at most `most` of the rarer kind
        low = [k for k in range(d // 2 + 1) if mcnemar(k, d - k)[0] <= alpha] if d <= 60 else None
        most = (max(low) if low else -1) if low is not None else int(binom.ppf(alpha / 2, d, 0.5))
        if low is None:
            while most >= 0 and 2 * binom.cdf(most, d, 0.5) > alpha:
                most -= 1
        if most >= 0:
            share = only_first / total
            power += weight * float(binom.cdf(most, d, share) + binom.sf(d - most - 1, d, share))
    return min(power, 1.0)


def goal_power(share: float, goal: float, *, cases: int, alpha: float = 0.025) -> float:
    """Power of the exact one-sided binomial test that a proportion is above a goal, if it is `share`.

    Raises StatsError for shares that are not in order between 0 and 1.
    """
    from scipy.stats import binom

    if not 0 < goal < share < 1:
        raise StatsError("The goal must lie above 0 and below the expected proportion, which is below 1.")
    _check(cases, alpha)
    counts = np.arange(cases + 1)
    least = int(np.argmax(binom.sf(counts - 1, cases, goal) <= alpha)) if goal**cases <= alpha else cases + 1
    return float(binom.sf(least - 1, cases, share))


def _check(cases: int, alpha: float) -> None:
    if not 1 <= cases <= MOST_CASES:
        raise StatsError(f"Plan from 1 to {MOST_CASES} cases.")
    if not 0 < alpha < 1:
        raise StatsError("Alpha must lie between 0 and 1.")
