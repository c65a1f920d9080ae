"""What must hold for all marks: the definitions, invariances, and a number or a reason, never NaN."""

import json
import random
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.cli.show import as_json
from core.cli.show_localisation import ai_json, ai_text, comparison_json, comparison_text
from core.stats.columns import parse_rows
from core.stats.estimate import StatsError
from core.stats.localisation.analysis import ai_against, compare
from core.stats.localisation.curves import operating_points
from core.stats.localisation.figures import FIGURES, Figure, compute
from core.stats.localisation.lroc import lroc_figure
from core.stats.localisation.marks import MARK_COLUMNS, Marks, marks_of
from core.stats.localisation.truth import TRUTH_COLUMNS, truth_of
from tests.stats.localisation import brute

quick = settings(max_examples=40, deadline=None)
LROC = [lroc_figure("wilcoxon", 1), *(lroc_figure(name, at) for name in ("alroc", "pcl") for at in (0.2, 0.5, 1))]


@dataclass(frozen=True)
class Study:
    """Marks by (treatment, reader) as the brute force reads them, and as the rows of a file."""

    lesions: brute.Lesions
    cells: dict[tuple[str, str], brute.Cell]

    def rows(self) -> list[str]:
        return [
            f"{r},{t},{case},{kind},{lesion or ''},{'' if kind == 'none' else rating}"
            for (t, r), cell in self.cells.items()
            for case, marks in cell.items()
            for kind, lesion, rating in marks or [("none", 0, 0.0)]
        ]

    def truth(self) -> list[str]:
        return [
            row
            for case, lesions in self.lesions.items()
            for row in ([f"{case},1,{n},{w!r}" for n, w in lesions.items()] or [f"{case},0,0,0"])
        ]

    def marks(self, *, forced: bool = False) -> Marks:
        return read(self.rows(), self.truth(), forced=forced)


def read(rows: list[str], truth: list[str], *, forced: bool = False) -> Marks:
    known = truth_of(parse_rows("\n".join([",".join(TRUTH_COLUMNS), *truth]), needed=TRUTH_COLUMNS))
    return marks_of(parse_rows("\n".join([",".join(MARK_COLUMNS), *rows]), needed=MARK_COLUMNS), known, forced=forced)


@st.composite
def studies(draw: st.DrawFn, *, forced: bool = False, treatments: int = 2) -> Study:
    """Few cases and ratings, so ties, unmarked cases and one-sided truth are common; a reader may be duplicated."""
    n, top = draw(st.integers(2, 7)), draw(st.sampled_from([0, 1, 4]))
    lesions: brute.Lesions = {}
    for k in range(n):
        count = draw(st.integers(0, 1 if forced else 3))
        parts = [draw(st.integers(1, 3)) for _ in range(count)]
        lesions[f"c{k}"] = {i + 1: part / sum(parts) for i, part in enumerate(parts)}
    rating = st.integers(0, top).map(float)
    silent = draw(st.booleans()) and not forced

    def marks(case: str) -> list[brute.Mark]:
        if silent:
            return []
        kinds = [("nonlesion", 0), *(("lesion", lesion) for lesion in lesions[case])]
        chosen = draw(st.lists(st.sampled_from(kinds), min_size=forced, max_size=1 if forced else 3))
        return [(kind, lesion, draw(rating)) for kind, lesion in chosen]

    names = [
        (f"t{i}", f"r{j}") for i in range(draw(st.integers(1, treatments))) for j in range(draw(st.integers(1, 3)))
    ]
    readers = {r for _, r in names}
    cells = {name: {case: marks(case) for case in lesions} for name in product(sorted({t for t, _ in names}), readers)}
    if draw(st.booleans()):
        cells |= {(t, "twin"): cell for (t, r), cell in list(cells.items()) if r == "r0"}
    return Study(lesions, cells)


def same(found: float, expected: float | None) -> bool:
    return bool(np.isnan(found)) if expected is None else abs(found - expected) < 1e-12


@quick
@given(studies())
def test_every_figure_is_its_definition_whole_and_with_each_case_left_out(study: Study):
    marks = study.marks()
    sound, sick = brute.split(study.lesions)
    for name, figure in FIGURES.items():
        of = brute.FIGURES[name]
        try:
            found = compute(figure, marks)
        except StatsError:
            cell = next(iter(study.cells.values()))
            with pytest.raises(ZeroDivisionError):
                of(cell, study.lesions)
            continue
        out = (sound, sick)[brute.LEFT_OUT[name]] if name in brute.LEFT_OUT else list(study.lesions)
        for i, (t, r) in enumerate(product(marks.treatments, marks.readers)):
            cell = study.cells[t, r]
            assert same(found.whole[i], of(cell, study.lesions)), name
            for k, case in enumerate(out if found.without is not None else []):
                assert same(found.without[i, k], brute.without(of, cell, study.lesions, case)), (name, case)


