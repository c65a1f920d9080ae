"""One case: what everybody read, what the AI said along the slices, and the truth with its source."""

import streamlit as st

from core import clock
from core.errors import ParallaxError
from core.imaging.storage import VolumeStore
from core.report.curves import case_reads
from core.report.figure_curves import strip_chart
from core.report.rows import CaseFacts
from core.report.slice_picture import WINDOWS, Overlay, slice_png
from core.settings import settings
from db import analysis, reads
from db.ai_reads import AiReadInfo
from db.engine import open_view
from pages.components.access import require
from pages.components.charts import show
from pages.components.filters import View, results_view
from pages.components.tables import missing, show_table

OVERLAYS: tuple[Overlay, ...] = ("none", "lungs", "heat")


def page() -> None:
    """Show the chosen case."""
    view = results_view("Case", "Everyone's read of one case, beside the truth and the AI.")
    study = view.study
    numbers = sorted({study.cases[case].number for case in view.rows.case.tolist()})
    number = st.selectbox("Case", numbers, key="case", bind="query-params", format_func=str)
    case = next(one for one in study.cases if one.number == number)
    account = require("coordinator")
    try:
        with open_view() as session:
            ai = analysis.ai_output(session, study_id=study.id, case_number=number, account_id=account.id)
    except ParallaxError as error:
        missing(str(error), "Reload the page.")
        ai = None
    _truth(view, case)
    rows = case_reads(view.rows, number)
    show_table(rows, key="case-reads", note="Active seconds by the server's clock; ratings 0 to 100 per class.")
    _slices(view, number, account.id, ai)
    st.subheader("The AI on this case")
    _ai(view, ai)


def _truth(view: View, case: CaseFacts) -> None:
    with st.container(horizontal=True):
        st.metric("Truth", view.study.label(case.truth), width=220)
        st.metric("Source", case.truth_source or "not recorded", width=320)
        st.metric("Version", case.truth_version, width=120)
        st.metric("Tags", ", ".join(case.tags) or "none", width=320)


def _slices(view: View, number: int, account_id: int, ai: AiReadInfo | None) -> None:
    st.subheader("Images")
    try:
        with open_view() as session:
            volume = reads.case_access(
                session, account_id=account_id, study_id=view.study.id, case_number=number, at=clock.now()
            )
        deciding = ai.deciding_slices if ai else ()
        start = deciding[len(deciding) // 2] if deciding else volume.shape[0] // 2
        left, right = st.columns([1, 2])
        with left:
            window = st.segmented_control("Window", list(WINDOWS), default="lung", required=True, key="case_window")
            overlay: Overlay = st.segmented_control(
                "AI overlay", OVERLAYS, default="none", required=True, key="case_overlay"
            )
            z = st.slider("Slice (0 = apex)", 0, max(volume.shape[0] - 1, 1), start, key=f"case_slice_{number}")
            st.caption(f"z = {volume.z_mm[z]:.1f} mm. The AI's lungs and heat maps are a research demonstration.")
        with right:
            weights = ai.model.sha256 if ai else ""
            picture = slice_png(
                VolumeStore(settings().storage),
                volume.storage_key,
                z,
                window=window,
                overlay=overlay,
                weights=weights,
                heat_slices=ai.heat_slices if ai else (),
            )
            st.image(picture, width=640)
    except ParallaxError as error:
        missing(str(error), "Without the stored volume the case is shown in figures only.")


def _ai(view: View, ai: AiReadInfo | None) -> None:
    if ai is None:
        missing("The AI has not read this case.", "Choose an AI for the study and let it read the cases.")
        return
    if ai.call is None:
        missing(f"The AI gave no call: {ai.failure}", "It counts as wrong and has a column of its own.")
        return
    deciding = (
        f"; deciding slices {', '.join(str(one) for one in ai.deciding_slices[:12])}" if ai.deciding_slices else ""
    )
    counted = ", ".join(f"{name} {count}" for name, count in ai.counts.items())
    st.caption(f"Call {ai.call} by the rule {ai.rule}; slices called: {counted}{deciding}.")
    if ai.slice_probabilities:
        known = {one.ai_class or one.code: one for one in view.study.classes}
        labels = [known[code].label if code in known else code for code in ai.model.classes]
        colours = [known[code].colour if code in known else "#808a96" for code in ai.model.classes]
        show(strip_chart(labels, colours, list(ai.slice_probabilities)))
    else:
        missing("This AI came without slice scores.", "Its calls were read from a table.")


page()
