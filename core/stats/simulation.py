"""Simulated studies put through the analyses: size, power, and speed."""

import csv
import io
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from core.stats.analyse import analyse
from core.stats.bdg import bdg
from core.stats.choices import Covariance, Factor
from core.stats.estimate import Bools, Floats
from core.stats.figures import COVARIANCES
from core.stats.localisation.analysis import compare as compare_marks
from core.stats.localisation.figures import FIGURES
from core.stats.localisation.made_up import made_up_marks
from core.stats.mrmc import mrmc
from core.stats.reads import AiReads, ReadTable
from core.stats.roe_metz import Rejections, Simulated, Variances, rejection_rate, simulate
from core.stats.table import AI, RATING_COLUMNS, read_rows, readings


@dataclass(frozen=True, slots=True)
class Plan:
    """A study to simulate: expected areas of the treatments, readers, cases, variances, rating levels (None
    continuous).
    """

    areas: tuple[float, ...]
    readers: int
    positives: int
    negatives: int
    variances: Variances
    levels: int | None = None


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of one analysis inside the process, reading the file not counted, and the process's peak memory.

    `cpu_s` is the least processor time, which other work on the machine changes less than `best_s` by the clock.
    """

    study: str
    covariance: str
    best_s: float
    cpu_s: float
    first_s: float
    peak_mb: float


def study(plan: Plan, *, seed: int | np.random.Generator) -> Simulated:
    """One study of a plan."""
    return simulate(
        areas=plan.areas, readers=plan.readers, positives=plan.positives, negatives=plan.negatives,
        variances=plan.variances, levels=plan.levels, seed=seed,
    )  # fmt: skip


def study_csv(plan: Plan, *, seed: int) -> str:
    """One simulated study as CSV text with columns reader,treatment,case,truth,rating."""
    found = study(plan, seed=seed)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(RATING_COLUMNS)
    t, r, n = found.ratings.shape
    for i in range(t):
        for j in range(r):
            writer.writerows(
                (j + 1, i + 1, k + 1, int(found.truth[k]), f"{found.ratings[i, j, k]:.6g}") for k in range(n)
            )
    return out.getvalue()


def rejections(
    plan: Plan,
    *,
    repeats: int,
    covariance: Covariance = "delong",
    readers_as: Factor = "random",
    cases_as: Factor = "random",
    alpha: float = 0.05,
    seed: int,
) -> Rejections:
    """How often the MRMC test of equal areas rejects on studies of a plan (Roe & Metz 1997)."""

    def p_value(rng: np.random.Generator) -> float | None:
        found = study(plan, seed=rng)
        return mrmc(found.ratings, found.truth, covariance=covariance, readers=readers_as, cases=cases_as).test.p

    return rejection_rate(p_value, repeats=repeats, alpha=alpha, seed=seed)


def benchmark(path: Path | None, *, large: bool) -> tuple[Timing, ...]:
    """Time the three covariances on a CSV or a simulated 2 x 20 x 1000 study, and FROC figures on marks of that size;
    if `large`, DeLong on 2 x 100 x 10,000 and the whole analysis of 100 readers x 1,000 cases.
    """
    if path is None:
        rng = np.random.default_rng(1)
        truth = np.arange(1000) < 500
        ratings = np.round(50 + 15 * (rng.normal(0, 1, (2, 20, 1000)) + truth))
        name = "2 x 20 x 1000 simulated"
    else:
        data = readings(read_rows(path, needed=RATING_COLUMNS))
        ratings, truth, name = data.values, data.truth, path.name

    def run(values: Floats, labels: Bools, covariance: Covariance) -> Callable[[], object]:
        return lambda: mrmc(values, labels, covariance=covariance)

    rows = [_timed(name, c, run(ratings, truth, c), times=5) for c in COVARIANCES]
    rows.append(_timed(name, "BDG", lambda: bdg(ratings, truth), times=5))
    marks = made_up_marks(treatments=2, readers=20, cases=1000)
    for fom in (FIGURES["wafroc"], FIGURES["afroc1"]):
        study = f"marks 2 x 20 x 1000, {fom.name}"
        rows.append(_timed(study, "jackknife", partial(compare_marks, marks, fom), times=3))
    if large:
        rng = np.random.default_rng(2)
        truth = np.arange(10_000) < 5_000
        ratings = rng.normal(0, 1, (2, 100, 10_000)) + truth
        rows.append(_timed("2 x 100 x 10000 simulated", "delong", run(ratings, truth, "delong"), times=1))
        table = reads_to_time(readers=100, cases=1000)
        rows.append(_timed("analyse, 100 readers x 1000 cases", "jackknife", lambda: analyse(table), times=1))
    return tuple(rows)


def reads_to_time(*, readers: int, cases: int) -> ReadTable:
    """Reads of three classes with ratings and times by two groups and the AI, made up for timing only."""
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 3, cases)
    scores = np.round(50 + 15 * (rng.normal(0, 1, (readers + 1, cases, 3)) + 1.5 * np.eye(3)[truth]))
    prediction = scores.argmax(axis=2)
    seconds = np.exp(rng.normal(3.5, 0.4, (readers + 1, cases)))
    nothing = np.full_like(scores, np.nan)
    names = tuple(f"reader {j + 1}" for j in range(readers))
    return ReadTable(
        classes=("a", "b", "c"), cases=tuple(str(k + 1) for k in range(cases)), truth=truth, readers=names,
        groups=tuple("novice" if j < readers // 2 else "expert" for j in range(readers)), arms=("",),
        prediction=prediction[None, 1:], scores=scores[None, 1:], probabilities=nothing[None, 1:],
        seconds=seconds[None, 1:], position=np.full((1, readers, cases), np.nan),
        ais=(AiReads(AI, prediction[0], scores[0], nothing[0], seconds[0]),),
    )  # fmt: skip


def _timed(study_name: str, covariance: str, work: Callable[[], object], *, times: int) -> Timing:
    seconds, cpu = [], []
    for _ in range(times):
        start, used = time.perf_counter(), time.process_time()
        work()
        seconds.append(time.perf_counter() - start)
        cpu.append(time.process_time() - used)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Timing(study_name, covariance, min(seconds), min(cpu), seconds[0], peak)