@quick
@given(studies(forced=True))
def test_every_lroc_figure_is_its_definition_whole_and_with_each_case_left_out(study: Study):
    sound, sick = brute.split(study.lesions)
    if not sound or not sick:
        return
    marks = study.marks(forced=True)
    for name, at in product(("alroc", "pcl"), (0.2, 1 / 3, 1.0)):
        found = compute(lroc_figure(name, at), marks)

        def of(cell: brute.Cell, lesions: brute.Lesions, at: float = at, area: bool = name == "alroc") -> float:
            return brute.lroc(cell, lesions, at, area=area)

        for i, (t, r) in enumerate(product(marks.treatments, marks.readers)):
            cell = study.cells[t, r]
            assert same(found.whole[i], of(cell, study.lesions))
            for k, case in enumerate(study.lesions):
                assert same(found.without[i, k], brute.without(of, cell, study.lesions, case)), (name, at, case)


@quick
@given(st.booleans().flatmap(lambda forced: st.tuples(st.just(forced), studies(forced=forced))), st.data())
def test_a_cluster_of_cases_is_left_out_whole(drawn: tuple[bool, Study], data: st.DataObject):
    forced, study = drawn
    sound, sick = brute.split(study.lesions)
    if not sound or not sick:
        return
    marks = study.marks(forced=forced)
    names = list(marks.truth.cases)
    drawn_numbers = np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(names), max_size=len(names))))
    cluster = np.unique(drawn_numbers, return_inverse=True)[1]
    marks = replace(marks, truth=replace(marks.truth, cluster=cluster))
    figures = {name: (figure, brute.FIGURES[name]) for name, figure in FIGURES.items()}
    if forced:
        figures |= {
            "alroc": (lroc_figure("alroc", 0.5), lambda c, t: brute.lroc(c, t, 0.5, area=True)),
            "pcl": (lroc_figure("pcl", 0.5), lambda c, t: brute.lroc(c, t, 0.5, area=False)),
        }
    for name, (figure, of) in figures.items():
        found = compute(figure, marks)
        if found.without is None:
            continue
        counted = (sound, sick)[brute.LEFT_OUT[name]] if name in brute.LEFT_OUT else names
        groups = sorted({int(cluster[names.index(case)]) for case in counted})
        assert found.without.shape[1] == len(groups)
        for i, (t, r) in enumerate(product(marks.treatments, marks.readers)):
            for k, g in enumerate(groups):
                gone = [case for case, number in zip(names, cluster, strict=True) if number == g]
                assert same(found.without[i, k], brute.without(of, study.cells[t, r], study.lesions, *gone)), name


def analysed(marks: Marks, figure: Figure, *, lines: bool = True) -> list[dict]:
    """Every analysis as the JSON that is printed; a refusal as its sentence."""
    said = []
    readers: Any
    cases: Any
    for readers, cases in (("random", "random"), ("fixed", "random"), ("random", "fixed")):
        try:
            found = compare(marks, figure, readers=readers, cases=cases)
        except StatsError as error:
            said.append({"refused": str(error)})
            continue
        assert comparison_text(found, figure)
        said.append(json.loads(as_json(comparison_json(found, figure, found.notes))))
    return said


@quick
@given(studies(), st.sampled_from(sorted(FIGURES)))
def test_there_is_a_number_or_a_reason_never_nan(study: Study, name: str):
    check(analysed(study.marks(), FIGURES[name]))


@quick
@given(studies(forced=True), st.sampled_from(LROC))
def test_there_is_a_number_or_a_reason_for_lroc_too(study: Study, figure: Figure):
    check(analysed(study.marks(forced=True), figure))


def check(said: list[dict]) -> None:
    for one in said:
        if "refused" in one:
            assert one["refused"].endswith(".")
            continue
        for row in (*one["treatments"], *one["differences"], *one["reader_differences"]):
            assert row["estimate"] is not None
            assert row["se"] is not None or row["reason"]
        assert one["test"]["p"] is not None or one["test"]["reason"]
        assert all(row["estimate"] is not None for row in one["theta"])


@quick
@given(studies(treatments=1), st.sampled_from(sorted(FIGURES)), st.sampled_from(["random", "fixed", None]))
def test_an_ai_against_readers_has_a_number_or_a_reason(study: Study, name: str, readers: Any):
    marks = study.marks()
    cases: Any
    for cases in ("random", "fixed"):
        try:
            found = ai_against(marks, FIGURES[name], "r0", readers=readers, cases=cases)
        except StatsError:
            continue
        others = [r for r in marks.readers if r != "r0"]
        assert ai_text(found, FIGURES[name], "r0", others)
        said = json.loads(as_json(ai_json(found, FIGURES[name], "r0", others, marks)))
        assert said["difference"] == pytest.approx(said["readers"] - said["ai"], abs=1e-12)
        assert said["se"] is not None or said["reason"]


