"""Which design a set of readings has, what an incomplete one leaves out, and readers nested in groups."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from core.stats.choices import Factor
from core.stats.estimate import Bools, Floats, Interval, StatsError, range_of_difference
from core.stats.obuchowski_rockette import (
    Components,
    Difference,
    EqualityTest,
    TreatmentMean,
    difference,
    equality_test,
    refuse_both_fixed,
    single_test,
)

IntArray = np.typing.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Study:
    """Readings (t, r, n) that an analysis can use, NaN where not read; the design found; notes on what was left out."""

    ratings: Floats
    truth: Bools
    treatments: tuple[str, ...]
    readers: tuple[str, ...]
    design: str
    notes: tuple[str, ...] = ()
    kept: Bools | None = None  # which of the given cases are used; None for all

    def nested(self) -> tuple[IntArray, Floats]:
        """For readers nested in treatments: the treatment index of each reader (r,) and its readings (r, n)."""
        which = (~np.isnan(self.ratings)).any(axis=2).argmax(axis=0)
        return which, self.ratings[which, np.arange(len(self.readers))]


def study_of(
    ratings: Floats,
    truth: Bools,
    *,
    metric: str = "auc",
    treatment_names: tuple[str, ...] | None = None,
    reader_names: tuple[str, ...] | None = None,
) -> Study:
    """Find the design of ratings (t, r, n), NaN where not read, by which reader read which case in which treatment.

    Designs as MRMCaov: factorial; cases nested in readers (each case has one reader); cases nested in treatments (each
    case has one treatment); besides, readers nested in treatments (each reader has one). Rule for incomplete designs: a
    reader with no usable figure in some treatment is left out and named. Raises StatsError where nothing can be
    estimated.
    """
    ratings = np.asarray(ratings, np.float64)
    truth = np.asarray(truth, bool)
    if ratings.ndim != 3 or truth.shape != ratings.shape[2:]:
        raise StatsError("Give ratings as treatments x readers x cases, and one truth a case.")
    t, r, _ = ratings.shape
    treatments = treatment_names or tuple(str(i + 1) for i in range(t))
    readers = reader_names or tuple(str(j + 1) for j in range(r))
    if t < 2:
        raise StatsError(
            "Column treatment: there is only one treatment; a comparison needs two or more, so add the rows of another."
        )
    for kind, count, needed in (
        ("positive", int(truth.sum()), metric != "specificity"),
        ("negative", int((~truth).sum()), metric != "sensitivity"),
    ):
        if needed and metric != "accuracy" and count == 0:
            raise StatsError(
                f"Column truth: no case is {kind} ({int(kind == 'positive')}); {metric} needs such cases, so add some."
            )
    read = ~np.isnan(ratings)
    usable = _usable(read, truth, metric)
    if (usable.sum(axis=0) == 1).all() and r > 1:
        keep = usable.any(axis=1)
        if not keep.all():
            raise StatsError(
                f"Nobody has readings to use in treatment {treatments[int(np.argmin(keep))]}; leave it out."
            )
        return Study(ratings, truth, treatments, readers, "readers nested in treatments")
    complete: Bools = np.asarray(usable.all(axis=0))
    if not complete.any():
        raise StatsError(
            "No reader has readings to use in every treatment; compare treatments that some readers both read, "
            "or give every reader just one."
        )
    notes = []
    if not complete.all():
        left = ", ".join(name for name, whole in zip(readers, complete.tolist(), strict=True) if not whole)
        notes.append(f"Left out, for lack of usable readings in some treatment: reader {left}.")
    ratings, read = ratings[:, complete], read[:, complete]
    some = read.any(axis=(0, 1))
    ratings, truth, read = ratings[:, :, some], truth[some], read[:, :, some]
    readers = tuple(name for name, whole in zip(readers, complete.tolist(), strict=True) if whole)
    design = design_of(read)
    if design == "incomplete":
        design = "factorial"  # as MRMCaov names it
        notes.append(
            f"Incomplete: {int((~read).sum())} of {read.size} readings are missing; each figure uses the cases its "
            "reader read, each covariance the cases that two figures share."
        )
    return Study(ratings, truth, treatments, readers, design, tuple(notes), np.asarray(some, bool))


def design_of(read: Bools) -> str:
    """Return the name of the design by which cells (t, r, n) were read; "incomplete" where none fits."""
    treatments, readers, _ = read.shape
    if readers > 1 and (read.any(axis=0).sum(axis=0) == 1).all():
        return "cases nested in readers"
    if treatments > 1 and (read.any(axis=1).sum(axis=0) == 1).all():
        return "cases nested in treatments"
    return "factorial" if read.all() else "incomplete"


def _usable(read: Bools, truth: Bools, metric: str) -> Bools:
    """Which cells (t, r) have the cases their figure of merit needs, from read (t, r, n)."""
    positive, negative = read[:, :, truth].any(axis=2), read[:, :, ~truth].any(axis=2)
    found = {"auc": positive & negative, "sensitivity": positive, "specificity": negative}
    return np.asarray(found.get(metric, positive | negative))


@dataclass(frozen=True, slots=True)
class Nested:
    """Groups of readers compared: each group's mean, differences (a - b), the test, components."""

    groups: tuple[TreatmentMean, ...]
    differences: tuple[Difference, ...]
    test: EqualityTest
    components: Components


