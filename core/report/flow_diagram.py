"""The flow of cases and reads as a diagram (STARD item 19), drawn as SVG so that it prints."""

from core.report.page import Drawing, render
from core.results.rows import AI, StudyFacts
from core.results.story import Flow
from core.stats.analyse import Analysis


def flow_diagram(study: StudyFacts, flow: Flow, analysis: Analysis) -> Drawing:
    """Return the diagram: cases, then readers' reads on the left and the AI's on the right, what is left out aside."""
    summary = analysis.study
    classes = [
        f"{study.label(code)}: {count}" for code, count in zip(summary.classes, summary.cases_by_class, strict=True)
    ]
    people = [reader for reader in analysis.readers if reader.group != AI]
    machine = sum(reader.n for reader in analysis.readers if reader.group == AI)
    unread = flow.planned_reads - (flow.locked_reads - flow.superseded_reads)
    svg = render(
        "flow.svg",
        cases=[f"Cases of the study: {flow.cases + flow.practice_cases}"],
        cases_left_out=[f"practice: {flow.practice_cases}", f"without truth: {flow.without_truth}"],
        analysed=[f"Cases analysed: {summary.cases}", ", ".join(classes)],
        planned=[f"Reads planned: {flow.planned_reads}"],
        reads_left_out=[f"not locked: {unread}", f"of them left open: {flow.open_reads}"],
        reads=[
            f"Reads analysed: {sum(reader.n for reader in people)}",
            f"of them indeterminate: {sum(reader.indeterminate for reader in people)}",
        ],
        ai_reads=[f"AI reads: {flow.ai_reads}"],
        ai_analysed=[f"AI reads analysed: {machine}", f"of them failures: {flow.ai_failures}"],
        again=[
            f"Read again, the earlier attempt superseded: {flow.superseded_reads}. "
            f"Practice reads, not analysed: {flow.practice_reads}."
        ],
    )
    return Drawing(svg)
