"""Power for the next study, from the variances that this one showed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
import plotly.graph_objects as go

from core.results.blocks import Block, Chart, Choice, Code, Gap, Note, Number, Row, Surface, Table
from core.results.draw.chart import GROUP_COLOURS, INK, SYMBOLS, dress
from core.results.draw.text import minus, percent
from core.results.panels.panel import Panel
from core.results.rows import StudyFacts
from core.results.study_results import StudyResults
from core.results.verdict import figure_names
from core.stats.analyse import Analysis
from core.stats.estimate import StatsError
from core.stats.mrmc import Mrmc
from core.stats.power import PlanRow, PowerInputs, inputs_of, plan
from core.stats.power import power as power_of
from core.stats.standalone import Standalone

Question = Literal["ai", "arms"]
QUESTIONS: dict[Question, str] = {"ai": "AI against readers", "arms": "aided against unaided"}
READERS = (3, 4, 6, 8, 10, 15, 20)
TARGET = 0.8
DRAWN = (4, 6, 10, 20)  # readers with a line in the chart
METHOD = (
    "Obuchowski-Rockette components of this study (Hillis, Obuchowski & Berbaum 2011): random readers and cases, "
    "two-sided alpha {alpha:g}, the same mix of cases and kind of readers."
)
GUIDE = "A small study knows its own variances badly: take the figures as a guide."


EFFECT = 0.05  # difference that the page begins with


def blocks(results: StudyResults, surface: Surface) -> Iterator[Block]:
    """Yield power by readers and cases, for the question, figure, difference and number of cases chosen."""
    analysis, study = results.analysis, results.study
    prespecified = study.protocol.prespecification
    questions = tuple(QUESTIONS)
    first = "arms" if prespecified.comparison == "aided_vs_unaided" and pilots(analysis, "arms") else "ai"
    choice = Choice("question", "Question", questions, (first,), named=lambda name: QUESTIONS[cast(Question, name)])
    question = cast(Question, surface.choose(choice)[0])
    yield from next_study_gaps(analysis, question)
    known = {pilot.figure: pilot for pilot in pilots(analysis, question)}
    if not known:
        return
    primary = next((name for name in figure_names(prespecified) if name in known), next(iter(known)))
    figures = Choice("next_figure", "Figure", tuple(known), (primary,), named=study.figure_label, look="list")
    pilot = known[surface.choose(figures)[0]]
    size = pilot.inputs.cases_star
    asked = surface.number(
        Number("next_effect", "Difference to find (0 to 1)", EFFECT, 0.005, 0.5, 0.005, help=SMALLEST)
    )
    counted = surface.number(Number(f"next_cases_{pilot.figure}", "Cases that count for the figure", size, 2, 100_000))
    effect, cases, alpha = asked or EFFECT, int(counted or size), prespecified.alpha
    yield Note(f"Seen in this study: {minus(f'{pilot.observed:+.3f}')} on {size} cases.")
    rows = planned(pilot, effect=effect, cases=cases, alpha=alpha)
    yield Table("next", plan_table(rows), GUIDE, METHOD.format(alpha=alpha))
    yield power_chart(study, pilot, effect=effect, cases=cases, alpha=alpha)
    yield Code(command(pilot, effect=effect, cases=cases, alpha=alpha))


SMALLEST = "The smallest difference that matters, not the one seen here"


@dataclass(frozen=True, slots=True)
class Pilot:
    """What this study says of a figure: components, on how many cases that count for it, and what difference it saw."""

    figure: str
    question: Question
    inputs: PowerInputs
    observed: float


def pilots(analysis: Analysis, question: Question) -> list[Pilot]:
    """Return a pilot for every figure that all readers of the study have; a study without two readers has none."""
    made: list[Pilot] = []
    everybody = len(analysis.study.readers)
    if question == "ai":
        arm, first = next(iter(analysis.study.arms), ""), next(iter(analysis.study.ais), "")
        for contest in analysis.ai_with_groups:
            if (contest.ai, contest.arm, contest.readers) == (first, arm, everybody) and contest.result is not None:
                _add(made, contest.figure, question, contest.result, contest.cases, contest.result.difference)
    for each in analysis.arms_compared if question == "arms" else ():
        if each.result is not None and each.result.n_readers == everybody:
            _add(made, each.figure, question, each.result, each.result.n_cases, each.result.differences[0].estimate)
    return list({comparison.figure: comparison for comparison in made}.values())


def _add(
    made: list[Pilot], figure: str, question: Question, result: Mrmc | Standalone, cases: int, observed: float
) -> None:
    """Add a pilot if its components leave a variance to plan by; few readers and cases may not."""
    try:
        inputs = inputs_of(result, cases=cases)
        power_of(inputs, effect=0.05, readers=READERS[0], cases=max(cases, 2))
    except StatsError:
        return
    made.append(Pilot(figure, question, inputs, observed))


def planned(pilot: Pilot, *, effect: float, cases: int, alpha: float) -> list[PlanRow]:
    """Return power by number of readers at so many cases, and the cases needed for a power of TARGET."""
    return list(plan(pilot.inputs, effect=effect, readers=list(READERS), cases=cases, target=TARGET, alpha=alpha))


def plan_table(rows: list[PlanRow]) -> list[Row]:
    """Return the plan for people."""
    return [
        {
            "readers": row.readers,
            "cases": row.cases,
            "power": percent(row.power, 0),
            f"cases for {percent(TARGET, 0)}": row.cases_needed if row.cases_needed is not None else "–",
            "note": row.reason or "",
        }
        for row in rows
    ]


def power_chart(study: StudyFacts, pilot: Pilot, *, effect: float, cases: int, alpha: float) -> Chart:
    """Draw power by number of cases, a line for each number of readers in DRAWN; the dotted line is TARGET."""
    counts = np.unique(np.geomspace(max(10, cases // 4), max(40, cases * 8), 25).round().astype(int)).tolist()
    figure, data = go.Figure(), []
    for place, readers in enumerate(DRAWN):
        powers = [power_of(pilot.inputs, effect=effect, readers=readers, cases=n, alpha=alpha).power for n in counts]
        figure.add_trace(
            go.Scatter(
                x=counts,
                y=powers,
                mode="lines+markers",
                name=f"{readers} readers",
                line={"color": GROUP_COLOURS[place], "width": 1.8},
                marker={"color": GROUP_COLOURS[place], "symbol": SYMBOLS[place], "size": 6},
                hovertemplate=f"{readers} readers, %{{x}} cases<br>power %{{y:.0%}}<extra></extra>",
            )
        )
        data += [{"readers": readers, "cases": n, "power": power} for n, power in zip(counts, powers, strict=True)]
    figure.add_hline(y=TARGET, line_color=INK, line_dash="dot")
    figure.update_xaxes(type="log", title="cases that count for the figure (log axis)", tickvals=_ticks(counts))
    figure.update_yaxes(range=[0, 1.02], title="power", tickformat=".0%")
    note = f"{study.figure_label(pilot.figure)}, {QUESTIONS[pilot.question]}, difference {effect:g}. {GUIDE}"
    return Chart(
        "power",
        "Power of the next study",
        dress(figure, height=420, legend=True),
        note,
        data,
        METHOD.format(alpha=alpha),
    )


def next_study_gaps(analysis: Analysis, question: Question) -> list[Gap]:
    """Return what planning from this study lacks."""
    if pilots(analysis, question):
        return []
    if question == "arms":
        what = (
            "This study does not tell how aided and unaided figures vary: it needs two readers who read in both arms."
        )
        if any(
            comparison.result is not None and comparison.result.n_readers > 1 for comparison in analysis.arms_compared
        ):
            what = "Aided minus unaided varies too little here, over readers and cases, to plan by."
        return [Gap(what, "A sequential or crossover design with more readers serves as a pilot.")]
    what = "This study does not tell how AI minus reader varies: it needs the AI and two readers of the same cases."
    if any(contest.result is not None for contest in analysis.ai_with_groups):
        what = "AI minus reader varies too little here, over readers and cases, to plan by."
    return [Gap(what, "Plan from another pilot, with more readers or more difficult cases.")]


def command(pilot: Pilot, *, effect: float, cases: int, alpha: float) -> str:
    """Return the command that gives the same table."""
    one = pilot.inputs
    parts = {"var-tr": one.var_tr, "var": one.var, "cov1": one.cov1, "cov2": one.cov2, "cov3": one.cov3}
    told = " ".join(f"--{name} {value!r}" for name, value in parts.items())
    kind = " --standalone" if one.standalone else ""
    readers = ",".join(str(count) for count in READERS)
    return (
        f"python -m core power --effect {effect:g} --readers {readers} --cases {cases} --alpha {alpha:g}{kind} "
        f"--cases-star {one.cases_star} {told}"
    )


def _ticks(counts: list[int]) -> list[int]:
    return [n for n in (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000) if counts[0] <= n <= counts[-1]]


PANEL = Panel(
    address="next",
    title="Next study",
    lead="Power for a study with readers and cases like these.",
    icon=":material/straighten:",
    group="Methods",
    blocks=blocks,
)
