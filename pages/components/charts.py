"""Show a chart with its title, its note and its downloads."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import streamlit as st

from core.results.blocks import Chart, Row
from core.results.draw.text import csv_of

LIGHT, DARK = ("#16191d", "#ffffff"), ("#e6e8eb", "#0e1116")  # ink and ground, as the theme has them
FAMILY = "Arial, Helvetica, sans-serif"  # not the pages' own: a picture is drawn without it, and labels would be cut
# The browser draws the charts, so it makes their pictures: by the chart's own camera button, told which format.
PICTURES = """
export default function ({data, parentElement}) {
  const row = document.createElement("div");
  row.style.cssText = "display:flex;gap:.25rem";
  for (const format of ["png", "svg"]) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = format.toUpperCase();
    button.title = `This chart as ${format.toUpperCase()}`;
    button.style.cssText = "all:unset;cursor:pointer;padding:.4rem .5rem;border-radius:.5rem;font:inherit;" +
      "font-size:.9rem;color:var(--st-text-color)";
    button.onfocus = button.onmouseenter = () => { button.style.background = "var(--st-secondary-background-color)"; };
    button.onblur = button.onmouseleave = () => { button.style.background = ""; };
    button.onclick = () => {
      const chart = document.querySelector(`.st-key-${CSS.escape(data.chart)} .js-plotly-plot`);
      if (!chart) return;
      const size = format === "png" ? {scale: 2} : {};
      chart._context.toImageButtonOptions = {format, filename: data.name, ...size};
      chart.querySelector('.modebar-btn[data-attr="toImage"], .modebar-btn[data-title^="Download"]')?.click();
    };
    row.append(button);
  }
  parentElement.replaceChildren(row);
}
"""


def show_chart(chart: Chart) -> Any:
    """Show a chart, its line, its method behind a click, and its downloads: PNG, SVG, and its data as CSV.

    Returns what was clicked of a chart that can be picked from: the `customdata` of the point, else None. Of a chart
    with nothing drawn in it nothing is shown: what is missing stands above, as a gap.
    """
    if not chart.drawn:
        return None
    ink, ground = DARK if st.context.theme.type == "dark" else LIGHT
    chart.figure.update_layout(
        font={"color": ink, "family": FAMILY}, paper_bgcolor=ground
    )  # a picture taken of it can be read anywhere
    chart.figure.for_each_annotation(lambda one: one.update(font_color=one.font.color or ink))
    name = "".join(letter if letter.isalnum() else "-" for letter in chart.key)  # class name and file name
    st.markdown(f"**{chart.title}**")
    more: dict[str, Any] = {"on_select": "rerun", "selection_mode": "points"} if chart.picked else {}
    chosen: Any = st.plotly_chart(
        chart.figure,
        key=f"chart_{name}",
        theme=None,
        config={"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"]},
        alt=f"{chart.title}. {chart.note}",
        **more,
    )
    with captioned(chart.note, chart.method):
        pictures = st.components.v2.component("parallax_pictures", js=PICTURES)
        pictures(key=f"picture_{name}", data={"chart": f"chart_{name}", "name": name}, width=110)
        csv_button(chart.data, key=chart.key)
    points = chosen["selection"]["points"] if chart.picked and chosen else []
    return points[0]["customdata"] if points else None


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
