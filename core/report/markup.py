"""Pieces of the report's HTML: everything that comes from people is escaped here."""

import json
from datetime import datetime
from html import escape
from typing import Any

import plotly.io
from plotly.offline import get_plotlyjs

from core.results.draw.chart import Chart
from core.results.draw.text import Row

STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, "Segoe UI", Roboto, Arial, sans-serif; color: #16191d; background: #fff;
  max-width: 1080px; margin: 0 auto; padding: 24px; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 20px; margin: 36px 0 8px; border-bottom: 2px solid #d5dae1; }
h3 { font-size: 16px; margin: 22px 0 6px; } .note { color: #545d68; font-size: 13px; margin: 4px 0 14px; }
table { border-collapse: collapse; width: 100%; margin: 8px 0; font-size: 12.5px; }
th, td { border: 1px solid #d5dae1; padding: 4px 7px; text-align: left; vertical-align: top; }
.facts td { overflow-wrap: anywhere; }
th { background: #f3f5f8; overflow-wrap: normal; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 8px; } .pair > * { min-width: 0; }
.verdict { border-left: 4px solid #2f6fb5; padding: 8px 14px; background: #f3f7fc; }
.warn { border-left: 4px solid #b45309; padding: 8px 14px; background: #fff8ed; } .no { color: #a33a12; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f3f5f8; padding: 10px; font-size: 12.5px; }
svg.flow { width: 100%; max-width: 760px; font: 13px system-ui, Arial, sans-serif; break-inside: avoid; }
nav a { margin-right: 12px; } .wide { overflow-x: auto; } .chart { break-inside: avoid; }
@page { size: A4; margin: 14mm; }
@media print { .modebar { display: none !important; }
  body { max-width: none; padding: 0; font-size: 11px; } nav { display: none; } h2 { break-after: avoid; }
  tr, .verdict, .plotly-graph-div { break-inside: avoid; }
  table { font-size: 9px; } thead { display: table-header-group; }
  .plotly-graph-div { zoom: 0.62; } } /* drawn for the 1032 pixels of the screen, so that A4 holds their right edge */
"""


def page(title: str, body: str) -> str:
    """Return a whole HTML page that needs nothing else: style and the drawing library are inside."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style><script>{get_plotlyjs()}</script></head>"
        f"<body>{body}</body></html>\n"
    )


def heading(text: str, *, level: int = 2) -> str:
    """Return a heading with an anchor."""
    return f'<h{level} id="{anchor(text)}">{escape(text)}</h{level}>'


def anchor(text: str) -> str:
    """Return the anchor of a heading."""
    return "".join(letter if letter.isalnum() else "-" for letter in text.lower())


def paragraph(text: str, *, kind: str = "") -> str:
    """Return a paragraph; `kind` is a class of the style: note, warn, verdict."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def table(rows: list[Row], *, note: str = "", kind: str = "") -> str:
    """Return rows as a table with a note beneath; a sentence where there are none."""
    if not rows:
        return paragraph(note or "Nothing to show.", kind="note")
    head = "".join(f"<th>{escape(str(name))}</th>" for name in rows[0])
    body = "".join("<tr>" + "".join(f"<td>{cell(value)}</td>" for value in row.values()) + "</tr>" for row in rows)
    below = paragraph(note, kind="note") if note else ""
    return f'<div class="wide {kind}"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{below}'


def cell(value: object) -> str:
    """Return one cell's text, escaped."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return escape(f"{value:g}")
    return escape(str(value))


def chart(drawn: Chart) -> str:
    """Return a figure with its title and note, "" with nothing drawn in it; the drawing library must be on the page."""
    if not drawn.drawn:
        return ""
    figure = drawn.figure
    figure.update_layout(template="plotly_white", paper_bgcolor="white", plot_bgcolor="white", font_color="#16191d")
    # an id of its own instead of plotly's random one: the same study gives the same report, byte for byte
    inner = plotly.io.to_html(
        figure,
        include_plotlyjs=False,
        full_html=False,
        div_id=anchor(f"chart {drawn.key}"),
        config={"displaylogo": False, "responsive": True},
    )
    return f'<div class="chart"><h3>{escape(drawn.title)}</h3>{inner}{paragraph(drawn.note, kind="note")}</div>'


def facts(pairs: dict[str, Any]) -> str:
    """Return names and values as a table of two columns; what is empty is said to be not recorded."""
    rows: list[Row] = [{"": name, " ": _value(value)} for name, value in pairs.items()]
    return table(rows, kind="facts")


def _value(value: Any) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M UTC")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True) if value else "not recorded"
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value) or "none"
    return str(value) if value not in (None, "") else "not recorded"
