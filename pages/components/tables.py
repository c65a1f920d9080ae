"""Tables with what they rest on, and what is missing."""

import streamlit as st

from core.results.blocks import Table
from pages.components.charts import captioned, csv_button

FEW = 25  # rows that are shown without scrolling


def show_table(table: Table) -> None:
    """Show a table with its line, its method behind a click, and its data as CSV."""
    if not table.rows:
        st.caption("Nothing to show here.")
        return
    st.dataframe(
        table.rows,
        hide_index=True,
        key=f"table_{table.key}",
        placeholder="–",
        height="content" if len(table.rows) <= FEW else 640,
        column_config={name: st.column_config.LinkColumn(name, display_text="open") for name in table.links},
    )
    with captioned(table.note, table.method):
        csv_button(table.rows, key=f"{table.key}-table")


def missing(what: str, remedy: str) -> None:
    """Say what a panel lacks and what would fill it."""
    st.info(f"{what} {remedy}", icon=":material/info:")
