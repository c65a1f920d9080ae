"""The page of a results panel: every panel of the registry is drawn by this one."""

from collections.abc import Callable
from functools import partial

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from core.errors import ParallaxError
from core.results.across.registry import OF_FINDINGS
from core.results.panels.panel import Panel
from core.results.panels.registry import PANELS
from pages.components.blocks import Screen
from pages.components.filters import results_view
from pages.components.tables import missing


def show_panel(panel: Panel) -> None:
    """Draw the study's choice, the filters, and the blocks of the panel."""
    view = results_view(panel.title, panel.lead)
    screen = Screen(narrow=view.narrow)
    try:
        with st.spinner("Analysing …"):
            screen.show(panel.shown(view.results, screen))
    except ParallaxError as error:
        missing(str(error), "Loosen the filters, or wait until more reads are locked.")


def pages() -> list[tuple[Callable[[], None], str, str, str]]:
    """Return page, title, address and icon of every panel, for the navigation."""
    return [(partial(show_panel, panel), panel.title, panel.address, panel.icon) for panel in (*OF_FINDINGS, *PANELS)]


def page_of(address: str) -> StreamlitPage:
    """Return the page of the panel at an address, to be switched to."""
    panel = next(panel for panel in (*OF_FINDINGS, *PANELS) if panel.address == address)
    return st.Page(partial(show_panel, panel), title=panel.title, url_path=panel.address)
