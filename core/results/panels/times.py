"""Time and fatigue: how long reads took, what position in the order did, and reads that were too fast."""

from collections.abc import Iterator

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.results import gaps
from core.results.blocks import Block, Chart, Gap, Heading, Note, Row, Surface, Table
from core.results.comparison import Times
from core.results.draw.chart import colour_of, dress, symbol_of
from core.results.draw.dots import MANY
from core.results.draw.seconds import READERS_TIME, ai_time, log_axis
from core.results.draw.text import number, p_text, points_with_interval, times_text
from core.results.panels.comparison import time_table
from core.results.panels.panel import Panel
from core.results.rows import StudyFacts
from core.results.study_results import StudyResults
from core.stats.analyse import Analysis
from core.stats.course import Drift
from core.study.words import Arm, Design

SEQUENTIAL = "A time saving is never claimed from a sequential design: its aided times start after the unaided read."
COMPARED = "Ratios of geometric means; readers count once each. The AI's time is a machine's and is not compared."
FATIGUE = "Means over readers with Student's t intervals over readers."


def blocks(results: StudyResults, surface: Surface) -> Iterator[Block]:
    """Yield times of everybody, ratios, the drift over the order, and what was too fast."""
    analysis, study = results.analysis, results.study
    of_everybody = results.comparison.times
    yield from times_gaps(results)
    if any(times.seconds.size for times in of_everybody):
        yield time_chart(study, of_everybody)
        yield Table("time-totals", time_table(of_everybody), SEQUENTIAL if study.design == Design.SEQUENTIAL else "")
    if analysis.times:
        yield Heading("Compared")
        yield Table("time-ratios", time_ratio_table(analysis), method=COMPARED)
    if analysis.drifts:
        yield Heading("Over the reading order")
        yield drift_chart(study, analysis.drifts, narrow=surface.narrow)
        yield Table("fatigue", fatigue_table(analysis), method=FATIGUE)
    yield Heading("Too fast to have been read")
    shortest = study.protocol.min_plausible_s
    fast = fast_rows(analysis)
    note = f"Reads under {shortest} s of active time, the protocol's shortest plausible time; they stay in all figures."
    if fast:
        yield Table("fast", fast, note)
    else:
        yield Note(f"No read was shorter than {shortest} s, the protocol's shortest plausible time.")


def times_gaps(results: StudyResults) -> list[Gap]:
    """Return what times and fatigue lack: times, positions, a second group or arm to compare."""
    analysis = results.analysis
    found = gaps.nobody(results)
    if not any(reader.times.n for reader in analysis.readers):
        found.append(Gap("No read has a time.", "Times come from the reading page's clock with every locked read."))
    if not analysis.drifts:
        found.append(Gap("Too few reads to see a drift over the reading order.", "It takes six reads of one group."))
    if not analysis.times and not found:
        remedy = "Two groups, or reads in two arms, fill this table."
        found.append(Gap("There is nothing to compare times with.", remedy))
    return found


def time_ratio_table(analysis: Analysis) -> list[Row]:
    """Return ratios of reading times: of arms by reader and over readers, and of groups."""
    return [
        {
            "who": time.who,
            "compared": f"{time.a} / {time.b}",
            "ratio of geometric means": times_text(time.ratio),
            "p": p_text(time.ratio.p),
            "Wilcoxon p": p_text(time.ratio.wilcoxon_p),
            "arm": time.arm or "–",
            "n": time.ratio.n,
            "method": time.ratio.method if time.ratio.reason is None else f"{time.ratio.method}; {time.ratio.reason}",
        }
        for time in analysis.times
    ]


def fatigue_table(analysis: Analysis) -> list[Row]:
    """Return what position in the reading order did to time and accuracy, by arm."""
    return [
        {
            "arm": arm,
            "time, per 10 cases further on": number(fatigue.time_ratio_per_10, sign="×"),
            "accuracy, last minus first third": points_with_interval(fatigue.accuracy_change),
            "readers": fatigue.readers,
            "method": fatigue.time_ratio_per_10.method,
            "no interval": fatigue.accuracy_change.reason or fatigue.time_ratio_per_10.reason or "",
        }
        for arm, fatigue in analysis.fatigue
    ]


def fast_rows(analysis: Analysis) -> list[Row]:
    """Return readers with reads that were too fast: how many, of how many, and on which cases."""
    return [
        {
            "reader": reader.reader,
            "too fast": len(reader.cases),
            "reads": reader.reads,
            "arm": reader.arm or "–",
            "cases": ", ".join(reader.cases[:20]) + (" …" if len(reader.cases) > 20 else ""),
        }
        for reader in analysis.too_fast
    ]


