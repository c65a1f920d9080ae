"""Mounts the viewer's component, which talks to the routes by itself: reading a study, or looking one case over."""

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
    _mount(key, {"study_id": study_id})


def review(*, study_id: int, case_number: int) -> None:
    """Show a case of an unblinded study in the page: images, truth, the AI and the reads, without a form."""
    _mount(f"review_{study_id}_{case_number}", {"study_id": study_id, "case": case_number})


def _mount(key: str, data: dict[str, int]) -> None:
    script = f"api/viewer/{ensure_bundle().name}"
    component = st.components.v2.component("parallax_reading", js=SCRIPT)
    component(key=key, data={**data, "api": "", "script": script})
