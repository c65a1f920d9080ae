"""FROC and LROC figures, their covariances and tests agree with RJafroc 2.1.3."""

import json
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from core.stats.localisation.analysis import ai_against, cells_of, compare, psi
from core.stats.localisation.figures import FIGURES, Figure, compute
from core.stats.localisation.lroc import lroc_figure
from core.stats.localisation.marks import Marks, read_marks
from core.stats.obuchowski_rockette import mean_covariances, mean_squares
from tests.stats.goldens import FOLDER, close, reference, reference_names
from tests.stats.test_commands import program

__all__ = ["program"]

AI_NAMES = [name for name in reference_names("rjafroc2") if "CadVsRad" in name]
NAMES = [name for name in reference_names("rjafroc2") if "CadVsRad" not in name and "figures_only" not in name]
FACTORS: dict[str, Any] = {"RRRC": ("random", "random"), "FRRC": ("fixed", "random"), "RRFC": ("random", "fixed")}


@lru_cache
def marks_of(data: str, truth: str = "truth") -> Marks:
    return read_marks(FOLDER / f"{data}.csv", FOLDER / f"{data}_{truth}.csv", forced=data.startswith("lroc"))


def case(name: str) -> tuple[Marks, Figure]:
    """Marks and figure of a reference such as rjafroc2__lroc_2x4__PCL_0.05."""
    _, data, figure = name.split("__")[:3]
    if data.startswith("lroc"):
        kind, _, at = figure.partition("_")
        return marks_of(data), lroc_figure(kind.casefold(), float(at or 1))
    figure, _, weighted = figure.partition("_")
    return marks_of(data, "truth_weighted" if weighted else "truth"), FIGURES[figure.casefold()]


def test_there_is_a_reference_for_every_figure():
    assert len(NAMES) == 16
    assert len(AI_NAMES) == 21


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_and_covariance_of_rjafroc_is_matched(name: str):
    expected, (marks, figure) = reference(name), case(name)
    found = compute(figure, marks)
    assert found.without is not None
    assert found.without.shape[1] == expected["cases_left_out_in_turn"]
    t, r = len(expected["treatments"]), len(expected["readers"])
    assert (marks.treatments, marks.readers) == (tuple(expected["treatments"]), tuple(expected["readers"]))
    for value, wanted in zip(found.whole, np.array(expected["theta"]).ravel(), strict=True):
        close(value, float(wanted))
    cells = cells_of(marks, figure)
    assert cells.cov is not None
    blocks, theta = cells.cov.reshape(t, r, t, r), cells.theta.reshape(t, r)
    for i, row in enumerate(expected["each_treatment"]):
        var, _, cov2, _ = mean_covariances(blocks[i, :, i, :], 1, r)
        close(var, row["var"])
        close(cov2, row["cov2"])
        close(mean_squares(theta[i][None, :])[1], row["ms_r"])
    for j, row in enumerate(expected["each_reader"]):
        var, cov1, _, _ = mean_covariances(blocks[:, j, :, j], t, 1)
        close(var, row["var"])
        close(cov1, row["cov1"])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("option", FACTORS)
def test_every_test_and_interval_of_rjafroc_is_matched(name: str, option: str):
    """With Cov2 - Cov3 floored for fixed readers, as RJafroc does."""
    expected, (marks, figure) = reference(name), case(name)
    readers, cases = FACTORS[option]
    found = compare(marks, figure, readers=readers, cases=cases, floor=True)
    c = found.components
    for value, key in (
        (c.var_r, "VarR"), (c.var_tr, "VarTR"), (c.cov1, "Cov1"), (c.cov2, "Cov2"), (c.cov3, "Cov3"), (c.var, "Var"),
    ):  # fmt: skip
        close(value, expected["components"][key], what=key)
    for value, key in ((c.ms_t, "T"), (c.ms_r, "R"), (c.ms_tr, "TR")):
        close(value, expected["mean_squares"][key], what=key)
    wanted = expected[option]
    same_test(found, wanted)
    for d, row in zip(found.differences, wanted["differences"], strict=True):
        assert row["pair"] == f"trt{d.a}-trt{d.b}"
        same_interval(d, row)
    for m, row in zip(found.treatments, wanted["treatments"], strict=True):
        same_interval(m, row)
    for (who, d), row in zip(found.reader_differences, wanted.get("readers", []), strict=option == "FRRC"):
        assert row["reader_pair"].startswith(f"rdr{who}::")
        close(d.estimate, row["estimate"])
        if row["se"] == 0:  # RJafroc prints an interval without width; we say why there is none
            assert (d.se, d.p, d.ci) == (None, None, None)
            assert d.reason
        else:
            same_interval(d, row)


