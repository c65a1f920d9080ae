"""ROC of one class against the rest: curves, points of decision, mean curves of groups, the chart, and the areas."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go

from core.results.draw.chart import DEMONSTRATION, INK, Chart, colour_of, dress, many, plural, symbol_of
from core.results.draw.text import Row, p_text
from core.results.panels.mrmc import number
from core.results.panels.times import MANY
from core.results.rows import AI, StudyFacts
from core.stats.analyse import Analysis
from core.stats.estimate import Estimate
from core.stats.reader_figures import ALL

DASHES = {"aided": "dashdot"}  # of a mean curve; every other arm is dashed
THIN = {"aided": "dot"}  # of a reader's own curve; every other arm is solid
METHOD = (
    "Mean curves: sensitivity + specificity averaged over readers at equal sensitivity − specificity (Chen & Samuelson "
    "2014); the area under one is the mean of its readers' areas. Large symbols: mean of the readers' points."
)


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


def curves_of(study: StudyFacts, found: Analysis, code: str) -> list[Curve]:
    """Return curve and point of every reader, the mean curve and mean point of every group, and the AI's, last."""
    arms = len(found.study.arms) > 1
    made, points = [], dict[tuple[str, str], list[tuple[float, float]]]()
    for one in found.readers:
        figures = next(each for each in one.classes if each.label == code)
        scores = next(each for each in one.scores if each.label == code)
        fpr, tpr = figures.fpr.value, figures.sensitivity.value
        point = None if fpr is None or tpr is None else (fpr, tpr)
        level: Literal["ai", "reader"] = "ai" if one.group == AI else "reader"
        if point is not None and level == "reader":
            points.setdefault((one.group, one.arm), []).append(point)
        roc = scores.roc
        name = f"{one.reader}, {one.arm}" if one.arm and arms else one.reader
        x, y = (roc.fpr, roc.tpr) if roc else (None, None)
        made.append(Curve(name, one.group, one.arm, level, x, y, scores.auc.value, scores.auc.n, point))
    means = {(one.group, one.arm): one.curve for one in found.group_curves if one.label == code}
    for (group, arm), known in points.items():
        if len(known) > 1:
            mean = (float(np.mean([at for at, _ in known])), float(np.mean([at for _, at in known])))
            curve = means.get((group, arm))
            name = f"{plural(group)}{f', {arm}' if arms else ''}, mean of {len(known)}"
            x, y = (curve.fpr, curve.tpr) if curve else (None, None)
            made.append(Curve(name, group, arm, "group", x, y, curve.area if curve else None, 0, mean))
    order = {"reader": 0, "group": 1, "ai": 2}  # what is drawn last lies on top
    return sorted(made, key=lambda one: order[one.level])


def roc_chart(study: StudyFacts, curves: list[Curve], *, label: str, key: str) -> Chart:
    """Draw the curves of one class against the rest; a symbol is where a diagnosis was given (for the AI, its rule)."""
    readers = [one for one in curves if one.level == "reader"]
    crowded = len(readers) > MANY
    means = any(one.level == "group" and one.fpr is not None for one in curves)
    traces = []
    for one in curves:
        if one.fpr is not None and not (crowded and one.level == "reader"):
            traces.append({**_line(study, one), "showlegend": one.level != "reader" or not means})
    for level in ("reader", "group", "ai"):
        for group, arm in dict.fromkeys((one.group, one.arm) for one in curves):
            chosen = [one for one in curves if (one.group, one.arm, one.level) == (group, arm, level) and one.point]
            if chosen:
                traces.append(_points(study, chosen))
    figure = go.Figure(traces)
    figure.add_shape(type="line", x0=0, y0=0, x1=1, y1=1, line={"color": INK, "dash": "dot", "width": 1})
    figure.update_xaxes(range=[-0.02, 1.02], title="1 − specificity", tickformat=".0%", constrain="domain")
    figure.update_yaxes(range=[-0.02, 1.02], title="sensitivity", tickformat=".0%", scaleanchor="x")
    dress(figure, height=600, legend=True)
    figure.update_layout(legend={"y": -0.14, "font": {"size": 11}})
    return Chart(key, f"ROC: {label}", figure, _note(curves, label, crowded=crowded), _data(curves))


def without_scores(found: Analysis) -> list[str]:
    """Return sentences on who gave no scores, so that no AUC is shown; empty where all did."""
    people = [one for one in found.readers if one.group != AI]
    silent = [one.reader for one in people if not any(each.auc.n for each in one.scores)]
    said = []
    if people and len(silent) == len(people):
        said.append("No reader gave ratings: there are points, but no curve and no AUC of readers.")
    elif silent:
        said.append(f"No ratings from {', '.join(silent[:8])}: no AUC of theirs.")
    machine = [one for one in found.readers if one.group == AI]
    if machine and machine[0].n > machine[0].failures and not any(each.auc.n for each in machine[0].scores):
        said.append("The AI gave calls without probabilities: a point, but no curve.")
    return said


