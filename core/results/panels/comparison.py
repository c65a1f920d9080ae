"""The comparison at one look: dots with intervals and time per case, and the differences."""

import math
from dataclasses import dataclass
from typing import Any, Literal

import plotly.graph_objects as go

from core.results.draw.chart import DEMONSTRATION, INK, Chart, colour_of, dress, many, symbol_of
from core.results.draw.facets import WIDE, Panel, laid, share_axis
from core.results.panels.times import MANY, READERS_TIME, Times, ai_time, own_quartiles, quartiles, seconds_axis
from core.results.rows import StudyFacts
from core.stats.estimate import Estimate

SECONDS = "seconds a case<br>(log axis)"
Spread = tuple[float, float, float]


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
    """Draw dots with 95 % intervals, one panel a column (name: label), one line a participant; means are larger.

    With `times` a last panel has the median seconds a case with quartiles. A column that nobody has a value in is left
    out.
    """
    crowded = len(dots) > MANY
    shown = [dot for dot in dots if not (crowded and dot.level == "reader")]
    columns = {
        name: label for name, label in columns.items() if any(dot.figures[name].value is not None for dot in dots)
    }
    spread = _seconds(study, shown, times or [])
    shares = share_axis(_floor(dots, list(columns)))
    panels = [Panel(label.replace(" ", "<br>", 1), shares) for label in columns.values()]
    if spread:
        panels.append(Panel(SECONDS, seconds_axis(list(spread.values()))))
    where = laid(panels, [_line(dot) for dot in shown], per_row=per_row)
    traces = []
    for column, axes in zip(columns, where.axes, strict=False):
        drawn = _clouds(study, dots, column) if crowded else []
        drawn += [
            _whisker(study, dot, column, columns[column]) for dot in shown if dot.figures[column].value is not None
        ]
        traces += [{**trace, **axes} for trace in drawn]
    traces += [{**_time(study, dot, spread[dot.name]), **where.axes[-1]} for dot in shown if dot.name in spread]
    figure = dress(go.Figure(traces, where.layout), height=where.height, top=52)
    note = _note(dots, list(columns), crowded=crowded)
    if spread:
        note += f" Seconds: median and quartiles of the reads, no interval. Readers: {READERS_TIME}. "
        note += ai_time(times or [])
    return Chart(key, title, figure, f"{note.strip()} {DEMONSTRATION}", _table(dots, list(columns), spread))


def difference_chart(study: StudyFacts, gaps: list[Gap], *, key: str = "difference", per_row: int = 3) -> Chart:
    """Draw AI minus readers with its interval, a panel a group and a line a figure; at 0 there is no difference."""
    groups = list(dict.fromkeys(gap.group for gap in gaps))
    known = [gap for gap in gaps if gap.estimate.value is not None]
    ends = [abs(end) for gap in known for end in (gap.estimate.value, *(gap.estimate.ci or ())) if end is not None]
    far = min(1.0, math.ceil(10.5 * max([*ends, 0.05])) / 10)  # an axis of a width even where all are equal
    axis = {
        "range": [-1.05 * far, 1.05 * far],
        "tickvals": [-far, 0, far],
        "ticktext": [f"−{100 * far:.0f}", "0", f"+{100 * far:.0f}"],
    }
    panels = [Panel(f"AI minus {group}", axis) for group in groups]
    where = laid(panels, list(dict.fromkeys(gap.label for gap in gaps)), per_row=per_row)
    traces = [
        {**_differences(study, group, [gap for gap in known if gap.group == group]), **axes}
        for group, axes in zip(groups, where.axes, strict=True)
    ]
    figure = dress(go.Figure(traces, where.layout), height=where.height, top=52)
    figure.update_xaxes(zeroline=True, zerolinecolor=INK, zerolinewidth=1.5)
    note = (
        "Percentage points with 95 % intervals; right of the line the AI is higher. Every difference is exploratory "
        "unless the table says prespecified; n, test and method stand there. " + DEMONSTRATION
    )
    data = [
        {"figure": gap.figure, "group": gap.group, "ai_minus_group": gap.estimate.value}
        | {"low": (gap.estimate.ci or (None, None))[0], "high": (gap.estimate.ci or (None, None))[1]}
        | {"method": gap.estimate.method, "reading": gap.verdict}
        for gap in gaps
    ]
    return Chart(key, "Differences", figure, note, data)


def _floor(dots: list[Dot], columns: list[str]) -> float:
    """Return the tenth below the lowest interval, so that near figures can be told apart."""
    found = [dot.figures[column] for dot in dots for column in columns]
    lows = [one.ci[0] if one.ci else one.value for one in found if one.value is not None]
    return max(0.0, math.floor(10 * min(lows, default=0.0) - 0.2) / 10)


def _seconds(study: StudyFacts, shown: list[Dot], times: list[Times]) -> dict[str, Spread]:
    found = {
        dot.name: quartiles(times, dot.group if dot.group in study.groups else None)
        if dot.level == "group"
        else own_quartiles(times, dot.name)
        for dot in shown
    }
    return {name: spread for name, spread in found.items() if spread is not None}


def _line(dot: Dot) -> str:
    return dot.name if dot.level == "reader" else f"<b>{dot.name}</b>"


def error_bars(found: list[Estimate]) -> dict[str, object]:
    """Return the bars of estimates that have a value; none of a length where there is no interval."""
    ends = [(one.value or 0.0, one.ci or (one.value or 0.0,) * 2) for one in found]
    plus, minus = [high - value for value, (_, high) in ends], [value - low for value, (low, _) in ends]
    return {"type": "data", "symmetric": False, "array": plus, "arrayminus": minus, "thickness": 1.5, "width": 4}


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


def _differences(study: StudyFacts, group: str, gaps: list[Gap]) -> dict[str, Any]:
    """Draw the differences of one group, each on its line."""
    return {
        "type": "scatter",
        "x": [gap.estimate.value for gap in gaps],
        "y": [gap.label for gap in gaps],
        "error_x": error_bars([gap.estimate for gap in gaps]),
        "mode": "markers",
        "cliponaxis": False,
        "marker": {"color": colour_of(study, group), "symbol": symbol_of(study, group), "size": 10},
        "customdata": [gap.verdict for gap in gaps],
        "hovertemplate": f"AI minus {group}<br>%{{y}} %{{x:+.1%}}<br>%{{customdata}}<extra></extra>",
    }


def _note(dots: list[Dot], columns: list[str], *, crowded: bool) -> str:
    """Name n, interval and method of the dots."""
    cases = max((dot.figures[column].n for dot in dots for column in columns if dot.level != "group"), default=0)
    readers = sum(dot.level == "reader" for dot in dots)
    parts = [f"{many(readers, 'reader')}, up to {many(cases, 'case')} each; 95 % intervals."]
    if any(dot.level != "group" for dot in dots):
        parts.append("AI and single readers: Wilson.")
    means = [
        (dot.name, one.method)
        for dot in dots
        if dot.level == "group" and (one := next(iter(dot.figures.values()), None)) and one.method
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