def nested_readers(
    theta: Floats,
    groups: IntArray,
    cov: Floats | None,
    *,
    readers: Factor = "random",
    cases: Factor = "random",
    group_names: tuple[str, ...],
    bounds: Interval | None = (0.0, 1.0),
    level: float = 0.95,
) -> Nested:
    """Compare groups of different readers on the same cases: theta (N,), group index (N,), covariance cov (N, N).

    Hillis 2014 with the multiplier c = (N - sum n_g^2 / N) / (G - 1) of Cov2 - Cov3 (MRMCaov 0.3.0's is negative and
    wrong). Random readers: D = MS(R:G) + c max(Cov2 - Cov3, 0), df2 = D^2 (N - G) / MS(R:G)^2. Fixed readers: chi2 with
    D = Var - Cov2 + c (Cov2 - Cov3), not floored. Fixed cases: D = MS(R:G). A difference of two groups has variance
    MS(R:G)(1/n_a + 1/n_b) + 2 max(Cov2 - Cov3, 0). Raises StatsError where readers are random and no group has two.
    """
    refuse_both_fixed(readers, cases)
    n_all, g = theta.size, len(group_names)
    sizes = np.bincount(groups, minlength=g).astype(np.float64)
    if g < 2 or sizes.min() < 1:
        raise StatsError("A comparison of groups needs two groups or more, with a reader in each.")
    if readers == "random" and n_all <= g:
        raise StatsError("Every group has one reader: nothing tells readers from groups; use fixed readers.")
    if cov is None and cases == "random":
        raise StatsError("Too few cases for a covariance over cases; nothing can be tested.")
    means = np.array([theta[groups == i].mean() for i in range(g)])
    ms_g = float(sizes @ (means - theta.mean()) ** 2) / (g - 1)
    ms_r = float(np.sum((theta - means[groups]) ** 2)) / (n_all - g) if n_all > g else None
    ms = ms_r if ms_r and ms_r > 1e-20 else 0.0
    var = cov2 = cov3 = 0.0
    if cov is not None:
        same = groups[:, None] == groups[None, :]
        off = same & ~np.eye(n_all, dtype=bool)
        var = float(np.diag(cov).mean())
        cov2 = float(cov[off].mean()) if off.any() else 0.0
        cov3 = float(cov[~same].mean())
    multiplier = (n_all - float(sizes @ sizes) / n_all) / (g - 1)
    random_cases = cases == "random"
    gap = cov2 - cov3 if readers == "fixed" else max(cov2 - cov3, 0.0) * random_cases
    error = var - cov2 if readers == "fixed" else ms
    test = equality_test(
        ms_g, error + multiplier * gap, g - 1, ms_error=ms, df_error=n_all - g, chi2=readers == "fixed", scale=var
    )

    def compared(a: int, b: int) -> Difference:
        own = error * (1 / sizes[a] + 1 / sizes[b])
        whole = own + 2 * gap
        df = None if readers == "fixed" else (whole**2 * (n_all - g) / own**2 if own > 0 else np.inf)
        estimate = float(means[a] - means[b])
        return difference(
            group_names[a], group_names[b], estimate, whole, df, scale=var, bounds=range_of_difference(bounds),
            level=level,
        )  # fmt: skip

    return Nested(
        tuple(
            single_test(
                theta[groups == i], None if cov is None else cov[np.ix_(groups == i, groups == i)], readers=readers,
                cases=cases, treatment=name, bounds=bounds, level=level,
            )
            for i, name in enumerate(group_names)
        ),
        tuple(compared(a, b) for a, b in combinations(range(g), 2)),
        test,
        Components(var, None, cov2, cov3, ms_g, ms_r, None)
        if cov is not None
        else Components(None, None, None, None, ms_g, ms_r, None),
    )  # fmt: skip
