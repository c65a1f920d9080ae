"""The power of a planned study in one sentence and a small chart."""

import plotly.graph_objects as go

from core.results.blocks import Chart
from core.results.draw.chart import GROUP_COLOURS, INK, SYMBOLS, dress
from core.results.draw.text import many, percent
from core.stats.prospective import PlannedPower, PlannedStudy

METHOD = (
    "Simulated studies with this study's endpoint and test (Obuchowski-Rockette). Diagnoses and ratings vary over "
    "readers and cases as in Roe & Metz 1997. Dots: share of studies that show it, with 95 % interval; dotted: target."
)


def answer(plan: PlannedStudy, found: PlannedPower, *, of: str) -> str:
    """Return the power of the planned size, and the size that would be enough, in two sentences; `of` is the endpoint.

    In points of the endpoint: 0.05 is 5 points.
    """
    low, high = found.planned.rate.ci or (0.0, 1.0)
    rate = found.planned
    shown = (
        f"non-inferiority at a margin of {100 * plan.margin:g} points"
        if plan.margin is not None
        else f"a true difference of {100 * plan.difference:+g} points"
    )
    said = (
        f"With {many(plan.readers, 'reader')} and {many(plan.cases, 'case')} this study has a power of "
        f"{percent(rate.rate.value, 0)} ({100 * low:.0f} to {100 * high:.0f} %) to show {shown} in {of}."
    )
    most, twice = found.at[-1][0], 2 * plan.readers
    if found.enough is None:
        said += f" For {percent(found.target, 0)} even {most} cases are too few"
        if found.enough_doubled is not None:
            said += f"; {twice} readers need about {found.enough_doubled}."
        else:
            said += f", with {twice} readers too: plan for a larger difference, or for many more of both."
    elif found.enough <= plan.cases:
        said += f" {percent(found.target, 0)} needs about {many(found.enough, 'case')}."
    else:
        said += f" For {percent(found.target, 0)} plan about {many(found.enough, 'case')}."
    return said


def planned_chart(plan: PlannedStudy, found: PlannedPower) -> Chart:
    """Draw power by number of cases, for the planned readers and twice as many; the planned size is filled."""
    figure, data = go.Figure(), []
    for place, (readers, at) in enumerate(((plan.readers, found.at), (2 * plan.readers, found.doubled))):
        cases, powers = [n for n, _ in at], [rate.rate.value or 0.0 for _, rate in at]
        spans = [rate.rate.ci or (0.0, 1.0) for _, rate in at]
        shape = SYMBOLS[place]
        symbols = [shape if n == plan.cases and not place else f"{shape}-open" for n in cases]
        figure.add_trace(
            go.Scatter(
                x=cases,
                y=powers,
                name=many(readers, "reader"),
                mode="lines+markers",
                error_y={
                    "type": "data",
                    "symmetric": False,
                    "array": [high - power for (_, high), power in zip(spans, powers, strict=True)],
                    "arrayminus": [power - low for (low, _), power in zip(spans, powers, strict=True)],
                    "thickness": 1,
                },
                line={"color": GROUP_COLOURS[place], "width": 1.5},
                marker={"color": GROUP_COLOURS[place], "size": 9, "symbol": symbols},
                hovertemplate=f"{many(readers, 'reader')}, %{{x}} cases<br>power %{{y:.0%}}<extra></extra>",
            )
        )
        data += [
            {"readers": readers, "cases": n, "power": power, "low": low, "high": high, "studies": rate.repeats}
            for (n, rate), power, (low, high) in zip(at, powers, spans, strict=True)
        ]
    figure.add_hline(y=found.target, line_color=INK, line_dash="dot")
    figure.update_xaxes(title="cases", tickvals=[n for n, _ in found.at], rangemode="tozero")
    figure.update_yaxes(range=[0, 1.02], title="power", tickformat=".0%")
    note = f"{found.planned.repeats} simulated studies a dot, seed {found.planned.seed}; filled: the planned size."
    drawn = dress(figure, height=320, legend=True)
    return Chart("planned_power", "Power by number of cases", drawn, note, data, METHOD, width=640)
