"""Figures along an axis: drift over the reading day, and switches after the AI."""

from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.results.draw.chart import DEMONSTRATION, Chart, colour_of, dress, symbol_of
from core.results.draw.facets import Panel, laid
from core.results.panels.times import log_axis
from core.results.rows import StudyFacts
from core.stats.course import Drift
from core.stats.estimate import Estimate

SWITCHES = ("to the AI's wrong call", "to the AI's right call")


def drift_chart(study: StudyFacts, drifts: tuple[Drift, ...], *, narrow: bool = False) -> Chart:
    """Draw median seconds (log axis) and accuracy by position in the reading order, a line a group and arm.

    One below the other if `narrow`.
    """
    places = ((1, 1), (2, 1)) if narrow else ((1, 1), (1, 2))
    shape = {"rows": 2, "cols": 1, "vertical_spacing": 0.2} if narrow else {"rows": 1, "cols": 2}
    heads = ["median seconds a case (log axis)", "accuracy"]
    figure = make_subplots(**shape, subplot_titles=heads, horizontal_spacing=0.1)
    several = len({one.arm for one in drifts}) > 1
    for one in drifts:
        name = f"{one.group}, {one.arm}" if several else one.group
        style = {"color": colour_of(study, one.group)}
        line = {**style, "width": 1.5, "dash": "dot" if one.arm == "aided" else "solid"}
        marker = {**style, "symbol": symbol_of(study, one.group), "size": 8}
        for (row, col), values in zip(places, (one.seconds, one.accuracy), strict=True):
            figure.add_trace(
                go.Scatter(
                    x=one.position,
                    y=values,
                    mode="lines+markers",
                    name=name,
                    line=line,
                    marker=marker,
                    showlegend=(row, col) == places[0],
                    customdata=one.reads,
                    hovertemplate=f"{name}, position %{{x:.0f}}<br>%{{y}}<br>%{{customdata}} reads<extra></extra>",
                ),
                row=row,
                col=col,
            )
    medians = [seconds for one in drifts for seconds in one.seconds if seconds is not None and seconds > 0]
    if medians:
        figure.update_yaxes(**log_axis(min(medians), max(medians)), row=1, col=1)
    figure.update_yaxes(tickformat=".0%", range=[0, 1.02], row=places[1][0], col=places[1][1])
    figure.update_xaxes(title="position in the reading order")
    figure.update_annotations(font_size=12)
    reads = sum(sum(one.reads) for one in drifts)
    note = f"{reads} reads in up to ten equal parts of the reading order, groups pooled; no interval is drawn."
    data = [
        {"group": one.group, "arm": one.arm, "position": at, "median_seconds": s, "accuracy": right, "reads": n}
        for one in drifts
        for at, s, right, n in zip(one.position, one.seconds, one.accuracy, one.reads, strict=True)
    ]
    return Chart(
        "drift", "Time and accuracy by position", dress(figure, height=640 if narrow else 380, legend=True), note, data
    )


def switch_chart(study: StudyFacts, rows: list[tuple[str, str, Estimate, Estimate]], *, per_row: int = 2) -> Chart:
    """Draw for each (name, group, harmful, helpful) the share of chances taken: to the AI's wrong and right calls."""
    axis = {"range": [-0.05, 1.05], "tickformat": ".0%", "tickvals": [0, 0.25, 0.5, 0.75, 1]}
    kinds = [
        at for at in range(len(SWITCHES)) if any(both[at].value is not None for _, _, *both in rows)
    ]  # with a chance
    panels = [Panel(f"{SWITCHES[at]}<br>share of chances", axis) for at in kinds]
    where = laid(panels, [row[0] for row in rows], per_row=per_row)
    traces = [
        {**_switch(study, name, group, one), **axes}
        for name, group, *both in rows
        for one, axes in zip([both[at] for at in kinds], where.axes, strict=True)
        if one.value is not None
    ]
    note = (
        "To its wrong call: share of reads right without the AI, where it was wrong, that changed to its call. To its "
        "right call: share of reads wrong without the AI, where it was right, that changed to it. Intervals 95 %: "
        "groups as ratios over cases as clusters (Cochran 1977), these readers only; single readers Wilson. n is the "
        f"number of chances, in the tables. {DEMONSTRATION}"
    )
    data = [
        {"name": name, "group": group, "switch": kind, "share": one.value, "chances": one.n}
        | {"low": (one.ci or (None, None))[0], "high": (one.ci or (None, None))[1]}
        for name, group, *both in rows
        for kind, one in zip(SWITCHES, both, strict=True)
    ]
    figure = dress(go.Figure(traces, where.layout), height=where.height, top=52)
    return Chart("switches", "Switches after the AI", figure, note, data)


def _switch(study: StudyFacts, name: str, group: str, one: Estimate) -> dict[str, Any]:
    value = one.value or 0.0
    low, high = one.ci or (value, value)
    bars = {"type": "data", "symmetric": False, "array": [high - value], "arrayminus": [value - low], "thickness": 1.5}
    return {
        "type": "scatter",
        "x": [value],
        "y": [name],
        "mode": "markers",
        "cliponaxis": False,
        "marker": {"color": colour_of(study, group), "symbol": symbol_of(study, group), "size": 10},
        "error_x": bars,
        "hovertemplate": f"{name}<br>%{{x:.1%}} of {one.n} chances<extra></extra>",
    }
