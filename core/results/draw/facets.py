"""Small charts in rows that share the lines of their vertical axes, laid out in one piece.

Plotly's own subplots, changed step by step, take three times the time, and pages wait for it.
"""

from dataclasses import dataclass
from typing import Any

LINE = 27  # pixels a line
ABOVE = 50  # pixels above a row of them: a title of two lines
BELOW = 34  # pixels below it: the labels of the axis
WIDE, NARROW = 5, 2  # small charts a row


@dataclass(frozen=True, slots=True)
class Facet:
    """One small chart: its title, of two lines at most, and what its horizontal axis is, as plotly has it."""

    title: str
    axis: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Laid:
    """A layout, its height in pixels, and by facet the axes that its traces name."""

    layout: dict[str, Any]
    height: int
    axes: tuple[dict[str, str], ...]


def laid(facets: list[Facet], lines: list[str], *, per_row: int = WIDE) -> Laid:
    """Return the layout of small charts beside and below each other; `lines` are the categories from the top down."""
    columns = max(1, min(per_row, len(facets)))
    rows = max(1, -(-len(facets) // columns))
    gap = 0.16 if per_row <= NARROW else 0.035
    width = (1 - gap * (columns - 1)) / columns
    inner = LINE * max(3, len(lines))
    total = rows * inner + (rows - 1) * (ABOVE + BELOW)
    layout: dict[str, Any] = {"annotations": []}
    axes = []
    for at, facet in enumerate(facets):
        row, column = divmod(at, columns)
        left, top = column * (width + gap), 1 - row * (inner + ABOVE + BELOW) / total
        suffix, vertical = ("" if at == 0 else str(at + 1)), ("" if row == 0 else str(row + 1))
        layout[f"xaxis{suffix}"] = {
            "tickangle": 0,
            "tickfont": {"size": 11},
            **facet.axis,
            "domain": [left, min(1.0, left + width)],
            "anchor": f"y{vertical}",
        }
        layout[f"yaxis{vertical}"] = {
            "categoryorder": "array",
            "categoryarray": lines[::-1],
            "range": [-0.6, len(lines) - 0.4],
            "showgrid": False,
            "domain": [max(0.0, top - inner / total), top],
            "anchor": "x" if row == 0 else f"x{row * columns + 1}",
        }
        layout["annotations"].append(
            {"text": facet.title, "x": left + width / 2, "y": top, "font": {"size": 12}}
            | {"xref": "paper", "yref": "paper", "xanchor": "center", "yanchor": "bottom", "showarrow": False}
        )
        axes.append({"xaxis": f"x{suffix}", "yaxis": f"y{vertical}"})
    return Laid(layout, total + ABOVE + BELOW, tuple(axes))
