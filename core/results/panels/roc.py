"""ROC of one class against the rest: curves, points of decision, mean curves of groups, the chart, and the areas."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go

from core.results import gaps
from core.results.blocks import Beside, Block, Chart, Choice, Gap, Row, Surface, Table
from core.results.draw.chart import DEMONSTRATION, INK, colour_of, dress, symbol_of
from core.results.draw.dots import MANY
from core.results.draw.probabilities import probability_blocks
from core.results.draw.text import many, minus, number, p_text, plural
from core.results.panels.panel import Panel
from core.results.rows import AI, StudyFacts
from core.results.study_results import StudyResults
from core.stats.analyse import Analysis
from core.stats.estimate import Estimate
from core.stats.reader_figures import ALL
from core.study.words import Arm

DASHES: dict[str, str] = {Arm.AIDED: "dashdot"}  # of a mean curve; every other arm is dashed
Test = tuple[float | None, str, str]  # an AI's area minus another's, its p, and p by Holm
HEIGHT, HEIGHT_ON_PAPER = 600, 470  # pixels, the legend below included
SIDE_ON_PAPER = 336
THIN: dict[str, str] = {Arm.AIDED: "dot"}  # of a reader's own curve; every other arm is solid
METHOD = (
    "Mean curves: sensitivity + specificity averaged over readers at equal sensitivity − specificity (Chen & Samuelson "
    "2014); the area under one is the mean of its readers' areas. Large symbols: mean of the readers' points."
)

AREAS = (
    "AUC: empirical with DeLong's interval; of a group the mean of its readers. AI minus reader: DeLong, p also by "
    "Holm over the readers of the arm; AI minus group: Hillis 2007, section 5.3. Exploratory unless prespecified."
)


def blocks(results: StudyResults, surface: Surface) -> Iterator[Block]:
    """Yield the curves and the areas of one class against the rest."""
    study = results.study
    positive = next((study_class.code for study_class in study.classes if study_class.positive), study.codes[-1])
    choice = Choice(
        "positive", "Class against the rest", study.codes, (positive,), named=study.label, on_paper=study.codes
    )
    yield from [*gaps.nobody(results), *gaps.no_ai(results), *gaps.no_ratings(results.analysis)]
    chosen = surface.choose(choice)
    for code in chosen:
        yield from class_gaps(results, code)
    height = HEIGHT_ON_PAPER if surface.paper else HEIGHT
    curves = {code: curves_of(study, results.analysis, code) for code in chosen}
    charts = [
        roc_chart(study, curves[code], label=study.label(code), key=f"roc-{code}", height=height) for code in chosen
    ]
    if surface.paper:
        yield Beside(tuple(charts), SIDE_ON_PAPER)
    else:
        yield from charts
    for code in chosen:
        note = f"AUC of {study.label(code)} against the rest."
        yield Table(f"areas-{code}", area_table(results.analysis, code), note, "" if code != chosen[-1] else AREAS)
    for code in chosen:
        yield from probability_blocks(study, results.analysis, code)


def class_gaps(results: StudyResults, code: str) -> list[Gap]:
    """Return what the curves of one class lack: cases of both kinds, ratings that differ."""
    analysis, label = results.analysis, results.study.label(code)
    own = analysis.study.cases_by_class[analysis.study.classes.index(code)]
    if own in (0, analysis.study.cases):
        what = f"Every case is on one side of {label}: there is no curve."
        return [Gap(what, "Loosen the filters, or choose another class; a curve needs cases of both kinds.")]
    flat = [
        reader.reader
        for reader in analysis.readers
        for each in reader.scores
        if each.label == code and each.roc is not None and len(each.roc.fpr) == 2
    ]
    if not flat:
        return []
    names = ", ".join(dict.fromkeys(flat))
    what = f"{names}: every case has the same rating of {label}; all are tied, the AUC is one half."
    remedy = "Ratings that differ from case to case make a curve; tell readers of the next study to use the scale."
    return [Gap(what, remedy)]


@dataclass(frozen=True, slots=True)
class Curve:
    """A ROC curve, None without scores, and the point (false positives, sensitivity) where its owner in fact decided.

    A group's curve and point are means over its readers.
    """

    name: str
    group: str
    arm: str
    level: Literal["ai", "group", "reader"]
    fpr: tuple[float, ...] | None
    tpr: tuple[float, ...] | None
    area: float | None
    cases: int
    point: tuple[float, float] | None


def curves_of(study: StudyFacts, analysis: Analysis, code: str) -> list[Curve]:
    """Return curve and point of every reader, the mean curve and mean point of every group, and the AIs', last."""
    arms = len(analysis.study.arms) > 1
    made, points = [], dict[tuple[str, str], list[tuple[float, float]]]()
    for reader in analysis.readers:
        figures = next(each for each in reader.classes if each.label == code)
        scores = next(each for each in reader.scores if each.label == code)
        fpr, tpr = figures.fpr.value, figures.sensitivity.value
        point = None if fpr is None or tpr is None else (fpr, tpr)
        level: Literal["ai", "reader"] = "ai" if reader.group == AI else "reader"
        if point is not None and level == "reader":
            points.setdefault((reader.group, reader.arm), []).append(point)
        roc = scores.roc
        name = f"{reader.reader}, {reader.arm}" if reader.arm and arms else reader.reader
        x, y = (roc.fpr, roc.tpr) if roc else (None, None)
        made.append(Curve(name, reader.group, reader.arm, level, x, y, scores.auc.value, scores.auc.n, point))
    means = {
        (group_curve.group, group_curve.arm): group_curve.curve
        for group_curve in analysis.group_curves
        if group_curve.label == code
    }
    for (group, arm), known in points.items():
        if len(known) > 1:
            mean = (float(np.mean([at for at, _ in known])), float(np.mean([at for _, at in known])))
            curve = means.get((group, arm))
            name = f"{plural(group)}{f', {arm}' if arms else ''}, mean of {len(known)}"
            x, y = (curve.fpr, curve.tpr) if curve else (None, None)
            made.append(Curve(name, group, arm, "group", x, y, curve.area if curve else None, 0, mean))
    order = {"reader": 0, "group": 1, "ai": 2}  # what is drawn last lies on top
    return sorted(made, key=lambda curve: order[curve.level])


