"""The marks of one finding: hits, misses and false marks of everybody, FROC curves, and figures of merit compared."""

from collections import Counter
from collections.abc import Iterator, Sequence

import plotly.graph_objects as go

from core.results.across.findings import ONE_DIAGNOSIS
from core.results.blocks import Block, Chart, Choice, Gap, Heading, Note, Row, Surface, Table
from core.results.draw.chart import dress
from core.results.draw.text import p_text, plain, span
from core.results.localised import ScoredRead, blocks_of, compared, marked_question, marks_of_reads, scored_reads
from core.results.panels.panel import Panel
from core.results.study_results import StudyResults
from core.stats.estimate import StatsError
from core.stats.localisation.analysis import ai_against, compare
from core.stats.localisation.curves import CURVES, operating_points
from core.stats.localisation.figures import FIGURES, Figure, compute
from core.stats.localisation.lroc import lroc_figure
from core.stats.localisation.marks import Marks
from core.stats.pairs import holm
from core.stats.standalone import Standalone

SHOWN = ("wafroc", "afroc", "hrauc", "maxllf", "maxnlf", "wafroc1", "afroc1", "hrse", "hrsp")
FORCED = {"alroc": "ALROC to .2", "pcl": "PCL at .2", "wilcoxon": "Wilcoxon"}
AT = 0.2  # the false-positive fraction of LROC figures
METHOD = "Jackknife of cases, Obuchowski-Rockette (Chakraborty & Zhai 2016; Hillis 2007). Exploratory."


def blocks(results: StudyResults, surface: Surface) -> Iterator[Block]:
    """Yield counts, curves and figures of merit of the finding that is looked at."""
    rows = results.rows
    if rows.whole is None:
        yield ONE_DIAGNOSIS
        return
    if marked_question(rows) is None:
        yield Gap("This finding is not marked on the image.", "Choose another finding above.")
        return
    acceptance = rows.study.protocol.acceptance
    yield Note(f"{acceptance.said()} A lesion counts once, with the highest rating of its marks.")
    reads = scored_reads(rows)
    yield Heading("Marks")
    yield Table("marks", counts(reads), "Cases read, and what became of the marks on them.")
    figure = _chosen(surface, forced=acceptance.forced)
    kind = "lroc" if acceptance.forced else _curve(surface)
    every = blocks_of(reads)
    for number, readers in enumerate(every, start=1):
        mine = [read for read in reads if read.ai or read.reader in readers]
        if len(every) > 1:
            yield Heading(f"Block {number}: {', '.join(readers)}")
        yield from _block(results, mine, figure, kind, key=str(number))


def counts(reads: Sequence[ScoredRead]) -> list[Row]:
    """Return one row a reader and arm: cases, hits, repeats, false marks, lesions missed."""
    found: dict[tuple[str, str], Counter[str]] = {}
    for read in reads:
        counter = found.setdefault((read.reader, read.treatment), Counter())
        counter["cases"] += 1
        counter["missed"] += len(read.found.missed)
        counter.update(mark.outcome for mark in read.found.marks)
    return [
        {"reader": reader, "arm": arm, "cases": n["cases"], "lesions hit": n["hit"], "lesions missed": n["missed"],
         "false marks": n["false"], "repeats": n["repeat"]}
        for (reader, arm), n in found.items()
    ]  # fmt: skip


def _chosen(surface: Surface, *, forced: bool) -> Figure:
    if forced:
        choice = Choice("merit", "Figure of merit", tuple(FORCED), ("alroc",), named=FORCED.__getitem__)
        return lroc_figure(surface.choose(choice)[0], AT)
    named = {name: FIGURES[name].name for name in SHOWN}
    (name,) = surface.choose(Choice("merit", "Figure of merit", SHOWN, ("wafroc",), named=named.__getitem__))
    return FIGURES[name]


def _curve(surface: Surface) -> str:
    kinds = ("froc", "afroc", "wafroc", "roc")
    (kind,) = surface.choose(Choice("curve", "Curve", kinds, ("froc",), named=str.upper))
    return kind


