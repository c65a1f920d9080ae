"""Localisation results as tables for people and as JSON objects."""

from collections.abc import Sequence

from core.cli.show import figure as cell
from core.cli.show import grid, mrmc_json, standalone_whole, to_named
from core.results.draw.text import p_text
from core.stats.localisation.analysis import psi
from core.stats.localisation.curves import Curve
from core.stats.localisation.figures import Figure
from core.stats.localisation.marks import Marks
from core.stats.mrmc import Mrmc
from core.stats.standalone import Standalone

SIGN = "readers minus AI, as in RJafroc"


def comparison_json(found: Mrmc, figure: Figure, notes: Sequence[str]) -> dict[str, object]:
    """The keys of `mrmc --json`, and what the figure is."""
    more = {"says": figure.says, "low_is_good": figure.low_is_good, "margin": None, "notes": list(notes)}
    return mrmc_json(found) | more


def comparison_text(found: Mrmc, figure: Figure) -> str:
    """What was done, each reader's figure, treatments, differences, test and components."""
    names = [m.treatment for m in found.treatments]
    theta = {(t, r): v for t, r, v in found.theta}
    test = found.test
    df2 = f", {test.df2:.2f}" if test.df2 is not None else ""
    lines = [
        f"{figure.name}: {figure.says}{' (low is good)' if figure.low_is_good else ''}.",
        f"Obuchowski-Rockette, covariance {found.covariance}, {found.design}; {found.n_readers} "
        f"reader{'s' * (found.n_readers > 1)} ({found.readers}), {found.n_positive} diseased and {found.n_negative} "
        f"non-diseased cases ({found.cases}).",
        "Intervals are 95 %; a difference is a minus b.",
        "",
        grid(
            ("reader", *names),
            [(r, *(theta[t, r] for t in names)) for r in dict.fromkeys(r for _, r, _ in found.theta)],
        ),
        "",
        grid(
            ("treatment", "mean", "SE", "df", "interval"),
            [(m.treatment, m.estimate, m.se, m.df, m.ci) for m in found.treatments],
        ),
    ]
    if found.differences:
        rows = [(d.a, d.b, d.estimate, d.se, d.df, d.ci, p_text(d.p)) for d in found.differences]
        lines += ["", grid(("a", "b", "a - b", "SE", "df", "interval", "p"), rows)]
    if test.value is not None:
        lines += ["", f"All equal: {test.statistic}({test.df1:g}{df2}) = {cell(test.value)}, p = {p_text(test.p)}"]
    if found.readers == "fixed" and found.reader_differences:
        singles = [(who, d.a, d.b, d.estimate, d.se, d.ci, p_text(d.p)) for who, d in found.reader_differences]
        lines += ["", grid(("reader", "a", "b", "a - b", "SE", "interval", "p"), singles)]
    shown = [(name, value) for name, value in to_named(found).items() if value is not None]
    lines += ["", grid(("component", "estimate"), shown)] if shown else []
    reasons = [f"{m.treatment}: {m.reason}." for m in found.treatments if m.reason]
    reasons += [f"{d.a} - {d.b}: {d.reason}." for d in found.differences if d.reason]
    reasons += [f"All equal: {test.reason}."] if test.reason and found.differences else []
    return "\n".join(lines + (["", *dict.fromkeys(reasons)] if reasons else []))


def ai_json(found: Standalone, figure: Figure, ai: str, others: Sequence[str], marks: Marks) -> dict[str, object]:
    """The keys of `standalone --json`, with the difference as readers minus AI (`sign` says so)."""
    turned, figures = psi(found), zip((ai, *others), (found.ai, *found.reader_figures), strict=True)
    whole = standalone_whole(
        found, names=others, metric=figure.name, covariance="jackknife", truth=marks.truth.diseased
    )
    return whole | {
        "says": figure.says, "low_is_good": figure.low_is_good, "difference": turned.difference, "ci": turned.ci,
        "sign": SIGN, "theta": [{"reader": name, "estimate": value} for name, value in figures],
    }  # fmt: skip


def ai_text(found: Standalone, figure: Figure, ai: str, others: Sequence[str]) -> str:
    """The comparison of the AI with the readers as tables."""
    turned = psi(found)
    rows = [(ai, found.ai), *zip(others, found.reader_figures, strict=True), ("mean of readers", found.readers)]
    lines = [
        f"{figure.name}: {figure.says}{' (low is good)' if figure.low_is_good else ''}.",
        f"{ai} against {len(others)} reader{'s' * (len(others) > 1)}; {found.method}.",
        f"The difference is {SIGN}: below 0 the AI's figure is higher.",
        "",
        grid(("reader", figure.name), rows),
        "",
        grid(
            ("readers - AI", "SE", "df", "95 % interval", "p"),
            [(turned.difference, found.se, found.df, turned.ci, p_text(found.p))],
        ),
    ]
    if found.margin is not None:
        lines.append(
            f"AI not worse by {found.margin:g}: one-sided p = {p_text(found.p_noninferior)} (compare with .025)."
        )
    if found.readers_as == "fixed":
        lines.append("These readers only: nothing is said of readers at large.")
    return "\n".join(lines + ([f"{found.reason}."] if found.reason else []))


def curve_json(curves: Sequence[Curve]) -> list[dict[str, object]]:
    """Points of every curve; the cut is null before the first mark and at the end of a straight line."""
    return [
        {"treatment": c.treatment, "reader": c.reader, "cut": c.cut, "x": c.x, "y": c.y, "area": c.area()}
        for c in curves
    ]


def curve_text(curves: Sequence[Curve]) -> str:
    """Points of every curve as one table."""
    rows = [
        (c.treatment, c.reader, cut if abs(cut) < float("inf") else None, x, y)
        for c in curves
        for cut, x, y in zip(c.cut.tolist(), c.x.tolist(), c.y.tolist(), strict=True)
    ]
    return grid(("treatment", "reader", "marks rated at least", "x", "y"), rows)