def roc_chart(study: StudyFacts, curves: list[Curve], *, label: str, key: str, height: int = HEIGHT) -> Chart:
    """Draw the curves of one class against the rest; a symbol is where a diagnosis was given (for the AI, its rule)."""
    readers = [curve for curve in curves if curve.level == "reader"]
    crowded = len(readers) > MANY
    means = any(curve.level == "group" and curve.fpr is not None for curve in curves)
    traces = []
    for curve in curves:
        if curve.fpr is not None and not (crowded and curve.level == "reader"):
            traces.append({**_line(study, curve), "showlegend": curve.level != "reader" or not means})
    for level in ("reader", "group", "ai"):
        for group, arm in dict.fromkeys((curve.group, curve.arm) for curve in curves):
            chosen = [
                curve
                for curve in curves
                if (curve.group, curve.arm, curve.level) == (group, arm, level) and curve.point
            ]
            alone = [[curve] for curve in chosen] if level == "ai" else [chosen]
            traces += [_points(study, some) for some in alone if some]
    figure = go.Figure(traces)
    figure.add_shape(type="line", x0=0, y0=0, x1=1, y1=1, line={"color": INK, "dash": "dot", "width": 1})
    figure.update_xaxes(range=[-0.02, 1.02], title="1 − specificity", tickformat=".0%", constrain="domain")
    figure.update_yaxes(range=[-0.02, 1.02], title="sensitivity", tickformat=".0%", scaleanchor="x")
    dress(figure, height=height, legend=True)
    figure.update_layout(legend={"y": -0.14, "font": {"size": 11}})
    counted = max((curve.cases for curve in curves), default=0)
    note = f"{label} against the rest; up to {many(counted, 'case')}. {DEMONSTRATION}"
    return Chart(key, f"ROC: {label}", figure, note, _data(curves), _method(curves, crowded=crowded))


def area_table(analysis: Analysis, code: str) -> list[Row]:
    """Return the AUC of one class against the rest: of the AIs, of every group's mean, and of every reader.

    A reader's difference from an AI is tested by DeLong with Holm over the readers of the arm, a group's as the
    comparison of AI and group is.
    """
    figure, ais = f"AUC {code}", analysis.study.ais or (AI,)
    pairs = {
        (pair.ai, pair.reader, pair.arm): pair for pair in analysis.ai_areas_with_each_reader if pair.figure == figure
    }
    against = {
        (contest.ai, contest.group, contest.arm): contest.result
        for contest in analysis.ai_with_groups
        if contest.figure == figure
    }
    machine, people = list[Row](), list[Row]()
    for reader in analysis.readers:
        area = next((each.auc for each in reader.scores if each.label == code), Estimate(None))
        tests = dict[str, Test]()
        for ai in ais:
            known = pairs.get((ai, reader.reader, reader.arm))
            pair = known.pair if known else None
            gap, p, holm = (pair.difference, pair.p, known.p_holm) if pair and known else (None, None, None)
            tests[ai] = (gap, p_text(p), p_text(holm))
        row = _area_row(reader.reader, reader.group, reader.arm, number(area), area.n, tests, area.method)
        (machine if reader.group == AI else people).append(row)
    groups = list[Row]()
    for group in analysis.groups:
        mean = next((each for each in group.figures if each.figure == figure), None)
        if mean is None or len(group.readers) < 2:
            continue
        shown = number(Estimate(mean.mean.estimate, mean.mean.se, mean.mean.ci, reason=mean.mean.reason))
        tests = {}
        for ai in ais:
            test = against.get((ai, group.group, group.arm))
            tests[ai] = (test.difference, p_text(test.p), "–") if test else (None, "–", "–")
        how = f"mean, Obuchowski-Rockette ({'random readers' if mean.readers_as == 'random' else 'these readers only'})"
        name = f"mean of {len(group.readers)}" + (f" {plural(group.group)}" if group.group != ALL else " readers")
        groups.append(_area_row(name, group.group, group.arm, shown, mean.cases, tests, how))
    return [*machine, *groups, *people]


