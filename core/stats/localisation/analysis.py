"""Obuchowski-Rockette analysis of a localisation figure: treatments compared, one treatment, or an AI with readers."""

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from core.stats.choices import Factor
from core.stats.estimate import Interval, StatsError
from core.stats.figures import Cells, jackknifed_cells
from core.stats.localisation.figures import Figure, compute
from core.stats.localisation.marks import Marks
from core.stats.mrmc import ONE_TREATMENT, Mrmc, analyse_cells, named_theta, no_test
from core.stats.obuchowski_rockette import RELATIVE, Components, Difference, TreatmentMean, refuse_both_fixed
from core.stats.standalone import Standalone, ai_against_readers

UNCUT = (-np.inf, np.inf)  # intervals are not cut at 0 or 1, as in RJafroc; MaxNLF has no upper end
NO_TEST = "this figure is shown without a test, as in RJafroc"
TOO_FEW = (
    "does not exist once some case or cluster is left out: there are too few cases of a kind; add some, or treat cases "
    "as fixed."
)


def cells_of(marks: Marks, figure: Figure) -> Cells:
    """The figure of every cell with its jackknife covariance; covariance None, with the reason, where there is none."""
    found = compute(figure, marks)
    if found.without is None:
        return Cells(found.whole, None, NO_TEST, UNCUT)
    cells = jackknifed_cells(found.whole, found.without, bounds=UNCUT)
    if cells.cov is not None:
        return cells
    return replace(cells, reason=f"{figure.name} {TOO_FEW}")


def compare(
    marks: Marks,
    figure: Figure,
    *,
    readers: Factor | None = None,
    cases: Factor = "random",
    floor: bool = False,
    level: float = 0.95,
) -> Mrmc:
    """Treatments compared on one figure of merit (RRRC, FRRC or RRFC; Hillis 2007), or one treatment's mean.

    `readers` None means random, fixed for one reader. `floor` sets a negative Cov2 - Cov3 to 0 for fixed readers and in
    Var(TR), as RJafroc does; otherwise it enters as it is, as in MRMCaov. Raises StatsError as `mrmc` does.
    """
    r = len(marks.readers)
    factor: Factor = readers or ("random" if r > 1 else "fixed")
    refuse_both_fixed(factor, cases)
    notes = marks.notes + _clusters(marks)
    if readers is None and r == 1:
        notes = (*notes, "One reader: treated as fixed, so nothing is said of readers at large.")
    cells = cells_of(marks, figure)
    diseased = marks.truth.diseased
    if cells.reason == NO_TEST:
        found = _shown_only(marks, cells, factor, cases)
    else:
        found = analyse_cells(
            cells, metric=figure.name, treatments=marks.treatments, readers=marks.readers, readers_as=factor,
            cases_as=cases, n_cases=diseased.size, floor=floor, level=level,
        )  # fmt: skip
        notes += _on_floor(found, floor=floor)
    if cells.cov is None and cases == "fixed" and cells.reason:
        notes = (*notes, cells.reason)
    return replace(
        found, metric=figure.name, n_positive=int(diseased.sum()), n_negative=int((~diseased).sum()),
        notes=notes + _beyond(figure, found),
    )  # fmt: skip


def ai_against(
    marks: Marks,
    figure: Figure,
    ai: str,
    *,
    readers: Factor | None = None,
    cases: Factor = "random",
    margin: float | None = None,
    level: float = 0.95,
) -> Standalone:
    """The reader named `ai` against the other readers of one treatment (RJafroc 1T-RRRC and 1T-RRFC; fixed readers).

    The result is AI minus readers, as in `standalone`; RJafroc's psi is readers minus AI: see `psi`. Raises StatsError
    for a reader that is not there, several treatments, and a figure without a test.
    """
    check_ai(marks, ai)
    cells = cells_of(marks, figure)
    if cells.reason == NO_TEST:
        raise StatsError(f"{figure.name} is shown without a test, so it cannot compare an AI; choose another figure.")
    at = marks.readers.index(ai)
    order = [at, *(j for j in range(len(marks.readers)) if j != at)]
    cov = None if cells.cov is None else cells.cov[np.ix_(order, order)]
    found = ai_against_readers(
        replace(cells, theta=cells.theta[order], cov=cov), readers_as=readers, cases_as=cases, margin=margin,
        level=level, notes=marks.notes + _clusters(marks),
    )  # fmt: skip
    return found if figure.low_is_good else replace(found, notes=found.notes + _uncut([(found.ci, (-1.0, 1.0))]))


