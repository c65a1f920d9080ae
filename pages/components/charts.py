"""Show a chart with its note and its downloads."""

from typing import Any

import streamlit as st

from core.report.chart import Chart, csv_of

FORMATS = ("png", "svg")


def picture_format() -> None:
    """Let people choose what the camera button of every chart saves; kept in the address."""
    st.segmented_control(
        "Camera button saves",
        FORMATS,
        default="png",
        required=True,
        key="picture",
        bind="query-params",
        format_func=str.upper,
    )


def show(chart: Chart, *, selectable: bool = False) -> Any:
    """Show a chart, the line that names its n and method, and a button for its data as CSV.

    Returns the selection (points clicked) of a `selectable` chart, else None.
    """
    ink = "#e6e8eb" if st.context.theme.type == "dark" else "#16191d"  # the theme's text colours
    chart.figure.update_layout(font_color=ink)
    chart.figure.for_each_annotation(lambda one: one.update(font_color=one.font.color or ink))
    picture = str(st.session_state.get("picture", "png"))
    config = {
        "displaylogo": False,
        "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
        "toImageButtonOptions": {"format": picture, "filename": chart.key, "scale": 2 if picture == "png" else 1},
    }
    if selectable:
        chosen: Any = st.plotly_chart(
            chart.figure,
            key=f"chart_{chart.key}",
            config=config,
            on_select="rerun",
            selection_mode="points",
            alt=f"{chart.title}. {chart.note}",
        )
    else:
        st.plotly_chart(chart.figure, key=f"chart_{chart.key}", config=config, alt=f"{chart.title}. {chart.note}")
        chosen = None
    words, button = st.columns([6, 1], vertical_alignment="top")
    words.caption(chart.note)
    with button:
        csv_button(chart.data, key=chart.key)
    return chosen


def csv_button(data: list[dict[str, Any]], *, key: str) -> None:
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