def time_chart(study: StudyFacts, all_times: list[Times], *, key: str = "time") -> Chart:
    """Draw seconds a case on a log axis: every case a point, the box from quartile to quartile."""
    figure = go.Figure()
    single = [time for time in all_times if time.seconds.size]
    known = single if len(single) <= MANY else _pooled(single)
    for times in known:
        points = "all" if times.seconds.size <= 400 and len(known) <= MANY else False
        colour = colour_of(study, times.group)
        quarter, middle, three = np.quantile(times.seconds, [0.25, 0.5, 0.75])
        ends = {"lowerfence": [times.seconds.min()], "upperfence": [times.seconds.max()]} if not points else {}
        spread = {"q1": [quarter], "median": [middle], "q3": [three], "y": [times.name], **ends}
        figure.add_trace(
            go.Box(
                **({"x": times.seconds} if points else spread),
                name=times.name,
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
        everything = np.concatenate([reader.seconds for reader in known])
        axis = log_axis(float(everything.min()), float(everything.max()))
        figure.update_xaxes(**axis, title="seconds a case (log axis)")
    figure.update_yaxes(categoryorder="array", categoryarray=[reader.name for reader in known][::-1], showgrid=False)
    counts = ", ".join(f"{reader.name}: {reader.seconds.size}" for reader in known)
    note = "Box: quartiles and median; whiskers to the extremes, or to 1.5 quartile ranges where points are drawn."
    method = f"Reads with a time: {counts}. Readers: {READERS_TIME}. {ai_time(all_times)}"
    data = [
        {"reader": reader.name, "group": reader.group, "cases": int(reader.seconds.size)}
        | {"total_minutes": float(reader.seconds.sum() / 60), "median_seconds": float(np.median(reader.seconds))}
        | {"geometric_mean_seconds": float(np.exp(np.log(np.maximum(reader.seconds, 1e-3)).mean()))}
        for reader in single
    ]
    return Chart(key, "Time per case", dress(figure, height=120 + 34 * max(3, len(known))), note, data, method)


def _pooled(single: list[Times]) -> list[Times]:
    """Too many for a box each: one a group, which keeps the page small too."""
    made = []
    for group in dict.fromkeys(times.group for times in single):
        of_group = [times for times in single if times.group == group]
        name = f"{group} (pooled reads of {len(of_group)})" if len(of_group) > 1 else of_group[0].name
        made.append(Times(name, group, np.concatenate([times.seconds for times in of_group]), of_group[0].device))
    return made


def drift_chart(study: StudyFacts, drifts: tuple[Drift, ...], *, narrow: bool = False) -> Chart:
    """Draw median seconds (log axis) and accuracy by position in the reading order, a line a group and arm.

    One below the other if `narrow`.
    """
    places = ((1, 1), (2, 1)) if narrow else ((1, 1), (1, 2))
    shape = {"rows": 2, "cols": 1, "vertical_spacing": 0.2} if narrow else {"rows": 1, "cols": 2}
    heads = ["median seconds a case (log axis)", "accuracy"]
    figure = make_subplots(**shape, subplot_titles=heads, horizontal_spacing=0.1)
    several = len({drift.arm for drift in drifts}) > 1
    for drift in drifts:
        name = f"{drift.group}, {drift.arm}" if several else drift.group
        style = {"color": colour_of(study, drift.group)}
        line = {**style, "width": 1.5, "dash": "dot" if drift.arm == Arm.AIDED else "solid"}
        marker = {**style, "symbol": symbol_of(study, drift.group), "size": 8}
        for (row, col), values in zip(places, (drift.seconds, drift.accuracy), strict=True):
            figure.add_trace(
                go.Scatter(
                    x=drift.position,
                    y=values,
                    mode="lines+markers",
                    name=name,
                    line=line,
                    marker=marker,
                    showlegend=(row, col) == places[0],
                    customdata=drift.reads,
                    hovertemplate=f"{name}, position %{{x:.0f}}<br>%{{y}}<br>%{{customdata}} reads<extra></extra>",
                ),
                row=row,
                col=col,
            )
    medians = [seconds for drift in drifts for seconds in drift.seconds if seconds is not None and seconds > 0]
    if medians:
        figure.update_yaxes(**log_axis(min(medians), max(medians)), row=1, col=1)
    figure.update_yaxes(tickformat=".0%", range=[0, 1.02], row=places[1][0], col=places[1][1])
    figure.update_xaxes(title="position in the reading order")
    figure.update_annotations(font_size=12)
    reads = sum(sum(drift.reads) for drift in drifts)
    note = f"{reads} reads in up to ten equal parts of the reading order, groups pooled; no interval is drawn."
    data = [
        {"group": drift.group, "arm": drift.arm, "position": at, "median_seconds": s, "accuracy": right, "reads": n}
        for drift in drifts
        for at, s, right, n in zip(drift.position, drift.seconds, drift.accuracy, drift.reads, strict=True)
    ]
    return Chart(
        "drift", "Time and accuracy by position", dress(figure, height=640 if narrow else 380, legend=True), note, data
    )


PANEL = Panel(
    address="times",
    title="Time and fatigue",
    lead="Active reading time by the server's clock, and what the day did to it.",
    icon=":material/timer:",
    group="Time",
    blocks=blocks,
)
