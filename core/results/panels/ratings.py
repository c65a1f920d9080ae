"""How ratings are spread over the scale by true class, and ratings that contradict the diagnosis given."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from core.results import gaps
from core.results.blocks import Block, Chart, Choice, Heading, Note, Row, Surface, Table
from core.results.draw.chart import DEMONSTRATION, colour_of, dress
from core.results.draw.facets import NARROW, Facet, laid
from core.results.draw.text import many, percent, plural
from core.results.grids import places_of
from core.results.panels.panel import Panel
from core.results.rows import AI, StudyFacts
from core.results.study_results import StudyResults
from core.stats.estimate import Floats

WIDE = 4  # small charts a row
ENDS = (5, 95)  # ratings up to and from which the ends of the scale are used
AXIS = {"range": [-4, 104], "tickvals": [0, 50, 100]}
METHOD = (
    "Readers: their 0-100 rating of the class. AI: its mean probability over kept slices, times 100. Box: quartiles "
    "and median; whiskers to the extremes. Groups pool the reads of their readers."
)
CONTRADICTING = "Reads with a diagnosis of which another class was rated higher than the one diagnosed; ties are none."


@dataclass(frozen=True, slots=True)
class Spread:
    """The ratings (n,) that somebody gave cases of one true class."""

    who: str
    group: str
    truth: str
    ratings: Floats


def blocks(results: StudyResults, surface: Surface) -> Iterator[Block]:
    """Yield the ratings of one class by true class, and how often ratings contradict diagnoses."""
    study = results.study
    yield from [*gaps.nobody(results), *gaps.no_ai(results), *gaps.no_ratings(results.analysis)]
    positive = next((study_class.code for study_class in study.classes if study_class.positive), study.codes[-1])
    choice = Choice("rated", "Rating of", study.codes, (positive,), named=study.label)
    if np.isnan(results.reads.scores).all():
        return
    if len(results.rows.arms) > 1:
        yield Note(f"Readers' {results.reads.arm} reads; Filters can choose the other arm.")
    for code in surface.choose(choice):
        spreads = spreads_of(results, code)
        label = study.label(code)
        yield spread_chart(study, spreads, label=label, per_row=NARROW if surface.narrow else WIDE)
        yield Table(f"ratings-{code}", spread_table(spreads), f"Ratings of {label} by true class.", METHOD)
    contradictions = contradiction_table(results)
    if contradictions:
        yield Heading("Ratings against diagnoses")
        yield Table("contradictions", contradictions, CONTRADICTING)


def spreads_of(results: StudyResults, code: str) -> list[Spread]:
    """Return the ratings of a class by true class: of each AI, of each group pooled, then of each reader."""
    study, table, reads = results.study, results.listed, results.reads
    place = study.codes.index(code)
    shown = [(name, AI, [at]) for at, name in enumerate(reads.names[: reads.ais])]
    groups = [(group, places_of(reads, group)) for group in study.groups]
    shown += [(f"{plural(group)}, pooled", group, at) for group, at in groups if len(at) > 1]
    shown += [(reads.names[at], group, [at]) for group, members in groups for at in members]
    spreads = []
    for who, group, at in shown:
        for truth, label in enumerate(study_class.label for study_class in study.classes):
            values = reads.scores[at][:, table.truth == truth, place].ravel() * (100 if group == AI else 1)
            spreads.append(Spread(who, group, label, values[~np.isnan(values)]))
    return spreads


def spread_table(spreads: list[Spread]) -> list[Row]:
    """Return median, quartiles and use of the scale's ends by participant and true class."""
    rows: list[Row] = []
    for spread in spreads:
        if spread.ratings.size:
            low, middle, high = np.quantile(spread.ratings, [0.25, 0.5, 0.75])
            rows.append(
                {
                    "reader": spread.who,
                    "true class": spread.truth,
                    "median (quartiles)": f"{middle:.0f} ({low:.0f} to {high:.0f})",
                    f"up to {ENDS[0]}": percent(float((spread.ratings <= ENDS[0]).mean()), 0),
                    f"from {ENDS[1]}": percent(float((spread.ratings >= ENDS[1]).mean()), 0),
                    "ratings": spread.ratings.size,
                }
            )
    return rows


def contradiction_table(results: StudyResults) -> list[Row]:
    """Return for everybody with ratings how many diagnoses are not the class that was rated highest."""
    reads = results.reads
    rows: list[Row] = []
    for at, name in enumerate(reads.names):
        calls, scores = reads.prediction[at], reads.scores[at]
        rated = np.flatnonzero((calls >= 0) & ~np.isnan(scores).any(axis=1))
        if rated.size:
            own = scores[rated, calls[rated]]
            against = int((scores[rated].max(axis=1) > own).sum())
            rows.append(
                {
                    "reader": name,
                    "contradicting": against,
                    "share": percent(against / rated.size),
                    "reads with a diagnosis and ratings": int(rated.size),
                }
            )
    return rows


def spread_chart(study: StudyFacts, spreads: list[Spread], *, label: str, per_row: int) -> Chart:
    """Draw a small chart for the AI and each group, or each reader of a group of one; a box a true class."""
    pooled = {spread.group for spread in spreads if spread.who.endswith(", pooled")}
    shown = [spread for spread in spreads if spread.group not in pooled or spread.who.endswith(", pooled")]
    known = [who for who in dict.fromkeys(spread.who for spread in shown) if _of(shown, who)]
    where = laid(
        [Facet(who, AXIS) for who in known], [study_class.label for study_class in study.classes], per_row=per_row
    )
    traces = [
        {**_box(study, spread), **axes}
        for who, axes in zip(known, where.axes, strict=True)
        for spread in _of(shown, who)
    ]
    count = sum(spread.ratings.size for spread in shown)
    note = f"{many(count, 'rating')} of {label}, 0 to 100, by true class. {DEMONSTRATION}"
    data: list[dict[str, Any]] = [
        {"name": spread.who, "group": spread.group, "true_class": spread.truth, "ratings": int(spread.ratings.size)}
        | dict(zip(("q1", "median", "q3"), np.quantile(spread.ratings, [0.25, 0.5, 0.75]).tolist(), strict=True))
        for spread in spreads
        if spread.ratings.size
    ]
    figure = dress(go.Figure(traces, where.layout), height=where.height, top=52)
    return Chart("ratings", f"Ratings of {label}", figure, note, data, METHOD)


def _of(spreads: list[Spread], who: str) -> list[Spread]:
    return [spread for spread in spreads if spread.who == who and spread.ratings.size]


def _box(study: StudyFacts, spread: Spread) -> dict[str, Any]:
    low, middle, high = np.quantile(spread.ratings, [0.25, 0.5, 0.75]).tolist()
    return {
        "type": "box",
        "orientation": "h",
        "y": [spread.truth],
        "q1": [low],
        "median": [middle],
        "q3": [high],
        "lowerfence": [float(spread.ratings.min())],
        "upperfence": [float(spread.ratings.max())],
        "line": {"color": colour_of(study, spread.group), "width": 1.5},
        "fillcolor": "rgba(0,0,0,0)",
        "name": spread.who,
        "hoverinfo": "x+name",
    }


PANEL = Panel(
    address="ratings",
    title="Ratings",
    lead="How readers used the scale, by true class, and where ratings contradict diagnoses.",
    icon=":material/tune:",
    group="ROC",
    blocks=blocks,
)
