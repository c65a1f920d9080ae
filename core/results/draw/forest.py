"""Forest plots: intervals as bars, and the axes of shares and of differences."""

import math
from collections.abc import Iterable
from typing import Any

import plotly.graph_objects as go

from core.results.draw.chart import INK
from core.stats.estimate import Estimate


def error_bars(estimates: list[Estimate]) -> dict[str, object]:
    """Return the bars of estimates that have a value; none of a length where there is no interval."""
    ends = [(estimate.value or 0.0, estimate.ci or (estimate.value or 0.0,) * 2) for estimate in estimates]
    plus, minus = [high - value for value, (_, high) in ends], [value - low for value, (low, _) in ends]
    return {"type": "data", "symmetric": False, "array": plus, "arrayminus": minus, "thickness": 1.5, "width": 4}


def share_axis(low: float) -> dict[str, Any]:
    """Return an axis of shares from `low` to 1 with three labels, a little room at both ends."""
    room = 0.05 * (1 - low)
    return {"range": [low - room, 1 + room], "tickformat": ".0%", "tickvals": [low, round((low + 1) / 2, 3), 1.0]}


def floor_of(estimates: Iterable[Estimate]) -> float:
    """Return the tenth below the lowest interval, so that shares near each other can be told apart."""
    lows = [estimate.ci[0] if estimate.ci else estimate.value for estimate in estimates if estimate.value is not None]
    return max(0.0, math.floor(10 * min(lows, default=0.0) - 0.2) / 10)


def difference_axis(estimates: Iterable[Estimate]) -> dict[str, Any]:
    """Return an axis of percentage points, the same to both sides of 0, of a width even where all are equal."""
    ends = [
        abs(end)
        for estimate in estimates
        if estimate.value is not None
        for end in (estimate.value, *(estimate.ci or ()))
    ]
    far = min(1.0, math.ceil(10.5 * max([*ends, 0.05])) / 10)
    return {
        "range": [-1.05 * far, 1.05 * far],
        "tickvals": [-far, 0, far],
        "ticktext": [f"−{100 * far:.0f}", "0", f"+{100 * far:.0f}"],
    }


def draw_zero(figure: go.Figure) -> None:
    """Draw the line of no difference."""
    figure.update_xaxes(zeroline=True, zerolinecolor=INK, zerolinewidth=1.5)
