"""The comparison at one look: dots with intervals, differences, and time per case."""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.report.chart import DEMONSTRATION, INK, Chart, colour_of, dress, symbol_of
from core.report.rows import StudyFacts
from core.stats.estimate import Estimate

TICKS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000]  # of a log axis of seconds
MANY = 14  # rows beyond which single readers get no label and no interval of their own


@dataclass(frozen=True, slots=True)
class Dot:
    """One participant's, or one group's, figures by column name."""

    name: str
    group: str
    level: Literal["ai", "group", "reader"]
    figures: dict[str, Estimate]


@dataclass(frozen=True, slots=True)
class Gap:
    """AI minus a group for one figure. `verdict` is in words."""

    figure: str
    group: str
    label: str
    estimate: Estimate
    verdict: str


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds a case of one participant, unknown ones left out."""

    name: str
    group: str
    seconds: NDArray[np.float64]
    device: str | None = None


def comparison_chart(study: StudyFacts, dots: list[Dot], columns: dict[str, str], *, title: str, key: str) -> Chart:
    """Draw dots with 95 % intervals, one panel a column (name: label), one line a participant; means are larger."""
    crowded = len(dots) > MANY
    shown = [dot for dot in dots if not (crowded and dot.level == "reader")]
    lines = {dot.name: _line(dot) for dot in shown}
    traces = []
    for at, column in enumerate(columns, start=1):
        drawn = _clouds(study, dots, column) if crowded else []
        drawn += [
            _whisker(study, dot, column, columns[column]) for dot in shown if dot.figures[column].value is not None
        ]
        traces += [{**trace, "xaxis": f"x{at}"} for trace in drawn]
    figure = go.Figure(traces, _beside(list(columns.values()), list(lines.values()), _floor(dots, list(columns))))
    dress(figure, height=130 + 30 * max(3, len(shown)), top=52)
    cases = max((dot.figures[column].n for dot in dots for column in columns), default=0)
    return Chart(key, title, figure, _comparison_note(dots, cases, crowded=crowded), _table(dots, list(columns)))


def difference_chart(study: StudyFacts, gaps: list[Gap], *, key: str = "difference") -> Chart:
    """Draw AI minus each group with its interval; the line at 0 is no difference."""
    lines = [f"{gap.label} · {gap.group}" for gap in gaps]
    known = [(gap, line) for gap, line in zip(gaps, lines, strict=True) if gap.estimate.value is not None]
    groups = dict.fromkeys(gap.group for gap, _ in known)
    figure = go.Figure(
        [_differences(study, group, [one for one in known if one[0].group == group]) for group in groups]
    )
    figure.add_vline(x=0, line_color=INK, line_dash="dot")
    figure.update_yaxes(categoryorder="array", categoryarray=lines[::-1], showgrid=False)
    figure.update_xaxes(tickformat="+.0%", title="AI minus readers")
    note = "Right of the line the AI is higher. Interval and method stand in the table. " + DEMONSTRATION
    data = [
        {"figure": gap.figure, "group": gap.group, "ai_minus_group": gap.estimate.value}
        | {"low": (gap.estimate.ci or (None, None))[0], "high": (gap.estimate.ci or (None, None))[1]}
        | {"method": gap.estimate.method, "reading": gap.verdict}
        for gap in gaps
    ]
    return Chart(key, "AI minus readers", dress(figure, height=110 + 30 * max(2, len(gaps))), note, data)


def time_chart(study: StudyFacts, times: list[Times], *, key: str = "time") -> Chart:
    """Draw seconds a case on a log axis: every case a point, the box from quartile to quartile."""
    figure = go.Figure()
    single = [one for one in times if one.seconds.size]
    known = single if len(single) <= MANY else _pooled(single)
    for one in known:
        points = "all" if one.seconds.size <= 400 and len(known) <= MANY else False
        colour = colour_of(study, one.group)
        quarter, middle, three = np.quantile(one.seconds, [0.25, 0.5, 0.75])
        ends = {"lowerfence": [one.seconds.min()], "upperfence": [one.seconds.max()]} if not points else {}
        spread = {"q1": [quarter], "median": [middle], "q3": [three], "y": [one.name], **ends}
        figure.add_trace(
            go.Box(
                **({"x": one.seconds} if points else spread),
                name=one.name,
                orientation="h",
                boxpoints=points,
                jitter=0.5,
                pointpos=0,
                marker={"color": colour, "size": 3, "opacity": 0.45},
                line={"color": colour, "width": 1.5},
                fillcolor="rgba(0,0,0,0)",
                hoverinfo="x+name",
            )
        )
    figure.update_xaxes(type="log", title="seconds a case (log axis)", tickvals=TICKS)
    figure.update_yaxes(categoryorder="array", categoryarray=[one.name for one in known][::-1], showgrid=False)
    counts = ", ".join(f"{one.name} {one.seconds.size}" for one in known)
    device = next((one.device for one in known if one.device), None)
    note = (
        f"Reads with a time: {counts}. Readers: active seconds from the first "
        "painted image to the lock, without pauses, hidden tabs and idling. "
        + (f"AI: stored volume to call on {device}; no test against people. " if device else "")
        + "Box: quartiles and median; whiskers to the extremes, or to 1.5 quartile ranges where points are drawn."
    )
    data = [
        {"reader": one.name, "group": one.group, "cases": int(one.seconds.size)}
        | {"total_minutes": float(one.seconds.sum() / 60), "median_seconds": float(np.median(one.seconds))}
        | {"geometric_mean_seconds": float(np.exp(np.log(np.maximum(one.seconds, 1e-3)).mean()))}
        for one in single
    ]
    return Chart(key, "Time per case", dress(figure, height=120 + 34 * max(3, len(known))), note, data)


def _pooled(single: list[Times]) -> list[Times]:
    """Too many for a box each: one a group, which keeps the page small too."""
    made = []
    for group in dict.fromkeys(one.group for one in single):
        of_group = [one for one in single if one.group == group]
        name = f"{group} (pooled reads of {len(of_group)})" if len(of_group) > 1 else of_group[0].name
        made.append(Times(name, group, np.concatenate([one.seconds for one in of_group]), of_group[0].device))
    return made


def _floor(dots: list[Dot], columns: list[str]) -> float:
    """Return the tenth below the lowest interval, so that near figures can be told apart."""
    found = [dot.figures[column] for dot in dots for column in columns]
    lows = [one.ci[0] if one.ci else one.value for one in found if one.value is not None]
    return max(0.0, math.floor(10 * min(lows, default=0.0) - 0.2) / 10)


def _line(dot: Dot) -> str:
    return {"ai": f"<b>{dot.name}</b>", "group": f"<b>{dot.name}</b>", "reader": dot.name}[dot.level]


def _beside(titles: list[str], lines: list[str], low: float) -> dict[str, Any]:
    """Return the layout of panels beside each other that share the lines of one vertical axis.

    In one piece: plotly's own subplots, changed step by step, take three times the time, and pages wait for it.
    """
    width = (1 - 0.03 * (len(titles) - 1)) / len(titles)
    starts = [at * (width + 0.03) for at in range(len(titles))]
    axis = {"range": [low - 0.02 * (1 - low), 1 + 0.03 * (1 - low)], "tickformat": ".0%", "nticks": 3, "tickangle": 0}
    heads = [
        {"text": title.replace(" ", "<br>", 1), "x": start + width / 2, "y": 1, "xref": "paper", "yref": "paper"}
        | {"xanchor": "center", "yanchor": "bottom", "showarrow": False, "font": {"size": 12}}  # two lines: narrow
        for title, start in zip(titles, starts, strict=True)
    ]
    vertical = {"categoryorder": "array", "categoryarray": lines[::-1], "range": [-0.6, len(lines) - 0.4]}
    return {
        "annotations": heads,
        "yaxis": {**vertical, "showgrid": False},
        **{
            f"xaxis{at}": {**axis, "domain": [start, start + width], "tickfont": {"size": 11}}
            for at, start in enumerate(starts, start=1)
        },
    }


def _errors(found: list[Estimate]) -> dict[str, object]:
    """Return the bars of estimates that have a value; none of a length where there is no interval."""
    ends = [(one.value or 0.0, one.ci or (one.value or 0.0,) * 2) for one in found]
    plus, minus = [high - value for value, (_, high) in ends], [value - low for value, (low, _) in ends]
    return {"type": "data", "symmetric": False, "array": plus, "arrayminus": minus, "thickness": 1.5, "width": 4}


def _whisker(study: StudyFacts, dot: Dot, column: str, label: str) -> dict[str, Any]:
    one = dot.figures[column]
    spread = "" if one.ci is None else f"<br>95 % interval {one.ci[0]:.1%} to {one.ci[1]:.1%}"
    return {
        "type": "scatter",
        "x": [one.value],
        "y": [_line(dot)],
        "error_x": _errors([one]) if one.ci else None,
        "mode": "markers",
        "marker": {
            "color": colour_of(study, dot.group),
            "symbol": symbol_of(study, dot.group),
            "size": 8 if dot.level == "reader" else 13,
            "line": {"width": 1, "color": "rgba(255,255,255,0.8)"},
        },
        "hovertemplate": f"{dot.name}<br>{label} %{{x:.1%}}{spread}<br>n = {one.n}; {one.method}<extra></extra>",
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


def _differences(study: StudyFacts, group: str, gaps: list[tuple[Gap, str]]) -> dict[str, Any]:
    """Draw the differences of one group, each on its line."""
    return {
        "type": "scatter",
        "x": [gap.estimate.value for gap, _ in gaps],
        "y": [line for _, line in gaps],
        "error_x": _errors([gap.estimate for gap, _ in gaps]),
        "mode": "markers",
        "marker": {"color": colour_of(study, group), "symbol": symbol_of(study, group), "size": 10},
        "customdata": [gap.verdict for gap, _ in gaps],
        "hovertemplate": "%{y}<br>AI minus readers %{x:+.1%}<br>%{customdata}<extra></extra>",
    }


def _comparison_note(dots: list[Dot], cases: int, *, crowded: bool) -> str:
    readers = sum(dot.level == "reader" for dot in dots)
    first = [(dot, next(iter(dot.figures.values()))) for dot in dots if dot.figures]
    methods = {dot.level: one.method for dot, one in first}
    means = list(dict.fromkeys(one.method for dot, one in first if dot.level == "group" and one.method))
    parts = [f"{readers} readers, up to {cases} cases each."]
    if methods.get("ai") or methods.get("reader"):
        parts.append(f"AI and single readers: {methods.get('ai') or methods.get('reader')}.")
    if means:
        parts.append(f"Groups: {'; '.join(means)}.")
    if crowded:
        parts.append("Thin marks are single readers.")
    return " ".join([*parts, "Indeterminate reads and failures of the AI count as wrong.", DEMONSTRATION])


def _table(dots: list[Dot], columns: list[str]) -> list[dict[str, Any]]:
    return [
        {"name": dot.name, "group": dot.group, "level": dot.level, "figure": column}
        | {"value": dot.figures[column].value, "n": dot.figures[column].n, "method": dot.figures[column].method}
        | {"low": (dot.figures[column].ci or (None, None))[0], "high": (dot.figures[column].ci or (None, None))[1]}
        for dot in dots
        for column in columns
    ]
