"""Multi-reader multi-case comparison of treatments: the design is found from the data, or refused in words."""

from dataclasses import dataclass
from itertools import combinations, product
from typing import Literal

import numpy as np

from core.stats.choices import Covariance, Factor, Metric
from core.stats.designs import Study, nested_readers, study_of
from core.stats.estimate import Bools, Floats, Interval, Ints, StatsError, range_of_difference
from core.stats.figures import Cells, metric_cells
from core.stats.obuchowski_rockette import (
    Components,
    Difference,
    EqualityTest,
    TreatmentMean,
    difference,
    equality_test,
    mean_covariances,
    mean_squares,
    refuse_both_fixed,
    single_test,
    variance_components,
)

Design = Literal["factorial", "cases nested in readers", "cases nested in treatments", "readers nested in treatments"]
ONE_TREATMENT = "there is one treatment: nothing to compare"

Parts = tuple[
    tuple[TreatmentMean, ...], tuple[Difference, ...], EqualityTest, Components, tuple[tuple[str, Difference], ...]
]


@dataclass(frozen=True, slots=True)
class Mrmc:
    """The whole analysis. `theta` holds (treatment, reader, figure); `notes` say what was left out, by which rule."""

    metric: str
    covariance: str
    readers: Factor
    cases: Factor
    design: str
    n_readers: int
    n_cases: int
    n_positive: int | None  # None where the figure does not tell positive from negative
    n_negative: int | None
    theta: tuple[tuple[str, str, float], ...]
    treatments: tuple[TreatmentMean, ...]
    differences: tuple[Difference, ...]
    test: EqualityTest
    components: Components
    reader_differences: tuple[tuple[str, Difference], ...] = ()
    notes: tuple[str, ...] = ()


def mrmc(
    ratings: Floats,
    truth: Bools,
    *,
    metric: Metric = "auc",
    covariance: Covariance = "jackknife",
    readers: Factor = "random",
    cases: Factor = "random",
    threshold: float | None = None,
    treatment_names: tuple[str, ...] | None = None,
    reader_names: tuple[str, ...] | None = None,
    clusters: Ints | None = None,
    level: float = 0.95,
) -> Mrmc:
    """Compare t treatments read by r readers: ratings (t, r, n), NaN where not read, truth (n,) True for positive.

    Obuchowski & Rockette 1995 with Hillis 2007's degrees of freedom; agrees with MRMCaov. Incomplete designs: a reader
    without figures in every treatment is left out (unless every reader has exactly one treatment, which is analysed as
    readers nested in treatments); each figure uses the cases its reader read, covariances the cases two figures share.
    What was left out stands in `notes`. `clusters` (n,) number what cases belong to, such as patients: the covariance
    is then Obuchowski 1997's for areas and Rao & Scott 1992's for proportions, whatever `covariance` says. Raises
    StatsError for fewer than two treatments, too few readers, one class only, or readers and cases both fixed.
    """
    refuse_both_fixed(readers, cases)
    study = study_of(ratings, truth, metric=metric, treatment_names=treatment_names, reader_names=reader_names)

    inside = None if clusters is None else clusters[study.kept] if study.kept is not None else clusters

    def cells(scores: Floats) -> Cells:
        return metric_cells(scores, study.truth, metric=metric, covariance=covariance, threshold=threshold,
                            clusters=inside)  # fmt: skip

    if study.design == "readers nested in treatments":
        groups, flat = study.nested()
        found = cells(flat)
        result = nested_readers(
            found.theta, groups, found.cov, readers=readers, cases=cases, group_names=study.treatments,
            bounds=found.bounds, level=level,
        )  # fmt: skip
        theta = tuple(
            (study.treatments[g], name, float(v)) for g, name, v in zip(groups, study.readers, found.theta, strict=True)
        )
        parts: Parts = (result.groups, result.differences, result.test, result.components, ())
    else:
        t, r, n = study.ratings.shape
        found = cells(study.ratings.reshape(t * r, n))
        theta = named_theta(found.theta, study.treatments, study.readers)
        parts = crossed_readers(found, study, readers=readers, cases=cases, level=level)
    notes = study.notes + ((found.reason,) if found.reason and cases == "fixed" else ())
    return Mrmc(
        metric, covariance if clusters is None else "clustered", readers, cases, study.design, len(study.readers),
        study.truth.size,
        int(study.truth.sum()), int((~study.truth).sum()), theta, *parts, notes,
    )  # fmt: skip


def analyse_cells(
    cells: Cells,
    *,
    metric: str,
    treatments: tuple[str, ...],
    readers: tuple[str, ...],
    readers_as: Factor = "random",
    cases_as: Factor = "random",
    covariance: str = "jackknife",
    n_cases: int,
    floor: bool = False,
    notes: tuple[str, ...] = (),
    level: float = 0.95,
) -> Mrmc:
    """The same for any figure of merit: cells.theta (t r,), treatment by treatment, and cells.cov (t r, t r) over
    cases.

    For readers crossed with treatments (Hillis 2014); of one treatment it is the mean. `floor` sets a negative Cov2 -
    Cov3 to 0 for fixed readers and in Var(TR), as RJafroc does. Raises StatsError as mrmc does.
    """
    refuse_both_fixed(readers_as, cases_as)
    t, r = len(treatments), len(readers)
    if t < 1 or r < 1 or cells.theta.size != t * r:
        raise StatsError("A comparison needs treatments, and one figure for each of their readers.")
    theta = named_theta(cells.theta, treatments, readers)
    names = Study(np.zeros((t, r, 0)), np.zeros(0, bool), treatments, readers, "factorial")
    if t == 1:
        parts = _one_treatment(cells, treatments[0], readers=readers_as, cases=cases_as, level=level)
    else:
        parts = crossed_readers(cells, names, readers=readers_as, cases=cases_as, floor=floor, level=level)
    design = "factorial" if t > 1 else "one treatment"
    return Mrmc(metric, covariance, readers_as, cases_as, design, r, n_cases, None, None, theta, *parts, notes=notes)