def same_test(found: Any, wanted: dict[str, Any]) -> None:
    close(found.test.value, wanted.get("F", wanted.get("chi2")))
    close(found.test.df1, wanted.get("df1", wanted.get("df")))
    close(found.test.df2, wanted.get("df2"))
    close(found.test.p, wanted["p"])


def same_interval(found: Any, row: dict[str, Any]) -> None:
    close(found.estimate, row["estimate"])
    close(found.se, row["se"])
    close(found.ci[0], row["low"])
    close(found.ci[1], row["high"])
    close(found.df, row.get("df"))
    if "p" in row:
        close(found.p, row["p"])


def test_without_the_floor_fixed_readers_are_analysed_as_in_mrmcaov_and_the_note_says_so():
    """Where Cov2 - Cov3 is negative: D = Var - Cov1 + (r - 1)(Cov2 - Cov3)."""
    changed = 0
    for name in NAMES:
        marks, figure = case(name)
        expected = reference(name)["components"]
        found = compare(marks, figure, readers="fixed")
        gap = expected["Cov2"] - expected["Cov3"]
        d = expected["Var"] - expected["Cov1"] + 3 * gap
        assert found.differences[0].se == pytest.approx((d / 2) ** 0.5, rel=1e-9)
        said = any("--floor" in note for note in found.notes)
        assert said == (gap < -1e-17)
        changed += said
    assert changed >= 1


def test_figures_without_a_test_are_those_of_rjafroc():
    expected = reference("rjafroc2__froc_2x4__figures_only")
    marks = marks_of("froc_2x4")
    for name, theta in expected["theta"].items():
        found = compare(marks, FIGURES[name.casefold()])
        for (_, _, value), wanted in zip(found.theta, np.array(theta).ravel(), strict=True):
            close(value, float(wanted))
        assert found.test.p is None
        assert found.differences[0].reason


@pytest.mark.parametrize("name", AI_NAMES)
def test_an_ai_against_readers_is_that_of_rjafroc(name: str):
    """2T-RRRC of LROC equals 1T-RRRC; psi is readers minus AI."""
    expected, (marks, figure) = reference(name), case(name)
    cases: Any = "fixed" if name.endswith("RRFC") else "random"
    found = ai_against(marks, figure, "AI", readers="random", cases=cases)
    turned = psi(found)
    close(found.ai, expected["ai"])
    for value, wanted in zip(found.reader_figures, expected["theta"], strict=True):
        close(value, wanted)
    close(found.readers, expected["mean"])
    close(turned.difference, expected["difference"])
    assert turned.ci is not None
    assert found.se is not None
    close(turned.ci[0], expected["low"])
    close(turned.ci[1], expected["high"])
    close(turned.difference / found.se, expected["t"])
    close(found.p, expected["p"])
    close(found.df, expected["df"])
    close(np.var(found.reader_figures, ddof=1), expected["var_readers"])
    if cases == "random":
        close(found.var, expected.get("var_difference"))
        close(found.cov2, expected["cov2_difference"])


