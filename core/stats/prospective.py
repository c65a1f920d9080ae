"""Power of a planned study by simulation: its own endpoint and test, on diagnoses and ratings drawn for its size.

Diagnoses: a reader is right on a case where a decision variable with the variance components of Roe & Metz (1997) is
above 0; a wrong call is one of the other classes. Areas: ratings of the class by the same model.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
from scipy.special import ndtri

from core.stats.choices import Factor
from core.stats.confusion import Codes, class_cells, figure_cells
from core.stats.estimate import Floats, StatsError
from core.stats.figures import Cells, auc_cells
from core.stats.mrmc import analyse_cells
from core.stats.roe_metz import STRUCTURES, Rejections, Variances, rejection_rate, separation
from core.stats.standalone import ai_against_readers, check_margin, one_sided

Endpoint = Literal["accuracy", "balanced accuracy", "macro F1", "sensitivity", "specificity", "AUC"]
Progress = Callable[[int, int], None]
FEWEST_RANDOM = 3  # readers who can stand for readers at large
STEPS = (0.5, 1.0, 1.5, 2.0, 3.0)  # of the planned cases


@dataclass(frozen=True, slots=True)
class PlannedStudy:
    """What is planned and assumed: the figure of the readers (of unaided reads), and how much higher the AI's is.

    `of_class` is how many cases of each class there are, `target` the place of the class of a sensitivity, specificity
    or area. `arms`: aided against unaided reads instead of an AI against readers. With `margin` the test is that of
    non-inferiority, one-sided at alpha / 2.
    """

    endpoint: Endpoint
    of_class: tuple[int, ...]
    readers: int
    figure: float
    difference: float
    target: int = 0
    arms: bool = False
    margin: float | None = None
    alpha: float = 0.05
    readers_as: Factor = "random"
    variances: Variances = STRUCTURES["HL"]

    @property
    def cases(self) -> int:
        """All cases."""
        return sum(self.of_class)

    @property
    def factor(self) -> Factor:
        """How readers are taken: as planned, but fewer than three cannot stand for others."""
        return "fixed" if self.readers < FEWEST_RANDOM else self.readers_as

    def with_cases(self, cases: int) -> "PlannedStudy":
        """The same with so many cases, the mix of classes kept and two of each class at least."""
        return replace(self, of_class=apportioned(self.of_class, cases))


@dataclass(frozen=True, slots=True)
class PlannedPower:
    """Power `at` half to three times the planned cases, and with twice the readers; `enough` cases reach the target.

    `enough` is None where the most cases simulated do not.
    """

    planned: Rejections
    at: tuple[tuple[int, Rejections], ...]
    enough: int | None
    doubled: tuple[tuple[int, Rejections], ...]
    enough_doubled: int | None
    target: float


def apportioned(shares: tuple[int, ...], cases: int) -> tuple[int, ...]:
    """So many cases split as `shares`, two or more of each class."""
    whole = sum(shares)
    exact = [cases * share / whole for share in shares]
    given = [math.floor(part) for part in exact]
    for k in sorted(range(len(shares)), key=lambda k: given[k] - exact[k])[: cases - sum(given)]:
        given[k] += 1
    return tuple(max(2, n) for n in given)


def planned_power(
    plan: PlannedStudy, *, target: float = 0.8, repeats: int = 200, seed: int = 1, on_progress: Progress | None = None
) -> PlannedPower:
    """Power of the plan, and of the same study with half to three times its cases, with its readers and twice as many.

    `on_progress(done, all)` counts simulated studies. Raises StatsError for a plan that cannot be drawn.
    """
    check(plan)
    done, everything = 0, 2 * repeats * len(STEPS)

    def counted(rng: np.random.Generator, own: PlannedStudy) -> float | None:
        nonlocal done
        done += 1
        if on_progress is not None:
            on_progress(done, everything)
        return p_value(own, rng)

    def powers(readers: int) -> list[tuple[int, Rejections]]:
        sizes = [plan.with_cases(max(1, round(step * plan.cases))) for step in STEPS]
        sizes[STEPS.index(1.0)] = plan
        found = []
        for size in sizes:
            drawn = partial(counted, own=replace(size, readers=readers))
            found.append((size.cases, rejection_rate(drawn, repeats=repeats, alpha=plan.alpha, seed=seed)))
        return found

    at, doubled = powers(plan.readers), powers(2 * plan.readers)
    return PlannedPower(
        at[STEPS.index(1.0)][1], tuple(at), _enough(at, target), tuple(doubled), _enough(doubled, target), target
    )


def check(plan: PlannedStudy) -> None:
    """Raise StatsError for what cannot be planned, in words for the person who entered it."""
    check_margin(plan.margin)
    wanted = plan.figure + plan.difference
    for wrong, sentence in (
        (not 0 < plan.figure < 1, "The expected figure of the readers must lie between 0 and 100 %."),
        (not 0 < wanted < 1, f"The readers' figure and the difference add up to {wanted:.0%}; keep it inside 0 to 1."),
        (plan.readers < 1, "Plan at least one reader."),
        (len(plan.of_class) < 2 or min(plan.of_class) < 2, "Plan two cases or more of each class."),
        (not 0 <= plan.target < len(plan.of_class), "Choose the class of the endpoint."),
        (plan.margin is None and plan.difference == 0, "Say what difference is to be shown, such as 5 points."),
        (
            plan.margin is not None and plan.difference <= -plan.margin,
            "The expected loss is no smaller than the margin: non-inferiority would be false.",
        ),
    ):
        if wrong:
            raise StatsError(sentence)


def p_value(plan: PlannedStudy, rng: np.random.Generator) -> float | None:
    """Two-sided p of one drawn study, 1 where it points the wrong way; of non-inferiority twice the one-sided p."""
    try:
        cells = _drawn(plan, rng)
        if plan.arms:
            names = tuple(str(j) for j in range(plan.readers))
            whole = analyse_cells(
                cells, metric=plan.endpoint, treatments=("aided", "unaided"), readers=names, readers_as=plan.factor,
                n_cases=plan.cases,
            )  # fmt: skip
            gap = whole.differences[0]
            estimate, se, df, p = gap.estimate, gap.se, gap.df, gap.p
        else:
            found = ai_against_readers(cells, readers_as=plan.factor)
            estimate, se, df, p = found.difference, found.se, found.df, found.p
    except StatsError:  # a drawn study that could not be analysed shows nothing
        return None
    if plan.margin is not None:
        return None if not se else 2 * one_sided((estimate + plan.margin) / se, df)
    return p if p is None or estimate * plan.difference > 0 else 1.0


def _drawn(plan: PlannedStudy, rng: np.random.Generator) -> Cells:
    """The endpoint of aided, then unaided reads, or of the AI, then the readers, with its covariance over cases."""
    truth = np.repeat(np.arange(len(plan.of_class)), plan.of_class)
    first, second = plan.figure + plan.difference, plan.figure
    if plan.endpoint == "AUC":
        return auc_cells(_ratings(plan, truth == plan.target, (first, second), rng), truth == plan.target)
    v = plan.variances
    total = math.sqrt(sum((v.reader, v.treatment_reader, v.case, v.treatment_case, v.reader_case, v.rest)))
    machine = total if plan.arms else math.sqrt(v.case + v.treatment_case + v.reader_case + v.rest)
    shifts = np.array([float(ndtri(first)) * machine, float(ndtri(second)) * total])
    right = _decision(plan, truth.size, rng) + _by_row(plan, shifts)[:, None] > 0
    return _cells(plan, truth, _called(plan, truth, right, rng))


def _cells(plan: PlannedStudy, truth: Codes, prediction: Codes) -> Cells:
    if plan.endpoint in ("sensitivity", "specificity"):
        return class_cells(truth, prediction, plan.endpoint, target=plan.target)
    return figure_cells(truth, prediction, plan.endpoint, classes=len(plan.of_class))


def _ratings(plan: PlannedStudy, positive: np.ndarray, areas: tuple[float, float], rng: np.random.Generator) -> Floats:
    own = plan.variances
    machine = own if plan.arms else replace(own, reader=0.0, treatment_reader=0.0)
    shifts = np.array([separation(areas[0], machine), separation(areas[1], own)])
    people = _people(plan, rng)
    drawn = _cases(plan, positive.size, rng) + np.where(positive, _by_row(plan, shifts)[:, None], 0.0)
    return drawn + np.where(positive, people[:, None], _people(plan, rng)[:, None])


def _called(plan: PlannedStudy, truth: Codes, right: np.ndarray, rng: np.random.Generator) -> Codes:
    """Predictions (m, n): the truth where right, else another class; for a specificity a wrong call is its class."""
    classes = len(plan.of_class)
    other = (truth + rng.integers(1, classes, right.shape)) % classes
    if plan.endpoint == "specificity":
        other = np.where(truth == plan.target, other, plan.target)
    return np.asarray(np.where(right, truth, other), np.int64)


def _by_row(plan: PlannedStudy, of_arm: Floats) -> Floats:
    """A value of each arm, or of AI and readers, for every row (m,)."""
    return np.repeat(of_arm, [plan.readers, plan.readers] if plan.arms else [1, plan.readers])


def _decision(plan: PlannedStudy, n: int, rng: np.random.Generator) -> Floats:
    return _people(plan, rng)[:, None] + _cases(plan, n, rng)


def _people(plan: PlannedStudy, rng: np.random.Generator) -> Floats:
    """What is of the reader (m,): nothing for an AI."""
    v, r = plan.variances, plan.readers
    reader = rng.normal(0, math.sqrt(v.reader), r)
    own = [reader + rng.normal(0, math.sqrt(v.treatment_reader), r) for _ in range(2 if plan.arms else 1)]
    return np.concatenate([*([] if plan.arms else [np.zeros(1)]), *own])


def _cases(plan: PlannedStudy, n: int, rng: np.random.Generator) -> Floats:
    """What is of the case, the case in one arm, the case for one reader, and the rest (m, n)."""
    v, r = plan.variances, plan.readers
    case = rng.normal(0, math.sqrt(v.case), n)
    of_arm = case + rng.normal(0, math.sqrt(v.treatment_case), (2, n))
    of_reader = rng.normal(0, math.sqrt(v.reader_case), (r, n))
    seen = [of_reader, of_reader] if plan.arms else [rng.normal(0, math.sqrt(v.reader_case), (1, n)), of_reader]
    return np.concatenate([
        part + of_arm[k] + rng.normal(0, math.sqrt(v.rest), part.shape) for k, part in enumerate(seen)
    ])  # fmt: skip


def _enough(at: list[tuple[int, Rejections]], target: float) -> int | None:
    """Cases at which the power first reaches the target, between two simulated sizes in proportion to sqrt(cases)."""
    before: tuple[float, float] | None = None
    for cases, rate in at:
        power = rate.rate.value or 0.0
        if power >= target:
            if before is None or power <= before[1]:
                return cases
            share = (target - before[1]) / (power - before[1])
            return math.ceil((before[0] + share * (math.sqrt(cases) - before[0])) ** 2)
        before = (math.sqrt(cases), power)
    return None
