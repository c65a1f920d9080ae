"""The answer of a study: its question and design, sentences to quote, the main figure, and its limits."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from core.results.blocks import Block, Facts, Heading, Note
from core.results.comparison import ACCURACY, Dot
from core.results.draw.arms import arms_chart
from core.results.draw.dots import comparison_chart
from core.results.draw.text import many, minus, p_text, percent, plural, points, points_between
from core.results.rows import StudyFacts, StudyRows
from core.results.study_results import StudyResults
from core.results.verdict import Tested
from core.stats.estimate import Estimate
from core.stats.reader_figures import ALL
from core.study.words import Allocate, Design

SAME = 0.005  # as percent without decimals
DESIGNS = {
    Design.INDEPENDENT: "every reader reads {which} once",
    Design.SEQUENTIAL: "every reader reads {which} unaided and, at once, with the AI",
    Design.CROSSOVER: "every reader reads {which} unaided and with the AI, in two sessions apart",
}
WHICH = {
    Allocate.ALL: "every case",
    Allocate.SAMPLE: "a sample of the cases",
    Allocate.SPLIT_PLOT: "the cases of one block (split-plot)",
}


def summary(results: StudyResults) -> Iterator[Block]:
    """Yield the first page of the report."""
    yield Facts({"Question": _question(results), "Design": design_in_words(results)})
    yield Heading("Answer")
    yield from answer(results)
    yield _main_figure(results)
    yield from _limits(results)


def home(results: StudyResults) -> Iterator[Block]:
    """Yield the first page of the results: the answer before everything else."""
    yield from answer(results)
    yield _main_figure(results)
    yield Heading("Question and design")
    yield Note(f"{_question(results)}.", "said")
    yield Note(design_in_words(results), "said")
    yield from _limits(results)


def _limits(results: StudyResults) -> Iterator[Block]:
    yield Heading("Limits")
    yield Note(" ".join(limits(results)))


def answer(results: StudyResults) -> Iterator[Note]:
    """Yield who was right how often, in sentences to quote, then the verdict, then its figures."""
    said = results.verdict
    for sentence in quotable(results):
        yield Note(sentence, "verdict")
    if not said.tested:
        yield Note("Nothing was prespecified: every figure is exploratory.", "said")
        return
    yield Note(said.words, "verdict")
    for test in said.tested:
        yield Note(answer_in_words(results.study, test, adjustment=said.adjustment), "said")


def quotable(results: StudyResults) -> Iterator[str]:
    """Yield counts, percentages and intervals of right reads: the AI's, and each group's, with the AI and without."""
    if not results.rows.is_ai.any() and results.reads.names == ():
        return
    arms = results.table.arms if len(results.table.arms) > 1 else ()
    dots = [dot for dot in results.comparison.dots if dot.figures[ACCURACY].value is not None]
    machine = next((dot for dot in dots if dot.level == "ai"), None)
    parts = []
    if machine is not None:
        accuracy = machine.figures[ACCURACY]
        parts.append(f"the AI was right in {_counted(accuracy, accuracy.n, 'case')}")
    for group in results.study.groups:
        people = [dot for dot in dots if dot.level == "reader" and dot.group == group]
        if people:
            parts.append(
                _group(group, people, next((dot for dot in dots if dot.level == "group" and dot.group == group), None))
            )
    if parts:
        arm = f"In {results.comparison.arm} reading, " if arms and any(dot.level == "reader" for dot in dots) else ""
        text = arm + "; ".join(parts) + "."
        yield text[:1].upper() + text[1:]
    if arms:
        yield from _aided(results)


def _group(group: str, people: list[Dot], mean: Dot | None) -> str:
    reads = sum(dot.figures[ACCURACY].n or 0 for dot in people)
    right = sum(round((dot.figures[ACCURACY].value or 0) * (dot.figures[ACCURACY].n or 0)) for dot in people)
    who = plural(group) if len(people) > 1 else group
    count = f"{len(people)} {who}" if len(people) > 1 else f"one {who}"
    share = people[0].figures[ACCURACY] if len(people) == 1 else mean.figures[ACCURACY] if mean else None
    if share is None or share.value is None:
        return f"{count} in {right} of {many(reads, 'read')}"
    same = abs(share.value - right / reads) < SAME
    shown = _percent(share) if same else f"mean of readers {_percent(share)}"
    return f"{count} in {right} of {many(reads, 'read')} ({shown})"


def _aided(results: StudyResults) -> Iterator[str]:
    for arm in results.arms((ACCURACY,)):
        if arm.result is None:
            continue
        shares = {each.treatment.casefold(): each for each in arm.result.treatments}
        gap = arm.result.differences[0]
        if {"unaided", "aided"} <= set(shares):
            who = "All readers" if arm.group == ALL else plural(arm.group)
            before, after = shares["unaided"].estimate, shares["aided"].estimate
            ends = f" ({points_between(gap.ci)})" if gap.ci else ""
            yield (
                f"{who}: right in {percent(before, 0)} of reads without the AI and in {percent(after, 0)} with it, "
                f"a difference of {points(gap.estimate)} percentage points{ends}."
            )


def _counted(share: Estimate, n: int | None, word: str) -> str:
    right = round((share.value or 0) * (n or 0))
    return f"{right} of {many(n or 0, word)} ({_percent(share)})"


def _percent(share: Estimate) -> str:
    """Return "87 %, 76–93"."""
    ends = f", {100 * share.ci[0]:.0f}–{100 * share.ci[1]:.0f}" if share.ci else ""
    return f"{percent(share.value, 0)}{ends}"


def design_in_words(results: StudyResults) -> str:
    """Return design, readers by group, cases by class, and the AI."""
    study, summary_ = results.study, results.analysis.study
    groups = [group for _, group in summary_.readers]
    readers = [f"{groups.count(group)} {plural(group)}" for group in study.groups if group in groups]
    classes = [
        f"{count} {study.label(code)}" for code, count in zip(summary_.classes, summary_.cases_by_class, strict=True)
    ]
    ai = f"AI {', '.join(machine_ai.title for machine_ai in study.ais)}" if study.ais else "no AI"
    how = DESIGNS[study.design].format(which=WHICH[study.protocol.allocation.kind]) + often(results.rows)
    return (
        f"{study.design.capitalize()}: {how}. {many(len(groups), 'reader')} ({', '.join(readers) or 'none'}), "
        f"{many(summary_.cases, 'case')} ({', '.join(classes)}), {ai}."
    )


def often(rows: StudyRows) -> str:
    """Return how many cases a reader and how many readers a case has by an incomplete design; "" by a crossed one."""
    if rows.assigned is None or not len(rows.assigned):
        return ""
    pairs = np.unique(rows.assigned[:, :2], axis=0)
    each, readers = (np.unique(column, return_counts=True)[1] for column in pairs.T)
    return f" ({_span(each)} of {many(len(rows.study.cases), 'case')} a reader, {_span(readers)} readers a case)"


def _span(counts: NDArray[np.int64]) -> str:
    low, high = int(counts.min()), int(counts.max())
    return f"{low}" if low == high else f"{low} to {high}"


def answer_in_words(study: StudyFacts, test: Tested, *, adjustment: str) -> str:
    """Return one endpoint's result as a sentence to quote: values, difference, interval and p."""
    if test.difference is None:
        return f"{test.endpoint}: no result; {test.reason or 'there is no test'}."
    area = test.figure.startswith("AUC") or test.figure == "macro F1"
    parts = [f"{test.endpoint}:"]
    if test.test is not None:
        shown = [f"{value:.3f}" if area else percent(value) for value in (test.test.ai, test.test.readers)]
        parts.append(f"AI {shown[0]}, readers {shown[1]};")
    if area:
        ends = minus(f"{test.ci[0]:+.3f} to {test.ci[1]:+.3f}") if test.ci else None
        parts.append(f"difference {minus(f'{test.difference:+.3f}')}")
    else:
        ends = points_between(test.ci) if test.ci else None
        parts.append(f"difference {points(test.difference)} percentage points")
    parts.append(f"(interval {ends})," if ends else f"(no interval: {test.reason or 'none'}),")
    if test.p is None:
        return f"{' '.join(parts).rstrip(',')}; no test: {test.reason or 'there is none'}."
    parts.append(f"p {_equals(test.p)}" + (f", adjusted p {_equals(test.p_adjusted)}" if adjustment else "") + ".")
    return " ".join(parts)


def limits(results: StudyResults) -> Iterator[str]:
    """Yield what nobody may overlook when quoting this page."""
    summary_ = results.analysis.study
    yield "For research; not a medical device. The AI is a research demonstration."
    if summary_.missing:
        yield f"{many(summary_.missing, 'read')} of the design missing; the section on sensitivity shows other rules."
    yield from results.analysis.notes


def _question(results: StudyResults) -> str:
    said = results.verdict
    return f"{said.endpoint}: {said.hypothesis}" if said.tested else "No hypothesis was prespecified."


def _main_figure(results: StudyResults) -> Block:
    if figures := results.prespecified_arms:
        return arms_chart(results.study, results.arms(figures), figures=figures, key="summary-arms")
    compared = results.comparison
    labels = {name: compared.label(name) for name in compared.columns if not name.startswith("specificity")}
    return comparison_chart(
        results.study, compared.dots, labels, title="Accuracy and sensitivity by class", key="summary-dots"
    )


def _equals(p: float | None) -> str:
    text = p_text(p)
    return text if text.startswith(("<", "–")) else f"= {text}"
