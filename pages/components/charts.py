"""Show a chart with its title, its note and its downloads."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import streamlit as st

from core.results.blocks import Chart, Row
from core.results.draw.text import csv_of

LIGHT, DARK = ("#16191d", "#ffffff"), ("#e6e8eb", "#0e1116")  # ink and ground, as the theme has them
FAMILY = "Arial, Helvetica, sans-serif"  # not the pages' own: a picture is drawn without it, and labels would be cut
PICTURES = ("PNG", "SVG")  # what the camera above a chart makes; chosen under Filters, for the session


def show_chart(chart: Chart) -> Any:
    """Show a chart, its line, its method behind a click, and its downloads: a picture, and its data as CSV.

    Returns what was clicked of a chart that can be picked from: the `customdata` of the point, else None. Of a chart
    with nothing drawn in it nothing is shown: what is missing stands above, as a gap.
    """
    if not chart.drawn:
        return None
    ink, ground = DARK if st.context.theme.type == "dark" else LIGHT
    chart.figure.update_layout(
        font={"color": ink, "family": FAMILY}, paper_bgcolor=ground
    )  # a picture taken of it can be read anywhere
    chart.figure.for_each_annotation(lambda annotation: annotation.update(font_color=annotation.font.color or ink))
    name = "".join(letter if letter.isalnum() else "-" for letter in chart.key)  # class name and file name
    st.markdown(f"**{chart.title}**")
    more: dict[str, Any] = {"on_select": "rerun", "selection_mode": "points"} if chart.picked else {}
    chosen: Any = st.plotly_chart(
        chart.figure,
        key=f"chart_{name}",
        theme=None,
        config={
            "displaylogo": False,
            "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
            "toImageButtonOptions": _picture(name),
        },
        alt=f"{chart.title}. {chart.note}",
        **more,
    )
    with captioned(chart.note, chart.method):
        csv_button(chart.data, key=chart.key)
    points = chosen["selection"]["points"] if chart.picked and chosen else []
    return points[0]["customdata"] if points else None


def _picture(name: str) -> dict[str, Any]:
    form = str(st.session_state.get("pictures") or PICTURES[0]).lower()
    return {"format": form, "filename": name, "scale": 1 if form == "svg" else 2}


@contextmanager
def captioned(note: str, method: str) -> Iterator[None]:
    """Write a line, with the method behind a click, and downloads beside it."""
    with st.container(horizontal=True, gap="small"):
        st.caption(note, width="stretch")
        if method:
            with st.popover("Method", type="tertiary"):
                st.caption(method)
        yield


def csv_button(data: list[Row], *, key: str) -> None:
    """Offer rows as a CSV file; nothing where there are none."""
    if data:
        st.download_button(
            "CSV",
            lambda: csv_of(data).encode(),
            file_name=f"{key}.csv",
            mime="text/csv",
            key=f"csv_{key}",
            icon=":material/download:",
            type="tertiary",
            help="The data of this chart or table",
            on_click="ignore",
        )
