"""Matrices: texts in the cells of a heat map, and cells that can be clicked."""

from collections.abc import Sequence

import plotly.graph_objects as go

from core.results.draw.chart import STRONG
from core.stats.estimate import Floats


def make_clickable(figure: go.Figure, x: list[str], y: list[str], told: Sequence[Sequence[str]]) -> None:
    """Lay an unseen point over every cell, with its text: heat maps themselves answer no click on the pages.

    A point's `customdata` is (place in y, name in x).
    """
    places = [(row, column) for row in range(len(y)) for column in range(len(x))]
    figure.add_trace(
        go.Scatter(
            x=[x[column] for _, column in places],
            y=[y[row] for row, _ in places],
            customdata=[(row, x[column]) for row, column in places],
            text=[told[row][column] for row, column in places],
            hovertemplate="%{text}<extra></extra>",
            mode="markers",
            showlegend=False,
            marker={"symbol": "square", "size": 12, "color": "rgba(0,0,0,0)"},
            selected={"marker": {"opacity": 1}},
            unselected={"marker": {"opacity": 0}},
        )
    )
    figure.update_xaxes(range=[-0.5, len(x) - 0.5])
    figure.update_yaxes(range=[len(y) - 0.5, -0.5])  # the first on top
    figure.update_layout(hovermode="closest", hoverdistance=-1)  # however far within its cell the cursor is


def write_in_cells(figure: go.Figure, x: list[str], y: list[str], text: list[list[str]], strength: Floats) -> None:
    """Write texts into the cells of a heat map: white on strong cells, else in the colour of the theme's text."""
    for row, line in zip(y, zip(text, strength.tolist(), strict=True), strict=True):
        for column, words, weight in zip(x, *line, strict=True):
            font = {"size": 13, "color": "white"} if weight > STRONG else {"size": 13}
            figure.add_annotation(x=column, y=row, text=words, showarrow=False, font=font)