def _area_row(name: str, group: str, arm: str, area: str, cases: int, tests: dict[str, Test], method: str) -> Row:
    tested: Row = {}
    for ai, (gap, p, holm) in tests.items():
        whose, of = (ai, f", {ai}") if len(tests) > 1 else ("AI", "")
        tested |= {f"{whose} minus reader": "–" if gap is None else minus(f"{gap:+.3f}")}
        tested |= {f"p{of}": p, f"p (Holm){of}": holm}
    return {
        "reader": name,
        "AUC": area,
        **tested,
        "arm": arm or "–",
        "group": group,
        "cases": cases,
        "method": method,
    }


def _line(study: StudyFacts, curve: Curve) -> dict[str, Any]:
    width = {"ai": 3.0, "group": 2.4, "reader": 1.0}[curve.level]
    dash = DASHES.get(curve.arm, "dash") if curve.level == "group" else THIN.get(curve.arm, "solid")
    area = "" if curve.area is None else f" AUC {curve.area:.3f}"
    return {
        "type": "scatter",
        "x": curve.fpr,
        "y": curve.tpr,
        "mode": "lines",
        "name": f"{curve.name}{area}",
        "line": {"color": colour_of(study, curve.group, curve.name), "width": width, "dash": dash},
        "opacity": 0.45 if curve.level == "reader" else 1,
        "hovertemplate": f"{curve.name}<br>1 − specificity %{{x:.1%}}<br>sensitivity %{{y:.1%}}<extra></extra>",
    }


def _points(study: StudyFacts, chosen: list[Curve]) -> dict[str, Any]:
    first = chosen[0]
    marker = {
        "color": colour_of(study, first.group, first.name),
        "symbol": symbol_of(study, first.group) + ("-open" if first.arm == Arm.AIDED else ""),
        "size": {"ai": 14, "group": 13, "reader": 7}[first.level],
        "opacity": 0.75 if first.level == "reader" else 1,
        "line": {"width": 1.5} if first.arm == Arm.AIDED else {"width": 1, "color": "rgba(255,255,255,0.8)"},
    }
    points = [curve.point for curve in chosen if curve.point is not None]
    arm = f", {first.arm}" if "," in first.name else ""  # names carry the arm where there are several
    shown = f"{plural(first.group)}{arm}, each reader's diagnoses" if first.level == "reader" else first.name
    return {
        "type": "scatter",
        "x": [x for x, _ in points],
        "y": [y for _, y in points],
        "mode": "markers",
        "name": shown,
        "showlegend": first.level == "reader" or first.fpr is None,
        "marker": marker,
        "customdata": [curve.name for curve in chosen],
        "hovertemplate": "%{customdata}: diagnosis<br>1 − specificity %{x:.1%}<br>sensitivity %{y:.1%}<extra></extra>",
    }


def _method(curves: list[Curve], *, crowded: bool) -> str:
    parts = [
        "Empirical curves: readers from their 0-100 rating of the class, the AI from its mean probability over kept",
        "slices. Symbols: the diagnoses given, for the AI its rule's calls.",
    ]
    if any(curve.level == "group" and curve.fpr is not None for curve in curves):
        parts.append(METHOD)
    if crowded:
        parts.append(f"With more than {MANY} of them, readers' own curves are left out; all areas stand in the table.")
    return " ".join(parts)


def _data(curves: list[Curve]) -> list[dict[str, Any]]:
    rows = []
    for curve in curves:
        who = {"name": curve.name, "group": curve.group, "arm": curve.arm}
        if curve.fpr is not None and curve.tpr is not None:
            kind = "mean curve" if curve.level == "group" else "curve"
            for x, y in zip(curve.fpr, curve.tpr, strict=True):
                rows.append({**who, "what": kind, "false_positive_rate": x, "sensitivity": y})
        if curve.point is not None:
            kind = "mean of diagnoses" if curve.level == "group" else "diagnoses"
            rows.append({**who, "what": kind, "false_positive_rate": curve.point[0], "sensitivity": curve.point[1]})
    return rows


PANEL = Panel(
    address="roc",
    title="ROC",
    lead="One class against the rest, from the readers' ratings and the AI's probabilities.",
    icon=":material/show_chart:",
    group="ROC",
    blocks=blocks,
)
