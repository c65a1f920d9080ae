"""Automation bias: what readers changed after the AI was shown, for worse and for better, by experience."""

from collections.abc import Iterator
from typing import Any

import plotly.graph_objects as go

from core.results import gaps
from core.results.blocks import Block, Chart, Gap, Heading, Row, Surface, Table
from core.results.draw.chart import DEMONSTRATION, colour_of, dress, symbol_of
from core.results.draw.facets import Facet, laid
from core.results.draw.forest import error_bars
from core.results.draw.text import flag_note, p_text, plural, points_with_interval, starred
from core.results.panels.panel import Panel
from core.results.rows import StudyFacts
from core.results.study_results import StudyResults
from core.stats.analyse import Analysis
from core.stats.estimate import Estimate
from core.stats.switches import Switches

SWITCHES = ("to the AI's wrong call", "to the AI's right call")
SWITCHED = (
    "To its wrong call: share of reads right without the AI, where it was wrong, that changed to its call. To its "
    "right call: share of reads wrong without the AI, where it was right, that changed to it. Intervals: groups as "
    "ratios over cases as clusters (Cochran 1977), these readers only; single readers Wilson."
)


def blocks(results: StudyResults, surface: Surface) -> Iterator[Block]:
    """Yield the switches of groups and of readers."""
    analysis, study = results.analysis, results.study
    yield from bias_gaps(results)
    if not analysis.switches:
        return
    yield switch_chart(study, switch_rows(study, analysis), per_row=1 if surface.narrow else 2)
    yield Heading("Groups")
    note = "These readers only: ratio over cases as clusters (Cochran 1977, 6.3); no p-value."
    shares = [share for one in analysis.group_switches for share in (one.automation_bias, one.good_advice)]
    yield Table("group-switches", switch_table(analysis.group_switches), flag_note(shares).strip(), method=note)
    yield Heading("Readers")
    yield Table("switches", switch_table(analysis.switches), method=READERS)


READERS = "Wilson intervals; net change with Tango's interval; exploratory."


def bias_gaps(results: StudyResults) -> list[Gap]:
    """Return what automation bias lacks: both arms, the AI, and calls of the AI that were wrong."""
    analysis = results.analysis
    if not analysis.switches:
        remedy = "It takes a sequential or crossover design."
        return [Gap("There are no reads of the same case without and with the AI.", remedy)]
    found = gaps.no_ai(results)
    if not found and not any(group.automation_bias.n for group in analysis.group_switches):
        remedy = "Automation bias shows on cases that the AI gets wrong and readers get right."
        found.append(Gap("No read was right without the AI where the AI was wrong.", remedy))
    return found


def switch_rows(study: StudyFacts, analysis: Analysis) -> list[tuple[str, str, Estimate, Estimate]]:
    """Return (name, group, harmful, helpful) of groups, then of readers."""
    group_of = {reader.name: reader.group for reader in study.participants}
    rows = [
        (plural(group_switch.name), group_switch.name, group_switch.automation_bias, group_switch.good_advice)
        for group_switch in analysis.group_switches
    ]
    return rows + [
        (switch.name, group_of[switch.name], switch.automation_bias, switch.good_advice) for switch in analysis.switches
    ]


def switch_table(rows: tuple[Switches, ...]) -> list[Row]:
    """Return switches of readers or groups: counts and shares with intervals."""
    return [
        {
            "": row.name,
            "AI wrong, reader was right: followed it": starred(row.automation_bias),
            "AI wrong, reader was right (n)": row.automation_bias.n,
            "AI right, reader was wrong: followed it": starred(row.good_advice),
            "AI right, reader was wrong (n)": row.good_advice.n,
            "net change, points": points_with_interval(row.net),
            "p (McNemar, exact)": p_text(row.p_exact),
            "reads in both arms": row.reads,
            "right to wrong": row.right_to_wrong,
            "wrong to right": row.wrong_to_right,
            "note": row.note,
        }
        for row in rows
    ]


def switch_chart(study: StudyFacts, rows: list[tuple[str, str, Estimate, Estimate]], *, per_row: int = 2) -> Chart:
    """Draw for each (name, group, harmful, helpful) the share of chances taken: to the AI's wrong and right calls."""
    axis = {"range": [-0.05, 1.05], "tickformat": ".0%", "tickvals": [0, 0.25, 0.5, 0.75, 1]}
    kinds = [
        at for at in range(len(SWITCHES)) if any(both[at].value is not None for _, _, *both in rows)
    ]  # with a chance
    facets = [Facet(f"{SWITCHES[at]}<br>share of chances", axis) for at in kinds]
    where = laid(facets, [row[0] for row in rows], per_row=per_row)
    traces = [
        {**_switch(study, name, group, switch), **axes}
        for name, group, *both in rows
        for switch, axes in zip([both[at] for at in kinds], where.axes, strict=True)
        if switch.value is not None
    ]
    note = f"Share of the chances taken, with 95 % intervals; n is in the tables. {DEMONSTRATION}"
    data = [
        {"name": name, "group": group, "switch": kind, "share": switch.value, "chances": switch.n}
        | {"low": (switch.ci or (None, None))[0], "high": (switch.ci or (None, None))[1]}
        for name, group, *both in rows
        for kind, switch in zip(SWITCHES, both, strict=True)
    ]
    figure = dress(go.Figure(traces, where.layout), height=where.height, top=52)
    return Chart("switches", "Switches after the AI", figure, note, data, SWITCHED)


def _switch(study: StudyFacts, name: str, group: str, estimate: Estimate) -> dict[str, Any]:
    return {
        "type": "scatter",
        "x": [estimate.value],
        "y": [name],
        "mode": "markers",
        "cliponaxis": False,
        "marker": {"color": colour_of(study, group), "symbol": symbol_of(study, group), "size": 10},
        "error_x": error_bars([estimate]),
        "hovertemplate": f"{name}<br>%{{x:.1%}} of {estimate.n} chances<extra></extra>",
    }


PANEL = Panel(
    address="bias",
    title="Automation bias",
    lead="Switches after the AI was shown: to its wrong calls, and to its right ones.",
    icon=":material/swap_horiz:",
    group="Aided reading",
    blocks=blocks,
)