def test_one_treatment_has_the_interval_the_two_treatment_analysis_gives_it():
    marks = marks_of("froc_2x4")
    expected = reference("rjafroc2__froc_2x4__wAFROC")
    lines = (FOLDER / "froc_2x4.csv").read_text().splitlines()
    kept = [line for line in lines[1:] if line.split(",")[1] == "2"]
    one = only(kept)
    for option, (readers, cases) in FACTORS.items():
        found = compare(one, FIGURES["wafroc"], readers=readers, cases=cases)
        assert (found.design, found.differences, found.test.p) == ("one treatment", (), None)
        same_interval(found.treatments[0], expected[option]["treatments"][1])
    assert marks.readers == one.readers


def test_one_reader_has_the_difference_rjafroc_gives_each_reader():
    lines = (FOLDER / "froc_2x4.csv").read_text().splitlines()
    found = compare(only([line for line in lines[1:] if line.startswith("3,")]), FIGURES["wafroc"])
    row = reference("rjafroc2__froc_2x4__wAFROC")["FRRC"]["readers"][2]
    same_interval(found.differences[0], row)
    assert found.readers == "fixed"
    assert any("One reader" in note for note in found.notes)


def only(lines: list[str]) -> Marks:
    from core.stats.columns import parse_rows
    from core.stats.localisation.marks import MARK_COLUMNS, marks_of

    marks_of_file = read_marks(FOLDER / "froc_2x4.csv", FOLDER / "froc_2x4_truth.csv")
    text = ",".join(MARK_COLUMNS) + "\n" + "\n".join(lines) + "\n"
    return marks_of(parse_rows(text, needed=MARK_COLUMNS), marks_of_file.truth)


@pytest.mark.parametrize("name", NAMES)
def test_the_commands_print_the_references_under_the_keys_of_mrmc(program, name):
    expected = reference(name)
    _, data, figure = name.split("__")
    figure, _, rest = figure.partition("_")
    truth = FOLDER / f"{data}_truth{'_weighted' if rest == 'weighted' else ''}.csv"
    at = ["--at", rest] if rest and rest != "weighted" else []
    code, out, _ = program(
        data[:4], FOLDER / f"{data}.csv", "--truth", truth, "--fom", figure.casefold(), *at, "--readers", "random",
        "--cases", "random", "--json",
    )  # fmt: skip
    found = json.loads(out)
    assert code == 0
    assert {"treatments", "differences", "test", "components", "metric", "covariance", "design", "n_readers", "n_cases",
            "margin", "theta", "notes"} <= set(found)  # fmt: skip
    assert [row["treatment"] for row in found["treatments"]] == expected["treatments"]
    row, wanted = found["differences"][0], expected["RRRC"]["differences"][0]
    assert (row["a"], row["b"]) == tuple(expected["treatments"])
    for key in ("estimate", "se", "df", "p"):
        close(row[key], wanted[key])
    close(row["ci"][0], wanted["low"])
    close(found["test"]["df2"], expected["RRRC"]["df2"])
    close(found["components"]["cov3"], expected["components"]["Cov3"])
    assert (found["n_readers"], found["n_cases"]) == (4, 65 if data.startswith("froc") else 70)
    code, text, _ = program(data[:4], FOLDER / f"{data}.csv", "--truth", truth, "--fom", figure, *at)
    assert code == 0
    assert f"{row['estimate']:.4f}" in text


@pytest.mark.parametrize("name", [n for n in AI_NAMES if n.endswith("1T-RRRC")])
def test_the_commands_compare_an_ai_and_state_the_sign(program, name):
    expected = reference(name)
    _, data, figure = name.split("__")[:3]
    figure, _, at = figure.partition("_")
    code, out, _ = program(
        data[:4], FOLDER / f"{data}.csv", "--truth", FOLDER / f"{data}_truth.csv", "--fom", figure,
        *(["--at", at] if at else []), "--ai", "AI", "--json",
    )  # fmt: skip
    found = json.loads(out)
    assert code == 0
    assert found["sign"].startswith("readers minus AI")
    close(found["difference"], expected["difference"])
    close(found["ci"][0], expected["low"])
    close(found["p"], expected["p"])
    close(found["df"], expected["df"])
    assert found["theta"][0] == {"reader": "AI", "estimate": found["ai"]}
