"""Numbers as text for people: one form for each kind of number, everywhere."""

from collections.abc import Iterable
from typing import Any

from core.spreadsheet import csv_text
from core.stats.estimate import Estimate, Interval
from core.stats.small_samples import NARROW, WIDE
from core.stats.times import TimeRatio


def percent(value: float | None, digits: int = 1) -> str:
    """Return a share as percent, "–" for none."""
    return "–" if value is None else f"{100 * value:.{digits}f} %"


def with_interval(estimate: Estimate, *, digits: int = 1) -> str:
    """Return a share with its interval in percent, or the reason why there is none."""
    if estimate.value is None:
        return f"– ({estimate.reason})" if estimate.reason else "–"
    if estimate.ci is None:
        return percent(estimate.value, digits)
    return f"{100 * estimate.value:.{digits}f} % ({100 * estimate.ci[0]:.{digits}f}–{100 * estimate.ci[1]:.{digits}f})"


def points(value: float | None) -> str:
    """Return a difference of shares in percentage points."""
    return "–" if value is None else minus(f"{100 * value:+.1f}")


def points_between(ci: Interval | None) -> str:
    """Return an interval of percentage points."""
    return "–" if ci is None else f"{points(ci[0])} to {points(ci[1])}"


def points_with_interval(estimate: Estimate) -> str:
    """Return a difference in percentage points with its interval, or the reason why there is none."""
    if estimate.value is None:
        return f"– ({estimate.reason})" if estimate.reason else "–"
    return points(estimate.value) + ("" if estimate.ci is None else f" ({points_between(estimate.ci)})")


SHARES = ("accuracy", "balanced accuracy", "sensitivity", "specificity")


def is_share(figure: str) -> bool:
    """Return whether a figure ("sensitivity covid") is shown in percent; areas, F1 and kappas are plain numbers."""
    return figure in SHARES or figure.split(" ")[0] in SHARES


def value_of(figure: str, value: float | None) -> str:
    """Return a figure in its unit."""
    return percent(value) if is_share(figure) else plain(value)


def gap_of(figure: str, value: float | None) -> str:
    """Return a difference of a figure in its unit: percentage points, or a plain number."""
    if value is None:
        return "–"
    return points(value) if is_share(figure) else minus(f"{value:+.3f}")


def span_of(figure: str, ci: Interval | None, *, reason: str | None = None) -> str:
    """Return an interval of a figure in its unit, or the reason why there is none."""
    if ci is None or not is_share(figure):
        return span(ci, reason=reason)
    return minus(f"{100 * ci[0]:.1f} to {100 * ci[1]:.1f}")


def gap_span_of(figure: str, ci: Interval | None, *, reason: str | None = None) -> str:
    """Return an interval of a difference in its unit, both ends with their signs, or the reason why there is none."""
    if ci is None:
        return span(ci, reason=reason)
    return f"{gap_of(figure, ci[0])} to {gap_of(figure, ci[1])}"


STAR = " *"
FLAGS = (WIDE, NARROW)


def starred(estimate: Estimate) -> str:
    """Return percent with interval, and a star where simulations speak against the interval; see `flag_note`."""
    return with_interval(estimate) + (STAR if _flags(estimate) else "")


def flag_note(estimates: Iterable[Estimate]) -> str:
    """Return what the stars mean, with a blank before it; "" where nothing has one."""
    said = dict.fromkeys(flag for estimate in estimates for flag in _flags(estimate))
    return f" * {'; '.join(said)}." if said else ""


def _flags(estimate: Estimate) -> list[str]:
    return [] if estimate.ci is None else [flag for flag in FLAGS if flag in estimate.method]


def p_text(value: float | None) -> str:
    """Return a p-value."""
    return "–" if value is None else "< .001" if value < 0.001 else f"{value:.3f}".lstrip("0") if value < 1 else "1"


def number(estimate: Estimate, *, sign: str = "") -> str:
    """Return a figure with three decimals and its interval, or the reason why there is none."""
    if estimate.value is None:
        return f"– ({estimate.reason})" if estimate.reason else "–"
    spread = "" if estimate.ci is None else f" ({estimate.ci[0]:.3f} to {estimate.ci[1]:.3f})"
    return minus(f"{sign}{estimate.value:.3f}{spread}")


def plain(value: float | None, *, digits: int = 3) -> str:
    """Return a number with some decimals, "–" for none."""
    return "–" if value is None else minus(f"{value:.{digits}f}")


def span(ci: Interval | None, *, reason: str | None = None) -> str:
    """Return an interval with three decimals, or the reason why there is none."""
    if ci is None:
        return f"– ({reason})" if reason else "–"
    return minus(f"{ci[0]:.3f} to {ci[1]:.3f}")


def times_text(ratio: TimeRatio) -> str:
    """Return a ratio of times with its interval."""
    if ratio.ratio is None:
        return f"– ({ratio.reason})"
    return f"×{ratio.ratio:.2f}" + ("" if ratio.ci is None else f" ({ratio.ci[0]:.2f} to {ratio.ci[1]:.2f})")


def minus(text: str) -> str:
    """Return a text with the true minus sign."""
    return text.replace("-", "−")


def many(n: int, one: str, more: str = "") -> str:
    """Return a count with its word: "1 case", "3 cases"; `more` is the plural where it is not `one` with an s."""
    return f"{n} {one}" if n == 1 else f"{n} {more or one + 's'}"


def plural(group: str) -> str:
    """Return how a group of readers is called together, whether it was named "novice" or "Novices"."""
    return group if group.endswith("s") else f"{group}s"


def csv_of(data: list[dict[str, Any]]) -> str:
    """Return rows as CSV, safe in a spreadsheet; "" without rows."""
    if not data:
        return ""
    names = list(data[0])
    return csv_text([names, *([row.get(name) for name in names] for row in data)])