def named_theta(
    theta: Floats, treatments: tuple[str, ...], readers: tuple[str, ...]
) -> tuple[tuple[str, str, float], ...]:
    """The figure of every cell (t r,) with the names of its treatment and reader."""
    return tuple((a, b, float(value)) for (a, b), value in zip(product(treatments, readers), theta, strict=True))


def _refuse_too_little(cells: Cells, r: int, *, readers: Factor, cases: Factor) -> None:
    if cells.cov is None and cases == "random":
        raise StatsError(cells.reason or "No covariance over cases could be estimated.")
    if readers == "random" and r < 2:
        raise StatsError("One reader says nothing of readers at large; use fixed readers, or add readers.")


def _one_treatment(cells: Cells, name: str, *, readers: Factor, cases: Factor, level: float) -> Parts:
    """The mean over readers of one treatment with its interval; MS(R), Var and Cov2 of that treatment."""
    r = cells.theta.size
    _refuse_too_little(cells, r, readers=readers, cases=cases)
    mean = single_test(
        cells.theta, cells.cov, readers=readers, cases=cases, treatment=name, bounds=cells.bounds, level=level
    )
    var, _, cov2, _ = (None,) * 4 if cells.cov is None else mean_covariances(cells.cov, 1, r)
    components = Components(var, None, cov2, None, None, mean_squares(cells.theta[None, :])[1], None)
    return (mean,), (), no_test(readers, 0, ONE_TREATMENT), components, ()


def no_test(readers: Factor, df1: int, reason: str) -> EqualityTest:
    """The test of equality where there is none, with the reason why."""
    return EqualityTest("chi2" if readers == "fixed" else "F", None, df1, None, None, reason)


def crossed_readers(
    cells: Cells, study: Study, *, readers: Factor, cases: Factor, level: float, floor: bool = False
) -> Parts:
    """Means, differences, test, components and differences of single readers, for readers crossed with treatments.

    Denominators D (Hillis 2007, 2014): random readers and cases MS(T:R) + r max(Cov2 - Cov3, 0);
    fixed readers Var - Cov1 + (r - 1)(Cov2 - Cov3), as MRMCaov, with `floor` max(Cov2 - Cov3, 0), as RJafroc; fixed
    cases MS(T:R).
    """
    t, r = len(study.treatments), len(study.readers)
    theta = cells.theta.reshape(t, r)
    _refuse_too_little(cells, r, readers=readers, cases=cases)
    ms_t, ms_r, ms_tr = mean_squares(theta)
    var, cov1, cov2, cov3 = (
        mean_covariances(cells.cov, t, r, design=study.design) if cells.cov is not None else (0.0,) * 4
    )
    error, df_error, df = ms_tr, (t - 1) * (r - 1), None
    gap = max(cov2 - cov3, 0.0) if floor else cov2 - cov3
    if readers == "fixed":
        d = var - cov1 + (r - 1) * gap
    else:
        d = (ms_tr or 0.0) + (r * max(cov2 - cov3, 0.0) if cases == "random" else 0.0)
        df = d**2 * df_error / ms_tr**2 if ms_tr else np.inf
    test = equality_test(ms_t, d, t - 1, ms_error=error, df_error=df_error, chi2=readers == "fixed", scale=var)
    means = theta.mean(axis=1)
    span = range_of_difference(cells.bounds)
    differences = tuple(
        difference(study.treatments[a], study.treatments[b], float(means[a] - means[b]), 2 * d / r, df, scale=var,
                   bounds=span, level=level)
        for a, b in combinations(range(t), 2)
    )  # fmt: skip
    blocks = None if cells.cov is None else cells.cov.reshape(t, r, t, r)
    treatments = tuple(
        single_test(
            theta[i], None if blocks is None else blocks[i, :, i, :], readers=readers, cases=cases, treatment=name,
            nested=study.design == "cases nested in readers", bounds=cells.bounds, level=level,
        )
        for i, name in enumerate(study.treatments)
    )  # fmt: skip
    known = cells.cov is not None
    var_r, var_tr = variance_components(ms_r, ms_tr, var, (cov1, cov2, cov3), gap, t) if known else (None, None)
    components = (
        Components(var, cov1, cov2, cov3, ms_t, ms_r, ms_tr, var_r, var_tr)
        if known
        else Components(None, None, None, None, ms_t, ms_r, ms_tr)
    )
    single = () if blocks is None else reader_differences(theta, blocks, study, bounds=span, level=level)
    return treatments, differences, test, components, single


def reader_differences(
    theta: Floats, blocks: Floats, study: Study, *, bounds: Interval | None, level: float
) -> tuple[tuple[str, Difference], ...]:
    """Differences of treatments for each reader by themselves, theta (t, r) and blocks (t, r, t, r): that reader only.

    Variance 2 (Var_j - Cov1_j) from reader j's cells, normal (as RJafroc `ciDiffTrtEachRdr`; MRMCaov 0.3.0 prints the
    same standard errors, but with three treatments or more beside the wrong readers).
    """
    t = len(study.treatments)
    found = []
    for j, name in enumerate(study.readers):
        var, cov1, _, _ = mean_covariances(blocks[:, j, :, j], t, 1)
        for a, b in combinations(range(t), 2):
            gap = float(theta[a, j] - theta[b, j])
            found.append(
                (name, difference(study.treatments[a], study.treatments[b], gap, 2 * (var - cov1), None, scale=var,
                                  bounds=bounds, level=level))
            )  # fmt: skip
    return tuple(found)
