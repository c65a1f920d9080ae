"""Every reader on every case, sorted by difficulty; a click opens the case."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.results import gaps
from core.results.blocks import Block, Chart, Choice, Gap, Heading, Note, OpenCase, Row, Surface, Table
from core.results.draw.chart import dress
from core.results.draw.matrices import make_clickable
from core.results.draw.text import many
from core.results.grids import outcome_labels
from core.results.panels.panel import Panel
from core.results.rows import StudyFacts
from core.results.study_results import StudyResults
from core.stats.confusion import MISSING, Codes

Picked = Callable[[Any], list[Block]]
ORDERS = ("difficulty", "true class", "case number")
RIGHT, WRONG, UNSURE = "#3f8fd2", "#e4572e", "#e8b100"  # told apart with colour-vision deficiency
UNREAD = "rgba(128,138,150,0.18)"
MOST_NAMED, MOST_TICKS = 40, 120  # rows with a name, and cases with a number, at the axes
MOST_CELLS = 5_000  # that can be clicked; more would make the page heavy
MOST_DATA = 50_000  # cells in the CSV of the map
STATES = ("not read", "wrong", "indeterminate or AI failure", "right")


def blocks(results: StudyResults, surface: Surface) -> Iterator[Block]:
    """Yield the map and the table of cases."""
    study_id = results.study.id
    yield from cases_gaps(results)
    (order,) = surface.choose(Choice("order", "Sort by", ORDERS, ORDERS[:1]))
    shown = case_map(results, order=order)
    if len(results.rows.arms) > 1:
        yield Note(f"Readers' {results.reads.arm} reads; Filters can choose the other arm.")
    yield case_chart(shown, narrow=surface.narrow, picked=lambda place: [OpenCase(study_id, int(place[1]))])
    yield Heading("Cases by difficulty")
    note = "Share of readers who were right (the AI is not among them); indeterminate reads are not right."
    links = () if surface.paper else ("open",)
    yield Table("difficulty", shown.table(links=not surface.paper), note, links=links)


def cases_gaps(results: StudyResults) -> list[Gap]:
    """Return what the map of readers and cases lacks."""
    return [*gaps.nobody(results), *gaps.no_ai(results), *gaps.missing_reads(results)]


@dataclass(frozen=True, slots=True)
class CaseMap:
    """Every reader on every case, cases in the order asked for.

    states: int8 (m, n), places in STATES; texts (m, n): what was read.
    """

    names: list[str]
    ais: int  # how many of the names, the first ones, are AIs
    numbers: list[int]
    truths: list[str]
    states: NDArray[np.int8]
    texts: NDArray[np.object_]
    share_right: list[float | None]
    read_by: list[int]
    study_id: int

    def table(self, *, links: bool) -> list[Row]:
        """Return one row a case in this order, with the address of its page if `links`."""
        rows: list[Row] = []
        for number, truth, share, count in zip(self.numbers, self.truths, self.share_right, self.read_by, strict=True):
            row: Row = {
                "case": number,
                "truth": truth,
                "readers right, %": None if share is None else round(100 * share, 1),
                "of readers": count,
            }
            address = {"open": f"case?study={self.study_id}&case={number}"} if links else {}
            rows.append({**row, **address})
        return rows


def case_map(results: StudyResults, *, order: str) -> CaseMap:
    """Return the map of the arm shown in one of ORDERS; difficulty is the share of readers who were wrong, first."""
    study, table, reads = results.study, results.listed, results.reads
    known = {case.case: case for case in results.analysis.cases if case.arm == reads.arm}
    numbers = np.array([int(case) for case in table.cases])
    figures = [known.get(case) for case in table.cases]
    share = np.array([np.nan if figure is None or figure.share is None else figure.share for figure in figures])
    keys = {"difficulty": (numbers, np.nan_to_num(share, nan=2.0)), "true class": (numbers, table.truth)}
    turn = np.lexsort(keys.get(order, (numbers,)))
    calls = reads.prediction[:, turn]
    states = np.select([calls == MISSING, calls == table.truth[turn][None, :], calls < 0], [0, 3, 2], default=1)
    return CaseMap(
        names=list(reads.names),
        ais=reads.ais,
        numbers=numbers[turn].tolist(),
        truths=[study.label(study.codes[code]) for code in table.truth[turn]],
        states=states.astype(np.int8),
        texts=_words(study, calls),
        share_right=[None if np.isnan(part) else float(part) for part in share[turn]],
        read_by=[0 if (one := figures[at]) is None else one.read for at in turn],
        study_id=study.id,
    )


def _words(study: StudyFacts, calls: Codes) -> NDArray[np.object_]:
    words = np.empty(calls.shape, object)
    for code, word in {MISSING: "not read", **outcome_labels(study)}.items():
        words[calls == code] = word
    return words


def case_chart(shown: CaseMap, *, narrow: bool = False, picked: Picked | None = None) -> Chart:
    """Draw every reader on every case."""
    names, numbers, labels, states, texts = shown.names, shown.numbers, shown.truths, shown.states, shown.texts
    steps = [UNREAD, WRONG, UNSURE, RIGHT]
    scale = [[edge / 4, colour] for at, colour in enumerate(steps) for edge in (at, at + 1)]
    heads = [str(number) for number in numbers]
    hover = [[f"case {number}, {truth}" for number, truth in zip(numbers, labels, strict=True)]] * len(names)
    figure = go.Figure(
        go.Heatmap(
            z=states,
            x=heads,
            y=names,
            text=texts,
            customdata=hover,
            colorscale=scale,
            zmin=-0.5,
            zmax=3.5,
            xgap=1 if len(numbers) <= (40 if narrow else 200) else 0,
            ygap=1 if len(names) <= MOST_NAMED else 0,
            showscale=True,
            colorbar={
                "tickvals": [0, 1, 2, 3],
                "ticktext": ["not read", "wrong", "undecided", "right"],
                "thickness": 12,
            },
            hovertemplate="%{y}<br>%{customdata}<br>%{text}<extra></extra>",
        )
    )
    if len(names) * len(numbers) <= MOST_CELLS:
        figure.update_traces(hoverinfo="skip", hovertemplate=None)
        about = [f"case {number}, {truth}" for number, truth in zip(numbers, labels, strict=True)]
        cells = [
            [f"{name}<br>{case}<br>{text}" for case, text in zip(about, line, strict=True)]
            for name, line in zip(names, texts.tolist(), strict=True)
        ]
        make_clickable(figure, heads, names, cells)
    figure.update_yaxes(range=[len(names) - 0.5, -0.5], showgrid=False)
    figure.update_xaxes(type="category", title="case number", showgrid=False, nticks=10 if narrow else 40, tickangle=0)
    readers, machines = len(names) - shown.ais, names[: shown.ais]
    people = [*([many(readers, "reader")] if readers else []), *machines]
    counted = f"{' and '.join(people)}, {many(len(numbers), 'case')}"
    note = f"{counted}. Colour: right, wrong, indeterminate or AI failure, not read."
    data = [
        {"reader": names[i], "case": numbers[j], "state": STATES[int(states[i, j])], "read_as": texts[i, j]}
        for i in range(len(names))
        for j in range(len(numbers))
        if len(names) * len(numbers) <= MOST_DATA
    ]
    crowded = len(names) > MOST_NAMED
    figure = dress(figure, height=max(260, 120 + (6 if crowded else 24) * len(names)))
    if crowded:
        figure.update_yaxes(tickvals=machines, title=f"{len(names)} participants")
    if len(numbers) > MOST_TICKS:
        figure.update_xaxes(showticklabels=False, title=f"{len(numbers)} cases, in this order")
    return Chart("cases", "Every reader, every case", figure, note, data, picked=picked)


PANEL = Panel(
    address="heat",
    title="Cases and readers",
    lead="Who was right on which case. Click a cell, or use the table, to open a case.",
    icon=":material/view_comfy:",
    group="Cases",
    blocks=blocks,
    estimates=False,
)
