"""The report's first page: the question, the design, the answer in sentences to quote, its figure, and its limits."""

from collections.abc import Iterator

from core.results.blocks import Block, Facts, Heading, Note
from core.results.comparison import ACCURACY
from core.results.draw.arms import arms_chart
from core.results.draw.dots import comparison_chart
from core.results.draw.text import many, minus, p_text, percent, plural, points, points_between, with_interval
from core.results.rows import StudyFacts
from core.results.study_results import StudyResults
from core.results.verdict import Tested
from core.study.words import Design

DESIGNS = {
    Design.INDEPENDENT: "every reader reads every case once",
    Design.SEQUENTIAL: "every reader reads every case unaided and, at once, with the AI",
    Design.CROSSOVER: "every reader reads every case unaided and with the AI, in two sessions apart",
}


def summary(results: StudyResults) -> Iterator[Block]:
    """Yield the first page."""
    said = results.verdict
    yield Facts({"Question": _question(results), "Design": design_in_words(results)})
    yield Heading("Answer")
    if said.tested:
        yield Note(said.words, "verdict")
        for test in said.tested:
            yield Note(answer_in_words(results.study, test, adjustment=said.adjustment), "said")
    else:
        yield Note("Nothing was prespecified: every figure in this report is exploratory.", "verdict")
        for sentence in accuracies(results):
            yield Note(sentence, "said")
    figures = results.prespecified_arms
    if figures:
        yield arms_chart(results.study, results.arms(figures), figures=figures, key="summary-arms")
    else:
        yield _main_figure(results)
    yield Heading("Limits")
    for sentence in limits(results):
        yield Note(sentence)


def design_in_words(results: StudyResults) -> str:
    """Return design, readers by group, cases by class, and the AI."""
    study, summary_ = results.study, results.analysis.study
    groups = [group for _, group in summary_.readers]
    readers = [f"{groups.count(group)} {plural(group)}" for group in study.groups if group in groups]
    classes = [
        f"{count} {study.label(code)}" for code, count in zip(summary_.classes, summary_.cases_by_class, strict=True)
    ]
    ai = f"AI {study.ai.name} {study.ai.version}" if study.ai else "no AI"
    how = DESIGNS.get(study.design, study.design)
    return (
        f"{study.design.capitalize()}: {how}. {many(len(groups), 'reader')} ({', '.join(readers) or 'none'}), "
        f"{many(summary_.cases, 'case')} ({', '.join(classes)}), {ai}."
    )


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
    parts.append(f"p {_equals(test.p)}" + (f", adjusted p {_equals(test.p_adjusted)}" if adjustment else "") + ".")
    return " ".join(parts)


def accuracies(results: StudyResults) -> Iterator[str]:
    """Yield the accuracy of the AI and of each group, as sentences."""
    for dot in results.comparison.dots:
        if dot.level != "reader":
            yield f"Accuracy of {dot.name}: {with_interval(dot.figures[ACCURACY])}."


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
    compared = results.comparison
    labels = {name: compared.label(name) for name in compared.columns if not name.startswith("specificity")}
    return comparison_chart(
        results.study, compared.dots, labels, title="Accuracy and sensitivity by class", key="summary-dots"
    )


def _equals(p: float | None) -> str:
    text = p_text(p)
    return text if text.startswith(("<", "–")) else f"= {text}"
