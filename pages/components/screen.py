"""How wide the page is: charts of several panels are laid out for it."""

import streamlit as st

NARROW_PX = 700  # of the page beside the menu; five panels need more
# tells only when the page turns narrow or wide, so that a wide page never runs twice
WATCH = """
export default function ({data, setStateValue}) {
  const page = document.querySelector('[data-testid="stMainBlockContainer"]');
  if (!page) return;
  let told = data.narrow;
  const look = () => {
    const style = getComputedStyle(page);
    const width = page.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const narrow = width < data.below;
    if (width > 0 && narrow !== told) setStateValue("narrow", told = narrow);
  };
  const watch = new ResizeObserver(look);
  watch.observe(page);
  return () => watch.disconnect();
}
"""


def narrow() -> bool:
    """Tell whether the page is narrow; call it once a run. A wide page is assumed until the browser has told."""
    known = bool(st.session_state.get("page_is_narrow", False))
    component = st.components.v2.component("parallax_screen", js=WATCH)
    told = component(key="screen", data={"narrow": known, "below": NARROW_PX}, on_narrow_change=_ignore, height=1)
    if told.narrow is not None:
        st.session_state["page_is_narrow"] = known = bool(told.narrow)
    return known


def _ignore() -> None:
    """The page runs again when the width has changed; there is nothing more to do."""
