"""The flow of cases and reads as a diagram (STARD item 19), drawn as SVG so that it prints."""

from html import escape

from core.results.rows import AI, StudyFacts
from core.results.story import Flow
from core.stats.analyse import Analysis

WIDTH, BOX = 760, 250  # pixels
LINE = 17
LEFT, RIGHT = 130, 470  # left edges of the two columns of boxes


def flow_diagram(study: StudyFacts, flow: Flow, found: Analysis) -> str:
    """Return the diagram: cases, then readers' reads on the left and the AI's on the right, what is left out aside."""
    classes = [
        f"{study.label(code)}: {count}"
        for code, count in zip(found.study.classes, found.study.cases_by_class, strict=True)
    ]
    people = sum(one.n for one in found.readers if one.group != AI)
    machine = sum(one.n for one in found.readers if one.group == AI)
    unread = flow.planned_reads - (flow.locked_reads - flow.superseded_reads)
    cases = _box(LEFT + 85, 10, BOX + 90, [f"Cases of the study: {flow.cases + flow.practice_cases}"])
    kept = _box(LEFT + 85, 110, BOX + 90, [f"Cases analysed: {found.study.cases}", ", ".join(classes)])
    left_out = [f"practice: {flow.practice_cases}", f"without truth: {flow.without_truth}"]
    parts = [
        cases,
        _arrow(LEFT + 255, 10 + _high(1), LEFT + 255, 110),
        _aside(LEFT + 255, 72, left_out),
        kept,
        _arrow(LEFT + 200, 110 + _high(2), LEFT + 60, 210),
        _arrow(LEFT + 310, 110 + _high(2), RIGHT + 125, 210),
        _box(0, 210, BOX + 70, [f"Reads planned: {flow.planned_reads}"]),
        _arrow(150, 210 + _high(1), 150, 300),
        _aside(150, 264, [f"not locked: {unread}", f"of them left open: {flow.open_reads}"]),
        _box(0, 300, BOX + 70, [f"Reads analysed: {people}", f"of them indeterminate: {_undecided(found)}"]),
        _box(RIGHT - 40, 210, BOX + 40, [f"AI reads: {flow.ai_reads}"]),
        _arrow(RIGHT + 105, 210 + _high(1), RIGHT + 105, 300),
        _box(RIGHT - 40, 300, BOX + 40, [f"AI reads analysed: {machine}", f"of them failures: {flow.ai_failures}"]),
        _text(0, 386, f"Read again, the earlier attempt superseded: {flow.superseded_reads}. "
              f"Practice reads, not analysed: {flow.practice_reads}."),
    ]  # fmt: skip
    return (
        f'<svg class="flow" viewBox="0 0 {WIDTH} 400" role="img" aria-label="Flow of cases and reads">'
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0 0 8 4 0 8z" fill="#545d68"/></marker></defs>{"".join(parts)}</svg>'
    )


def _undecided(found: Analysis) -> int:
    return sum(one.indeterminate for one in found.readers if one.group != AI)


def _high(lines: int) -> int:
    return 16 + LINE * lines


def _box(x: int, y: int, width: int, lines: list[str]) -> str:
    height = _high(len(lines))
    texts = "".join(
        f'<text x="{x + width // 2}" y="{y + 20 + LINE * at}" text-anchor="middle"'
        f' font-weight="{600 if at == 0 else 400}">{escape(line)}</text>'
        for at, line in enumerate(lines)
    )
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="4" fill="#fff" stroke="#8a94a0"/>{texts}'


def _arrow(x: int, y: int, to_x: int, to_y: int) -> str:
    return f'<line x1="{x}" y1="{y}" x2="{to_x}" y2="{to_y}" stroke="#545d68" marker-end="url(#tip)"/>'


def _aside(x: int, y: int, lines: list[str]) -> str:
    return "".join(_text(x + 12, y + LINE * at, line) for at, line in enumerate(lines))


def _text(x: int, y: int, line: str) -> str:
    return f'<text x="{x}" y="{y}" fill="#545d68">{escape(line)}</text>'
