"""Dots with intervals: the AI, groups and readers, a small chart for each figure, and one for the time a case takes."""

from typing import Any

import plotly.graph_objects as go

from core.results.blocks import Chart
from core.results.comparison import Dot, Times
from core.results.draw.chart import DEMONSTRATION, colour_of, dress, symbol_of
from core.results.draw.facets import WIDE, Facet, laid
from core.results.draw.forest import error_bars, floor_of, share_axis
from core.results.draw.seconds import READERS_TIME, Spread, ai_time, own_quartiles, quartiles, seconds_axis
from core.results.draw.text import many
from core.results.rows import StudyFacts
from core.stats.estimate import Estimate

MANY = 14  # rows beyond which single readers get no line of their own
SECONDS = "seconds a case<br>(log axis)"


def comparison_chart(
    study: StudyFacts,
    dots: list[Dot],
    columns: dict[str, str],
    *,
    title: str,
    key: str,
    times: list[Times] | None = None,
    per_row: int = WIDE,
) -> Chart:
    """Draw dots with 95 % intervals, a small chart a column (name: label), a line a participant; means are larger.

    With `times` a last one has the median seconds a case with quartiles. A column that nobody has a value in is left
    out.
    """
    crowded = len(dots) > MANY
    shown = [dot for dot in dots if not (crowded and dot.level == "reader")]
    columns = {
        name: label for name, label in columns.items() if any(dot.figures[name].value is not None for dot in dots)
    }
    spread = _seconds(study, shown, times or [])
    shares = share_axis(floor_of(dot.figures[column] for dot in dots for column in columns))
    facets = [Facet(label.replace(" ", "<br>", 1), shares) for label in columns.values()]
    if spread:
        facets.append(Facet(SECONDS, seconds_axis(list(spread.values()))))
    where = laid(facets, [_line(dot) for dot in shown], per_row=per_row)
    traces = []
    for column, axes in zip(columns, where.axes, strict=False):
        drawn = _clouds(study, dots, column) if crowded else []
        drawn += [
            _whisker(study, dot, column, columns[column]) for dot in shown if dot.figures[column].value is not None
        ]
        traces += [{**trace, **axes} for trace in drawn]
    traces += [{**_time(study, dot, spread[dot.name]), **where.axes[-1]} for dot in shown if dot.name in spread]
    figure = dress(go.Figure(traces, where.layout), height=where.height, top=52)
    method = _method(dots, crowded=crowded)
    if spread:
        method += f" Seconds: median and quartiles of the reads, no interval. Readers: {READERS_TIME}. "
        method += ai_time(times or [])
    note = f"{_counted(dots, list(columns))}; 95 % intervals. {DEMONSTRATION}"
    return Chart(key, title, figure, note, _table(dots, list(columns), spread), method.strip())


def _seconds(study: StudyFacts, shown: list[Dot], times: list[Times]) -> dict[str, Spread]:
    spreads = {
        dot.name: quartiles(times, dot.group if dot.group in study.groups else None)
        if dot.level == "group"
        else own_quartiles(times, dot.name)
        for dot in shown
    }
    return {name: spread for name, spread in spreads.items() if spread is not None}


def _line(dot: Dot) -> str:
    return dot.name if dot.level == "reader" else f"<b>{dot.name}</b>"


def _mark(study: StudyFacts, dot: Dot) -> dict[str, Any]:
    return {
        "type": "scatter",
        "y": [_line(dot)],
        "mode": "markers",
        "cliponaxis": False,
        "marker": {
            "color": colour_of(study, dot.group),
            "symbol": symbol_of(study, dot.group),
            "size": 8 if dot.level == "reader" else 12,
            "line": {"width": 1, "color": "rgba(255,255,255,0.8)"},
        },
    }


def _whisker(study: StudyFacts, dot: Dot, column: str, label: str) -> dict[str, Any]:
    one = dot.figures[column]
    spread = "" if one.ci is None else f"<br>95 % interval {one.ci[0]:.1%} to {one.ci[1]:.1%}"
    return {
        **_mark(study, dot),
        "x": [one.value],
        "error_x": error_bars([one]) if one.ci else None,
        "hovertemplate": f"{dot.name}<br>{label} %{{x:.1%}}{spread}<br>n = {one.n}; {one.method}<extra></extra>",
    }


def _time(study: StudyFacts, dot: Dot, spread: Spread) -> dict[str, Any]:
    low, middle, high = spread
    return {
        **_mark(study, dot),
        "x": [middle],
        "error_x": error_bars([Estimate(middle, ci=(low, high))]),
        "hovertemplate": f"{dot.name}<br>median %{{x:.1f}} s<br>quartiles {low:.1f} to {high:.1f} s<extra></extra>",
    }


def _clouds(study: StudyFacts, dots: list[Dot], column: str) -> list[dict[str, Any]]:
    """Many readers: a thin point each, on the line of their group, without intervals."""
    made = []
    for group in study.groups:
        line = next((_line(dot) for dot in dots if dot.level == "group" and dot.group == group), None)
        values = [dot.figures[column].value for dot in dots if dot.level == "reader" and dot.group == group]
        if line is not None:
            mark = {"color": colour_of(study, group), "symbol": "line-ns-open", "size": 12, "opacity": 0.5}
            told = f"a {group}<br>{column} %{{x:.1%}}<extra></extra>"
            where = {"type": "scatter", "x": values, "y": [line] * len(values), "mode": "markers"}
            made.append({**where, "marker": mark, "hovertemplate": told})
    return made


def _counted(dots: list[Dot], columns: list[str]) -> str:
    cases = max((dot.figures[column].n for dot in dots for column in columns if dot.level != "group"), default=0)
    readers = sum(dot.level == "reader" for dot in dots)
    return f"{many(readers, 'reader')}, up to {many(cases, 'case')} each"


def _method(dots: list[Dot], *, crowded: bool) -> str:
    """Return interval and method of the dots."""
    singles = dict.fromkeys(
        figure.method
        for dot in dots
        if dot.level != "group"
        for figure in dot.figures.values()
        if figure.ci is not None
    )
    parts = [f"AI and single readers: {', '.join(singles)}."] if singles else []
    means = [
        (dot.name, first.method)
        for dot in dots
        if dot.level == "group" and (first := next(iter(dot.figures.values()), None)) and first.method
    ]
    parts += [f"{name}: {method}." for name, method in means]
    if crowded:
        parts.append("Thin marks are single readers.")
    return " ".join([*parts, "Indeterminate reads and failures of the AI count as wrong."])


def _table(dots: list[Dot], columns: list[str], spread: dict[str, Spread]) -> list[dict[str, Any]]:
    made = [
        {"name": dot.name, "group": dot.group, "level": dot.level, "figure": column}
        | {"value": dot.figures[column].value, "n": dot.figures[column].n, "method": dot.figures[column].method}
        | {"low": (dot.figures[column].ci or (None, None))[0], "high": (dot.figures[column].ci or (None, None))[1]}
        for dot in dots
        for column in columns
    ]
    return made + [
        {"name": dot.name, "group": dot.group, "level": dot.level, "figure": "seconds a case"}
        | {"value": spread[dot.name][1], "n": None, "method": "median and quartiles"}
        | {"low": spread[dot.name][0], "high": spread[dot.name][2]}
        for dot in dots
        if dot.name in spread
    ]
