"""Mounts the reading component: viewer and form in one, which talk to the routes by themselves."""

import streamlit as st

from core.viewer.build import ensure_bundle

# The bundle is fetched once by its hashed name and kept by the browser; as component text it would travel at every run.
SCRIPT = """
export default function (component) {
  const {data, parentElement} = component;
  let end = () => {}, gone = false;
  import(new URL(data.script, document.baseURI).href).then(module => { if (!gone) end = module.default(component); });
  return () => { gone = true; end(); };
}
"""


def reading(*, study_id: int, key: str) -> None:
    """Show the reading page of a study over the whole window; only the study's id goes to the browser from here."""
    script = f"api/viewer/{ensure_bundle().name}"
    component = st.components.v2.component("parallax_reading", js=SCRIPT)
    component(key=key, data={"study_id": study_id, "api": "", "script": script})
