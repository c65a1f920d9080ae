"""Reading times as figures: every case of everybody, and medians with quartiles for the comparison."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.results.draw.chart import Chart, colour_of, dress
from core.results.rows import StudyFacts

TENS = (0.1, 1, 10, 100, 1000, 10_000)
STEPS = ((1,), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8), tuple(n / 10 for n in range(10, 100, 2)))  # coarse to fine
FEWEST = 3  # labels of an axis, so that values between them can be read
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
    if known:
        everything = np.concatenate([one.seconds for one in known])
        axis = log_axis(float(everything.min()), float(everything.max()))
        figure.update_xaxes(**axis, title="seconds a case (log axis)")
    figure.update_yaxes(categoryorder="array", categoryarray=[one.name for one in known][::-1], showgrid=False)
    counts = ", ".join(f"{one.name}: {one.seconds.size}" for one in known)
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
    low, high = min(one[0] for one in found), max(one[2] for one in found)
    axis = log_axis(low, high)
    return {**axis, "tickvals": axis["tickvals"][:: math.ceil(len(axis["tickvals"]) / FEWEST)]}


def log_axis(low: float, high: float) -> dict[str, Any]:
    """Return a log axis of seconds for values from `low` to `high`, with room at both ends and labels to read by."""
    low, high = max(low, 0.1) / 1.25, max(high, 0.1) * 1.25
    ends = [math.log10(low), math.log10(high)]
    return {"type": "log", "range": ends, "tickvals": seconds_ticks(low, high), "tickformat": "~g"}


def seconds_ticks(low: float, high: float) -> list[float]:
    """Return the coarsest round numbers of which FEWEST lie between `low` and `high`, the finest if none do."""
    found: list[float] = []
    for steps in STEPS:
        found = [value for ten in TENS for step in steps if low <= (value := round(step * ten, 3)) <= high]
        if len(found) >= FEWEST:
            break
    return found


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