def area_table(study: StudyFacts, found: Analysis, code: str) -> list[Row]:
    """Return the AUC of one class against the rest: of the AI, of every group's mean, and of every reader.

    A reader's difference from the AI is tested by DeLong with Holm over the readers of the arm, a group's as the
    comparison of AI and group is.
    """
    figure = f"AUC {code}"
    pairs = {(pair.reader, pair.arm): pair for pair in found.ai_areas_with_each_reader if pair.figure == figure}
    against = {(one.group, one.arm): one.result for one in found.ai_with_groups if one.figure == figure}
    machine, people = list[Row](), list[Row]()
    for one in found.readers:
        area = next((each.auc for each in one.scores if each.label == code), Estimate(None))
        found_pair = pairs.get((one.reader, one.arm))
        pair = found_pair.pair if found_pair else None
        gap, p, holm = (pair.difference, pair.p, found_pair.p_holm) if pair and found_pair else (None, None, None)
        ps = (p_text(p), p_text(holm))
        row = _area_row(one.reader, one.group, one.arm, number(area), area.n, gap, ps, area.method)
        (machine if one.group == AI else people).append(row)
    groups = list[Row]()
    for each in found.groups:
        mean = next((one for one in each.figures if one.figure == figure), None)
        if mean is None or len(each.readers) < 2:
            continue
        shown = number(Estimate(mean.mean.estimate, mean.mean.se, mean.mean.ci, reason=mean.mean.reason))
        test = against.get((each.group, each.arm))
        gap, p = (test.difference, test.p) if test else (None, None)
        how = f"mean, Obuchowski-Rockette ({'random readers' if mean.readers_as == 'random' else 'these readers only'})"
        name = f"mean of {len(each.readers)}" + (f" {plural(each.group)}" if each.group != ALL else " readers")
        row = _area_row(name, each.group, each.arm, shown, mean.cases, gap, (p_text(p), "–"), how)
        groups.append(row)
    return [*machine, *groups, *people]


def _area_row(
    name: str, group: str, arm: str, area: str, cases: int, gap: float | None, ps: tuple[str, str], method: str
) -> Row:
    return {
        "reader": name,
        "group": group,
        "arm": arm or "–",
        "AUC": area,
        "cases": cases,
        "AI minus reader": "–" if gap is None else f"{gap:+.3f}".replace("-", "−"),
        "p": ps[0],
        "p (Holm)": ps[1],
        "method": method,
    }


def _line(study: StudyFacts, one: Curve) -> dict[str, Any]:
    width = {"ai": 3.0, "group": 2.4, "reader": 1.0}[one.level]
    dash = DASHES.get(one.arm, "dash") if one.level == "group" else THIN.get(one.arm, "solid")
    area = "" if one.area is None else f" AUC {one.area:.3f}"
    return {
        "type": "scatter",
        "x": one.fpr,
        "y": one.tpr,
        "mode": "lines",
        "name": f"{one.name}{area}",
        "line": {"color": colour_of(study, one.group), "width": width, "dash": dash},
        "opacity": 0.45 if one.level == "reader" else 1,
        "hovertemplate": f"{one.name}<br>1 − specificity %{{x:.1%}}<br>sensitivity %{{y:.1%}}<extra></extra>",
    }


def _points(study: StudyFacts, chosen: list[Curve]) -> dict[str, Any]:
    first = chosen[0]
    marker = {
        "color": colour_of(study, first.group),
        "symbol": symbol_of(study, first.group) + ("-open" if first.arm == "aided" else ""),
        "size": {"ai": 14, "group": 13, "reader": 7}[first.level],
        "opacity": 0.75 if first.level == "reader" else 1,
        "line": {"width": 1.5} if first.arm == "aided" else {"width": 1, "color": "rgba(255,255,255,0.8)"},
    }
    points = [one.point for one in chosen if one.point is not None]
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
        "customdata": [one.name for one in chosen],
        "hovertemplate": "%{customdata}: diagnosis<br>1 − specificity %{x:.1%}<br>sensitivity %{y:.1%}<extra></extra>",
    }


def _note(curves: list[Curve], label: str, *, crowded: bool) -> str:
    counted = max((one.cases for one in curves), default=0)
    parts = [
        f"{label} against the rest; up to {many(counted, 'case')}.",
        "Empirical curves: readers from their 0-100 rating of the class, the AI from its mean probability over kept",
        "slices. Symbols: the diagnoses given, for the AI its rule's calls.",
    ]
    if any(one.level == "group" and one.fpr is not None for one in curves):
        parts.append(METHOD)
    if crowded:
        parts.append(f"With more than {MANY} of them, readers' own curves are left out; all areas stand in the table.")
    return " ".join([*parts, DEMONSTRATION])


def _data(curves: list[Curve]) -> list[dict[str, Any]]:
    made = []
    for one in curves:
        who = {"name": one.name, "group": one.group, "arm": one.arm}
        if one.fpr is not None and one.tpr is not None:
            kind = "mean curve" if one.level == "group" else "curve"
            for x, y in zip(one.fpr, one.tpr, strict=True):
                made.append({**who, "what": kind, "false_positive_rate": x, "sensitivity": y})
        if one.point is not None:
            kind = "mean of diagnoses" if one.level == "group" else "diagnoses"
            made.append({**who, "what": kind, "false_positive_rate": one.point[0], "sensitivity": one.point[1]})
    return made
