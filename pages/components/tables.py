"""Tables with what they rest on, and what is missing."""

import streamlit as st

from core.results.blocks import Row, Table
from pages.components.charts import captioned, csv_button

FEW = 25  # rows that are shown without scrolling
LONG = 48  # letters that a column shows on one line
LINE_PX = 22  # of a row of several lines
METHOD = "method"


def show_table(table: Table) -> None:
    """Show a table with its line, its method behind a click, and its data as CSV."""
    if not table.rows:
        st.caption("Nothing to show here.")
        return
    rows, methods = _without_methods(table.rows)
    height, wide = _wrapped(rows)
    st.dataframe(
        rows,
        hide_index=True,
        key=f"table_{table.key}",
        placeholder="–",
        height="content" if len(table.rows) <= FEW else 640,
        row_height=height,
        column_config={
            **{name: st.column_config.TextColumn(name, width="large") for name in wide},
            **{name: st.column_config.LinkColumn(name, display_text="open") for name in table.links},
        },
    )
    with captioned(table.note, "  \n".join([*filter(None, [table.method]), *methods])):
        csv_button(table.rows, key=f"{table.key}-table")


def _without_methods(rows: list[Row]) -> tuple[list[Row], list[str]]:
    """Part the names of methods from the rows: they stand behind a click, and in the CSV."""
    if METHOD not in rows[0] or len(rows[0]) < 3:
        return rows, []
    named = list(dict.fromkeys(str(row.get(METHOD)) for row in rows if row.get(METHOD) not in (None, "", "–")))
    return [{name: value for name, value in row.items() if name != METHOD} for row in rows], named


def _wrapped(rows: list[Row]) -> tuple[int | None, list[str]]:
    """Return the height of rows in which long sentences take several lines, and the columns that have them."""
    longest = {
        name: max(len(str(row.get(name, ""))) for row in rows) for name in rows[0] if isinstance(rows[0].get(name), str)
    }
    wide = [name for name, length in longest.items() if length > LONG]
    if not wide or len(rows) > FEW:
        return None, []
    lines = min(3, 1 + max(longest[name] for name in wide) // LONG)
    return 14 + LINE_PX * lines, wide


def missing(what: str, remedy: str) -> None:
    """Say what a panel lacks and what would fill it."""
    st.info(f"{what} {remedy}", icon=":material/info:")
