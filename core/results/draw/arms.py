"""Aided against unaided as a paired forest: for each figure both arms' means, joined, and their difference."""

from typing import Any

import plotly.graph_objects as go

from core.results.blocks import Chart
from core.results.draw.chart import DEMONSTRATION, INK, colour_of, dress, symbol_of
from core.results.draw.facets import Facet, laid
from core.results.draw.forest import difference_axis, draw_zero, error_bars, floor_of, share_axis
from core.results.rows import StudyFacts
from core.stats.comparisons import ArmComparison
from core.stats.estimate import Estimate
from core.stats.obuchowski_rockette import Difference
from core.study.words import Arm

METHOD = (
    "Means over readers; Obuchowski-Rockette with jackknife covariance (Hillis 2007). Open symbol: unaided, filled: "
    "aided. Below three readers these readers only."
)


def arms_chart(study: StudyFacts, compared: tuple[ArmComparison, ...], *, figures: tuple[str, ...], key: str) -> Chart:
    """Draw unaided -> aided for these figures, a line a group, and beside it the difference with its interval."""
    known = [comparison for comparison in compared if comparison.figure in figures and comparison.result is not None]
    shown = sorted(known, key=lambda comparison: figures.index(comparison.figure))
    lines = [_line(study, comparison, several=len({each.figure for each in shown}) > 1) for comparison in shown]
    means = [mean for comparison in shown for mean in _means(comparison).values()]
    gaps = [_estimate(comparison.result.differences[0]) for comparison in shown if comparison.result]
    facets = [
        Facet("unaided to aided", share_axis(floor_of(means))),
        Facet("aided minus unaided<br>percentage points", difference_axis(gaps)),
    ]
    where = laid(facets, lines, per_row=2)
    traces: list[dict[str, Any]] = []
    for line, comparison, gap in zip(lines, shown, gaps, strict=True):
        traces += [{**trace, **where.axes[0]} for trace in _pair(study, comparison, line)]
        traces.append({**_marker(study, comparison, line, [gap], filled=True), **where.axes[1]})
    figure = dress(go.Figure(traces, where.layout), height=where.height, top=52)
    if shown:
        draw_zero(figure)
    data = [
        {"figure": comparison.figure, "group": comparison.group, "difference": f"{gap.a} minus {gap.b}"}
        | {arm: mean.value for arm, mean in _means(comparison).items()}
        | {"estimate": gap.estimate, "p": gap.p}
        | {"low": (gap.ci or (None, None))[0], "high": (gap.ci or (None, None))[1]}
        for comparison in shown
        if comparison.result
        for gap in comparison.result.differences[:1]
    ]
    note = f"Means with 95 % intervals; right of the line reading with the AI is higher. {DEMONSTRATION}"
    return Chart(key, "Unaided and aided", figure, note, data, METHOD)


def _line(study: StudyFacts, comparison: ArmComparison, *, several: bool) -> str:
    return f"{study.figure_label(comparison.figure)}, {comparison.group}" if several else comparison.group


def _means(comparison: ArmComparison) -> dict[str, Estimate]:
    """Return each arm's mean, unaided first."""
    found = {
        mean.treatment: Estimate(mean.estimate, mean.se, mean.ci, reason=mean.reason)
        for mean in (comparison.result.treatments if comparison.result else ())
    }
    return {arm: found[arm] for arm in sorted(found, key=lambda arm: arm.casefold() != Arm.UNAIDED)}


def _estimate(gap: Difference) -> Estimate:
    return Estimate(gap.estimate, gap.se, gap.ci, reason=gap.reason)


def _pair(study: StudyFacts, comparison: ArmComparison, line: str) -> list[dict[str, Any]]:
    means = list(_means(comparison).values())
    join = {"type": "scatter", "x": [mean.value for mean in means], "y": [line] * len(means), "mode": "lines"}
    traces: list[dict[str, Any]] = [{**join, "line": {"color": INK, "width": 1}, "hoverinfo": "skip"}]
    for place, (arm, mean) in enumerate(_means(comparison).items()):
        marker = _marker(study, comparison, line, [mean], filled=place == len(means) - 1)
        traces.append({**marker, "name": arm, "hovertemplate": f"{line}, {arm}<br>%{{x:.1%}}<extra></extra>"})
    return traces


def _marker(
    study: StudyFacts, comparison: ArmComparison, line: str, estimates: list[Estimate], *, filled: bool
) -> dict[str, Any]:
    colour, symbol = colour_of(study, comparison.group), symbol_of(study, comparison.group)
    return {
        "type": "scatter",
        "x": [estimate.value for estimate in estimates],
        "y": [line],
        "error_x": error_bars(estimates),
        "mode": "markers",
        "cliponaxis": False,
        "marker": {"color": colour, "symbol": symbol if filled else f"{symbol}-open", "size": 11, "line": {"width": 2}},
        "hovertemplate": f"{line}<br>%{{x:+.1%}}<extra></extra>",
    }
