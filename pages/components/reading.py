"""Mounts the viewer to look a case over or at images alone, and opens the reading page."""

from typing import Any

import streamlit as st

from core.viewer.build import ensure_bundle
from core.viewer.contract.review import Look, Mounted
from db.cases import CaseInfo
from db.reading.types import CaseAccess
from pages.routes.library import access
from pages.routes.shapes import volume_info

# The bundle is fetched once by its hashed name and kept by the browser; as component text it would travel at every run.
SCRIPT = """
export default function (component) {
  const {data, parentElement} = component;
  let end = () => {}, gone = false;
  import(new URL(data.script, document.baseURI).href).then(module => { if (!gone) end = module.default(component); });
  return () => { gone = true; end(); };
}
"""

GO = """
export default function ({data}) {
  location.replace(new URL(data.page, document.baseURI).href);
}
"""


def open_reading_page(*, study_id: int) -> None:
    """Leave Streamlit for the reading page of a study (pages/routes/read_page.py)."""
    component = st.components.v2.component("parallax_open_reading", js=GO)
    component(key="open_reading", data={"page": f"read?study={study_id}"})


def review(*, study_id: int, case_number: int) -> None:
    """Show a case of an unblinded study in the page: images, truth, the AI and the reads, without a form."""
    _mount(f"review_{study_id}_{case_number}", Mounted(study_id=study_id, case=case_number))


def looking(case: CaseAccess, *, study_id: int, bindings: dict[str, Any]) -> None:
    """Show the images of one case in the page, and nothing else of it; they come through the reading page's route."""
    volume = volume_info(case, f"/api/studies/{study_id}/cases/{case.case_number}/slices")
    look = Look(title=f"Case {case.case_number}", volume=volume, bindings=bindings)
    _mount(f"look_{study_id}_{case.case_number}", Mounted(look=look))


def library_case(case: CaseInfo, *, bindings: dict[str, Any]) -> None:
    """Show the images of a case of the library in the page."""
    volume = volume_info(access(case), f"/api/cases/{case.number}/slices")
    look = Look(title=f"Case {case.number}", volume=volume, bindings=bindings)
    _mount(f"library_{case.number}", Mounted(look=look))


def _mount(key: str, what: Mounted) -> None:
    script = f"api/viewer/{ensure_bundle().name}"
    component = st.components.v2.component("parallax_reading", js=SCRIPT)
    component(key=key, data={**what.json_body(), "script": script})
