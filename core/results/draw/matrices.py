"""Figures that are matrices: confusion, pairwise agreement, and every reader on every case."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.results.draw.chart import DEMONSTRATION, SHADES, STRONG, Chart, dress, many
from core.results.rows import AI, FAILURE, INDETERMINATE, StudyFacts

RIGHT, WRONG, UNSURE = "#3f8fd2", "#e4572e", "#e8b100"  # told apart with colour-vision deficiency
UNREAD = "rgba(128,138,150,0.18)"
MOST_CELLS = 5_000  # that can be clicked; more would make the page heavy
MOST_DATA = 50_000  # cells in the CSV of the map
SHORT = {"Indeterminate": "Indeter-<br>minate", "AI failure": "AI<br>failure"}  # under narrow columns
STATES = ("not read", "wrong", "indeterminate or AI failure", "right")


def confusion_chart(study: StudyFacts, counts: NDArray[np.int64], *, name: str, reads: str, key: str) -> Chart:
    """Draw counts (classes, outcomes), rows truth, with row percent.

    After the classes comes what is no diagnosis: the AI's failures, or readers' indeterminate reads; the other of the
    two only where it occurs.
    """
    codes = study.codes
    fourth = len(codes) + (1 if name == AI else 0)
    kept = [at for at in range(counts.shape[1]) if at < len(codes) or at == fourth or counts[:, at].sum()]
    heads = [*(one.label for one in study.classes), "Indeterminate", "AI failure"]
    shown = counts[:, kept]
    totals = counts.sum(axis=1, keepdims=True)
    share = np.divide(shown, totals, out=np.zeros(shown.shape), where=totals > 0)
    text = [
        [f"<b>{n}</b><br>{100 * part:.0f} %" if total else "–" for n, part in zip(line, parts, strict=True)]
        for line, parts, total in zip(shown.tolist(), share.tolist(), totals[:, 0].tolist(), strict=True)
    ]
    rows = [f"{one.label} ({n})" for one, n in zip(study.classes, totals[:, 0].tolist(), strict=True)]
    figure = go.Figure(
        go.Heatmap(
            z=share,
            x=[heads[at] for at in kept],
            y=rows,
            colorscale=SHADES,
            zmin=0,
            zmax=1,
            showscale=False,
            xgap=2,
            ygap=2,
            hoverinfo="skip",
        )
    )
    write_in_cells(figure, [heads[at] for at in kept], rows, text, share)
    told = [
        [
            f"truth {label}<br>read as {heads[at]}<br>{n} reads, {part:.1%} of the row"
            for at, n, part in zip(*cells, strict=True)
        ]
        for label, *cells in (
            (one.label, kept, line, parts)
            for one, line, parts in zip(study.classes, shown.tolist(), share.tolist(), strict=True)
        )
    ]
    make_clickable(figure, [heads[at] for at in kept], rows, told)
    figure.update_yaxes(title="truth", showgrid=False)
    figure.update_xaxes(side="bottom", title="read as", showgrid=False, tickangle=0, tickfont_size=11)
    figure.update_xaxes(tickvals=[heads[at] for at in kept], ticktext=[SHORT.get(heads[at], heads[at]) for at in kept])
    note = f"{reads}; counts and percent of the row. " + (DEMONSTRATION if name == "AI" else "")
    codes_of = [*codes, INDETERMINATE, FAILURE]
    data = [
        {"who": name, "truth": codes[row], "read_as": codes_of[at], "count": int(counts[row, at])}
        for row in range(len(codes))
        for at in range(counts.shape[1])
    ]
    return Chart(key, name, dress(figure, height=120 + 70 * len(codes)), note.strip(), data)


def make_clickable(figure: go.Figure, x: list[str], y: list[str], told: Sequence[Sequence[str]]) -> None:
    """Lay an unseen point over every cell, with its text: heat maps themselves answer no click on the pages.

    A point's `customdata` is (place in y, name in x).
    """
    places = [(row, column) for row in range(len(y)) for column in range(len(x))]
    figure.add_trace(
        go.Scatter(
            x=[x[column] for _, column in places],
            y=[y[row] for row, _ in places],
            customdata=[(row, x[column]) for row, column in places],
            text=[told[row][column] for row, column in places],
            hovertemplate="%{text}<extra></extra>",
            mode="markers",
            showlegend=False,
            marker={"symbol": "square", "size": 12, "color": "rgba(0,0,0,0)"},
            selected={"marker": {"opacity": 1}},
            unselected={"marker": {"opacity": 0}},
        )
    )
    figure.update_xaxes(range=[-0.5, len(x) - 0.5])
    figure.update_yaxes(range=[len(y) - 0.5, -0.5])  # the first on top
    figure.update_layout(hovermode="closest", hoverdistance=-1)  # however far within its cell the cursor is


def write_in_cells(
    figure: go.Figure, x: list[str], y: list[str], text: list[list[str]], strength: NDArray[np.float64]
) -> None:
    """Write texts into the cells of a heat map: white on strong cells, else in the colour of the theme's text."""
    for row, line in zip(y, zip(text, strength.tolist(), strict=True), strict=True):
        for column, words, weight in zip(x, *line, strict=True):
            font = {"size": 13, "color": "white"} if weight > STRONG else {"size": 13}
            figure.add_annotation(x=column, y=row, text=words, showarrow=False, font=font)


