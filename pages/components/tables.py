"""Tables that say what they rest on."""

from typing import Any

import streamlit as st

from core.results.gaps import Gap
from pages.components.charts import csv_button


def show_table(rows: list[dict[str, Any]], *, key: str, note: str = "", links: tuple[str, ...] = ()) -> None:
    """Show rows as a table with a note beneath and its data as CSV. `links` are columns that hold addresses.

    Why there are no rows is said by the page, as a gap.
    """
    if not rows:
        st.caption("Nothing to show here.")
        return
    st.dataframe(
        rows,
        hide_index=True,
        key=f"table_{key}",
        placeholder="–",
        height="content" if len(rows) <= 25 else 640,
        column_config={name: st.column_config.LinkColumn(name, display_text="open") for name in links},
    )
    with st.container(horizontal=True, gap="small"):
        st.caption(note, width="stretch")
        csv_button(rows, key=f"{key}-table")


def say(gaps: list[Gap]) -> None:
    """Say what a panel lacks and what would fill it, one after the other."""
    for gap in gaps:
        missing(gap.what, gap.remedy)


def missing(what: str, remedy: str) -> None:
    """Say what a panel lacks and what would fill it."""
    st.info(f"{what} {remedy}", icon=":material/info:")
