"""How far probabilities can be trusted: calibration of the AIs, decision curves, and partial areas, of one class."""

from collections.abc import Iterator
from typing import Any

import plotly.graph_objects as go

from core.results.blocks import Block, Chart, Row, Table
from core.results.draw.chart import DEMONSTRATION, INK, colour_of, dress
from core.results.draw.text import many, number, plain
from core.results.rows import AI, StudyFacts
from core.stats.analyse import Analysis
from core.stats.reader_figures import ClassScores
from core.stats.score_figures import MOST_FALSE, ScoreFigures

HEIGHT = 380
METHOD = (
    "Slope and intercept by logistic regression on the logit of the probability (1 and 0 where perfect; Cox 1958); in "
    "the large: the intercept with slope 1, below 0 where probabilities are too high. Brier 1950. Partial AUC: false "
    f"positives up to {MOST_FALSE:.0%}, standardised so that .5 is chance (McClish 1989), jackknife. Exploratory."
)
NET = (
    "Net benefit: true positives less false ones times the odds of the threshold, per case (Vickers & Elkin 2006), at "
    "the prevalence of this study. Calling nobody positive is 0."
)
CURVE = "Dots: cases by tenths of probability, their share of the class with Wilson's interval. Dotted: perfect."


def probability_blocks(study: StudyFacts, analysis: Analysis, code: str) -> Iterator[Block]:
    """Yield the table of scores of a class, and calibration and decision curves of AIs that gave probabilities."""
    own = [score for score in analysis.scores if score.label == code]
    label = study.label(code)
    if not own:
        return
    brier = {
        (reader.reader, reader.arm): each
        for reader in analysis.readers
        for each in reader.scores
        if each.label == code and each.calibration is not None
    }
    note = f"Partial AUC and calibration of {label} against the rest."
    yield Table(f"scores-{code}", [_row(score, brier.get((score.reader, score.arm))) for score in own], note, METHOD)
    machines = [
        score for score in own if score.net_benefit and (score.reader, score.arm) in brier and _is_ai(analysis, score)
    ]
    if machines:
        yield calibration_chart(
            study, [(machine, brier[machine.reader, machine.arm]) for machine in machines], label=label, code=code
        )
        yield decision_chart(study, machines, label=label, code=code)


def _is_ai(analysis: Analysis, score_figures: ScoreFigures) -> bool:
    return score_figures.reader in (analysis.study.ais or (AI,))


def _row(score_figures: ScoreFigures, scores: ClassScores | None) -> Row:
    line, calibration = score_figures.line, scores.calibration if scores else None
    return {
        "reader": score_figures.reader,
        "partial AUC": number(score_figures.partial),
        "calibration slope": number(line.slope) if line else "–",
        "intercept": number(line.intercept) if line else "–",
        "in the large": number(line.in_the_large) if line else "–",
        "Brier score": plain(calibration.brier if calibration else None),
        "arm": score_figures.arm or "–",
        "cases": score_figures.partial.n,
    }


def calibration_chart(
    study: StudyFacts, machines: list[tuple[ScoreFigures, ClassScores]], *, label: str, code: str
) -> Chart:
    """Draw the share of positive cases against the mean probability of each bin."""
    traces, data, cases = [], list[dict[str, Any]](), 0
    for score, scores in machines:
        found = scores.calibration.bins if scores.calibration else ()
        bins = [(each, value) for each in found if (value := each.observed.value) is not None]
        cases = max(cases, sum(each.n for each, _ in bins))
        ends = [each.observed.ci or (value, value) for each, value in bins]
        shares = [value for _, value in bins]
        spread = {
            "type": "data",
            "symmetric": False,
            "array": [high - x for (_, high), x in zip(ends, shares, strict=True)],
            "arrayminus": [x - low for (low, _), x in zip(ends, shares, strict=True)],
            "thickness": 1,
        }
        traces.append({
            "type": "scatter", "mode": "lines+markers", "name": score.reader, "error_y": spread,
            "x": [each.mean_probability for each, _ in bins], "y": shares,
            "marker": {"color": colour_of(study, AI, score.reader)}, "line": {"width": 1},
            "text": [many(each.n, "case") for each, _ in bins],
            "hovertemplate": "probability %{x:.2f}<br>share %{y:.0%}<br>%{text}<extra></extra>",
        })  # fmt: skip
        data += [
            {"name": score.reader, "probability": each.mean_probability, "share": value, "cases": each.n}
            for each, value in bins
        ]
    figure = go.Figure(traces)
    figure.add_shape(type="line", x0=0, y0=0, x1=1, y1=1, line={"color": INK, "dash": "dot", "width": 1})
    figure.update_xaxes(range=[-0.02, 1.02], title="mean probability")
    figure.update_yaxes(range=[-0.02, 1.02], title=f"share of {label}", tickformat=".0%")
    dress(figure, height=HEIGHT, legend=len(machines) > 1)
    note = f"Calibration of {label}; {many(cases, 'case')}. {DEMONSTRATION}"
    return Chart(f"calibration-{code}", f"Calibration: {label}", figure, note, data, CURVE)


def decision_chart(study: StudyFacts, machines: list[ScoreFigures], *, label: str, code: str) -> Chart:
    """Draw net benefit against the threshold, beside calling every case and no case positive."""
    first = machines[0].net_benefit
    thresholds = [each.threshold for each in first]
    traces: list[dict[str, Any]] = [
        {"type": "scatter", "mode": "lines", "name": "every case positive", "x": thresholds,
         "y": [each.treat_all for each in first], "line": {"color": INK, "dash": "dot", "width": 1}},
    ]  # fmt: skip
    data: list[dict[str, Any]] = []
    for machine in machines:
        values = [each.net_benefit.value for each in machine.net_benefit]
        traces.append({"type": "scatter", "mode": "lines+markers", "name": machine.reader, "x": thresholds, "y": values,
                       "line": {"color": colour_of(study, AI, machine.reader)},
                       "hovertemplate": "threshold %{x:.2f}<br>net benefit %{y:.3f}<extra></extra>"})  # fmt: skip
        data += [
            {"name": machine.reader, "threshold": each.threshold, "net_benefit": each.net_benefit.value,
             "every_case_positive": each.treat_all}
            for each in machine.net_benefit
        ]  # fmt: skip
    highest = max([max(trace["y"]) for trace in traces], default=0.0)
    figure = go.Figure(traces)
    figure.add_shape(type="line", x0=0, y0=0, x1=1, y1=0, line={"color": INK, "width": 1})
    figure.update_xaxes(range=[0, 1], title="threshold of probability")
    figure.update_yaxes(range=[-0.1, max(highest, 0.1) * 1.1], title="net benefit")
    dress(figure, height=HEIGHT, legend=True)
    note = f"Net benefit of calling {label}; {many(first[0].net_benefit.n, 'case')}. {DEMONSTRATION}"
    return Chart(f"decision-{code}", f"Decision curve: {label}", figure, note, data, NET)