def check_ai(marks: Marks, ai: str) -> None:
    """Raise StatsError for an AI that is not there, that is alone, or several treatments."""
    if ai not in marks.readers:
        raise StatsError(f"No row is of the reader '{ai}'; --ai names one of {', '.join(marks.readers)}.")
    if len(marks.readers) < 2:
        raise StatsError(f"Every row is of the reader '{ai}'; add the rows of the readers to compare it with.")
    if len(marks.treatments) > 1:
        raise StatsError("An AI is compared with readers in one treatment; keep the rows of one.")


@dataclass(frozen=True, slots=True)
class Psi:
    """Readers minus AI, RJafroc's sign: a negative value means the AI's figure is higher."""

    difference: float
    ci: Interval | None


def psi(found: Standalone) -> Psi:
    """The comparison with the sign turned over."""
    return Psi(-found.difference, None if found.ci is None else (-found.ci[1], -found.ci[0]))


def _shown_only(marks: Marks, cells: Cells, readers: Factor, cases: Factor) -> Mrmc:
    """Means and differences of a figure that has no test."""
    t, r = len(marks.treatments), len(marks.readers)
    means = cells.theta.reshape(t, r).mean(axis=1).tolist()
    return Mrmc(
        "", "none", readers, cases, "factorial", r, len(marks.truth.cases), None, None,
        named_theta(cells.theta, marks.treatments, marks.readers),
        tuple(TreatmentMean(a, m, None, None, None, NO_TEST) for a, m in zip(marks.treatments, means, strict=True)),
        tuple(
            Difference(marks.treatments[a], marks.treatments[b], means[a] - means[b], None, None, None, None, NO_TEST)
            for a, b in combinations(range(t), 2)
        ),
        no_test(readers, t - 1, NO_TEST if t > 1 else ONE_TREATMENT),
        Components(*[None] * 7),
    )  # fmt: skip


def _on_floor(found: Mrmc, *, floor: bool) -> tuple[str, ...]:
    """A note where Cov2 < Cov3: whether the difference was set to 0."""
    c = found.components
    if c.var is None or c.cov2 is None or c.cov3 is None or found.n_readers < 2:
        return ()
    gap = c.cov2 - c.cov3
    if gap >= -RELATIVE * c.var:
        return ()
    if floor:
        return (f"Cov2 - Cov3 is negative ({gap:.3g}) and set to 0, as in RJafroc.",)
    where = "the test with fixed readers and in Var(TR)" if found.readers == "fixed" else "Var(TR)"
    return (
        f"Cov2 - Cov3 is negative ({gap:.3g}) and enters {where} as it is, as in MRMCaov; "
        "--floor sets it to 0, as RJafroc does.",
    )


def _clusters(marks: Marks) -> tuple[str, ...]:
    """A note where several cases belong to a cluster."""
    groups, n = int(marks.truth.cluster.max()) + 1, len(marks.truth.cases)
    return (f"{n} cases in {groups} clusters: the jackknife leaves out a cluster at a time.",) if groups < n else ()


def _beyond(figure: Figure, found: Mrmc) -> tuple[str, ...]:
    """A note where an interval leaves the range of its figure, or of a difference of two such figures."""
    if figure.low_is_good:  # marks a case have no upper end
        return _uncut([(m.ci, (0.0, np.inf)) for m in found.treatments])
    return _uncut([(m.ci, (0.0, 1.0)) for m in found.treatments] + [(d.ci, (-1.0, 1.0)) for d in found.differences])


def _uncut(intervals: list[tuple[Interval | None, Interval]]) -> tuple[str, ...]:
    if any(ci is not None and (ci[0] < span[0] or ci[1] > span[1]) for ci, span in intervals):
        return ("An interval goes beyond the possible range: as in RJafroc, it is not cut; few readers or cases.",)
    return ()
