"""Post something to one of our routes from the browser, once: the only way a page can get a cookie set."""

from typing import Any

import streamlit as st

SCRIPT = """
const sent = new Set();
export default function ({data, setTriggerValue}) {
  if (!data || !data.url || sent.has(data.once)) return;
  sent.add(data.once);
  const headers = {"Content-Type": "application/json"};
  fetch(data.url, {method: "POST", headers, body: JSON.stringify(data.body || {})})
    .then(response => { if (data.then) location.assign(data.then); else setTriggerValue("done", response.status); })
    .catch(() => { sent.delete(data.once); setTriggerValue("done", 0); });
}
"""


def post(url: str, body: dict[str, Any], *, once: str, then: str = "") -> None:
    """Send `body` to `url` once for each value of `once`; afterwards go to `then` if given."""
    component = st.components.v2.component("parallax_post", js=SCRIPT)
    component(key=f"post_{once}", data={"url": url, "body": body, "once": once, "then": then}, on_done_change=_ignore)


def _ignore() -> None:
    """The trigger exists so that the page runs again; there is nothing to do."""
