"""Figures along an axis: drift over the reading day, and switches after the AI."""

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.report.chart import DEMONSTRATION, Chart, colour_of, dress, symbol_of
from core.report.rows import StudyFacts
from core.stats.course import Drift
from core.stats.estimate import Estimate


def drift_chart(study: StudyFacts, drifts: tuple[Drift, ...]) -> Chart:
    """Draw median seconds (log axis) and accuracy by position in the reading order, a line a group and arm."""
    figure = make_subplots(rows=1, cols=2, subplot_titles=["median seconds a case", "accuracy"], horizontal_spacing=0.1)
    several = len({one.arm for one in drifts}) > 1
    for one in drifts:
        name = f"{one.group}, {one.arm}" if several else one.group
        style = {"color": colour_of(study, one.group)}
        line = {**style, "width": 1.5, "dash": "dot" if one.arm == "aided" else "solid"}
        marker = {**style, "symbol": symbol_of(study, one.group), "size": 8}
        for col, values in ((1, one.seconds), (2, one.accuracy)):
            figure.add_trace(
                go.Scatter(
                    x=one.position,
                    y=values,
                    mode="lines+markers",
                    name=name,
                    line=line,
                    marker=marker,
                    showlegend=col == 1,
                    customdata=one.reads,
                    hovertemplate=f"{name}, position %{{x:.0f}}<br>%{{y}}<br>%{{customdata}} reads<extra></extra>",
                ),
                row=1,
                col=col,
            )
    figure.update_yaxes(type="log", row=1, col=1)
    figure.update_yaxes(tickformat=".0%", range=[0, 1.02], row=1, col=2)
    figure.update_xaxes(title="position in the reading order")
    reads = sum(sum(one.reads) for one in drifts)
    note = f"{reads} reads in up to ten equal parts of the reading order, groups pooled; no interval is drawn."
    data = [
        {"group": one.group, "arm": one.arm, "position": at, "median_seconds": s, "accuracy": right, "reads": n}
        for one in drifts
        for at, s, right, n in zip(one.position, one.seconds, one.accuracy, one.reads, strict=True)
    ]
    return Chart("drift", "Time and accuracy by position", dress(figure, height=380, legend=True), note, data)


def switch_chart(study: StudyFacts, rows: list[tuple[str, str, Estimate, Estimate]]) -> Chart:
    """Draw for each (name, group, harmful, helpful) the share of chances taken: to the AI's wrong and right calls."""
    figure = make_subplots(
        rows=1,
        cols=2,
        shared_yaxes=True,
        horizontal_spacing=0.04,
        subplot_titles=["to the AI's wrong call", "to the AI's right call"],
    )
    for name, group, *both in rows:
        for col, one in enumerate(both, start=1):
            if one.value is None:
                continue
            low, high = one.ci or (one.value, one.value)
            figure.add_trace(
                go.Scatter(
                    x=[one.value],
                    y=[name],
                    mode="markers",
                    marker={"color": colour_of(study, group), "symbol": symbol_of(study, group), "size": 10},
                    error_x={
                        "type": "data",
                        "symmetric": False,
                        "array": [high - one.value],
                        "arrayminus": [one.value - low],
                        "thickness": 1.5,
                    },
                    hovertemplate=f"{name}<br>%{{x:.1%}} of {one.n} chances<extra></extra>",
                ),
                row=1,
                col=col,
            )
    figure.update_xaxes(range=[-0.02, 1.02], tickformat=".0%")
    figure.update_yaxes(categoryorder="array", categoryarray=[row[0] for row in rows][::-1], showgrid=False)
    method = next((one.method for row in rows for one in row[2:] if one.value is not None), "")
    note = (
        "Left: share of reads right without the AI, where it was wrong, that changed to its call. Right: share of "
        f"reads wrong without the AI, where it was right, that changed to its call. {method}. {DEMONSTRATION}"
    )
    data = [
        {"name": name, "group": group, "switch": kind, "share": one.value, "chances": one.n}
        | {"low": (one.ci or (None, None))[0], "high": (one.ci or (None, None))[1]}
        for name, group, harmful, helpful in rows
        for kind, one in (("to the AI's wrong call", harmful), ("to the AI's right call", helpful))
    ]
    return Chart("switches", "Switches after the AI", dress(figure, height=130 + 30 * max(3, len(rows))), note, data)
