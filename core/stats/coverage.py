"""Coverage of the intervals of proportions over readers, by simulation: readers x cases x true proportion."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.stats.choices import Factor
from core.stats.estimate import Floats, StatsError
from core.stats.ratios import cluster_ratio
from core.stats.small_samples import difference_flag, effective_wilson, flag, mean_variance, share_flag

What = Literal["fixed", "random", "switches", "ai fixed", "ai random"]
WHATS: tuple[What, ...] = ("fixed", "random", "switches", "ai fixed", "ai random")
ADVISED = 0.8  # of reads, those that count for a share of switches
READERS, CASES, SHARES = (2, 3, 4, 5, 7, 10), (20, 30, 50, 100, 200), (0.5, 0.7, 0.8, 0.9, 0.95, 0.98)
CASE_VARIANCE, READER_VARIANCE = 0.5, 0.05  # of the probit of being right; the rest is 1
BLOCK = 8_000_000  # reads drawn at once


@dataclass(frozen=True, slots=True)
class Coverage:
    """Share of `draws` simulated studies whose 95 % interval holds the truth; `flag` is what figures would say."""

    what: What
    readers: int
    cases: int
    p: float
    coverage: float
    draws: int
    flag: str


def coverage(
    *,
    readers: tuple[int, ...] = READERS,
    cases: tuple[int, ...] = CASES,
    shares: tuple[float, ...] = SHARES,
    draws: int = 2000,
    seed: int = 1,
) -> Iterator[Coverage]:
    """Coverage of a group's mean with fixed readers, with readers as a sample (three or more), and of its switches.

    A read is right with probability Phi(m + reader + case), normal effects; m gives the true proportion p. With fixed
    readers the truth is the mean of their own proportions. Switches: the share of reads, of those right without the AI
    (four in five), on which a group's readers stay right. The AI minus readers: an AI of the same proportion right, on
    the same cases; the flag goes by the AI's true proportion. Raises StatsError for fewer than 100 draws or a bad seed.
    """
    if draws < 100:
        raise StatsError("Coverage needs at least 100 draws.")
    if seed < 0:
        raise StatsError("A seed is a whole number of 0 or more.")
    if min(readers) < 2 or min(cases) < 2 or not 0 < min(shares) <= max(shares) < 1:
        raise StatsError("Coverage needs two readers or more, two cases or more, and proportions between 0 and 1.")
    rng = np.random.default_rng(seed)
    for what in WHATS:
        for r in readers:
            for n in cases if "random" not in what or r > 2 else ():
                for p in shares:
                    yield _cell(rng, what, r, n, p, draws)


def _cell(rng: np.random.Generator, what: What, r: int, n: int, p: float, draws: int) -> Coverage:
    held, done = 0.0, 0
    while done < draws:
        size = min(draws - done, max(1, BLOCK // (r * n)))
        right, fixed, case = _reads(rng, size, r, n, p)
        truth = np.full(size, p) if "random" in what else fixed
        if what.startswith("ai"):
            truth = p - truth
            low, high = _difference(_ai(rng, case, p), right, what)
        else:
            low, high = _switch_interval(rng, right) if what == "switches" else _mean_interval(right, what)
        held += float(((low <= truth) & (truth <= high)).sum())
        done += size
    readers_as: Factor = "random" if what == "random" else "fixed"
    said = flag(readers=readers_as, r=r, n=n, p=p)
    if what == "switches":
        said = share_flag(ADVISED * r * n, p)
    elif what.startswith("ai"):
        said = difference_flag(n, p, readers="random" if what == "ai random" else "fixed", r=r)
    return Coverage(what, r, n, p, held / draws, draws, said)


def _reads(rng: np.random.Generator, size: int, r: int, n: int, p: float) -> tuple[np.ndarray, Floats, Floats]:
    """Correct reads (size, r, n), the mean of the readers' own true proportions (size,), and the cases' effects."""
    from scipy.special import ndtr, ndtri

    middle = float(ndtri(p)) * np.sqrt(1 + CASE_VARIANCE + READER_VARIANCE)
    reader = rng.normal(0, np.sqrt(READER_VARIANCE), (size, r, 1))
    case = rng.normal(0, np.sqrt(CASE_VARIANCE), (size, 1, n))
    right = rng.standard_normal((size, r, n), np.float32) < middle + reader + case
    return right, ndtr((middle + reader[..., 0]) / np.sqrt(1 + CASE_VARIANCE)).mean(axis=1), case[:, 0]


def _ai(rng: np.random.Generator, case: Floats, p: float) -> np.ndarray:
    """Correct calls (size, n) of an AI that is right in a proportion p of all cases."""
    from scipy.special import ndtri

    return np.asarray(rng.normal(0, 1, case.shape) < float(ndtri(p)) * np.sqrt(1 + CASE_VARIANCE) + case)


def _difference(ai: np.ndarray, right: np.ndarray, what: What) -> tuple[Floats, Floats]:
    """Intervals of the AI minus the mean of readers, as `standalone.ai_against_readers`; wide where nothing varies."""
    from scipy.special import stdtrit

    _, r, n = right.shape
    gap = ai[:, None].astype(np.float32) - right
    over_cases = gap.mean(axis=1).var(axis=1, ddof=1) / n
    middle, variance, q = gap.mean(axis=(1, 2)), over_cases, np.full(len(ai), 1.959963984540054)
    if what == "ai random":
        own = (gap.var(axis=2, ddof=1) / n).mean(axis=1)
        ms = gap.mean(axis=2).var(axis=1, ddof=1)
        variance = ms / r + np.maximum((r * over_cases - own) / (r - 1), 0.0)
        df = np.where(ms > 1e-20, (r * variance) ** 2 * (r - 1) / np.maximum(ms, 1e-20) ** 2, 1e9)
        q = stdtrit(np.clip(df, 1.0, 1e9), 0.975)
    half = np.where(variance > 1e-15, q * np.sqrt(np.maximum(variance, 0.0)), 2.0)  # no interval says nothing wrong
    return middle - half, middle + half


def _mean_interval(right: np.ndarray, what: What) -> tuple[Floats, Floats]:
    _, r, n = right.shape
    own, over_cases = right.mean(axis=2), right.mean(axis=1)
    p = own.mean(axis=1)
    var = (own * (1 - own)).mean(axis=1) / (n - 1)
    cov2 = (r * over_cases.var(axis=1, ddof=1) / n - var) / (r - 1)
    ms = own.var(axis=1, ddof=1)
    variance, df = mean_variance(r, float(n), var, cov2, ms, readers="random" if what == "random" else "fixed")
    return effective_wilson(p, variance, df, least=float(n), most=float(r * n))


def _switch_interval(rng: np.random.Generator, right: np.ndarray) -> tuple[Floats, Floats]:
    counted = rng.random(right.shape, np.float32) < ADVISED
    y, m = (right & counted).sum(axis=1).astype(np.float64), counted.sum(axis=1).astype(np.float64)
    ratio, variance, k = cluster_ratio(y, m)
    return effective_wilson(ratio, variance, k - 1, least=k, most=m.sum(axis=1))
