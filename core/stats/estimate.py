"""What every statistic returns: a number with its interval, n and method, or the reason why there is none."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from core.errors import ParallaxError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Interval = tuple[float, float]


class StatsError(ParallaxError):
    """An analysis that cannot be done with these data: what is missing, and what to do instead."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """One figure. `value`, `se` and `ci` are None where they do not exist; `reason` then says why.

    `n` counts what the figure rests on (cases, reads or readers, as `method` says); `ci` is two-sided 95 % unless
    `method` names another level.
    """

    value: float | None
    se: float | None = None
    ci: Interval | None = None
    n: int = 0
    method: str = ""
    reason: str | None = None


def finite(value: float | np.floating | None) -> float | None:
    """The number as a plain float, or None where it is not a finite number."""
    return None if value is None or not math.isfinite(value) else float(value)


NO_INFORMATION = "too few readers or cases: an interval would cover every possible value"


def clipped(low: float, high: float, bounds: Interval | None) -> Interval:
    """An interval cut to the range its figure can take, as MRMCaov and pROC print theirs.

    Cutting is what inverting the same test over the possible values gives: it changes neither coverage nor agreement
    with the p-value.
    """
    return (
        (low, high) if bounds is None else (min(max(low, bounds[0]), bounds[1]), min(max(high, bounds[0]), bounds[1]))
    )


def within(ci: Interval, bounds: Interval | None) -> tuple[Interval | None, Interval | None]:
    """The interval cut to `bounds`, None where it covers all of them; beside it the uncut one, None if equal.

    Callers give NO_INFORMATION as the reason where the first is None.
    """
    cut = clipped(*ci, bounds)
    if cut == ci:
        return ci, None
    return (None if cut == bounds else cut), ci


def range_of_difference(bounds: Interval | None) -> Interval | None:
    """The range of a - b where a and b lie within bounds."""
    return None if bounds is None else (bounds[0] - bounds[1], bounds[1] - bounds[0])


def to_plain(value: object) -> object:
    """Dataclasses, tuples and arrays as dicts, lists and numbers ready for JSON; never NaN or infinity.

    Input: any nesting of frozen results, mappings, sequences, numpy arrays and scalars. A number that is not finite
    becomes None. Raises TypeError for anything else, so that nothing is written by accident.
    """
    kind = type(value)
    if isinstance(value, float):  # numpy's 64-bit floats too
        return finite(value)
    if isinstance(value, str):  # members of an enumeration of texts too
        return str(value)
    if value is None or kind in (int, bool):
        return value
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    if is_dataclass(kind):
        return {name: to_plain(getattr(value, name)) for name in _names(kind)}
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return to_plain(value.tolist())
    raise TypeError(f"{kind.__name__} has no plain form; convert it before writing JSON")


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))