def _block(
    results: StudyResults, reads: Sequence[ScoredRead], figure: Figure, kind: str, *, key: str
) -> Iterator[Block]:
    machines = list(dict.fromkeys(read.reader for read in reads if read.ai))
    if not compared(reads, "ai", ""):
        yield Gap("There are no cases that all these readers have read.", "Finish the missing reads.")
        return
    figures: dict[str, Row] = {}
    against: list[Row] = []
    notes: list[str] = []
    for ai in machines or [""]:
        kept = compared(reads, "ai", ai)
        try:
            marks = marks_of_reads(results.rows, kept, one_treatment=True)
            values = compute(figure, marks).whole.tolist()
            if not figures:
                yield from _curves(marks, kind, key)
            for name, value in zip(marks.readers, values, strict=True):
                figures.setdefault(name, {"reader": name, "cases": len(marks.truth.cases), figure.name: plain(value)})
            if ai:
                against.append(_against(ai, ai_against(marks, figure, ai)))
        except StatsError as error:
            notes.append(f"{ai or 'Readers'}: {error}")
    if figures:
        yield Table(f"merit-{key}", list(figures.values()), f"{figure.name}: {figure.says}.")
    if against:
        yield Table(f"merit-ai-{key}", _by_holm(against), f"{figure.name}, AI minus readers.", METHOD)
    yield from _arms(results, reads, figure, key, notes)
    for note in notes:
        yield Note(note, "warn")


def _curves(marks: Marks, kind: str, key: str) -> Iterator[Block]:
    across, up = CURVES[kind]
    figure = go.Figure()
    data = []
    for curve in operating_points(marks, kind):
        figure.add_scatter(x=curve.x, y=curve.y, mode="lines+markers", name=curve.reader, line={"shape": "linear"})
        data += [{"reader": curve.reader, across: x, up: y} for x, y in zip(curve.x, curve.y, strict=True)]
    figure.update_xaxes(title=across[0].upper() + across[1:], rangemode="tozero")
    figure.update_yaxes(title=up[0].upper() + up[1:], range=[0, 1.02])
    note = "A point counts the marks rated at its cut or higher."
    yield Chart(f"curve-{key}", f"{kind.upper()} curves", dress(figure, height=420), note, data)


def _against(ai: str, found: Standalone) -> Row:
    return {
        "AI": ai,
        "readers": len(found.reader_figures),
        "AI minus readers": plain(found.difference),
        "95 % interval": span(found.ci, reason=found.reason),
        "p": found.p,
        "readers as": found.readers_as,
    }


def _by_holm(rows: list[Row]) -> list[Row]:
    values = [row["p"] for row in rows]
    adjusted = holm([value if isinstance(value, float) else None for value in values])
    return [
        {**row, "p": p_text(value if isinstance(value, float) else None), "p (Holm)": p_text(p)}
        for row, value, p in zip(rows, values, adjusted, strict=True)
    ]


def _arms(
    results: StudyResults, reads: Sequence[ScoredRead], figure: Figure, key: str, notes: list[str]
) -> Iterator[Block]:
    kept = compared(reads, "arms")
    if len({read.treatment for read in kept}) < 2:
        return
    try:
        found = compare(marks_of_reads(results.rows, kept, one_treatment=False), figure)
    except StatsError as error:
        notes.append(f"Arms: {error}")
        return
    rows: list[Row] = [
        {"difference": f"{one.a} minus {one.b}", figure.name: plain(one.estimate), "95 % interval": span(one.ci),
         "p": p_text(one.p)}
        for one in found.differences
    ]  # fmt: skip
    yield Table(f"merit-arms-{key}", rows, f"{figure.name} between arms, {found.n_readers} readers.", METHOD)


PANEL = Panel(
    address="localisation",
    title="Localisation",
    lead="Whether marks lie where the finding is: hits, misses, false marks, and FROC or LROC figures of merit.",
    icon=":material/my_location:",
    blocks=blocks,
    group="Accuracy",
)