def by_name(said: list[dict], names: dict[str, str]) -> list[object]:
    """What was said, without the order of treatments and readers, names put back."""
    out: list[object] = []
    for one in said:
        if "refused" in one:
            out.append("refused")
            continue
        parts = {names[row["treatment"]]: (row["estimate"], row["se"]) for row in one["treatments"]}
        theta = {(names[row["treatment"]], names[row["reader"]]): row["estimate"] for row in one["theta"]}
        p = [(abs(row["estimate"]), row["se"], row["p"]) for row in one["differences"]]
        out.append((sorted(parts.items()), sorted(theta.items()), p, [one["components"][k] for k in ("var", "cov2")]))
    return out


def alike(a: object, b: object) -> bool:
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(alike(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, float) and isinstance(b, float):
        return abs(a - b) < 1e-9
    return a == b


@quick
@given(studies(), st.sampled_from(sorted(FIGURES)), st.integers(0, 1000))
def test_names_and_the_order_of_rows_change_nothing(study: Study, name: str, seed: int):
    rows, truth = study.rows(), study.truth()
    names = {n: n for row in rows for n in row.split(",")[:2]}
    before = by_name(analysed(read(rows, truth), FIGURES[name]), names)
    new = {"t0": "zz", "t1": "a b", "r0": "Ö", "r1": "2", "r2": "10", "twin": "x"}
    again = [",".join([new[r], new[t], f"k{case}", *rest]) for r, t, case, *rest in (row.split(",") for row in rows)]
    renamed = [f"k{row}" for row in truth]
    shuffle = random.Random(seed).shuffle
    shuffle(again)
    shuffle(renamed)
    back = {v: k for k, v in new.items()}
    assert alike(before, by_name(analysed(read(again, renamed), FIGURES[name]), back))


@quick
@given(studies())
def test_monotone_transforms_of_the_ratings_change_nothing(study: Study):
    marks = study.marks()
    bent = replace(marks, hits=bend(marks.hits), false_rating=bend(marks.false_rating))
    for name, figure in FIGURES.items():
        if name == "songa1":  # its means of ratings depend on the scale
            continue
        try:
            found, again = compute(figure, marks), compute(figure, bent)
        except StatsError:
            continue
        assert np.array_equal(found.whole, again.whole)
        assert found.without is None or np.array_equal(found.without, again.without, equal_nan=True)


def bend(z: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(z), np.exp(np.where(np.isfinite(z), z, 0)) * 3 - 7, z)


@quick
@given(studies(), st.sampled_from(sorted(FIGURES)))
def test_a_lesion_marked_again_lower_changes_nothing(study: Study, name: str):
    lower = [
        f"{r},{t},{case},lesion,{lesion},{rating - 1}"
        for (t, r), cell in study.cells.items()
        for case, marks in cell.items()
        for kind, lesion, rating in marks
        if kind == "lesion"
    ]
    try:
        before = compute(FIGURES[name], study.marks())
    except StatsError:
        return
    after = compute(FIGURES[name], read(study.rows() + lower, study.truth()))
    assert np.array_equal(before.whole, after.whole)


@quick
@given(studies())
def test_the_area_under_a_curve_is_its_figure_of_merit(study: Study):
    sound, sick = brute.split(study.lesions)
    if not sound or not sick:
        return
    marks = study.marks()
    for kind, name in (("afroc", "afroc"), ("wafroc", "wafroc"), ("roc", "hrauc")):
        areas = [c.area() for c in operating_points(marks, kind)]
        assert np.allclose(areas, compute(FIGURES[name], marks).whole, atol=1e-12)
    for c, x, y in zip(
        operating_points(marks, "froc"), compute(FIGURES["maxnlfallcases"], marks).whole,
        compute(FIGURES["maxllf"], marks).whole, strict=True,
    ):  # fmt: skip
        assert (c.x[-1], c.y[-1]) == (pytest.approx(x), pytest.approx(y))
        assert (np.diff(c.x) >= 0).all()
        assert (np.diff(c.y) >= 0).all()


@quick
@given(studies(forced=True))
def test_the_area_under_an_lroc_curve_is_alroc(study: Study):
    sound, sick = brute.split(study.lesions)
    if not sound or not sick:
        return
    marks = study.marks(forced=True)
    areas = [c.area() for c in operating_points(marks, "lroc")]
    assert np.allclose(areas, compute(lroc_figure("alroc", 1.0), marks).whole, atol=1e-12)
    assert all(c.cut.size == c.x.size == c.y.size for c in operating_points(marks, "lroc"))
