"""Reading times as figures: every case of everybody, and medians with quartiles for the comparison."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.report.chart import Chart, colour_of, dress
from core.report.rows import StudyFacts

TICKS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000]  # of a log axis of seconds
MANY = 14  # rows beyond which single readers get no line of their own
READERS_TIME = "active seconds from the first painted image to the lock, without pauses, hidden tabs and idling"


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds a case of one participant, unknown ones left out."""

    name: str
    group: str
    seconds: NDArray[np.float64]
    device: str | None = None


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
    note = (
        f"Reads with a time: {counts}. Readers: {READERS_TIME}. {ai_time(times)}"
        "Box: quartiles and median; whiskers to the extremes, or to 1.5 quartile ranges where points are drawn."
    )
    data = [
        {"reader": one.name, "group": one.group, "cases": int(one.seconds.size)}
        | {"total_minutes": float(one.seconds.sum() / 60), "median_seconds": float(np.median(one.seconds))}
        | {"geometric_mean_seconds": float(np.exp(np.log(np.maximum(one.seconds, 1e-3)).mean()))}
        for one in single
    ]
    return Chart(key, "Time per case", dress(figure, height=120 + 34 * max(3, len(known))), note, data)


def ai_time(times: list[Times]) -> str:
    """Say what the AI's time is and that it is not tested; "" without an AI's times."""
    device = next((one.device for one in times if one.device and one.seconds.size), None)
    return f"AI: stored volume to call on {device}; no test against people. " if device else ""


def quartiles(times: list[Times], group: str | None) -> tuple[float, float, float] | None:
    """Return quartile, median and quartile of the reads of one name, of a group, or of all readers (group None)."""
    chosen = [one.seconds for one in times if one.device is None and group in (None, one.group)]
    return _three(np.concatenate(chosen)) if chosen else None


def own_quartiles(times: list[Times], name: str) -> tuple[float, float, float] | None:
    """Return quartile, median and quartile of one participant's reads; None without a time."""
    return next((_three(one.seconds) for one in times if one.name == name), None)


def seconds_axis(found: list[tuple[float, float, float]]) -> dict[str, Any]:
    """Return a log axis of seconds wide enough for these quartiles, with few labels."""
    low, high = 0.8 * min(one[0] for one in found), 1.25 * max(one[2] for one in found)
    inside = [tick for tick in TICKS if low <= tick <= high]
    shown = inside[:: math.ceil(len(inside) / 3)] if inside else [round(math.sqrt(low * high), 1)]
    return {"type": "log", "range": [math.log10(low), math.log10(high)], "tickvals": shown, "tickformat": "~g"}


def _three(seconds: NDArray[np.float64]) -> tuple[float, float, float] | None:
    if not seconds.size:
        return None
    low, middle, high = np.quantile(seconds, [0.25, 0.5, 0.75]).tolist()
    return low, middle, high


def _pooled(single: list[Times]) -> list[Times]:
    """Too many for a box each: one a group, which keeps the page small too."""
    made = []
    for group in dict.fromkeys(one.group for one in single):
        of_group = [one for one in single if one.group == group]
        name = f"{group} (pooled reads of {len(of_group)})" if len(of_group) > 1 else of_group[0].name
        made.append(Times(name, group, np.concatenate([one.seconds for one in of_group]), of_group[0].device))
    return made
