"""Who called what: counts of truth against what was called. A click on a cell lists its cases."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.results import gaps
from core.results.blocks import Beside, Block, Chart, Choice, Gap, Heading, Note, Row, Surface, Table
from core.results.draw.chart import DEMONSTRATION, SHADES, dress
from core.results.draw.matrices import make_clickable, write_in_cells
from core.results.draw.text import many, plural
from core.results.grids import NO_DIAGNOSIS, cases_in_cell, cases_read, confusion, one_arm, places_of
from core.results.panels.panel import Panel
from core.results.rows import AI, ARMS, FAILURE, INDETERMINATE, StudyFacts
from core.results.study_results import StudyResults
from core.stats.reader_figures import Set, sets_of
from core.stats.reads import ReadTable

Picked = Callable[[Any], list[Block]]
FIRST = 3  # readers shown before any is chosen
MOST_READERS = 12  # matrices of more single readers make no readable report
SIDE, SIDE_ON_PAPER = 440, 336  # pixels; matrices wrap on a narrow screen
LONG = 9  # letters that a column has room for
SHORT = {"Indeterminate": "Indeter-<br>minate", "AI failure": "AI<br>failure"}  # under narrow columns


def blocks(results: StudyResults, surface: Surface) -> Iterator[Block]:
    """Yield a matrix for the AI, each group pooled, its arms side by side, and each reader chosen."""
    reads = results.reads
    yield from confusion_gaps(results)
    both = len(results.rows.arms) > 1
    groups = [(group, places_of(reads, group)) for group in results.study.groups]
    pooled = [(f"{plural(group)}, pooled", at) for group, at in groups if len(at) > 1]
    machine = [(name, [at]) for at, name in enumerate(reads.names[: reads.ais])]
    side = SIDE_ON_PAPER if surface.paper else SIDE
    yield Beside(tuple(_matrix(results, name, at) for name, at in machine + ([] if both else pooled)), side)
    if both:
        yield Heading("Unaided and aided")
        for group in results.study.groups:
            yield Beside(tuple(_of_arms(results, group)), side)
    names = tuple(name for name, group in zip(reads.names, reads.groups, strict=True) if group != AI)
    if not names:
        return
    on_paper = names if len(names) <= MOST_READERS else ()
    yield Heading("Single readers")
    if both:
        yield Note(f"Their {reads.arm} reads; Filters can choose the other arm.")
    chosen = surface.choose(Choice("reader", "Readers", names, names[:FIRST], look="many", on_paper=on_paper))
    yield Beside(tuple(_matrix(results, name, [reads.names.index(name)]) for name in chosen), side)


def confusion_gaps(results: StudyResults) -> list[Gap]:
    """Return what the matrices lack."""
    return [*gaps.nobody(results), *gaps.no_ai(results), *gaps.missing_reads(results)]


def _of_arms(results: StudyResults, group: str) -> Iterator[Chart]:
    """Yield the pooled matrix of a group in each arm in which it read, unaided first."""
    for arm in sorted(results.table.arms, key=lambda name: name != ARMS[0]):
        table = one_arm(results.table, arm)
        reads = sets_of(table)[0]
        at = places_of(reads, group)
        if at:
            yield _matrix(results, f"{plural(group)}, {arm}", at, of=(table, reads))


def _matrix(results: StudyResults, name: str, at: list[int], *, of: tuple[ReadTable, Set] | None = None) -> Chart:
    """Draw the counts of some readers; `of` is the table and the reads of an arm, where not those that are shown."""
    study = results.study
    table, reads = of or (results.listed, results.reads)
    counts = confusion(table, reads, at)
    of_ai = name in reads.names[: reads.ais]
    arm = f"{reads.arm} " if not of_ai and len(results.rows.arms) > 1 else ""
    counted = f"{many(int(counts.sum()), f'{arm}read')} of {many(cases_read(reads, at), 'case')}"
    if len(at) > 1:
        counted += f" by {len(at)} readers, pooled: no interval, reads of one case are not independent"
    key = f"confusion-{name}"

    def picked(place: Any) -> list[Block]:
        truth, called = int(place[0]), str(place[1])
        cells = cases_in_cell(study, table, reads, at, truth=truth, called=called)
        rows: list[Row] = [
            {"case": number, "read so by": ", ".join(readers), "open": f"case?study={study.id}&case={number}"}
            for number, readers in cells
        ]
        note = f"Truth {study.classes[truth].label}, read as {called}: {many(len(rows), 'case')}."
        return [Note(note), Table(f"cell-{key}", rows, links=("open",))]

    return confusion_chart(study, counts, name=name, reads=counted, key=key, of_ai=of_ai, picked=picked)


def confusion_chart(
    study: StudyFacts,
    counts: NDArray[np.int64],
    *,
    name: str,
    reads: str,
    key: str,
    of_ai: bool = False,
    picked: Picked | None = None,
) -> Chart:
    """Draw counts (classes, outcomes), rows truth, with row percent.

    After the classes comes what is no diagnosis: the AI's failures, or readers' indeterminate reads; the other of the
    two only where it occurs.
    """
    codes = study.codes
    fourth = len(codes) + (1 if of_ai else 0)
    kept = [at for at in range(counts.shape[1]) if at < len(codes) or at == fourth or counts[:, at].sum()]
    heads = [*(study_class.label for study_class in study.classes), *NO_DIAGNOSIS.values()]
    shown = counts[:, kept]
    totals = counts.sum(axis=1, keepdims=True)
    share = np.divide(shown, totals, out=np.zeros(shown.shape), where=totals > 0)
    text = [
        [f"<b>{n}</b><br>{100 * part:.0f} %" if total else "–" for n, part in zip(line, parts, strict=True)]
        for line, parts, total in zip(shown.tolist(), share.tolist(), totals[:, 0].tolist(), strict=True)
    ]
    rows = [
        f"{wrapped(study_class.label)} ({n})"
        for study_class, n in zip(study.classes, totals[:, 0].tolist(), strict=True)
    ]
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
    about = [
        [
            f"truth {label}<br>read as {heads[at]}<br>{n} reads, {part:.1%} of the row"
            for at, n, part in zip(*cells, strict=True)
        ]
        for label, *cells in (
            (study_class.label, kept, line, parts)
            for study_class, line, parts in zip(study.classes, shown.tolist(), share.tolist(), strict=True)
        )
    ]
    make_clickable(figure, [heads[at] for at in kept], rows, about)
    figure.update_yaxes(title="truth", showgrid=False)
    figure.update_xaxes(side="bottom", title="read as", showgrid=False, tickangle=0, tickfont_size=11)
    figure.update_xaxes(tickvals=[heads[at] for at in kept], ticktext=[wrapped(heads[at]) for at in kept])
    note = f"{reads}; counts and percent of the row. " + (DEMONSTRATION if of_ai else "")
    codes_of = [*codes, INDETERMINATE, FAILURE]
    data = [
        {"who": name, "truth": codes[row], "read_as": codes_of[at], "count": int(counts[row, at])}
        for row in range(len(codes))
        for at in range(counts.shape[1])
    ]
    figure = dress(figure, height=120 + 70 * len(codes))
    return Chart(key, name, figure, note.strip(), data, picked=picked)


def wrapped(label: str) -> str:
    """Return a label broken at its spaces where it is too long for a narrow column."""
    return SHORT.get(label, label.replace(" ", "<br>") if len(label) > LONG else label)


PANEL = Panel(
    address="confusion",
    title="Confusion",
    lead="Truth in rows, what was called in columns. Click a cell to see its cases.",
    icon=":material/grid_on:",
    group="Accuracy",
    blocks=blocks,
)
