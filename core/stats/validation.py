"""Validation report: every reference answer of a public program against ours, data set x program x worst difference."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.stats.bdg import BdgArea, bdg
from core.stats.bdg_moments import Estimator
from core.stats.clustered import clustered_areas
from core.stats.estimate import StatsError
from core.stats.mrmc import Mrmc, mrmc
from core.stats.table import RATING_COLUMNS, Readings, read_rows, readings

BOUND = 1e-9  # relative; or 1e-12 absolute, for figures near 0
ABSOLUTE = 1e-12
Pair = tuple[str, float | None, float | None]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How one reference file is matched: figures compared, the worst relative difference and the figure it is in."""

    data: str
    program: str
    analysis: str
    figures: int
    worst: float
    figure: str

    @property
    def passed(self) -> bool:
        """Whether every figure is within the bound."""
        return self.worst <= BOUND


def validate(folder: Path) -> tuple[Agreement, ...]:
    """Compare with the references under `folder`: CSV files, and `reference` with the programs' answers.

    Raises StatsError where there are none.
    """
    found = []
    for path in sorted((folder / "reference").glob("*.json")):
        program, _, rest = path.stem.partition("__")
        compare = PROGRAMS.get(program)
        if compare is None:
            continue
        wanted = json.loads(path.read_text(encoding="utf-8"))
        for data, analysis, pairs in compare(folder, rest, wanted):
            found.append(_agreement(data, program, analysis, pairs))
    if not found:
        raise StatsError(f"{folder} has no reference answers; name the folder of the CSV files.")
    return tuple(found)


def _agreement(data: str, program: str, analysis: str, pairs: list[Pair]) -> Agreement:
    worst, name, number = 0.0, "", 0
    for figure, got, wanted in pairs:
        if wanted is None:
            continue
        number += 1
        if got is None:
            worst, name = float("inf"), f"{figure} is missing"
            continue
        gap = abs(got - wanted)
        relative = 0.0 if gap <= ABSOLUTE else gap / max(abs(wanted), ABSOLUTE)
        if relative >= worst:
            worst, name = relative, figure
    return Agreement(data, program, analysis, number, worst, name)


Found = Iterator[tuple[str, str, list[Pair]]]


def _study(folder: Path, name: str) -> Readings:
    return readings(read_rows(folder / f"{name}.csv", needed=RATING_COLUMNS))


def _mrmc(data: Readings, metric: str, covariance: str, factors: str) -> Mrmc:
    both: Any = {"rrrc": ("random", "random"), "frrc": ("fixed", "random"), "rrfc": ("random", "fixed")}[factors]
    readers, cases = both
    kind: Any = {"binary_sens_ge3": "sensitivity", "binary_spec_ge3": "specificity"}.get(metric, "auc")
    how: Any = {"DeLong": "delong", "none": "delong"}.get(covariance, covariance)
    return mrmc(
        data.values,
        data.truth,
        metric=kind,
        covariance=how,
        readers=readers,
        cases=cases,
        threshold=3,
        treatment_names=data.treatments,
        reader_names=data.readers,
    )  # fmt: skip


def _of_mrmcaov(folder: Path, name: str, wanted: dict[str, Any]) -> Found:
    data, metric, covariance, factors = name.split("__")
    ours, test = _mrmc(_study(folder, data), metric, covariance, factors), wanted["test_equality"][0]
    pairs: list[Pair] = [
        ("test", ours.test.value, test.get("F", test.get("X2"))), ("df2", ours.test.df2, test.get("df2")),
        ("p", ours.test.p, test["p-value"]), ("error variance", ours.components.var, wanted["var_error"]),
    ]  # fmt: skip
    for d, row in zip(ours.differences, wanted["test_diffs"], strict=True):
        ends = d.uncut or d.ci or (None, None)
        pairs += [(f"{d.a} - {d.b}", d.estimate, row["Estimate"]), ("SE", d.se, row["StdErr"]),
                  ("low", ends[0], row["CI.Lower"]), ("high", ends[1], row["CI.Upper"]),
                  ("p", d.p, row["p-value"])]  # fmt: skip
    for m, row in zip(ours.treatments, wanted["test_means"], strict=True):
        pairs += [(m.treatment, m.estimate, row["Estimate"]), ("SE of a mean", m.se, row["StdErr"])]
    yield data, f"{metric}, {covariance}, {factors}", pairs


