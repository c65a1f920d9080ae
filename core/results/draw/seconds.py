"""Axes of seconds, and quartiles of reading times."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.results.comparison import Times

Spread = tuple[float, float, float]  # quartile, median, quartile
TENS = (0.1, 1, 10, 100, 1000, 10_000)
STEPS = ((1,), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8), tuple(n / 10 for n in range(10, 100, 2)))  # coarse to fine
FEWEST = 3  # labels of an axis, so that values between them can be read
READERS_TIME = "active seconds from the first painted image to the lock, without pauses, hidden tabs and idling"


def ai_time(times: list[Times]) -> str:
    """Return what the AI's time is and where it was taken; "" without an AI."""
    device = next((time.device for time in times if time.device and time.seconds.size), None)
    return f"AI: stored volume to call on {device}; no test against people. " if device else ""


def quartiles(times: list[Times], group: str | None) -> Spread | None:
    """Return quartile, median and quartile of the reads of a group, or of all readers (group None)."""
    chosen = [time.seconds for time in times if time.device is None and group in (None, time.group)]
    return _three(np.concatenate(chosen)) if chosen else None


def own_quartiles(times: list[Times], name: str) -> Spread | None:
    """Return quartile, median and quartile of one participant's reads; None without a time."""
    return next((_three(time.seconds) for time in times if time.name == name), None)


def seconds_axis(spreads: list[Spread]) -> dict[str, Any]:
    """Return a log axis of seconds wide enough for these quartiles, with few labels."""
    low, high = min(spread[0] for spread in spreads), max(spread[2] for spread in spreads)
    axis = log_axis(low, high)
    return {**axis, "tickvals": axis["tickvals"][:: math.ceil(len(axis["tickvals"]) / FEWEST)]}


def log_axis(low: float, high: float) -> dict[str, Any]:
    """Return a log axis of seconds for values from `low` to `high`, with room at both ends and labels to read by."""
    low, high = max(low, 0.1) / 1.25, max(high, 0.1) * 1.25
    ends = [math.log10(low), math.log10(high)]
    return {"type": "log", "range": ends, "tickvals": seconds_ticks(low, high), "tickformat": "~g"}


def seconds_ticks(low: float, high: float) -> list[float]:
    """Return the coarsest round numbers of which FEWEST lie between `low` and `high`, the finest if none do."""
    ticks: list[float] = []
    for steps in STEPS:
        ticks = [value for ten in TENS for step in steps if low <= (value := round(step * ten, 3)) <= high]
        if len(ticks) >= FEWEST:
            break
    return ticks


def _three(seconds: NDArray[np.float64]) -> Spread | None:
    if not seconds.size:
        return None
    low, middle, high = np.quantile(seconds, [0.25, 0.5, 0.75]).tolist()
    return low, middle, high
