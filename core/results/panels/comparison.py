"""How the AI stands against the readers, in one look."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import plotly.graph_objects as go

from core.results import gaps
from core.results.blocks import Block, Chart, Gap, Heading, Note, Row, Surface, Table
from core.results.comparison import Comparison, Difference, Times
from core.results.draw.ais import ai_blocks
from core.results.draw.arms import arms_chart
from core.results.draw.chart import DEMONSTRATION, colour_of, dress, symbol_of
from core.results.draw.dots import comparison_chart
from core.results.draw.facets import NARROW, WIDE, Facet, laid
from core.results.draw.forest import difference_axis, draw_zero, error_bars
from core.results.draw.prespecified import verdict_blocks
from core.results.draw.text import STAR, flag_note, p_text, percent, points, points_between, starred
from core.results.panels.panel import Panel
from core.results.rows import StudyFacts
from core.results.study_results import StudyResults


def blocks(results: StudyResults, surface: Surface) -> Iterator[Block]:
    """Yield the verdict, the figures of everybody, and the AI minus each group."""
    study, compared = results.study, results.comparison
    labels = {column: compared.label(column) for column in compared.columns}
    first = {name: label for name, label in labels.items() if not name.startswith("specificity")}
    rest = {name: label for name, label in labels.items() if name not in first}
    per_row = NARROW if surface.narrow else WIDE
    if not surface.paper:  # the report has a section of its own for it
        yield from verdict_blocks(results)
        yield Note("Below, only rows marked prespecified belong to a verdict; all else is exploratory.")
    found = comparison_gaps(results)
    yield from found
    figures = results.prespecified_arms
    if figures:
        yield Heading("Unaided and aided")
        yield arms_chart(study, results.arms(figures), figures=figures, key="arms")
        yield Heading("AI and readers")
    if len(results.rows.arms) > 1:
        yield Note(f"Readers' {compared.arm} reads; MRMC compares the arms.")
    title = "Accuracy, sensitivity by class, and time per case"
    yield comparison_chart(study, compared.dots, first, title=title, key="dots", times=compared.times, per_row=per_row)
    yield comparison_chart(study, compared.dots, rest, title="Specificity by class", key="specificity", per_row=per_row)
    if compared.differences:
        yield Heading("AI minus readers")
        yield difference_chart(study, compared.differences, per_row=1 if surface.narrow else 3)
        flags = flag_note([difference.estimate for difference in compared.differences])
        yield Table("differences", difference_table(compared), f"Percentage points, AI minus readers.{flags}")
    elif not found:
        yield Gap(
            "There is no difference between the AI and a group to estimate.",
            "It takes the AI and readers on at least two of the same cases.",
        )
    yield from ai_blocks(results, links=not surface.paper)
    yield Heading("In figures")
    flags = flag_note([estimate for dot in compared.dots for estimate in dot.figures.values()])
    yield Table(
        "comparison", comparison_table(compared), f"Percent with 95 % interval; n as in the chart's note.{flags}"
    )
    yield Table("times", time_table(compared.times), AI_TIME)


AI_TIME = "Readers' active seconds; the AI's from stored volume to call, not tested against people."


def comparison_gaps(results: StudyResults) -> list[Gap]:
    """Return what the comparison lacks: readers, AI, cases, single reads."""
    return [*gaps.few_people(results), *gaps.no_ai(results), *gaps.one_case(results), *gaps.missing_reads(results)]


def comparison_table(compared: Comparison) -> list[Row]:
    """Return one row for the AI, each group and each reader; percent with interval."""
    return [
        {"": dot.name, **{compared.label(column): starred(dot.figures[column]) for column in compared.columns}}
        for dot in compared.dots
    ]


def difference_table(compared: Comparison) -> list[Row]:
    """Return each AI minus each group with interval and its reading in words."""
    several = len({difference.ai for difference in compared.differences}) > 1
    return [
        {
            "figure": difference.label,
            **({"of": difference.ai} if several else {}),
            "against": difference.group,
            "reading": difference.reading,
            "difference": points(difference.test.difference),
            "95 % interval": points_between(difference.estimate.ci) + (STAR if difference.flag else ""),
            "p": p_text(difference.test.p),
            "AI": percent(difference.test.ai),
            "readers": percent(difference.test.readers),
            "method": difference.estimate.method,
        }
        for difference in compared.differences
    ]


def time_table(times: list[Times]) -> list[Row]:
    """Return total, median and geometric mean of the time each took."""
    rows: list[Row] = []
    for time in times:
        known = time.seconds.size > 0
        rows.append(
            {
                "": time.name,
                "cases with a time": int(time.seconds.size),
                "total, min": round(float(time.seconds.sum()) / 60, 1) if known else None,
                "median, s": round(float(np.median(time.seconds)), 1) if known else None,
                "geometric mean, s": round(float(np.exp(np.log(time.seconds).mean())), 1) if known else None,
                "from": time.device or "active reading time",
            }
        )
    return rows


def difference_chart(
    study: StudyFacts, differences: list[Difference], *, key: str = "difference", per_row: int = 3
) -> Chart:
    """Draw AI minus readers with its interval, a small chart an AI and group, a line a figure; 0 is no difference."""
    pairs = list(dict.fromkeys((difference.ai, difference.group) for difference in differences))
    known = [difference for difference in differences if difference.estimate.value is not None]
    axis = difference_axis(difference.estimate for difference in known)
    facets = [Facet(f"{ai} minus {group}", axis) for ai, group in pairs]
    where = laid(facets, list(dict.fromkeys(difference.label for difference in differences)), per_row=per_row)
    traces = [
        {
            **_of_pair(study, *pair, [difference for difference in known if (difference.ai, difference.group) == pair]),
            **axes,
        }
        for pair, axes in zip(pairs, where.axes, strict=True)
    ]
    figure = dress(go.Figure(traces, where.layout), height=where.height, top=52)
    draw_zero(figure)
    note = "Percentage points with 95 % intervals; right of the line the AI is higher. "
    if any(difference.flag for difference in known):
        note += "Open marks: the interval may be too narrow, see the table. "
    note += DEMONSTRATION
    data = [
        {
            "ai": difference.ai,
            "figure": difference.figure,
            "group": difference.group,
            "ai_minus_group": difference.estimate.value,
        }
        | {"low": (difference.estimate.ci or (None, None))[0], "high": (difference.estimate.ci or (None, None))[1]}
        | {"method": difference.estimate.method, "reading": difference.reading, "flag": difference.flag}
        for difference in differences
    ]
    method = "Every difference is exploratory unless the table says prespecified; n, test and method stand there."
    return Chart(key, "Differences", figure, note, data, method)


def _of_pair(study: StudyFacts, ai: str, group: str, differences: list[Difference]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "x": [difference.estimate.value for difference in differences],
        "y": [difference.label for difference in differences],
        "error_x": error_bars([difference.estimate for difference in differences]),
        "mode": "markers",
        "cliponaxis": False,
        "marker": {
            "color": colour_of(study, group),
            "symbol": [symbol_of(study, group) + ("-open" if difference.flag else "") for difference in differences],
            "size": 10,
        },
        "customdata": [difference.reading for difference in differences],
        "hovertemplate": f"{ai} minus {group}<br>%{{y}} %{{x:+.1%}}<br>%{{customdata}}<extra></extra>",
    }


PANEL = Panel(
    address="comparison",
    title="Comparison",
    lead="How the AI stands against the readers, on the same cases.",
    icon=":material/compare_arrows:",
    group="Accuracy",
    blocks=blocks,
)