def _of_imrmc(folder: Path, name: str, wanted: dict[str, Any]) -> Found:
    yield from _bdg(folder, f"imrmc2_{name}", {"ustat": wanted["Ustat"], "mle": wanted["MLE"]})


def _of_centred(folder: Path, name: str, wanted: dict[str, Any]) -> Found:
    yield from _bdg(folder, f"imrmc2_{name}", {"centred": wanted})


def _bdg(folder: Path, data: str, kinds: dict[Estimator, dict[str, Any]]) -> Found:
    study = _study(folder, data)
    for estimator, whole in kinds.items():
        ours = bdg(study.values, study.truth, estimator=estimator)
        pairs: list[Pair] = []
        for part, rows in (("modalities", ours.treatments), ("differences", ours.differences)):
            for area, row in zip(rows, whole[part], strict=True):
                pairs += _bdg_pairs(area, row)
        yield data, f"BDG, {estimator}", pairs


def _bdg_pairs(bdg_area: BdgArea, row: dict[str, Any]) -> list[Pair]:
    tested, ends = row.get("t_unrounded_df", row) or {}, bdg_area.uncut or bdg_area.ci or (None, None)
    return [("estimate", bdg_area.estimate, row["estimate"]), ("variance", bdg_area.variance, row["variance"]),
            ("df", bdg_area.df, row["df_bdg"]), ("p", bdg_area.p, tested.get("p")), ("low", ends[0], tested.get("low")),
            ("high", ends[1], tested.get("high"))]  # fmt: skip


def _of_clustered(folder: Path, _name: str, wanted: dict[str, Any]) -> Found:
    rows = read_rows(folder / "clustered_200.csv", needed=("patient", "truth", "test1", "test2"))
    number = {k: np.array(rows[k].values(), np.float64) for k in ("patient", "truth", "test1", "test2")}
    clusters = np.unique(number["patient"], return_inverse=True)[1].ravel()
    ours = clustered_areas(np.array([number["test1"], number["test2"]]), number["truth"] == 1, clusters)
    expected = wanted["clustered_200.csv"]
    pairs: list[Pair] = []
    for key, value in (("areas", ours.areas), ("covariance", ours.cov), ("S10", ours.s10), ("S01", ours.s01),
                       ("S11", ours.s11)):  # fmt: skip
        pairs += [(key, float(a), float(b)) for a, b in zip(np.ravel(value), np.ravel(expected[key]), strict=True)]
    yield "clustered_200", "Obuchowski 1997", pairs


def _of_rjafroc(folder: Path, name: str, wanted: dict[str, Any]) -> Found:
    data, _, rest = name.partition("__")
    if not rest.startswith("OR"):
        return
    study = _study(folder, data)
    for option, factors in (("RRRC", "rrrc"), ("FRRC", "frrc"), ("RRFC", "rrfc")):
        ours, theirs = _mrmc(study, "auc", "jackknife", factors), wanted[option][option]
        row = theirs["FTests"][0]
        pairs: list[Pair] = [("p", ours.test.p, row["p"])]
        for d, line in zip(ours.differences, theirs["ciDiffTrt"], strict=True):
            pairs += [(f"{d.a} - {d.b}", d.estimate, line["Estimate"]), ("SE", d.se, line["StdErr"])]
        yield data, f"OR, {option}", pairs


PROGRAMS = {
    "mrmcaov": _of_mrmcaov,
    "rjafroc": _of_rjafroc,
    "imrmc2": _of_imrmc,
    "centred2": _of_centred,
    "clustered2": _of_clustered,
}
