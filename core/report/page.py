"""The report's HTML: jinja2 templates, which escape everything that people typed."""

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import plotly.graph_objects as go
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from core.results.blocks import Beside, Block, Chart, Heading, Row

NARROW = 62  # characters of a table row that half a page holds
HEIGHT = 450  # px, plotly's own where a figure sets none
TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawing as SVG."""

    svg: Markup


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the report."""

    title: str
    blocks: tuple[Block | Drawing, ...]
    part: Literal["summary", "body", "appendix"] = "body"  # the summary is a page of its own, an appendix begins one


def page(title: str, head: Iterable[Block], sections: list[Section], *, record: dict[str, Any]) -> str:
    """Return a whole HTML page that needs nothing else: style, drawing library and its own record are inside."""
    library, draw = get_plotlyjs(), (TEMPLATES / "draw.js").read_text()
    return (
        _templates()
        .get_template("report.html")
        .render(
            title=title,
            head=list(head),
            sections=sections,
            policy=policy(library, draw),
            style=Markup((TEMPLATES / "style.css").read_text()),  # noqa: S704 -- our own file
            library=Markup(library),  # noqa: S704 -- the library's own text
            record=data_script(record, 'id="parallax-record"'),
            draw=Markup(draw),  # noqa: S704 -- our own file
        )
    )


def render(template: str, **values: Any) -> Markup:
    """Return a template filled with values, escaped."""
    return Markup(_templates().get_template(template).render(**values))  # noqa: S704 -- the template escapes


def anchor(text: str) -> str:
    """Return the anchor of a heading."""
    return "".join(letter if letter.isalnum() else "-" for letter in text.lower())


def cell(value: object) -> str:
    """Return one cell's text."""
    if value is None:
        return "–"
    return f"{value:g}" if isinstance(value, float) else str(value)


def fact(value: Any) -> str:
    """Return the text of a fact; what is empty is said to be not recorded."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M UTC")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True) if value else "not recorded"
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value) or "none"
    return str(value) if value not in (None, "") else "not recorded"


def drawn(chart: Chart, width: int) -> Markup:
    """Return a chart's figure at a width in pixels; the drawing library must be on the page."""
    figure = go.Figure(chart.figure)  # a chart may be drawn on a page too
    figure.update_layout(template="plotly_white", paper_bgcolor="white", plot_bgcolor="white", font_color="#16191d")
    figure.update_layout(width=width)
    # the figure is data that one script draws (draw.js): a policy can then name every script of the page by its hash
    config = {"displaylogo": False, "toImageButtonOptions": {"format": "svg", "filename": anchor(chart.key)}}
    drawing = {"figure": json.loads(figure.to_json()), "config": config}
    shape = f"width:{width}px;height:{figure.layout.height or HEIGHT}px"
    place = Markup('<div id="{at}" class="plotly-graph-div" style="{shape}"></div>')
    at = anchor(f"chart {chart.key}")  # not random: the same study gives the same report, byte for byte
    return place.format(at=at, shape=shape) + data_script(drawing, f'data-chart="{at}"')


def data_script(value: Any, attribute: str) -> Markup:
    """Return a value as JSON within a page, where no browser runs it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return Markup(f'<script type="application/json" {attribute}>{text}</script>')  # noqa: S704 -- "<" is escaped


def policy(*scripts: str) -> str:
    """Return the content security policy of a page that runs these scripts, as they are, and asks for nothing."""
    hashes = " ".join(f"'sha256-{b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in scripts)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def methods(charts: Iterable[Chart]) -> list[str]:
    """Return the methods of charts beside each other, each once."""
    return list(dict.fromkeys(chart.method for chart in charts if chart.method))


def narrow(rows: list[Row]) -> bool:
    """Return whether a table has many rows, and short ones: it is set in two columns."""
    lines: list[list[object]] = [list(rows[0]), *(list(row.values()) for row in rows)]
    if len(rows) > 12 and len(rows[0]) <= 3:
        return True
    return len(rows) > 5 and all(sum(len(cell(value)) + 3 for value in line) <= NARROW for line in lines)


def shown(blocks: Iterable[Block | Drawing]) -> list[Block | Drawing]:
    """Return the blocks that show something: no chart without a mark, and no heading above nothing."""
    kept: list[Block | Drawing] = []
    for block in blocks:
        if (isinstance(block, Chart) and not block.drawn) or (isinstance(block, Beside) and not block.charts):
            continue
        if isinstance(block, Heading) and kept and isinstance(kept[-1], Heading):
            kept.pop()
        kept.append(block)
    if kept and isinstance(kept[-1], Heading):
        kept.pop()
    return kept


def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "anchor": anchor,
        "cell": cell,
        "drawn": drawn,
        "fact": fact,
        "methods": methods,
        "narrow": narrow,
        "shown": shown,
    }
    environment.filters["kind"] = lambda block: type(block).__name__
    return environment
