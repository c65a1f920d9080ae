"""The look that all charts share.

Colours are told apart with colour-vision deficiency (after Okabe & Ito) and keep a contrast of 3:1 on white and on the
dark theme; a group also has a symbol of its own, so that no chart needs its colours.
"""

import plotly.graph_objects as go

from core.results.rows import AI, StudyFacts

AI_COLOURS = ("#e4572e", "#8f2d56", "#c98b00", "#6a4c93")  # of the AIs of a study, where they are drawn in one chart
GROUP_COLOURS = ("#3f8fd2", "#1a9a72", "#b5749f", "#c08a00", "#7a8794", "#8c6bd1")
SYMBOLS = ("circle", "square", "triangle-up", "cross", "star", "hexagon")
GRID = "rgba(128,138,150,0.25)"
INK = "#808a96"  # reads on white and on the dark theme
SHADES = [[0.0, "rgba(31,111,178,0.04)"], [1.0, "rgba(31,111,178,0.95)"]]
STRONG = 0.85  # share of SHADES from which white text reads better than the theme's, in light; in dark both do
DEMONSTRATION = "The AI is a research demonstration, not a medical device."


def colour_of(study: StudyFacts, group: str, name: str = "") -> str:
    """Return the colour of a group, the same in every chart of the study; of an AI by its `name` where it is given."""
    if group == AI:
        names = [ai.reader for ai in study.ais]
        return AI_COLOURS[names.index(name) % len(AI_COLOURS) if name in names else 0]
    return GROUP_COLOURS[study.groups.index(group) % len(GROUP_COLOURS)] if group in study.groups else INK


def symbol_of(study: StudyFacts, group: str) -> str:
    """Return the marker symbol of a group."""
    if group == AI:
        return "diamond"
    return SYMBOLS[study.groups.index(group) % len(SYMBOLS)] if group in study.groups else "circle"


def dress(figure: go.Figure, *, height: int, legend: bool = False, top: int = 36) -> go.Figure:
    """Give a figure the look all share; backgrounds stay clear for light, dark and paper."""
    axis = {"gridcolor": GRID, "zeroline": False, "automargin": True, "title": {"font": {"size": 12}}}
    axes = [name for name in figure.layout if name[1:5] == "axis"] or ["xaxis", "yaxis"]
    figure.update_layout(  # all at once: plotly checks every change by itself, and pages wait for it
        {name: axis for name in axes},
        height=height,
        margin={"l": 8, "r": 12, "t": top, "b": 8},
        template="none",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        showlegend=legend,
        legend={"orientation": "h", "y": -0.18, "x": 0, "itemclick": "toggle"},
        hoverlabel={"namelength": -1},
        font={"size": 13},
    )
    return figure