def kappa_chart(names: list[str], kappas: NDArray[np.float64], *, n: int) -> Chart:
    """Draw pairwise kappa (m, m), NaN where it does not exist."""
    small = len(names) <= 14
    text = [["" if np.isnan(v) else f"{v:.2f}" for v in line] for line in kappas]
    figure = go.Figure(
        go.Heatmap(
            z=kappas,
            x=names,
            y=names,
            colorscale=SHADES,
            zmin=0,
            zmax=1,
            xgap=1,
            ygap=1,
            colorbar={"title": "kappa", "thickness": 12},
            hovertemplate="%{y} and %{x}<br>kappa %{z:.3f}<extra></extra>",
        )
    )
    if small:
        write_in_cells(figure, names, names, text, np.nan_to_num(kappas))
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(showgrid=False)
    note = f"Cohen's kappa of each pair on the cases both read (up to {n}); intervals stand in the table."
    data = [
        {"a": names[i], "b": names[j], "kappa": None if np.isnan(kappas[i, j]) else float(kappas[i, j])}
        for i in range(len(names))
        for j in range(i + 1, len(names))
    ]
    return Chart("kappa", "Pairwise agreement", dress(figure, height=max(320, 120 + 26 * len(names))), note, data)


def case_chart(
    names: list[str],
    numbers: list[int],
    labels: list[str],
    states: NDArray[np.int8],
    texts: NDArray[np.object_],
    *,
    narrow: bool = False,
) -> Chart:
    """Draw every reader on every case: states (m, n) as places in STATES, texts (m, n) what was read."""
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
            ygap=1,
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
        told = [
            [f"{name}<br>{case}<br>{text}" for case, text in zip(about, line, strict=True)]
            for name, line in zip(names, texts.tolist(), strict=True)
        ]
        make_clickable(figure, heads, names, told)
    figure.update_yaxes(range=[len(names) - 0.5, -0.5], showgrid=False)
    figure.update_xaxes(type="category", title="case number", showgrid=False, nticks=10 if narrow else 40, tickangle=0)
    readers = sum(name != AI for name in names)
    people = [*([many(readers, "reader")] if readers else []), *(["AI"] if AI in names else [])]
    counted = f"{' and '.join(people)}, {many(len(numbers), 'case')}"
    note = f"{counted}. Colour: right, wrong, indeterminate or AI failure, not read."
    data = [
        {"reader": names[i], "case": numbers[j], "state": STATES[int(states[i, j])], "read_as": texts[i, j]}
        for i in range(len(names))
        for j in range(len(numbers))
        if len(names) * len(numbers) <= MOST_DATA
    ]
    return Chart("cases", "Every reader, every case", dress(figure, height=max(260, 120 + 24 * len(names))), note, data)
