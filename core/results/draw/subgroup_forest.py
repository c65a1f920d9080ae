"""Subgroups as forest plots: a line a subgroup, a small chart for the AI, each group and each difference."""

from typing import Any

import plotly.graph_objects as go

from core.results.blocks import Chart
from core.results.draw.chart import DEMONSTRATION, colour_of, dress, symbol_of
from core.results.draw.facets import Facet, laid
from core.results.draw.forest import difference_axis, draw_zero, error_bars, floor_of, share_axis
from core.results.draw.subgroup_tables import effect_name, who_name
from core.results.rows import AI
from core.results.subgroups import FEWEST, Line, Subgroups, Who
from core.stats.estimate import Estimate

UNADJUSTED = "Intervals are not adjusted for the number of subgroups."


def figure_chart(found: Subgroups, *, per_row: int) -> Chart:
    """Draw the figure of the AI and the groups in every subgroup, with 95 % intervals."""
    label = found.study.figure_label(found.figure)
    estimates = {(who, line): line.figure(who) for who in found.who for line in found.lines}
    axis = share_axis(floor_of(estimates.values()))
    names = {who: _short(who_name(found, who)) for who in found.who}
    figure = _drawn(found, names, axis, estimates, per_row=per_row)
    note = f"95 % intervals; after the dot the cases that count. {_starred(found)} {DEMONSTRATION}"
    method = f"Groups: means of readers. Subgroups of fewer than {FEWEST} cases are not drawn. {UNADJUSTED}"
    data = _data(found, {who_name(found, who): (who, estimates) for who in found.who})
    return Chart("subgroups", f"{label[:1].upper()}{label[1:]} by subgroup", figure, note, data, method)


def effect_chart(found: Subgroups, *, per_row: int) -> Chart:
    """Draw the differences in every subgroup with 95 % intervals; at 0 there is none."""
    estimates = {(who, line): line.effect(who).estimate for who in found.differences for line in found.lines}
    axis = difference_axis(estimates.values())
    names = {who: _short(effect_name(found, who)) for who in found.differences}
    figure = _drawn(found, names, axis, estimates, per_row=per_row)
    draw_zero(figure)
    note = "Percentage points with 95 % intervals; right of the line the AI, or reading with it, is higher."
    data = _data(found, {effect_name(found, who): (who, estimates) for who in found.differences})
    return Chart(
        "subgroup-differences",
        "Differences by subgroup",
        figure,
        f"{note} {_starred(found)} {DEMONSTRATION}",
        data,
        UNADJUSTED,
    )


def _drawn(
    found: Subgroups,
    names: dict[Who, str],
    axis: dict[str, Any],
    estimates: dict[tuple[Who, Line], Estimate],
    *,
    per_row: int,
) -> go.Figure:
    drawn = {who: [line for line in found.lines if estimates[who, line].value is not None] for who in names}
    shown = [who for who in names if drawn[who]]
    ais = {ai.reader for ai in found.study.ais}
    where = laid(
        [Facet(names[who], axis) for who in shown],
        [_label(line) for line in found.lines if not line.few],
        per_row=per_row,
    )
    traces = []
    for who, axes in zip(shown, where.axes, strict=False):
        some = [estimates[who, line] for line in drawn[who]]
        group = AI if who[0] in ais else who[0]
        traces.append(
            {
                "type": "scatter",
                "x": [estimate.value for estimate in some],
                "y": [_label(line) for line in drawn[who]],
                "error_x": error_bars(some),
                "mode": "markers",
                "cliponaxis": False,
                "marker": {"color": colour_of(found.study, group), "symbol": symbol_of(found.study, group), "size": 9},
                "customdata": [_told(estimate) for estimate in some],
                "hovertemplate": "%{y}<br>%{x:.1%}<br>%{customdata}<extra></extra>",
                **axes,
            }
        )
    return dress(go.Figure(traces, where.layout), height=where.height, top=52)


def _label(line: Line) -> str:
    count = line.figures.counted
    star = " *" if line.prespecified else ""
    return f"{line.attribute}: {line.level} · {count}{star}" if line.key else f"<b>{line.level} · {count}</b>"


def _starred(found: Subgroups) -> str:
    if any(line.prespecified for line in found.lines):
        return "* prespecified; the other subgroups are exploratory."
    return "All subgroups are exploratory."


def _short(name: str) -> str:
    """Break a title in two lines."""
    for between in (" minus ", ", "):
        name = name if "<br>" in name else name.replace(between, f"{between.rstrip()}<br>", 1)
    return name


def _told(estimate: Estimate) -> str:
    ends = "no interval" if estimate.ci is None else f"95 % interval {estimate.ci[0]:.1%} to {estimate.ci[1]:.1%}"
    return f"{ends}<br>n = {estimate.n}; {estimate.method}"


def _data(found: Subgroups, shown: dict[str, tuple[Who, dict[tuple[Who, Line], Estimate]]]) -> list[dict[str, Any]]:
    made = []
    for name, (who, estimates) in shown.items():
        for line in found.lines:
            one = estimates[who, line]
            low, high = one.ci or (None, None)
            made.append(
                {"attribute": line.attribute, "subgroup": line.level, "cases": line.figures.cases}
                | {"counted": line.figures.counted, "figure": found.figure, "of": name, "value": one.value}
                | {"low": low, "high": high, "n": one.n, "method": one.method, "reason": one.reason}
                | {"prespecified": line.prespecified}
            )
    return made
