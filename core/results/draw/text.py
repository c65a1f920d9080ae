"""Tables for people: lists of rows with texts in the cells, the same on pages and in the report."""

import numpy as np

from core.results.comparison import Comparison
from core.results.draw.chart import percent, with_interval
from core.results.panels.times import Times
from core.results.verdict import Verdict

Row = dict[str, object]


def comparison_table(found: Comparison) -> list[Row]:
    """Return one row for the AI, each group and each reader; percent with interval."""
    return [
        {"": dot.name, **{found.label(column): with_interval(dot.figures[column]) for column in found.columns}}
        for dot in found.dots
    ]


def difference_table(found: Comparison) -> list[Row]:
    """Return AI minus each group with interval and its reading in words."""
    made: list[Row] = []
    for gap in found.gaps:
        test = found.tests[gap.figure, gap.group]
        low, high = gap.estimate.ci or (None, None)
        made.append(
            {
                "figure": gap.label,
                "against": gap.group,
                "AI": percent(test.ai),
                "readers": percent(test.readers),
                "difference": points(test.difference),
                "95 % interval": "–" if low is None else f"{points(low)} to {points(high)}",
                "p": p_text(test.p),
                "reading": gap.verdict,
                "method": gap.estimate.method,
            }
        )
    return made


def verdict_table(said: Verdict) -> list[Row]:
    """Return the prespecified endpoints: difference, interval, p as it is and, where there are several, adjusted."""
    made: list[Row] = []
    for one in said.tested:
        row: Row = {
            "endpoint": one.endpoint,
            "difference": points(one.difference),
            "interval": "–" if one.ci is None else f"{points(one.ci[0])} to {points(one.ci[1])}",
            "p": p_text(one.p),
        }
        if said.adjustment:
            row[f"p adjusted ({said.adjustment})"] = p_text(one.p_adjusted)
        made.append({**row, "verdict": one.words, "method": one.method or "–"})
    return made


def verdict_note(said: Verdict) -> str:
    """Return what the table of prespecified endpoints shows; "" without one."""
    if not said.tested:
        return ""
    note = "Differences in percentage points, of areas in hundredths; intervals at the prespecified alpha"
    if said.adjustment:
        note += f", not adjusted. p adjusted over {len(said.tested)} endpoints ({said.adjustment}); verdicts follow it"
    sided = "one-sided, against half of alpha" if said.hypothesis.startswith("non-inferiority") else "two-sided"
    return f"{note}. p {sided}."


def time_table(times: list[Times]) -> list[Row]:
    """Return total, median and geometric mean of the time each took."""
    made: list[Row] = []
    for one in times:
        known = one.seconds.size > 0
        made.append(
            {
                "": one.name,
                "cases with a time": int(one.seconds.size),
                "total, min": round(float(one.seconds.sum()) / 60, 1) if known else None,
                "median, s": round(float(np.median(one.seconds)), 1) if known else None,
                "geometric mean, s": round(float(np.exp(np.log(one.seconds).mean())), 1) if known else None,
                "from": one.device or "active reading time",
            }
        )
    return made


def points(value: float | None) -> str:
    """Return a difference of shares in percentage points."""
    return "–" if value is None else f"{100 * value:+.1f}".replace("-", "−")


def p_text(value: float | None) -> str:
    """Return a p-value for people."""
    return "–" if value is None else "< .001" if value < 0.001 else f"{value:.3f}".lstrip("0") if value < 1 else "1"
